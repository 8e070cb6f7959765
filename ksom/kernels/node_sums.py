"""What batch training needs to know of its samples: their sum and their number for each node."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ksom.samples import BLOCK_ROWS, Block
from ksom.sparse_rows import SparseRows

SUM_ROWS = BLOCK_ROWS
"""Samples are added up in blocks of so many, counted from the batch's first, and then the blocks: that pins the order
of addition, whoever adds, in whatever blocks the samples come."""

PART_ROWS = 64 * SUM_ROWS
"""So many samples are a part, 262,144; the parts' sums are added to the total. A part can be added up anywhere: the
sums of 50 × 50 nodes of 16 features are 340 kB, its samples in float32 17 MB."""

LEAST_WEIGHT = 1e-12
"""A node whose samples weigh less than this in all keeps its weights: a mean of next to nothing is noise."""


@dataclass(frozen=True)
class NodeSums:
    """Sum and number of the samples that each node won; those of several parts of the data can be added."""

    sums: NDArray[np.float64]
    """S_b = Σ v x over the samples x of weight v that node b won, 1 unless told otherwise; (K, D), data units."""
    counts: NDArray[np.float64]
    """n_b, their number, or the sum of their weights: shape (K, 1), or (K, D) where values are missing, of those that
    are there."""

    @classmethod
    def nothing(cls, nodes: int, features: int, *, each_feature: bool = False) -> Self:
        """Return the sums of no samples, counted together, or for each feature."""
        return cls(np.zeros((nodes, features)), np.zeros((nodes, features if each_feature else 1)))

    def __add__(self, other: "NodeSums") -> "NodeSums":
        """Return the sums of both's samples."""
        return NodeSums(self.sums + other.sums, self.counts + other.counts)

    def __mul__(self, weight: float) -> "NodeSums":
        """Return the sums of the same samples, if each counts so many times."""
        return NodeSums(self.sums * weight, self.counts * weight)

    def __iadd__(self, other: "NodeSums") -> Self:
        """Add the sums of other samples to these, in place."""
        np.add(self.sums, other.sums, out=self.sums)
        np.add(self.counts, other.counts, out=self.counts)
        return self


def regrouped(blocks: Iterable[Block], rows: int) -> Iterator[Block]:
    """Yield the samples of some blocks in blocks of `rows`, the last one of what is left; copied where it has to be.

    Examples
    --------
    >>> blocks = [Block(np.ones((1, 1))), Block(np.zeros((4, 1)), 1)]
    >>> [(block.first_row, block.values[:, 0].tolist()) for block in regrouped(blocks, 2)]
    [(0, [1.0, 0.0]), (2, [0.0, 0.0]), (4, [0.0])]
    """
    waiting: list[Block] = []
    missing = rows
    for block in blocks:
        start, count = 0, len(block.values)
        while count - start >= missing:
            yield _joined([*waiting, block.rows(start, start + missing)])
            start, waiting, missing = start + missing, [], rows
        if start < count:
            waiting.append(block.rows(start, count))
            missing -= count - start
    if waiting:
        yield _joined(waiting)


def gathered(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Yield the samples of some blocks in as many whole `SUM_ROWS` as take about `size` bytes, at least one."""
    blocks = iter(blocks)
    for first in blocks:
        many = size * len(first.values) // max(1, SUM_ROWS * first.values.nbytes)
        yield from regrouped(chain([first], blocks), SUM_ROWS * max(1, many))


def _joined(blocks: list[Block]) -> Block:
    """Return blocks as one: values without a copy if each begins where the one before it ends, in the same array."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    return Block(
        _joined_arrays([block.values for block in blocks]),
        first.first_row,
        None if first.missing is None else np.concatenate([block.missing for block in blocks]),
        None if first.weights is None else np.concatenate([block.weights for block in blocks]),
    )


def _joined_arrays(arrays: list[Any]) -> Any:
    if isinstance(arrays[0], SparseRows):
        return SparseRows.joined(arrays)
    if all(_goes_on(one, other) for one, other in pairwise(arrays)):
        shape = (sum(map(len, arrays)), *arrays[0].shape[1:])
        return np.lib.stride_tricks.as_strided(arrays[0], shape, writeable=arrays[0].flags.writeable)
    return np.concatenate(arrays)


def _goes_on(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.base is None or one.base is not other.base or one.dtype != other.dtype:
        return False
    both_contiguous = one.flags.c_contiguous and other.flags.c_contiguous
    begin, other_begin = (array.__array_interface__["data"][0] for array in (one, other))
    return bool(both_contiguous and other_begin == begin + one.nbytes)
