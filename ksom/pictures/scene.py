"""What a frame of a film is put together from: the map, what stands beside it, a legend and a caption below."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.band import Band
from ksom.pictures.beside import Beside, Weighed
from ksom.pictures.legend import CHIPS, LEAST_LETTERS, Line, drawn, letters_in
from ksom.pictures.lettering import LETTERS_PER_SIDE, WHITE, line_of, scale_for, shortened
from ksom.pictures.palette import COLOURS, indexed
from ksom.pictures.picture import Colours
from ksom.pictures.view import Blocks, View

SMALL_PER_SIDE = 200
"""Letters are one pixel bold for so many of the picture, where there is more to be read than a caption."""
GAP = 8
"""Pixels between the map and what stands beside it, for each 250 of them."""


class Drawn(NamedTuple):
    """A frame that is put together."""

    picture: NDArray[np.uint8]
    """Indices into black, white and the colours, shape (h, w)."""
    colours: NDArray[np.uint8]
    """Shape (n, 3)."""
    caption_height: int
    """Rows at the picture's end that hold the caption."""


class Scene:
    """Makes the frames of a film.

    Parameters
    ----------
    view : View
        How the map is drawn.
    colours : Colours
        Which colours its nodes have.
    legend : sequence of Line
        What they stand for; nothing: no legend.
    beside : Beside, optional
        What stands beside the map.
    band : Band, optional
        For a chain: what was shown before.
    """

    def __init__(
        self,
        view: View,
        colours: Colours,
        legend: Sequence[Line] = (),
        beside: Beside | None = None,
        band: Band | None = None,
    ) -> None:
        self.view = view
        self.colours = colours
        self.legend = legend
        self.beside = beside
        self.band = band
        fixed = [CHIPS if legend else CHIPS[:0], CHIPS[:0] if beside is None else beside.colours]
        self._is_plain = not legend and beside is None and band is None and isinstance(view, Blocks)
        self._fixed = np.concatenate(fixed)
        self._chips, self._of_beside = 2, 2 + len(fixed[0])

    def frame(self, run: Weighed, caption: str = "") -> Drawn:
        """Return a frame.

        Parameters
        ----------
        run : Run
            The training as it is.
        caption : str
            A line below; every frame of a film has one of the same length.
        """
        pixels = self.colours.of(self.view.reduced(run.weights))
        shown = pixels if self.band is None else self.band.grown(pixels)
        indices, found = indexed(shown, COLOURS - len(self._fixed))
        indices += np.uint8(2 + len(self._fixed))
        picture = self.view.spread(indices, WHITE) if self.band is None else self.band.spread(indices, WHITE)
        scale = scale_for(picture.shape, len(caption) or 1, LETTERS_PER_SIDE if self._is_plain else SMALL_PER_SIDE)
        rows = [picture] if self.beside is None else self._with_beside(self.beside, run, picture, scale)
        width = max(row.shape[1] for row in rows)
        if self.legend:
            rows.append(drawn(self.legend, width, scale, self._chips))
        if caption:
            rows.append(line_of(caption, scale))
        return Drawn(_below_each_other(rows), np.concatenate([self._fixed, found]), len(rows[-1]) if caption else 0)

    def _with_beside(
        self, beside: Beside, run: Weighed, picture: NDArray[np.uint8], scale: int
    ) -> list[NDArray[np.uint8]]:
        gap = GAP * max(1, max(picture.shape) // 250)
        other = beside.drawn(run, picture.shape, self._of_beside)
        other = np.pad(other, ((0, len(picture) - len(other)), (0, 0)), constant_values=WHITE)  # a chain has no past
        both = np.concatenate([picture, np.full((len(picture), gap), WHITE, np.uint8), other], axis=1)
        letters = max(LEAST_LETTERS, letters_in(other.shape[1], scale))
        label = line_of(shortened(beside.label, letters).ljust(letters), scale)
        return [both, np.pad(label, ((0, 0), (picture.shape[1] + gap, 0)), constant_values=WHITE)]


def _below_each_other(rows: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return pictures one below the other, white to their right."""
    whole = np.full((sum(len(row) for row in rows), max(row.shape[1] for row in rows)), WHITE, np.uint8)
    top = 0
    for row in rows:
        whole[top : top + len(row), : row.shape[1]] = row
        top += len(row)
    return whole
