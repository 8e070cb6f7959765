"""The hook that films the training."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ksom.arguments import require_boolean, require_choice, require_integer, require_number, require_string
from ksom.errors import CheckpointError, KsomError
from ksom.hooks.early_rhythm import EarlyRhythm
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.pictures.band import Band
from ksom.pictures.beside import Beside, Curve, UMatrix
from ksom.pictures.film import TRAILER, Film
from ksom.pictures.film_formats import FORMATS, require_format, write_film
from ksom.pictures.film_page import Shots, film_data, write_film_page
from ksom.pictures.legend import Line, legend_of
from ksom.pictures.picture import Colours, Scale, colours_for, require_size
from ksom.pictures.scene import Scene
from ksom.pictures.view import Blocks, View, view_of
from ksom.runs.run import Outcome, Run

logger = logging.getLogger(__name__)

HOLD_SECONDS = 2.0
"""How long the last frame is shown."""

FRAMES = EarlyRhythm(100)
"""How many frames a film has, about, that was not told how often to take one."""

UMATRIX = "umatrix"
"""What stands beside the map, if it is no metric."""

LAYOUT = 2
"""How a film is put together. Those of the first layout, of earlier versions, show nodes of every lattice as blocks, a
chain without its past, and no legend; one that was begun so goes on so."""

LONGEST_NAME = 200
"""Letters of a metric's name."""


@HOOKS.register("Vlog")
class Vlog(Hook):
    """Films the weights to `vlog.gif`.

    A film that is not told how often has about 100 frames, and more of them in the beginning, when a map changes most:
    its frame k shows iteration ⌈iterations · (k / 100)²⌉. The first and last states are always in it.

    Nodes are crisp blocks, or hexagons. A map of one row, or of one column, is shown with its past: a band that grows
    with every frame. Three features in [0, 1] are the colours themselves, one feature is grey, otherwise the first
    three principal components of the probe are red, green and blue; a legend says of which features. A GIF's frame has
    256 colours: where nodes are many and small they are mixed (dithered), else a node has the nearest.

    Parameters
    ----------
    every : int, optional
        Iterations between two frames; default: about 100 frames in all, whatever the run's CALLBACK_PERIOD.
    fps : float
        Frames per second, from 0.01 to 50.
    size : int
        Pixels of the picture's longer side, about: each node is a block of pixels, or a hexagon, or each pixel one of a
        block of nodes. From 16 to 8192.
    caption : bool
        Write the iteration under each frame.
    legend : bool, optional
        Write under each frame what red, green and blue stand for; default: where the features have names. Never for
        data that are red, green and blue.
    beside : str, optional
        What stands beside the map: "umatrix", with a scale of its own in each frame, or the name of a metric that
        another hook puts, such as "quantization_error": its curve.
    format : {"gif", "mp4", "webp"}
        What the film becomes when the training has ended, however it did: `vlog.mp4` (needs PyAV: pip install av) or
        the lossless `vlog.webp` are made from `vlog.gif`, which stays.
    page : bool
        Make `vlog.html` when the training has ended: the film with a slider and a button, offline, of at most 100
        frames and 2 MB.

    Raises
    ------
    NotInstalled
        If a library for the format is not.
    """

    phase = Phase.REPORT
    file = "vlog.gif"
    trailer = TRAILER

    def __init__(  # noqa: PLR0917 (an experiment names them)
        self,
        every: int | None = None,
        fps: float = 10,
        size: int = 500,
        caption: bool = True,
        legend: bool | None = None,
        beside: str | None = None,
        format: str = "gif",  # noqa: A002 (that is what it is called in the YAML)
        page: bool = True,
    ) -> None:
        super().__init__(every)
        self.fps = require_number("fps", fps, at_least=0.01, at_most=50, unit="frames per second")
        self.size = require_size(size)
        self.caption = require_boolean("caption", caption)
        self.legend, self.beside = _legend_of(legend), _beside_of(beside)
        self.format = require_choice("format", format, ("gif", *FORMATS))
        self.page = require_boolean("page", page)
        require_format(self.format)
        self._layout = LAYOUT
        self._earlier: Mapping[str, Any] = {}
        self._film: Film | None = None
        self._shots: Shots | None = None
        self._scene: Scene | None = None
        self._run: Run | None = None

    def next_due(self, iteration: int, iterations: int, period: int) -> int:
        if self.every is not None:
            return super().next_due(iteration, iterations, period)
        return FRAMES.next_due(iteration, iterations)

    def rhythm(self, iterations: int, period: int) -> str:
        if self.every is not None:
            return super().rhythm(iterations, period)
        return FRAMES.in_words(iterations)

    def before_train(self, run: Run) -> None:
        if run.folder is None:
            return
        self._run = run
        view = self._view(run)
        self._say_scale(run, view)
        colours = colours_for(run.seen_probe)
        with _telling():
            beside, band = self._stands_beside(run, view), self._band(run, view)
        self._scene = Scene(view, colours, self._legend(run, colours), beside, band)
        self._film = Film(run.folder / self.file)
        self._film.restore_trailer()
        if self._film.is_new:
            self._shots = Shots() if self.page else None  # of a film that goes on, the file tells what was shown
            self._append(run, 1 / self.fps)

    def after_step(self, run: Run) -> None:
        if run.iteration < run.iterations:
            self._append(run, 1 / self.fps)

    def after_train(self, run: Run) -> None:
        if self._film is None:
            return
        if run.outcome is not Outcome.FAILED:
            self._append(run, HOLD_SECONDS)
        self._film.close()
        self._make_others(run)

    def state(self) -> dict[str, Any]:
        scene = self._scene
        shown: dict[str, Any] = {}
        if scene is not None and scene.band is not None:
            shown["band"] = scene.band.state()
        if scene is not None and isinstance(scene.beside, Curve) and self._run is not None:
            shown |= {"curve": scene.beside.state(), "newest": self._newest(self._run, scene.beside.metric)}
        return {**self._shape(), **shown}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with frames of the same shape: a film has only one."""
        if not state:
            return
        first = {"legend": False, "beside": None, "layout": 1}
        kept = {key: {**self._shape(), **first, **state}[key] for key in self._shape()}
        options = self._shape().keys() - {"layout"}
        changed = [
            f"{key.upper()} {kept[key]}" for key, now in self._shape().items() if kept[key] != now and key in options
        ]
        if changed:
            logger.warning("vlog: goes on with %s, as the film was begun", " and ".join(changed))
        with _telling():
            self.size, self.caption = require_size(kept["size"]), require_boolean("caption", kept["caption"])
            self.legend, self.beside = _legend_of(kept["legend"]), _beside_of(kept["beside"])
            self._layout = require_integer("layout", kept["layout"], minimum=1, maximum=LAYOUT)
        self._earlier = state

    def _shape(self) -> dict[str, Any]:
        """Return what decides how large a frame is."""
        return {"size": self.size, "caption": self.caption, "legend": self.legend, "beside": self.beside,
                "layout": self._layout}  # fmt: skip

    def _append(self, run: Run, seconds: float) -> None:
        if self._film is None or self._scene is None:
            return
        if isinstance(self._scene.beside, Curve):
            self._scene.beside.take(self._newest(run, self._scene.beside.metric))
        number = f"{run.iteration:{len(str(run.iterations))}}"  # as long in every frame
        caption = f"iteration {number} of {run.iterations}" if self.caption else ""
        drawn = self._scene.frame(run, caption)
        frame = self._film.add(drawn.picture, drawn.colours, seconds)
        if self._shots is not None:
            told = " ".join(caption.split()) or None
            self._shots.take(frame._replace(caption=told, caption_height=drawn.caption_height))

    def _view(self, run: Run) -> View:
        if self._layout == 1:
            return Blocks(Scale.to_fit(run.lattice.height, run.lattice.width, self.size))
        return view_of(run.lattice, self.size)

    def _legend(self, run: Run, colours: Colours) -> tuple[Line, ...]:
        if self.legend is False:
            return ()
        ends = None
        if colours.axes.shape[1] == 1:
            black, white = (float(run.intake.undone(colours.origin + end)[0]) for end in (colours.low, colours.high))
            unit = f" {run.units[0]}" if run.units and run.units[0] else ""
            ends = f"{black:.3g}", f"{white:.3g}{unit}"
        return legend_of(colours, run.feature_names, ends, asked=self.legend is True)

    def _stands_beside(self, run: Run, view: View) -> Beside | None:
        if self.beside is None:
            return None
        if self.beside == UMATRIX:
            return UMatrix(run.lattice, view)
        curve = Curve(self.beside)
        if "curve" in self._earlier:
            curve.load_state(self._earlier["curve"])
        return curve

    def _band(self, run: Run, view: View) -> Band | None:
        sides = run.lattice.height, run.lattice.width
        if self._layout == 1 or min(sides) > 1 or max(sides) == 1 or not isinstance(view, Blocks):
            return None
        frames = 1 + (FRAMES.count(run.iterations) if self.every is None else -(-run.iterations // self.every))
        band = Band(view, frames, max(1, self.size // 2), is_row=run.lattice.height == 1)
        if "band" in self._earlier:
            band.load_state(self._earlier["band"], view.reduced(run.weights[..., :1]).size)
        return band

    def _newest(self, run: Run, name: str) -> tuple[int, float] | None:
        """Return when a metric was put, and its value: maybe before a resume."""
        newest = run.metrics.newest(name)
        return self._earlier.get("newest") if newest is None else newest

    def _make_others(self, run: Run) -> None:
        """Make what cannot grow: the film in another format, and the page; nothing is lost where that fails."""
        if isinstance(self._scene and self._scene.beside, Curve) and self._newest(run, str(self.beside)) is None:
            known = "umatrix, or a metric such as quantization_error or topographic_error (of the hook Quality)"
            logger.warning(
                "vlog: no hook puts a metric %r, so nothing stands beside the film; there is %s", self.beside, known
            )
        folder = cast(Path, run.folder)
        film = folder / self.file
        if self.format != "gif":
            logger.info("vlog: the film becomes vlog.%s", self.format)
            with _warning():
                write_film(film, film.with_suffix(f".{self.format}"))
        if self.page:
            with _warning():
                shown = self._shots.shown() if self._shots else film_data(film)
                write_film_page(shown, film.with_suffix(".html"), f"film of {folder.resolve().name}")

    def _say_scale(self, run: Run, view: View) -> None:
        rows, columns = view.reduce
        if max(rows, columns) > 1:
            nodes = f"{run.lattice.height} × {run.lattice.width} nodes"
            logger.info("vlog: %s are drawn reduced, each pixel one of %d × %d nodes", nodes, rows, columns)


def _legend_of(told: Any) -> bool | None:
    return None if told is None else require_boolean("legend", told)


def _beside_of(told: Any) -> str | None:
    return None if told is None else require_string("beside", told, LONGEST_NAME)


@contextmanager
def _warning() -> Iterator[None]:
    """Say why something could not be made of the film, which is whole."""
    try:
        yield
    except KsomError as error:
        logger.warning("vlog: %s", error)


@contextmanager
def _telling() -> Iterator[None]:
    """Say what is wrong with a checkpoint that does not tell what the film has shown."""
    try:
        yield
    except ValueError as error:
        raise CheckpointError(f"the checkpoint does not tell what the film has shown ({error})") from error
