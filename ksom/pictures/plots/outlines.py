"""Lines around groups of nodes."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice
from ksom.pictures.plots.colours import INK, rgb
from ksom.pictures.plots.figure import Bounds
from ksom.pictures.plots.nodes import MOST_OUTLINED, PIXELS
from ksom.pictures.raster import NOWHERE, nodes_of_pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_outlines(lattice: Lattice, groups: NDArray[Any], ax: "Axes", *, colour: str = INK, width: float = 1.8) -> None:
    """Draw a line wherever nodes of different groups are side by side, over whatever is drawn already.

    Where a wrapped edge parts two groups, the line is on both sides of the map.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    groups : ndarray of shape (height, width) or (K,)
        The group of each node.
    ax : Axes
        In which the nodes have been drawn by `draw_nodes`.
    colour : str
        Of the lines, "#rrggbb".
    width : float
        Of the lines, points.
    """
    if lattice.size > MOST_OUTLINED:
        _pixels(lattice, groups.reshape(-1), ax, colour)
        return
    from matplotlib.collections import LineCollection

    lines = LineCollection(list(borders(lattice, groups)), colors=colour, linewidths=width, capstyle="round")
    lines.set_clip_on(False)
    ax.add_collection(lines, autolim=False)


def borders(lattice: Lattice, groups: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sides of nodes' areas that part two groups, from corner to corner, shape (n, 2, 2), lattice steps.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> borders(Rectangular(1, 3), np.array([[0, 0, 1]])).tolist()
    [[[1.5, 0.5], [1.5, -0.5]]]
    """
    of_node, places = groups.reshape(-1), lattice.positions()
    corners = np.array(lattice.outline)
    found: list[NDArray[np.float64]] = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        other = _node_at(lattice, places + start + end)  # whose area has this side too: it is that far away
        is_border = (other != NOWHERE) & (of_node != of_node[other])
        is_border &= (other < np.arange(lattice.size)) | ~_are_beside(places, other, start + end)
        found.append(np.stack([places + start, places + end], axis=1)[is_border])
    return np.concatenate(found)


def _are_beside(places: NDArray[np.float64], other: NDArray[np.int64], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether each other node is drawn there, or on the far side of the map, round a wrapped edge."""
    return np.asarray(np.abs(places[other] - places - step).max(axis=1) < 1e-6)


def _node_at(lattice: Lattice, places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which node is in each place, round a wrapped edge if need be, `NOWHERE` beyond an open one, shape (n,)."""
    row = np.rint(places[:, 1] / np.sqrt(lattice.row_square)).astype(np.int64)
    column = np.rint(places[:, 0] - lattice.shift * (row % 2)).astype(np.int64)
    if lattice.wrap in {"rows", "both"}:
        row %= lattice.height
    if lattice.wrap in {"columns", "both"}:
        column %= lattice.width
    is_there = (row >= 0) & (row < lattice.height) & (column >= 0) & (column < lattice.width)
    return np.where(is_there, row * lattice.width + column, NOWHERE)


def _pixels(lattice: Lattice, of_node: NDArray[Any], ax: "Axes", colour: str) -> None:
    """Colour the pixels to the left of which, or above, is a pixel of another group."""
    nodes = nodes_of_pixels(lattice, PIXELS)
    shown = np.where(nodes == NOWHERE, -2, of_node[nodes])
    is_border = np.zeros(nodes.shape, dtype=np.bool_)
    is_border[:, 1:] |= (shown[:, 1:] != shown[:, :-1]) & (nodes[:, 1:] != NOWHERE) & (nodes[:, :-1] != NOWHERE)
    is_border[1:] |= (shown[1:] != shown[:-1]) & (nodes[1:] != NOWHERE) & (nodes[:-1] != NOWHERE)
    is_border[:-1] |= is_border[1:]  # two pixels wide: one could be lost where the picture is drawn smaller
    is_border[:, :-1] |= is_border[:, 1:]
    pixels = np.zeros((*nodes.shape, 4), dtype=np.uint8)
    pixels[is_border] = [*rgb(colour), 255]
    left, right, top, bottom = Bounds.of(lattice)
    ax.imshow(pixels, extent=(left, right, bottom, top), aspect=ax.get_aspect())
