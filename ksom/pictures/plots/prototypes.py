"""The prototypes of a map whose samples are pictures, as pictures: each at the place of its node."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.errors import DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.plots.colours import NOTHING, rgb
from ksom.pictures.plots.features import number
from ksom.pictures.plots.figure import axes_of_size, draw_notes
from ksom.pictures.plots.nodes import JOINED
from ksom.pictures.plots.picture_shape import PictureShape
from ksom.pictures.plots.thinning import Thinned, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ACROSS = 40
"""Rows, or columns, of nodes in one picture: each is a sixth of an inch then, and can be told from the others."""

MOST_PIXELS, FEWEST_PIXELS = 4000, 1200
"""Of the longer side of the whole: of finer prototypes every so many pixels are taken, those of coarser ones become
blocks, so that they stay sharp at any size."""

ROUNDING = 1e-3
"""Of the largest value: a smallest one of less is told as 0."""

INK, LIGHT = "gray_r", "gray"
"""The colours of one channel: ink on paper, more is darker; or light, more is lighter."""


def draw_prototypes(
    som: KohonenSOM,
    shape: Sequence[int],
    *,
    limits: tuple[float, float] | None = None,
    colours: str | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw each node's prototype as a picture, at its place on the lattice.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights whose features are pixels, row by row, the channels of each side by side.
    shape : (height, width) or (height, width, channels)
        Of a picture, pixels; `picture_shape` tells it, of data sets and maps that say it. One channel or three.
    limits : (low, high), optional
        The values that are the first and the last shade, data units. Default: 0 and 1 if all are within, else the
        smallest and the largest value.
    colours : str, optional
        Of one channel, as matplotlib calls them. Default: "gray", light, for values from 0 to 1, else "gray_r", ink.
    ax : matplotlib Axes, optional
        Where; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        One image; x and y are `lattice.positions()`, where no nodes are left out: of a map with more than 40 rows or
        columns, only every so many are drawn, and it is told.

    Raises
    ------
    ParameterError
        If such a picture has another number of features than the map, or limits are no rising numbers.
    NotTrained
        If the map has no weights yet.
    NotInstalled
        If matplotlib is not installed.
    """
    asked = _shape(shape, som.features)
    some = thinned(som.lattice, MOST_ACROSS)
    weights = som.weights[some.rows[:, np.newaxis], some.columns]
    pictures = som.intake.undone(weights).reshape(len(some.rows), len(some.columns), *asked)
    coarser = max(1, -(-max(len(some.rows) * asked.height, len(some.columns) * asked.width) // MOST_PIXELS))
    low, high = _limits(pictures, limits)
    table = colours or (LIGHT if (low, high) == (0, 1) else INK)
    width, height = (most * side for most, side in zip((len(some.columns), len(some.rows)), asked[1::-1], strict=True))
    ax = axes_of_size(ax, *_size(width, height))
    coloured = _coloured(pictures[:, :, ::coarser, ::coarser], low, high, table)
    block = max(1, FEWEST_PIXELS // max(width, height))
    _draw(ax, _tiled(coloured.repeat(block, axis=2).repeat(block, axis=3), some), som, some)
    ax.set_title("Prototypes" if not some.note else f"Prototypes: {some.note}", fontsize="medium", pad=9)
    lowest = number(0.0 if abs(low) < ROUNDING * high else low)
    notes = [] if asked.channels == 3 else [f"shades from {lowest} to {number(high)}"]
    draw_notes(ax, [*notes, *([JOINED[som.lattice.wrap]] if som.lattice.wrap in JOINED else [])])
    return ax


def _shape(shape: Sequence[int], features: int) -> PictureShape:
    if not isinstance(shape, list | tuple) or len(shape) not in {2, 3}:
        raise ParameterError("shape", "be (height, width) or (height, width, channels)", shape)
    asked = PictureShape(*(require_integer("shape", side, minimum=1) for side in shape))
    if asked.channels not in {1, 3}:
        raise ParameterError("shape", "have 1 channel or 3, red, green and blue", shape)
    if asked.height * asked.width * asked.channels != features:
        raise ParameterError("shape", f"be that of a picture of {features} values, the map's features", shape)
    return asked


def _limits(pictures: NDArray[np.float64], limits: Any) -> tuple[float, float]:
    if limits is not None:
        try:
            low, high = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            low = high = np.nan
        if not low < high:
            raise ParameterError("limits", "be two rising numbers", limits)
        return low, high
    there = pictures[np.isfinite(pictures)]
    if not there.size:
        raise DataError("the map knows nothing of any pixel: all have the feature weight 0")
    low, high = float(there.min()), float(there.max())
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return 0.0, 1.0
    return low, high if high > low else low + 1


def _coloured(pictures: NDArray[np.float64], low: float, high: float, table: str) -> NDArray[np.uint8]:
    """Return the colours of pictures of shape (r, c, h, w, channels): red, green, blue, shape (r, c, h, w, 3)."""
    from matplotlib import colormaps

    shares = np.clip((pictures - low) / (high - low), 0, 1)
    is_unknown: NDArray[np.bool_] = np.logical_or.reduce(np.isnan(shares), axis=-1)
    known = np.where(is_unknown[..., np.newaxis], 0, shares)
    colours: NDArray[np.uint8] = np.rint(255 * known).astype(np.uint8)
    if pictures.shape[-1] == 1:
        colours = colormaps[table](known[..., 0], bytes=True)[..., :3]
    colours[is_unknown] = rgb(NOTHING)
    return colours


def _tiled(pictures: NDArray[np.uint8], some: Thinned) -> NDArray[np.uint8]:
    """Return pictures side by side with clear lines between them, odd rows of a hexagonal lattice further to the right.

    Shape (r · cell height, (c or c + ½) · cell width, 4): red, green, blue, and how opaque.
    """
    rows, columns, height, width, _ = pictures.shape
    line = max(1, round(min(height, width) / 16))
    cell = height + line, width + line + (width + line) % 2
    shifted = some.shifts.max(initial=0.0)
    whole = np.zeros((rows * cell[0], round((columns + shifted) * cell[1]), 4), np.uint8)
    for row, shift in enumerate(some.shifts):
        for column in range(columns):
            top, left = row * cell[0] + line // 2, round((column + shift) * cell[1]) + (cell[1] - width) // 2
            whole[top : top + height, left : left + width, :3] = pictures[row, column]
            whole[top : top + height, left : left + width, 3] = 255
    return whole


def _draw(ax: "Axes", whole: NDArray[np.uint8], som: KohonenSOM, some: Thinned) -> None:
    """Draw the whole where the nodes are, so stretched that its pixels are as wide as they are high."""
    between = float(np.sqrt(som.lattice.row_square))
    right = len(some.columns) - 0.5 + some.shifts.max(initial=0.0)
    bottom = (len(some.rows) - 0.5) * between
    ax.imshow(whole, extent=(-0.5, right, bottom, -0.5 * between), interpolation="antialiased")
    ax.set_aspect((whole.shape[0] / whole.shape[1]) * (right + 0.5) / (bottom + 0.5 * between))
    ax.set_axis_off()


def _size(width: float, height: float) -> tuple[float, float]:
    """Return the width and height of a figure of pictures with such sides, inches."""
    longer = max(width, height)
    return max(3.0, 6 * width / longer) + 0.3, max(1.0, 6 * height / longer) + 0.8
