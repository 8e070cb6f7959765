"""Which node each pixel of a picture shows, on any lattice."""

import math

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice

NOWHERE = -1
"""A pixel that shows no node: beside the shifted rows of a hexagonal lattice."""

PIXELS_AT_ONCE = 2**20
"""How many are looked at at a time: some 50 bytes each."""


def nodes_of_pixels(lattice: Lattice, size: int) -> NDArray[np.int32]:
    """Return the node whose area covers the middle of each pixel, or `NOWHERE`, shape (h, w).

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    size : int
        Pixels of the longer side.

    Notes
    -----
    A node's area is what lies nearer to it than to any other, within the lattice's `outline` at the edges. So the node
    of a pixel is the nearest of the few whose rows and columns are next to it.
    """
    corners = np.array(lattice.outline)
    positions = lattice.positions()
    low, high = positions.min(axis=0) + corners.min(axis=0), positions.max(axis=0) + corners.max(axis=0)
    width, height = high - low
    step = max(width, height) / size
    shape = max(1, round(height / step)), max(1, round(width / step))
    x = low[0] + (np.arange(shape[1]) + 0.5) * width / shape[1]
    y = low[1] + (np.arange(shape[0]) + 0.5) * height / shape[0]
    rows_at_once = max(1, PIXELS_AT_ONCE // shape[1])
    parts = [y[first : first + rows_at_once] for first in range(0, shape[0], rows_at_once)]
    return np.concatenate([_nodes_at(lattice, corners, x, part) for part in parts])


def _nodes_at(
    lattice: Lattice, corners: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return the nodes at these columns and rows of points, lattice steps, shape (y, x)."""
    shape = len(y), len(x)
    row_height = math.sqrt(lattice.row_square)
    nearest, found = np.full(shape, np.inf), np.full(shape, NOWHERE, np.int32)
    for down in (0, 1):  # the row above the pixel's middle, and the one below
        row = np.floor(y / row_height).astype(np.int64) + down
        is_row = (row >= 0) & (row < lattice.height)
        shift = lattice.shift * (row % 2)
        column = np.rint(x - shift[:, np.newaxis]).astype(np.int64)
        is_node = is_row[:, np.newaxis] & (column >= 0) & (column < lattice.width)
        right, below = x - (column + shift[:, np.newaxis]), (y - row * row_height)[:, np.newaxis]
        away = np.where(is_node & _within(right, below, corners), np.square(right) + np.square(below), np.inf)
        nearer = away < nearest
        nearest[nearer] = away[nearer]
        found[nearer] = (row[:, np.newaxis] * lattice.width + column)[nearer]
    return found


def _within(right: NDArray[np.float64], below: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether points, seen from a node's position, lie in its outline, which is convex."""
    inside = np.ones(np.broadcast_shapes(right.shape, below.shape), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (below - y0) - (y1 - y0) * (right - x0) >= -1e-9
    return inside
