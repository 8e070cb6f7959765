"""A film shows hexagons, what its colours stand for, what else is asked for, and a chain's past."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ksom.algorithms import Online
from ksom.dataset import Dataset
from ksom.datasets.colours import RandomColors
from ksom.errors import CheckpointError
from ksom.hooks.hook import Hook
from ksom.hooks.picture import Picture
from ksom.hooks.quality import Quality
from ksom.hooks.vlog import HOLD_SECONDS, LAYOUT, Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import LATTICES
from ksom.method.umatrix import umatrix
from ksom.pictures.beside import Curve, UMatrix
from ksom.pictures.film import Film
from ksom.pictures.film_frames import FilmFrames
from ksom.pictures.film_page import film_data, film_page
from ksom.pictures.picture import SMALLEST_SIDE, Scale, colours_for
from ksom.pictures.raster import NOWHERE, nodes_of_pixels
from ksom.pictures.view import Hexagons, view_of
from ksom.runs.run import Run
from ksom.trainer import Trainer

NAMES = ("bill length", "bill depth", "flipper length", "mass")
RNG = np.random.default_rng(0)


class Named(Dataset):
    """Samples whose features have names."""

    def __init__(self, samples: Any, names: tuple[str, ...]) -> None:
        self.feature_names = names
        super().__init__(samples)


TABLE = Named(RNG.normal(size=(60, 4)) @ RNG.normal(size=(4, 4)), NAMES)


def trained(folder: Path, som: KohonenSOM, data: Any, *hooks: Hook, iterations: int = 6) -> Trainer:
    trainer = Trainer(som, data, iterations=iterations, hooks=list(hooks), folder=folder)
    trainer.train()
    return trainer


def frames(folder: Path) -> list[np.ndarray[Any, Any]]:
    with FilmFrames(folder / "vlog.gif") as film:
        return [frame.colours[frame.picture] for frame in (film[number] for number in range(len(film)))]


def hexagonal(height: int, width: int, wrap: str = "none", **options: Any) -> KohonenSOM:
    return KohonenSOM(height, width, lattice=LATTICES["hexagonal"](height, width, wrap=wrap), **options)


@pytest.mark.parametrize("wrap", ["none", "both"])
def test_hexagons_have_their_nodes_colours_and_white_beside_shifted_rows(tmp_path: Path, wrap: str) -> None:
    som = hexagonal(4, 5, wrap)
    trained(tmp_path, som, RandomColors(20), Vlog(every=2, size=110, caption=False), Picture(size=110))
    nodes = nodes_of_pixels(som.lattice, 110)
    colours = np.rint(som.weights.reshape(-1, 3) * 255).astype(np.uint8)
    expected = np.where((nodes == NOWHERE)[..., np.newaxis], 255, colours[nodes])
    assert 0 < (nodes == NOWHERE).mean() < 0.2
    np.testing.assert_array_equal(frames(tmp_path)[-1], expected)
    with Image.open(tmp_path / "map.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected)


@pytest.mark.parametrize("sides", [(7, 9), (9, 7), (12, 4), (6, 33), (50, 50)])
def test_hexagons_are_alike(sides: tuple[int, int]) -> None:
    """Each is the same number of pixels wide, an even one, so that every second row is shifted by whole pixels."""
    lattice = LATTICES["hexagonal"](*sides)
    nodes = view_of(lattice, 500).spread(np.arange(lattice.size, dtype=np.int32).reshape(sides), NOWHERE)
    rows, columns = nodes.shape
    assert 500 * 0.8 <= max(rows, columns) <= 502
    middle = nodes[round(0.58 / (0.866 * (sides[0] - 1) + 1.155) * rows)]
    widths = {int((middle == node).sum()) for node in range(sides[1])}
    assert len(widths) == 1
    assert widths.pop() % 2 == 0


@pytest.mark.parametrize("sides", [(40, 40), (200, 30)])
def test_of_more_hexagons_than_pixels_each_pixel_shows_the_one_that_it_lies_in(sides: tuple[int, int]) -> None:
    lattice = LATTICES["hexagonal"](*sides)
    view = Hexagons(lattice, 16)
    values = np.arange(lattice.size).reshape(*sides, 1)
    shown = view.spread(view.reduced(values), NOWHERE)[..., 0]
    np.testing.assert_array_equal(shown, nodes_of_pixels(lattice, 16))


@pytest.mark.parametrize("sides", [(1, 20), (20, 1), (2, 300), (1, 1)])
def test_hexagonal_maps_too_flat_for_hexagons_are_blocks(tmp_path: Path, sides: tuple[int, int]) -> None:
    trained(tmp_path, hexagonal(*sides), RandomColors(5), Vlog(size=100, caption=False, page=False))
    assert min(frames(tmp_path)[-1].shape[:2]) >= SMALLEST_SIDE


def test_many_hexagons_are_filmed_with_a_white_background(tmp_path: Path) -> None:
    """Their colours are mixed, the background's are not."""
    som = hexagonal(150, 150)
    trained(tmp_path, som, RandomColors(20), Vlog(every=2, size=300, caption=False, page=False), iterations=2)
    beside = view_of(som.lattice, 300).spread(np.zeros((150, 150), np.uint8), 1) == 1
    assert (frames(tmp_path)[-1][beside] == 255).all()


def test_named_features_have_a_legend_and_others_only_if_asked(tmp_path: Path) -> None:
    def height(name: str, data: Any, **options: Any) -> int:
        trained(tmp_path / name, KohonenSOM(5, 5), data, Vlog(size=250, page=False, **options), iterations=1)
        return frames(tmp_path / name)[-1].shape[0]

    plain = 250 + 15
    assert height("named", TABLE) == plain + 3 * 15
    assert height("not asked", TABLE, legend=False) == plain
    assert height("nameless", TABLE.samples) == plain
    assert height("nameless asked", TABLE.samples, legend=True) == plain + 3 * 15
    assert height("grey", Named(TABLE.samples[:, :1], ("mass",))) == plain + 15
    assert height("colours asked", RandomColors(9), legend=True) == plain
    assert height("colours", Named(RandomColors(9).samples, ("Red", "Green", "Blue"))) == plain
    assert height("shares", Named(RandomColors(9).samples, ("age", "mass", "height"))) == plain + 3 * 15


def test_beside_the_map_stands_its_umatrix_from_blue_to_yellow(tmp_path: Path) -> None:
    som = KohonenSOM(5, 5)
    trained(tmp_path, som, RandomColors(20), Vlog(size=100, beside="umatrix", page=False))
    shown = frames(tmp_path)[-1]
    distances = umatrix(som)
    low, high = (np.array(divmod(int(find(distances)), 5)) for find in (np.argmin, np.argmax))
    panel = shown[10:100:20, 108 + 10 : 208 : 20]
    assert panel[tuple(high)].tolist() == [255, 234, 70]
    assert panel[tuple(low)].tolist() == [0, 32, 77]
    np.testing.assert_array_equal(panel[..., 0].ravel().argsort(kind="stable")[-1], distances.argmax())


@pytest.mark.parametrize("lattice", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("wrap", ["none", "both"])
def test_the_umatrix_of_a_film_is_the_umatrix(lattice: str, wrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    som = KohonenSOM(6, 4, lattice=LATTICES[lattice](6, 4, wrap=wrap), initial=RNG.random((6, 4, 7)))
    monkeypatch.setattr("ksom.pictures.beside.PIECE_BYTES", 5 * 7 * 8)  # five nodes at a time
    panel = UMatrix(som.lattice, view_of(som.lattice, 100))
    np.testing.assert_allclose(panel._distances(som).reshape(6, 4), umatrix(som), rtol=1e-12)


def test_beside_the_map_stands_the_curve_of_a_metric(tmp_path: Path) -> None:
    hooks = [Quality(every=1), Vlog(every=1, size=100, beside="quantization_error", page=False)]
    trained(tmp_path, KohonenSOM(5, 5), RandomColors(20), *hooks, iterations=9)
    blue = [(frame[:100, 109:] == [11, 92, 173]).all(axis=2) for frame in frames(tmp_path)]
    furthest = [0 if not panel.any() else np.flatnonzero(panel.any(axis=0))[-1] for panel in blue]
    assert furthest == sorted(furthest)
    assert furthest[0] == 0
    assert furthest[-1] >= 95


def test_a_metric_that_nobody_puts_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trained(tmp_path, KohonenSOM(3, 3), RandomColors(5), Vlog(size=16, beside="umatirx"))
    told = "vlog: no hook puts a metric 'umatirx', so nothing stands beside the film"
    assert [record.message for record in caplog.records] == [
        f"{told}; there is umatrix, or a metric such as quantization_error or topographic_error (of the hook Quality)"
    ]


def test_a_curve_of_very_many_points_is_thinned_and_keeps_its_ends() -> None:
    curve = Curve("m")
    for iteration in range(10_000):
        curve.take((iteration, float(iteration)))
    state = json.loads(json.dumps(curve.state()))
    assert len(state["points"]) <= 1000
    assert state["points"][0] == [0, 0.0]
    assert state["now"] == [9999, 9999.0]


@pytest.mark.parametrize("is_row", [True, False])
def test_a_chain_is_shown_with_its_past(tmp_path: Path, is_row: bool) -> None:
    class Notes(Hook):
        every = 1
        seen: list[Any] = []

        def before_train(self, run: Run) -> None:
            self.after_step(run)

        def after_step(self, run: Run) -> None:
            self.seen.append(np.rint(run.weights.reshape(-1, 3) * 255))

    notes = Notes()
    notes.seen = []
    som = KohonenSOM(*((1, 5) if is_row else (5, 1)))
    trained(tmp_path, som, RandomColors(20), Vlog(every=1, size=80, caption=False, page=False), notes)
    for number, frame in enumerate(frames(tmp_path)):
        picture = (frame if is_row else frame.swapaxes(0, 1))[:, 8::16]
        past = picture[16 + 4 :].reshape(7, -1, 5, 3)
        np.testing.assert_array_equal(picture[8], notes.seen[number])
        np.testing.assert_array_equal(past[: number + 1, 0], notes.seen[: number + 1])
        assert (past[number + 1 :] == 255).all()


def test_the_past_of_a_long_film_fits(tmp_path: Path) -> None:
    hooks = [Vlog(every=1, size=40, caption=False, page=False)]
    trained(tmp_path, KohonenSOM(1, 5), RandomColors(5), *hooks, iterations=50)
    (height, width, _) = frames(tmp_path)[-1].shape
    assert (height, width) == (16 + 4 + 17, 40)


def test_a_film_of_an_earlier_version_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    hook = Vlog(size=60, page=False)
    hook.load_state({"size": 60, "caption": True})
    trained(tmp_path, hexagonal(1, 6), TABLE, hook)
    assert frames(tmp_path)[-1].shape == (16 + 15, 100, 3)
    assert hook.state()["layout"] == 1 < LAYOUT


@pytest.mark.parametrize("shown", [
    {"rows": "?"}, {"rows": 5}, {"rows": ""}, {"rows": "eJwDAAAAAAE=", "length": "x"}, {"length": None}, 7,
])  # fmt: skip
def test_a_checkpoint_that_does_not_tell_what_was_shown_is_refused(tmp_path: Path, shown: Any) -> None:
    hook = Vlog(size=60)
    band = {"frames": 1, "rows": "eJwDAAAAAAE=", "length": 5, "step": 1, **shown} if isinstance(shown, dict) else shown
    hook.load_state({**hook.state(), "band": band})
    with pytest.raises(CheckpointError, match="the checkpoint does not tell what the film has shown"):
        trained(tmp_path, KohonenSOM(1, 6), TABLE, hook)


@pytest.mark.parametrize("shape", [
    {"size": 10**9}, {"size": "x"}, {"caption": 5}, {"legend": "?"}, {"beside": ["umatrix"]}, {"layout": LAYOUT + 1},
])  # fmt: skip
def test_a_checkpoint_of_a_film_that_cannot_be_is_refused(shape: dict[str, Any]) -> None:
    hook = Vlog(size=60)
    with pytest.raises(CheckpointError, match="the checkpoint does not tell what the film has shown"):
        hook.load_state({**hook.state(), **shape})


def test_hooks_never_change_what_is_learned(tmp_path: Path) -> None:
    bare, filmed = KohonenSOM(4, 4), KohonenSOM(4, 4)
    Trainer(bare, RandomColors(20), iterations=9, algorithm=Online()).train()
    hooks = [Vlog(every=1, size=60, beside="umatrix", legend=True)]
    Trainer(filmed, RandomColors(20), iterations=9, algorithm=Online(), hooks=hooks, folder=tmp_path).train()
    np.testing.assert_array_equal(bare.weights, filmed.weights)


@pytest.mark.parametrize("sides", [(10, 10), (12, 7), (300, 200), (3, 700), (1, 1)])
@pytest.mark.parametrize("wrap", ["none", "both"])
@pytest.mark.parametrize("features", [1, 3, 7])
def test_films_of_blocks_are_to_the_byte_what_they_always_were(
    tmp_path: Path, sides: tuple[int, int], wrap: str, features: int
) -> None:
    class Shows(Hook):
        every = 2

        def before_train(self, run: Run) -> None:
            self.film = Film(tmp_path / "expected.gif")
            self.colours, self.scale = colours_for(run.seen_probe), Scale.to_fit(*sides, 200)
            self.show(run, 0.1)

        def after_step(self, run: Run) -> None:
            self.show(run, HOLD_SECONDS if run.iteration == run.iterations else 0.1)

        def show(self, run: Run, seconds: float) -> None:
            pixels = self.colours.of(self.scale.reduced(run.weights))
            caption = f"iteration {run.iteration:2} of 10"
            self.film.append(pixels, seconds, enlarge=self.scale.enlarge, caption=caption)

        def after_train(self, run: Run) -> None:
            self.film.close()

    som = KohonenSOM(*sides, lattice=LATTICES["rectangular"](*sides, wrap=wrap))
    samples = np.random.default_rng(1).random((20, features))
    trained(tmp_path, som, samples, Shows(), Vlog(every=2, size=200, page=False), iterations=10)
    assert (tmp_path / "vlog.gif").read_bytes() == (tmp_path / "expected.gif").read_bytes()


PAGES: dict[str, dict[str, Any]] = {
    "blocks": {},
    "hexagons": {"lattice": "hexagonal"},
    "a legend and a curve": {"data": TABLE, "vlog": {"beside": "quantization_error", "size": 100}},
    "no caption": {"vlog": {"caption": False, "fps": 3}},
    "a chain": {"sides": (1, 12)},
    "two colours": {"sides": (1, 2)},
    "more frames than a page has": {"sides": (3, 3), "iterations": 230, "vlog": {"every": 1, "size": 16}},
    "larger frames than a page holds": {"sides": (90, 90), "iterations": 30, "vlog": {"every": 1}},
}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_of_what_was_filmed_is_that_of_the_film_in_its_file(tmp_path: Path, kind: str) -> None:
    told = {
        "sides": (6, 5),
        "lattice": "rectangular",
        "data": RandomColors(20),
        "iterations": 12,
        "vlog": {},
        **PAGES[kind],
    }
    som = KohonenSOM(*told["sides"], lattice=told["lattice"])
    trained(tmp_path, som, told["data"], Quality(every=2), Vlog(**told["vlog"]), iterations=told["iterations"])
    shown = film_page(film_data(tmp_path / "vlog.gif"), f"film of {tmp_path.name}")
    assert (tmp_path / "vlog.html").read_text(encoding="utf-8") == shown
