"""What batch training needs to know of its samples: their sum and their number for each node."""

from collections.abc import Iterable, Iterator
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
    """Yield the rows of some blocks in blocks of `rows`, the last one of what is left.

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
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
