"""Mean and deviation of each feature in one pass over the data, right far from the origin too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.sparse_rows import SamplesLike, SparseRows


class Moments:
    """Mean and variance of each feature, block by block: weighted, of the values that are there.

    Of a block with weights v: its mean m and variance s² by differences from one of its values, which are exact where
    the squares of the values themselves would lose what tells them apart. Two parts with the shares 1 − p and p of the
    weight have together the mean m₁ + p (m₂ − m₁) and the variance (1 − p) s₁² + p s₂² + p (1 − p) (m₂ − m₁)². Blocks
    are added in their order, so that the same blocks give the same bits.

    Parameters
    ----------
    features : int
        D.

    Attributes
    ----------
    weight : ndarray of shape (D,)
        Σ v over the values that were there, float64.
    mean : ndarray of shape (D,)
        Data units, float64; 0 where no value was there.
    variance : ndarray of shape (D,)
        Data units², float64.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing sample variances,
    COMPSTAT 1982.
    """

    def __init__(self, features: int) -> None:
        self.weight = np.zeros(features)
        self.mean = np.zeros(features)
        self.variance = np.zeros(features)

    @property
    def deviation(self) -> NDArray[np.float64]:
        """The square root of the variance, data units, shape (D,)."""
        return np.sqrt(self.variance)

    def add(
        self,
        values: SamplesLike,
        missing: NDArray[np.bool_] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Count the samples of a block too.

        Parameters
        ----------
        values : ndarray of shape (n, D), or SparseRows
            Data units.
        missing : ndarray of shape (n, D), optional
            Which of them are not there.
        weights : ndarray of shape (n,), optional
            How much each sample counts, > 0; else 1.
        """
        if isinstance(values, SparseRows):
            self._join(*_of_sparse_block(values, weights))
            return
        there = None if weights is None else np.broadcast_to(weights[:, np.newaxis], values.shape)
        if missing is not None:
            there = np.where(missing, 0.0, 1.0 if there is None else there)
            values = np.where(missing, _first_there(values, missing), values)
        with np.errstate(over="ignore", invalid="ignore"):  # a variance that float64 cannot hold is infinite
            self._join(*_of_block(values, there))

    def join(self, others: "Moments") -> None:
        """Count the samples of the next part too."""
        with np.errstate(over="ignore", invalid="ignore"):
            self._join(others.weight, others.mean, others.variance)

    def _join(self, weight: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
        total = self.weight + weight
        share = weight / np.maximum(total, np.finfo(np.float64).tiny)
        apart = mean - self.mean
        self.mean = np.where(share == 1, mean, self.mean + share * apart)
        self.variance = (1 - share) * self.variance + share * variance + share * (1 - share) * apart**2
        self.weight = total


def _of_block(
    values: NDArray[Any], there: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return weight, mean and variance of each feature of some samples, which count as `there` says."""
    weight = np.full(values.shape[1], float(len(values))) if there is None else np.ascontiguousarray(there).sum(axis=0)
    some = np.maximum(weight, np.finfo(np.float64).tiny)  # of a feature without any value here, nothing is added
    origin = values[0].astype(np.float64)
    differences = np.subtract(values, origin, order="C")  # sums over rows: their order is that of the memory
    shift = _total(differences, there) / some
    differences -= shift
    return weight, origin + shift, _total(np.square(differences, out=differences), there) / some


def _of_sparse_block(
    rows: SparseRows, weights: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the same of sparse samples: Σ v (x − m)² over what is stored, and m² for the weight of all the others."""
    weights = np.ones(len(rows)) if weights is None else weights
    weight, mean = weights.sum(), rows.total(weights) / weights.sum()
    zeros = np.maximum(weight - rows.with_values(np.ones(rows.stored)).total(weights), 0)
    squared = (rows.compact.values - mean[rows.compact.features]) ** 2
    squares = rows.with_values(squared).total(weights) + zeros * mean**2
    return np.full(rows.width, weight), mean, squares / weight


def _total(values: NDArray[np.float64], there: NDArray[np.float64] | None) -> NDArray[np.float64]:
    total: NDArray[np.float64] = (values if there is None else np.multiply(there, values, order="C")).sum(axis=0)
    return total


def _first_there(values: NDArray[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the first value of each feature that is there; 0 where there is none."""
    first = np.take_along_axis(values, missing.argmin(axis=0)[np.newaxis], axis=0)[0]
    return np.where(missing.all(axis=0), 0, first)
