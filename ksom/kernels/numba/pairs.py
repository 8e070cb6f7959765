"""Pairs of a sample and a node that are in question: their distances, measured as the reference does."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.numba.compilation import PART, compiled
from ksom.kernels.numba.tile_search import insert
from ksom.kernels.numba.vectors import integers

AT_ONCE = 4
"""How many pairs are measured at once, because one sum has to wait for each addition."""


class Pairs(NamedTuple):
    """Memory for pairs."""

    which: NDArray[np.int64]
    """Samples, and nodes of the group, whose distance is to be measured, shape (pairs, 2)."""
    distances: NDArray[Any]
    """Their squared distances, data units²."""
    distances_bits: NDArray[Any]
    """The same memory, read as integers."""


def make_pairs(most: int, dtype: DTypeLike) -> Pairs:
    """Return memory for so many pairs."""
    distances = np.empty(most + AT_ONCE - 1, dtype=dtype)
    return Pairs(np.empty((distances.size, 2), dtype=np.int64), distances, integers(distances))


@compiled(**PART)
def settle_pairs(count, pairs, group, samples, nodes, squared_bits):
    """Measure pairs, and put their nodes in their places among the nearest."""
    if count > 0:
        for i in range(count, count + AT_ONCE - 1):
            pairs.which[i, 0], pairs.which[i, 1] = pairs.which[count - 1, 0], pairs.which[count - 1, 1]
    for i in range(0, count, AT_ONCE):
        _measure(i, pairs.which, pairs.distances, group.rows, samples)
    for i in range(count):
        insert(group.nodes[pairs.which[i, 1]], pairs.distances_bits[i], pairs.which[i, 0], nodes, squared_bits)


@compiled(**PART)
def _measure(i, pairs, squared, rows, samples):
    x0, x1, x2, x3 = samples[pairs[i, 0]], samples[pairs[i + 1, 0]], samples[pairs[i + 2, 0]], samples[pairs[i + 3, 0]]
    w0, w1, w2, w3 = rows[pairs[i, 1]], rows[pairs[i + 1, 1]], rows[pairs[i + 2, 1]], rows[pairs[i + 3, 1]]
    r0 = r1 = r2 = r3 = x0[0] - x0[0]
    for feature in range(x0.size):
        d0, d1 = w0[feature] - x0[feature], w1[feature] - x1[feature]
        d2, d3 = w2[feature] - x2[feature], w3[feature] - x3[feature]
        r0, r1, r2, r3 = r0 + d0 * d0, r1 + d1 * d1, r2 + d2 * d2, r3 + d3 * d3
    squared[i], squared[i + 1], squared[i + 2], squared[i + 3] = r0, r1, r2, r3
