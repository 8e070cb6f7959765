"""Quantiles and ranks of features, by the weights of the samples: of few samples exact, of many from some of them."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.method.bends import MOST_KNOTS, Ranks
from ksom.method.random_streams import stream
from ksom.samples import BLOCK_ROWS, Block

MOST_ROWS, MOST_VALUES = 2**18, 2**23
"""What is kept of the data at most, to tell quantiles by: 262,144 rows, and 64 MB where these have more than 32
features; but not less than a block has."""

ALL_KNOTS, LEAST_KNOTS = 2**16, 101
"""What the tables of ranks of all features have together at most, unless each would have less than 101: a map's file
holds them, and those of hundreds of features would be larger than its weights."""


class SomeRows:
    """All rows of some data, or, of more than are kept, a sample of them with each feature's least and largest value.

    The sample is drawn by the numbers of the rows, from a stream of its own: the same rows however the data are cut,
    and the same scaling whatever the seed of the training.

    Of n rows drawn from many, the share of them below a value is within ε of the share in the data with a probability
    of at least 1 − 2 exp(−2 n ε²), all weights being alike: of the 262,144 rows of data with up to 32 features within
    0.004 with more than 0.999, of 4,096, the least that are kept, within 0.031.

    Parameters
    ----------
    samples, features : int
        N and D.
    of_part : pair of int, optional
        The rows that come, from the first up to before the second; default: all.

    References
    ----------
    W. Hoeffding, Probability inequalities for sums of bounded random variables, Journal of the American Statistical
    Association 58, 1963: theorem 2, which by section 6 holds for rows that are drawn without replacement.
    """

    def __init__(self, samples: int, features: int, of_part: tuple[int, int] | None = None) -> None:
        most = most_rows(features)
        self._are_all = samples <= most
        chosen = np.arange(samples) if self._are_all else _drawn(samples, most)
        if of_part is not None:
            chosen = chosen[slice(*np.searchsorted(chosen, of_part))].copy()
        self._chosen = chosen
        self._later: list[SomeRows] = []
        self.values = np.full((len(self._chosen), features), np.nan)
        self.weights: NDArray[np.float64] | None = None

    def add(self, rows: NDArray[Any], first_row: int, weights: NDArray[np.float64] | None) -> None:
        """Keep what is to be kept of a block.

        Parameters
        ----------
        rows : ndarray of shape (n, D)
            Data units; NaN where a value is missing.
        first_row : int
            The number of the first of them.
        weights : ndarray of shape (n,), optional
            How much each of them counts, > 0; else 1.
        """
        places = slice(*np.searchsorted(self._chosen, [first_row, first_row + len(rows)]))
        picked = self._chosen[places] - first_row
        self.values[places] = rows[picked]
        if weights is not None:
            self.weights = np.ones(len(self._chosen)) if self.weights is None else self.weights
            self.weights[places] = weights[picked]

    def join(self, others: "SomeRows") -> None:
        """Keep what was kept of the next part too."""
        self._later.append(others)

    def block(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> Block:
        """Return what was kept, given the least and the largest value of each feature, of shape (D,) both."""
        values, weights = self.values, self.weights
        if self._later:
            parts = [self, *self._later]
            values = np.concatenate([part.values for part in parts])
            of_each = [part.weights for part in parts if part.weights is not None]
            weights = np.concatenate(of_each) if of_each else None
        if self._are_all:
            return Block(values, weights=weights)
        if weights is not None:
            weights = np.concatenate([weights, np.full(2, weights.mean())])
        return Block(np.vstack([values, low, high]), weights=weights)


def most_rows(features: int) -> int:
    """Return how many rows of so many features are kept at most."""
    return min(MOST_ROWS, max(BLOCK_ROWS, MOST_VALUES // features))


def quantiles(some: Block, *levels: float) -> NDArray[np.float64]:
    """Return the values of each feature below which shares of the samples lie, data units, shape (levels, D).

    The least value up to which that share or more goes; the middle between it and the next one where it is that share
    exactly. So a sample of weight 2 is like the sample twice, and the median of 1 to 4 is 2.5.

    Parameters
    ----------
    some : Block
        Samples with their weights; NaN where a value is missing.
    *levels : float
        The shares, in [0, 1].
    """
    return np.stack([_quantiles(_counted(column, some.weights), levels) for column in some.values.T], axis=1)


def ranks(some: Block) -> tuple[Ranks, ...]:
    """Return the table of ranks of each feature, D of them.

    Of a feature with up to 1,001 values, all of them, each with its rank: the share of the samples below it, and half
    of the share of those equal to it. Of one with more, the two values around each multiple of 1/500, so that the rank
    of every value is less than 1/500 off, and that of the frequent ones is exact. Of more than 65 features the tables
    are shorter, of 65,536 values in all: with n, but never less than 101, in each, ranks are less than 2 / (n − 1) off.

    Parameters
    ----------
    some : Block
        Samples with their weights; NaN where a value is missing.
    """
    most = min(MOST_KNOTS, max(LEAST_KNOTS, ALL_KNOTS // max(1, some.values.shape[1])))
    return tuple(_ranks(_counted(column, some.weights), most) for column in some.values.T)


class _Counted(NamedTuple):
    """The different values of a feature, rising."""

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    """How much each counts."""


def _counted(column: NDArray[np.float64], weights: NDArray[np.float64] | None) -> _Counted:
    there = ~np.isnan(column)
    if weights is None:
        values, counts = np.unique(column[there], return_counts=True)
        return _Counted(values, np.asarray(counts, dtype=np.float64))
    values, place = np.unique(column[there], return_inverse=True)
    return _Counted(values, np.asarray(np.bincount(place, weights[there]), dtype=np.float64))


def _quantiles(counted: _Counted, levels: Sequence[float]) -> NDArray[np.float64]:
    up_to = np.cumsum(counted.weights)
    wanted = np.array(levels) * up_to[-1]
    places = (np.searchsorted(up_to, wanted, "left"), np.searchsorted(up_to, wanted, "right"))
    first, last = (counted.values[np.minimum(place, len(up_to) - 1)] for place in places)
    with np.errstate(over="ignore"):  # what becomes infinite cannot be scaled, which is told
        middle: NDArray[np.float64] = first + (last - first) / 2
    return middle


def _ranks(counted: _Counted, most: int) -> Ranks:
    up_to = np.cumsum(counted.weights)
    shares = (up_to - counted.weights / 2) / up_to[-1]
    chosen = np.arange(len(shares))
    if len(shares) > most:
        steps = most // 2
        after = np.searchsorted(shares, np.arange(steps + 1) / steps)
        chosen = np.unique(np.clip(np.concatenate([after - 1, after]), 0, len(shares) - 1))
    knots = chosen[
        np.diff(shares[chosen], prepend=-1) > 0
    ]  # weights may be too small beside others to tell shares apart
    return Ranks(counted.values[knots], shares[knots])


@functools.lru_cache(maxsize=1)  # each part asks for it
def _drawn(samples: int, most: int) -> NDArray[np.int64]:
    return np.sort(stream(0, "quantiles").choice(samples, size=most, replace=False, shuffle=False))
