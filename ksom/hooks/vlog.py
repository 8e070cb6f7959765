"""The hook that films the training."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksom.arguments import require_boolean, require_integer, require_number
from ksom.hooks.hook import HOOKS, Hook
from ksom.pictures.film import TRAILER, Film
from ksom.pictures.picture import Colours, Scale, colours_for
from ksom.runs.run import Outcome, Run
from ksom.whole_files import replacing

logger = logging.getLogger(__name__)

HOLD_SECONDS = 2.0
"""How long the last frame is shown."""

PNG_LEVEL = 4
"""How hard the last picture is compressed: 500 × 500 pixels in 19 ms instead of 48, for an eighth more bytes."""


@HOOKS.register("Vlog")
class Vlog(Hook):
    """Films the weights to `vlog.gif` and draws the last ones to `map.png`.

    Nodes are crisp blocks. Three features in [0, 1] are the colours themselves, one feature is grey, otherwise the
    first three principal components of the probe are red, green and blue. The first and last states are in the film.

    Parameters
    ----------
    every : int, optional
        Iterations between two frames; default the run's CALLBACK_PERIOD.
    fps : float
        Frames per second, from 0.01 to 50.
    size : int
        Pixels of the picture's longer side, about: each node is a block of pixels, or each pixel one of a block of
        nodes. From 16 to 8192.
    caption : bool
        Write the iteration under each frame.
    """

    file = "vlog.gif"
    trailer = TRAILER

    def __init__(self, every: int | None = None, fps: float = 10, size: int = 500, caption: bool = True) -> None:
        super().__init__(every)
        self.fps = require_number("fps", fps, at_least=0.01, at_most=50, unit="frames per second")
        self.size = require_integer("size", size, minimum=16, maximum=8192)
        self.caption = require_boolean("caption", caption)
        self._film: Film | None = None
        self._colours: Colours
        self._scale: Scale

    def before_train(self, run: Run) -> None:
        if run.folder is None:
            return
        self._colours = colours_for(run.probe)
        self._scale = Scale.to_fit(run.lattice.height, run.lattice.width, self.size)
        self._say_scale(run)
        self._film = Film(run.folder / self.file)
        self._film.restore_trailer()
        if self._film.is_new:
            self._append(run, 1 / self.fps)

    def after_step(self, run: Run) -> None:
        if run.iteration < run.iterations:
            self._append(run, 1 / self.fps)

    def after_train(self, run: Run) -> None:
        if self._film is None or run.folder is None:
            return
        if run.outcome is not Outcome.FAILED:
            self._append(run, HOLD_SECONDS)
            self._draw(run, run.folder / "map.png")
        self._film.close()

    def state(self) -> dict[str, Any]:
        return {"size": self.size, "caption": self.caption}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with frames of the same shape: a film has only one."""
        kept = {**self.state(), **state}
        if kept != self.state():
            logger.warning("vlog: goes on with SIZE %(size)s and CAPTION %(caption)s, as the film was begun", kept)
        self.size, self.caption = kept["size"], kept["caption"]

    def _append(self, run: Run, seconds: float) -> None:
        if self._film is not None:
            pixels = self._colours.of(self._scale.reduced(run.weights))
            caption = f"iteration {run.iteration} of {run.iterations}" if self.caption else ""
            self._film.append(pixels, seconds, enlarge=self._scale.enlarge, caption=caption)

    def _draw(self, run: Run, path: Path) -> None:
        from PIL import Image

        picture = self._scale.enlarged(self._colours.of(self._scale.reduced(run.weights)))
        with replacing(path) as file:
            Image.fromarray(picture).save(file, "png", compress_level=PNG_LEVEL)

    def _say_scale(self, run: Run) -> None:
        rows, columns = self._scale.reduce
        if max(rows, columns) > 1:
            nodes = f"{run.lattice.height} × {run.lattice.width} nodes"
            logger.info("vlog: %s are drawn reduced, each pixel one of %d × %d nodes", nodes, rows, columns)
