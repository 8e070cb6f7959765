"""The map cut into tiles, as the compiled kernels hold it.

A tile is a rectangle of neighbouring nodes, small enough to stay in a core's first cache while all that waits for it is
done; its D planes lie one after another. Every tile has the same shape. Where a tile reaches over the map's edge it
repeats the last row or column: such a copy gets the same factors as its original, so it stays equal to it bit for bit,
and never wins, because of equals the lowest index wins.
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.numba.terms import SQUARES, Terms
from ksom.kernels.numba.vectors import LANES, aligned, integers, multiple

FEW_NODES = 256
"""A map of no more nodes is one tile: 256 nodes are looked at in 60 ns, less than it takes to choose among tiles."""

TILES = 24
"""How many tiles a map has at least, unless they became too small: a sample looks into two or three of them."""

TILE_NODES = (64, 1024)
"""Smallest and largest tile: below, loops cost more than what they do; above, 3 planes leave the first cache."""

TILE_BYTES = 2**14
"""How large a tile may be, if it has more than the fewest nodes: half of a first cache of 32 kB."""

FILLED_BYTES = 2**20
"""How much of a map is cut into tiles at a time: what is in between stays in a second cache."""


class Tiles(NamedTuple):
    """A map in tiles, and a box around the weights of each tile."""

    height: int
    width: int
    tile_height: int
    tile_width: int
    tile_rows: int
    tile_columns: int
    weights: NDArray[Any]
    """Shape (tiles, D, tile_height · tile_width), data units."""
    weights_bits: NDArray[Any]
    """The same memory, read as integers."""
    low: NDArray[Any]
    """Lower corner of each tile's box, shape (D, tiles rounded up to a multiple of `LANES`), data units."""
    high: NDArray[Any]
    """Upper corner, likewise."""
    low_bits: NDArray[Any]
    high_bits: NDArray[Any]
    caught_up: NDArray[np.int64]
    """How many samples of the current segment each tile has learned, shape (tiles,)."""
    measured: NDArray[np.int64]
    """After how many of them its box was measured, shape (tiles,)."""
    leeway: Any
    """How far outwards a box moves with each update, because of rounding: relative to the largest value in it."""
    underflow: Any
    """The same, data units, where numbers are too small for relative errors."""
    least_integer: Any
    """The smallest integer of the weights' size; see `vectors.ordered`."""
    terms: Terms
    """The kind of terms that distances are added up of."""


def tile_shape(height: int, width: int, features: int, itemsize: int) -> tuple[int, int]:
    """Return the height and width of a tile, nodes: of a shape that keeps boxes small and vector units full.

    The width is 16, 32 or 64, as wide as the tile's size and the map's edge allow; the number of nodes is a multiple
    of 64.

    Examples
    --------
    >>> tile_shape(10, 10, 3, 4), tile_shape(100, 100, 3, 4), tile_shape(1000, 1000, 3, 4), tile_shape(30, 30, 784, 4)
    ((12, 16), (14, 32), (16, 64), (4, 16))
    """
    if height * width <= FEW_NODES:
        nodes = height * width
    else:
        fewest, most = TILE_NODES
        most = max(fewest, min(most, TILE_BYTES // (features * itemsize)))
        nodes = min(max(height * width // TILES, fewest), most)
    padded = multiple(width, 16)
    fitting = (wide for wide in (64, 32) if wide * wide <= 4 * nodes and multiple(width, wide) <= 1.15 * padded)
    tile_width = next(fitting, 16)
    rows = max(1, nodes // min(tile_width, width))
    balanced = -(-height // -(-height // rows))
    return multiple(balanced, LANES // tile_width), tile_width


def as_tiles(
    weights: NDArray[Any], dtype: DTypeLike, shape: tuple[int, int] | None = None, terms: Terms = SQUARES
) -> Tiles:
    """Cut weights of shape (H, W, D) into tiles, of the shape for learning unless told otherwise; copies them."""
    height, width, features = weights.shape
    dtype = np.dtype(dtype)
    tile_height, tile_width = shape or tile_shape(height, width, features, dtype.itemsize)
    tile_rows, tile_columns = -(-height // tile_height), -(-width // tile_width)
    tiles, padded = tile_rows * tile_columns, multiple(tile_rows * tile_columns, LANES)
    planes = aligned((tiles, features, tile_height * tile_width), dtype)
    low, high = aligned((features, padded), dtype), aligned((features, padded), dtype)
    low[:] = high[:] = np.finfo(dtype).max / 4  # a box where no tile is: farther away than anything
    made = Tiles(
        height,
        width,
        tile_height,
        tile_width,
        tile_rows,
        tile_columns,
        planes,
        integers(planes),
        low,
        high,
        integers(low),
        integers(high),
        np.zeros(tiles, dtype=np.int64),
        np.zeros(tiles, dtype=np.int64),
        # An update rounds three times, and so does the box's own: together less than 6 epsilon, see `move_boxes`.
        dtype.type(8 * np.finfo(dtype).eps),
        np.finfo(dtype).tiny,
        integers(low).dtype.type(np.iinfo(integers(low).dtype).min),
        terms,
    )
    nodes, rows = tile_nodes(made), weights.reshape(-1, features)
    step, width = max(1, FILLED_BYTES // planes[0].nbytes), max(1, FILLED_BYTES // planes[0, 0].nbytes)
    for start, first in product(range(0, tiles, step), range(0, features, width)):
        some, wide = slice(start, start + step), slice(first, first + width)
        # Adding 0 turns −0 into 0, so that a factor of 0 never changes a bit.
        planes[some, wide] = rows[:, wide][nodes[some]].swapaxes(1, 2).astype(dtype) + 0
        filled = planes[some, wide]  # from here, where a tile's nodes lie together, ten times as fast
        low[wide, :tiles][:, some], high[wide, :tiles][:, some] = filled.min(axis=2).T, filled.max(axis=2).T
    return made


def as_map(tiles: Tiles) -> NDArray[Any]:
    """Return the weights as a new array of shape (H, W, D)."""
    planes = tiles.weights.reshape(tiles.tile_rows, tiles.tile_columns, -1, tiles.tile_height, tiles.tile_width)
    weights = np.empty((tiles.height, tiles.width, planes.shape[2]), dtype=planes.dtype)
    for feature in range(weights.shape[2]):
        rows = planes[:, :, feature].transpose(0, 2, 1, 3).reshape(tiles.tile_rows * tiles.tile_height, -1)
        weights[..., feature] = rows[: tiles.height, : tiles.width]
    return weights


def tile_nodes(tiles: Tiles) -> NDArray[np.int64]:
    """Return the index of the node at each place of each tile, shape (tiles, tile_height · tile_width)."""
    rows = np.minimum(np.arange(tiles.tile_rows * tiles.tile_height), tiles.height - 1)
    columns = np.minimum(np.arange(tiles.tile_columns * tiles.tile_width), tiles.width - 1)
    rows = rows.reshape(tiles.tile_rows, 1, tiles.tile_height, 1)
    columns = columns.reshape(1, tiles.tile_columns, 1, tiles.tile_width)
    return (rows * tiles.width + columns).reshape(len(tiles.weights), -1)
