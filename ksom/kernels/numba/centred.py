"""The map as the product search holds it: centred, in columns of nodes, with ‖w‖² of every node."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.effort import GROUP_BYTES
from ksom.kernels.numba.compilation import LOOSE, compiled
from ksom.kernels.numba.register_products import lanes_for
from ksom.kernels.numba.tiles import Tiles, tile_nodes
from ksom.kernels.numba.vectors import LANES, aligned, integers, multiple

COLUMN_BYTES = 2**12
"""How many nodes are in a column at most, 1024 in float32: the scores of a block of samples then stay in a second cache
until they are looked at."""


class Centred(NamedTuple):
    """Some nodes of a map, seen from its centre c.

    ‖w − c‖² − 2 (x − c)·(w − c) = ‖w − x‖² − ‖x − c‖² is the score of a node: a sample's nearest node has the smallest.
    The centre keeps its terms as small as the data's spread, wherever the data are.
    """

    centre: NDArray[Any]
    """c, shape (D,), data units; close to the map's mean, though any other would do."""
    weights: NDArray[Any]
    """w − c, shape (columns, lane groups, D, lanes), data units: what `register_products` reads lies together."""
    norms: NDArray[Any]
    """‖w − c‖², shape (columns, nodes of a column), data units²; enormous where there is no node. For more places than
    `weights` has lanes: looked at in vectors, as scores are."""
    nodes: NDArray[np.int64]
    """The index of each node, in the columns' order."""
    rows: NDArray[Any]
    """w of each node, shape (nodes, D), data units."""
    reach: float
    """The largest ‖w − c‖, data units."""
    least_integer: Any
    """The smallest integer of the weights' size; see `vectors.ordered`."""


def centred(tiles: Tiles) -> Iterator[Centred]:
    """Centre a map, group of tiles after group of tiles; the boxes must hold the weights.

    Examples
    --------
    >>> from ksom.kernels.numba.tiles import as_tiles
    >>> [group] = centred(as_tiles(np.array([[[1.0, 5.0], [3.0, 9.0]]]), float))
    >>> group.centre, group.weights[0, 0, :, :2].tolist(), group.norms[0, :2], group.nodes
    (array([2., 7.]), [[-1.0, 1.0], [-2.0, 2.0]], array([5., 5.]), array([0, 1]))
    """
    count, features, places = tiles.weights.shape
    centre = (tiles.low[:, :count] / 2 + tiles.high[:, :count] / 2).mean(axis=1)
    nodes = tile_nodes(tiles)
    step = max(1, GROUP_BYTES // (features * places * tiles.weights.itemsize))
    for start in range(0, count, step):
        yield _group(tiles.weights[start : start + step], nodes[start : start + step], centre)


def _group(weights: NDArray[Any], nodes: NDArray[np.int64], centre: NDArray[Any]) -> Centred:
    """Centre the nodes of some tiles."""
    nodes, chosen = np.unique(nodes, return_index=True)  # without the copies beyond the map's edge
    tile, place = np.divmod(chosen, weights.shape[2])
    rows = np.ascontiguousarray(weights[tile, :, place])
    columns, size = column_shape(nodes.size, weights.itemsize)
    held = nodes.size if columns == 1 else size
    together = lanes_for(held, weights.dtype)
    filled = multiple(held, together)
    planes = aligned((columns, filled // together, len(centre), together), weights.dtype)
    norms = aligned((columns, size), weights.dtype)
    norms[:] = np.finfo(weights.dtype).max / 4
    for column in range(columns):
        some = rows[column * size : (column + 1) * size] - centre
        padded = np.zeros((filled, len(centre)), weights.dtype)
        padded[: len(some)] = some
        planes[column] = padded.reshape(filled // together, together, -1).swapaxes(1, 2)
        norms[column, : len(some)] = np.einsum("ij,ij->i", some, some, dtype=np.float64)
    reach = np.sqrt(float(norms.reshape(-1)[: nodes.size].max()))
    bits = integers(planes).dtype
    return Centred(centre, planes, norms, nodes, rows, float(reach), bits.type(np.iinfo(bits).min))


def column_shape(nodes: int, itemsize: int) -> tuple[int, int]:
    """Return the number of columns and of nodes in each, so that few places stay empty.

    Examples
    --------
    >>> column_shape(900, 4), column_shape(2500, 4), column_shape(2500, 8), column_shape(10000, 4)
    ((1, 960), (4, 640), (5, 512), (10, 1024))
    """
    fewest = -(-nodes * itemsize // COLUMN_BYTES)
    shapes = ((columns, multiple(-(-nodes // columns), LANES)) for columns in range(fewest, fewest + 3))
    return min(shapes, key=lambda shape: shape[0] * shape[1])


@compiled(**LOOSE)
def centre_one(sample, place, samples, centre, centred_samples):
    """−2 (x − c): doubling does not round."""
    for feature in range(centre.size):
        centred_samples[place, feature] = (centre[feature] - samples[sample, feature]) * 2


@compiled(**LOOSE)
def squared_norm(sample, samples):
    """‖x‖² of a row, in float64."""
    total = np.float64(0)
    for feature in range(samples.shape[1]):
        total += np.float64(samples[sample, feature]) * np.float64(samples[sample, feature])
    return total
