"""The hook that draws what has been learned."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook
from ksom.pictures.picture import colours_for, require_size
from ksom.pictures.view import view_of
from ksom.runs.run import Outcome, Run
from ksom.runs.run_folder import PICTURE
from ksom.whole_files import replacing

WHITE = 255
"""What is beside the shifted rows of a hexagonal lattice."""
PNG_LEVEL = 4
"""How hard the picture is compressed: 500 × 500 pixels in 19 ms instead of 48, for an eighth more bytes."""


@HOOKS.register("Picture")
class Picture(Hook):
    """Draws the last weights to `map.png`, in the colours of the film (see Vlog) but all of them.

    Parameters
    ----------
    size : int
        Pixels of the picture's longer side, about: each node is a block of pixels, or a hexagon, or each pixel one of a
        block of nodes. From 16 to 8192.
    """

    every = EVERY_PAUSE
    needs_folder = True

    def __init__(self, size: int = 500) -> None:
        super().__init__()
        self.size = require_size(size)

    def rhythm(self, iterations: int, period: int) -> str:
        return "at the end"

    def after_train(self, run: Run) -> None:
        if run.folder is not None and run.outcome is not Outcome.FAILED:
            view = view_of(run.lattice, self.size)
            pixels = colours_for(run.seen_probe).of(view.reduced(run.weights))
            _write_png(run.folder / PICTURE, view.spread(pixels, WHITE))


def _write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    from PIL import Image

    with replacing(path) as file:
        Image.fromarray(picture).save(file, "png", compress_level=PNG_LEVEL)
