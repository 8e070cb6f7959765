"""What batch training needs to know of its samples: their sum and their number for each node."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SUM_ROWS = 4096
"""Samples are added up in blocks of so many, counted from the batch's first, and then the blocks: that pins the order
of addition, whoever adds, in whatever blocks the samples come."""

LEAST_WEIGHT = 1e-12
"""A node whose samples weigh less than this in all keeps its weights: a mean of next to nothing is noise."""


class NodeSums(NamedTuple):
    """Sum and number of the samples that each node won; those of several parts of the data can be added."""

    sums: NDArray[np.float64]
    """S_b = Σ x over the samples that node b won, shape (K, D), data units."""
    counts: NDArray[np.float64]
    """n_b, their number, shape (K,)."""


def regrouped(blocks: Iterable[NDArray[Any]], rows: int) -> Iterator[NDArray[Any]]:
    """Yield the rows of some blocks in blocks of `rows`, the last one of what is left; copied where it has to be.

    Examples
    --------
    >>> [block[:, 0].tolist() for block in regrouped([np.ones((1, 1)), np.zeros((4, 1))], 2)]
    [[1.0, 0.0], [0.0, 0.0], [0.0]]
    """
    waiting: list[NDArray[Any]] = []
    missing = rows
    for block in blocks:
        start = 0
        while len(block) - start >= missing:
            yield _joined([*waiting, block[start : start + missing]])
            start, waiting, missing = start + missing, [], rows
        if start < len(block):
            waiting.append(block[start:])
            missing -= len(block) - start
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return blocks as one: without a copy if each begins where the one before it ends, in the same array."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if all(_goes_on(one, other) for one, other in pairwise(parts)):
        shape = (sum(map(len, parts)), *first.shape[1:])
        return np.lib.stride_tricks.as_strided(first, shape, writeable=first.flags.writeable)
    return np.concatenate(parts)


def _goes_on(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.base is None or one.base is not other.base or one.dtype != other.dtype:
        return False
    both_contiguous = one.flags.c_contiguous and other.flags.c_contiguous
    begin, other_begin = (block.__array_interface__["data"][0] for block in (one, other))
    return bool(both_contiguous and other_begin == begin + one.nbytes)
