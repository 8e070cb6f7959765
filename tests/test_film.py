"""A film is a whole GIF after every frame, with the colours and durations that it was given."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ksom.algorithms import Online
from ksom.datasets.colours import RandomColors
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.quality import Quality
from ksom.hooks.vlog import HOLD_SECONDS, Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.film import TRAILER, Film
from ksom.pictures.palette import COLOURS
from ksom.trainer import Trainer


def picture(colours, shape=(12, 22), seed=0):
    """Random pixels with exactly so many colours."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 65536, colours) * 256 + np.arange(colours)
    indices = np.concatenate([np.arange(colours), rng.integers(0, colours, shape[0] * shape[1] - colours)])
    codes = palette[rng.permutation(indices)].reshape(shape)
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def frames(path):
    with Image.open(path) as film:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]


def test_film_is_whole_after_every_frame(tmp_path):
    film = Film(tmp_path / "film.gif")
    for number in range(1, 12):
        film.append(picture(9, seed=number), 0.1)
        shown = frames(tmp_path / "film.gif")
        assert len(shown) == number
        np.testing.assert_array_equal(shown[-1], picture(9, seed=number))
    film.close()


@pytest.mark.parametrize("colours", [1, 2, 3, 4, 128, COLOURS])
@pytest.mark.parametrize("enlarge", [(1, 1), (3, 2)])
@pytest.mark.parametrize("caption", ["", "iteration 1 of 2"])
def test_few_colours_are_exact(tmp_path, colours, enlarge, caption):
    film = Film(tmp_path / "film.gif")
    film.append(picture(colours), 0.1, enlarge=enlarge, caption=caption)
    film.close()
    (shown,) = frames(tmp_path / "film.gif")
    expected = picture(colours).repeat(enlarge[0], axis=0).repeat(enlarge[1], axis=1)
    np.testing.assert_array_equal(shown[: len(expected), : expected.shape[1]], expected)


def smooth(height, width):
    """A picture whose colours change gradually, as those of a map do."""
    rows, columns = np.indices((height, width)) / max(height, width)
    colours = [0.2 + 0.6 * rows, 0.9 - 0.7 * columns, 0.5 + 0.3 * np.sin(3 * rows + 5 * columns)]
    return np.rint(255 * np.stack(colours, axis=-1)).astype(np.uint8)


def filmed(path, pixels):
    film = Film(path)
    film.append(pixels, 0.1)
    film.close()
    return frames(path)[0]


@pytest.mark.parametrize("shape", [(30, 30), (100, 100), (1, 8192), (8192, 1)])
def test_a_node_that_is_looked_at_has_nearly_its_own_colour(tmp_path, shape):
    shown = filmed(tmp_path / "film.gif", smooth(*shape))
    assert np.abs(shown.astype(int) - smooth(*shape)).max() <= 16


def test_all_colours_of_a_frame_are_used(tmp_path):
    shown = filmed(tmp_path / "film.gif", 60 + smooth(100, 100) // 3)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 0.9 * COLOURS


def test_all_greys_are_shown_but_for_those_that_a_gif_has_no_room_for(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.abs(filmed(tmp_path / "film.gif", grey).astype(int) - grey).max() <= 1


def test_large_pictures_show_no_contours(tmp_path):
    """Their colours are mixed: seen from afar, by 10 × 10 pixels, they are those of the picture."""
    error = filmed(tmp_path / "film.gif", smooth(500, 500)).astype(int) - smooth(500, 500)
    seen = np.abs(error.reshape(50, 10, 50, 10, 3).mean(axis=(1, 3)))
    assert seen.mean() < 1
    assert seen.max() < 8


def test_caption_stands_under_the_picture_in_black_on_white(tmp_path):
    film = Film(tmp_path / "film.gif")
    film.append(picture(200, (100, 200)), 0.1, caption="iteration 7")
    film.close()
    (shown,) = frames(tmp_path / "film.gif")
    assert shown.shape == (100 + 11 + 2 * 2, 200, 3)
    assert {tuple(colour) for colour in shown[100:].reshape(-1, 3).tolist()} == {(0, 0, 0), (255, 255, 255)}


@pytest.mark.parametrize(
    ("shape", "caption_shape"),
    [((500, 500), (30, 500)), ((300, 300), (15, 300)), ((500, 20), (15, 136)), ((500, 140), (15, 140)),
     ((1000, 1000), (60, 1000)), ((16, 500), (30, 500))],
)  # fmt: skip
def test_captions_are_as_large_as_the_picture_allows_and_always_whole(tmp_path, shape, caption_shape):
    film = Film(tmp_path / "film.gif")
    film.append(picture(9, shape), 0.1, caption="iteration    1 of 1000")
    film.append(picture(9, shape), 0.1, caption="iteration 1000 of 1000")
    film.close()
    shown = frames(tmp_path / "film.gif")[1]
    assert shown.shape == (shape[0] + caption_shape[0], caption_shape[1], 3)
    height, scale = caption_shape[0], caption_shape[0] // 15
    dark = (shown[-height:, : 136 * scale] == 0).all(axis=2)
    assert dark[:, -3 * scale - 6 * scale :].any(), "the last letter is there"


def test_captions_look_the_same_on_every_machine(tmp_path):
    """Pillow has a better font where it was built with FreeType."""
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "if sys.argv[2] == 'without': sys.modules['PIL._imagingft'] = None\n"
        "from ksom.pictures.film import Film\n"
        "film = Film(Path(sys.argv[1])); film.append(np.zeros((50, 200, 3), np.uint8), 0.1, caption='iteration 1')"
    )
    for name in ("with", "without"):
        subprocess.run([sys.executable, "-c", code, tmp_path / name, name], check=True)
    assert (tmp_path / "with").read_bytes() == (tmp_path / "without").read_bytes()


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.1, 100), (2.0, 2000), (0.001, 20), (0.05, 50), (100.0, 100_000)]
)
def test_frames_last_as_long_as_was_said(tmp_path, seconds, milliseconds):
    film = Film(tmp_path / "film.gif")
    film.append(picture(3), seconds)
    film.append(picture(4), 0.3)
    film.close()
    with Image.open(tmp_path / "film.gif") as shown:
        assert shown.info["duration"] == milliseconds
        assert shown.info["loop"] == 0


def test_film_goes_on_where_it_was_cut_back(tmp_path):
    whole, cut = Film(tmp_path / "whole.gif"), Film(tmp_path / "cut.gif")
    for number in range(4):
        whole.append(picture(9, seed=number), 0.1)
        if number < 2:
            cut.append(picture(9, seed=number), 0.1)
    cut.append(picture(50, seed=9), 0.1)
    cut.close()
    size = len((tmp_path / "cut.gif").read_bytes())
    third = len((tmp_path / "cut.gif").read_bytes()) - size_of_last(tmp_path, size)
    with (tmp_path / "cut.gif").open("r+b") as file:
        file.truncate(third)
    cut = Film(tmp_path / "cut.gif")
    cut.restore_trailer()
    assert len(frames(tmp_path / "cut.gif")) == 2
    for number in (2, 3):
        cut.append(picture(9, seed=number), 0.1)
    assert (tmp_path / "cut.gif").read_bytes() == (tmp_path / "whole.gif").read_bytes()
    cut.close()
    whole.close()


def size_of_last(tmp_path, size):
    """How many bytes the frame of seed 9 added to the film."""
    film = Film(tmp_path / "two.gif")
    for number in range(2):
        film.append(picture(9, seed=number), 0.1)
    film.close()
    return size - (tmp_path / "two.gif").stat().st_size


def test_interrupted_frame_leaves_the_film_whole(tmp_path, monkeypatch):
    film = Film(tmp_path / "film.gif")
    film.append(picture(9), 0.1)
    before = (tmp_path / "film.gif").read_bytes()
    written = film._file._write

    def stops_half_way(data, offset):
        written(data[: len(data) // 2], offset)
        raise KeyboardInterrupt

    monkeypatch.setattr(film._file, "_write", stops_half_way)
    with pytest.raises(KeyboardInterrupt):
        film.append(picture(200), 0.1)
    film.close()
    assert (tmp_path / "film.gif").read_bytes() == before


def test_film_is_whole_even_if_killed_between_its_two_writes(tmp_path, monkeypatch):
    film = Film(tmp_path / "film.gif")
    film.append(picture(9), 0.1)
    written, states = film._file._write, []

    def looks(data, offset):
        written(data, offset)
        states.append((tmp_path / "film.gif").read_bytes())

    monkeypatch.setattr(film._file, "_write", looks)
    film.append(picture(8), 0.1)
    film.close()
    counts = []
    for state in states:
        (tmp_path / "state.gif").write_bytes(state)
        counts.append(len(frames(tmp_path / "state.gif")))
    assert counts == [1, 2]
    assert states[-1].endswith(TRAILER)


def test_long_films_take_no_more_memory(tmp_path):
    code = (
        "import resource, sys, numpy as np; from pathlib import Path; from ksom.pictures.film import Film\n"
        "film = Film(Path(sys.argv[1])); pixels = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)\n"
        "def show(n):\n"
        "    for _ in range(n): film.append(pixels, 0.1)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "early, late = show(5), show(60)\n"
        "print(Path(sys.argv[1]).stat().st_size, (late - early) * 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "film.gif"], capture_output=True, text=True, check=True
    )
    size, growth = map(int, done.stdout.split())
    assert size > 1_500_000
    assert growth < size / 3


def test_vlog_films_first_and_last_state_and_holds_the_last(tmp_path):
    som = KohonenSOM(4, 5, initial=np.random.default_rng(0).random((4, 5, 3)))
    first = np.rint(som.weights * 255)
    hook = Vlog(every=2, size=20, fps=20)
    Trainer(som, RandomColors(20), iterations=7, hooks=[hook], folder=tmp_path).train()
    shown = frames(tmp_path / "vlog.gif")
    assert len(shown) == 1 + 3 + 1
    np.testing.assert_array_equal(shown[0][:16:4, :20:4], first)
    np.testing.assert_array_equal(shown[-1][:16:4, :20:4], np.rint(som.weights * 255))
    with Image.open(tmp_path / "vlog.gif") as film:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert durations == [50] * 4 + [1000 * HOLD_SECONDS]


def due(hook, iterations, start=0):
    """The iterations after `start` at which a hook acts in a training of so many."""
    found = [start]
    while found[-1] < iterations:
        found.append(hook.next_due(found[-1], iterations, hook.every or 10))
    return found[1:]


@pytest.mark.parametrize("iterations", [100, 101, 1000, 12_345, 10**6, 10**15])
def test_a_film_has_about_a_hundred_frames_however_long_the_training(iterations):
    assert 70 <= len(due(Vlog(), iterations)) <= 100


@pytest.mark.parametrize("iterations", [1, 2, 3, 10, 1000, 12_345, 10**15])
def test_frames_are_where_the_rule_says(iterations):
    assert due(Vlog(), iterations) == sorted({-(-iterations * frame**2 // 100**2) for frame in range(1, 101)})


@pytest.mark.parametrize("start", [1, 499, 500, 999])
def test_a_resumed_film_has_the_frames_of_an_uninterrupted_one(start):
    assert due(Vlog(), 1000, start) == [iteration for iteration in due(Vlog(), 1000) if iteration > start]


def test_every_says_how_often_a_frame_is_taken():
    assert due(Vlog(every=30), 100) == [30, 60, 90, 120]


def test_a_film_stops_the_training_no_more_often_than_it_takes_a_frame(tmp_path):
    class Pauses(Online):
        stops = []

        def train(self, som, feed, begun, stop, pace):
            self.stops.append(stop)
            return iter(())

    hooks = [Vlog(size=16)]
    Trainer(KohonenSOM(2, 2), [[0.5]], iterations=500, algorithm=Pauses(), hooks=hooks, folder=tmp_path).train()
    assert Pauses.stops == due(Vlog(), 500)


def test_a_film_adds_no_line_to_the_metrics(tmp_path):
    hooks = [Vlog(size=16), Quality(every=20), MetricsWriter()]
    Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=50, hooks=hooks, folder=tmp_path).train()
    lines = map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert [line["iteration"] for line in lines] == [20, 40, 50]


@pytest.mark.parametrize("sides", [(1, 1), (1, 40), (40, 1), (2, 2), (50, 3)])
@pytest.mark.parametrize("features", [1, 2, 3, 7])
def test_maps_of_any_shape_are_filmed(tmp_path, sides, features):
    samples = np.random.default_rng(0).normal(size=(5, features))
    hook = Vlog(every=1, size=20, caption=False)
    Trainer(KohonenSOM(*sides), samples, iterations=3, hooks=[hook], folder=tmp_path).train()
    assert len(frames(tmp_path / "vlog.gif")) == 4


def test_limits_of_a_gif_are_the_limits_of_the_hook(tmp_path):
    hook = Vlog(size=8192, fps=0.01)
    Trainer(KohonenSOM(1, 8192), [[0.0]], iterations=1, hooks=[hook], folder=tmp_path).train()
    with Image.open(tmp_path / "vlog.gif") as film:
        assert film.size == (8192, 16 + 4 + 2 * 16 + 40 * 15)
