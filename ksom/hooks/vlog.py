"""The hook that films the training."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from ksom.arguments import require_boolean, require_number
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.pictures.film import TRAILER, Film
from ksom.pictures.picture import Colours, Scale, colours_for, require_size
from ksom.runs.run import Outcome, Run

logger = logging.getLogger(__name__)

HOLD_SECONDS = 2.0
"""How long the last frame is shown."""

FRAMES = 100
"""How many frames a film has, about, that was not told how often to take one."""


@HOOKS.register("Vlog")
class Vlog(Hook):
    """Films the weights to `vlog.gif`.

    A film that is not told how often has about 100 frames, and more of them in the beginning, when a map changes most:
    its frame k shows iteration ⌈iterations · (k / 100)²⌉. The first and last states are always in it.

    Nodes are crisp blocks. Three features in [0, 1] are the colours themselves, one feature is grey, otherwise the
    first three principal components of the probe are red, green and blue. A GIF's frame has 256 colours: where nodes
    are many and small they are mixed (dithered), else a node has the nearest.

    Parameters
    ----------
    every : int, optional
        Iterations between two frames; default: about 100 frames in all, whatever the run's CALLBACK_PERIOD.
    fps : float
        Frames per second, from 0.01 to 50.
    size : int
        Pixels of the picture's longer side, about: each node is a block of pixels, or each pixel one of a block of
        nodes. From 16 to 8192.
    caption : bool
        Write the iteration under each frame.
    """

    phase = Phase.REPORT
    file = "vlog.gif"
    trailer = TRAILER

    def __init__(self, every: int | None = None, fps: float = 10, size: int = 500, caption: bool = True) -> None:
        super().__init__(every)
        self.fps = require_number("fps", fps, at_least=0.01, at_most=50, unit="frames per second")
        self.size = require_size(size)
        self.caption = require_boolean("caption", caption)
        self._film: Film | None = None
        self._colours: Colours
        self._scale: Scale

    def next_due(self, iteration: int, iterations: int, period: int) -> int:
        if self.every is not None:
            return super().next_due(iteration, iterations, period)
        frame = math.isqrt(FRAMES**2 * iteration // iterations) + 1
        return -(-iterations * frame**2 // FRAMES**2)

    def rhythm(self, iterations: int, period: int) -> str:
        if self.every is not None:
            return super().rhythm(iterations, period)
        times = len({-(-iterations * frame**2 // FRAMES**2) for frame in range(1, FRAMES + 1)})
        return f"{times} times, more often in the beginning"

    def before_train(self, run: Run) -> None:
        if run.folder is None:
            return
        self._colours = colours_for(run.seen_probe)
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
        if self._film is None:
            return
        if run.outcome is not Outcome.FAILED:
            self._append(run, HOLD_SECONDS)
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
            number = f"{run.iteration:{len(str(run.iterations))}}"  # as long in every frame
            caption = f"iteration {number} of {run.iterations}" if self.caption else ""
            self._film.append(pixels, seconds, enlarge=self._scale.enlarge, caption=caption)

    def _say_scale(self, run: Run) -> None:
        rows, columns = self._scale.reduce
        if max(rows, columns) > 1:
            nodes = f"{run.lattice.height} × {run.lattice.width} nodes"
            logger.info("vlog: %s are drawn reduced, each pixel one of %d × %d nodes", nodes, rows, columns)
