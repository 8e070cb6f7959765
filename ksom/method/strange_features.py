"""Which features make a sample strange: whose terms of the distance are larger than they use to be.

The distance of a sample to its best matching node is made of terms t_f, one of each feature, such as (w − x)². With t̄_f
the mean term of the feature over the training samples, the share of a feature is

    share_f = (t_f / t̄_f) / Σ_g (t_g / t̄_g),

so that a feature which a map never describes well is not the strange one of every sample. Where one of 8 sensors was 4
to 8 deviations off, it had the largest share in 78 to 85 % of the samples, the largest term in 69 to 83 %.
Where directions are compared nothing of it holds: one feature that is off changes all of those of a direction.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.distance import Distance
from ksom.method.matches import Found
from ksom.samples import BLOCK_ROWS, Block

NONE = -1
"""Stands for a feature where no further one differs."""

LEAST = 1e-12
"""A feature's mean term is at least this part of that of all features: one that never varied may do so now."""


class UsualTerms:
    """The mean term of each feature, over the samples that have it; adds sample by sample, so in any pieces the same.

    Parameters
    ----------
    distance : Distance
        Of the map.
    weights : ndarray of shape (height, width, D)
        Map units.
    """

    def __init__(self, distance: Distance, weights: NDArray[Any]) -> None:
        self._distance, self._weights = distance, weights.reshape(-1, weights.shape[2])
        self._sums, self._counts = np.zeros(weights.shape[2]), np.zeros(weights.shape[2], dtype=np.int64)

    def add(self, found: Found) -> None:
        """Count some samples."""
        for start in range(0, len(found.nodes), BLOCK_ROWS):
            nodes = found.nodes[start : start + BLOCK_ROWS, 0]
            block = found.block.rows(start, start + BLOCK_ROWS)
            terms = terms_of(self._distance, block, self._weights[nodes])
            self._sums = np.add.accumulate(np.vstack([self._sums, terms]), axis=0)[-1]  # in order, so never pairwise
            self._counts += len(terms) if block.missing is None else (~block.missing).sum(axis=0)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Shape (D,); 0 for a feature that no sample has."""
        mean: NDArray[np.float64] = self._sums / np.maximum(1, self._counts)
        return mean


def terms_of(distance: Distance, samples: Block, weights: NDArray[Any]) -> NDArray[Any]:
    """Return the terms of the distance of each sample to the weights at the same place, shape (n, D).

    Parameters
    ----------
    distance : Distance
        Of the map.
    samples : Block
        Of n samples; the term of a value that is missing is 0.
    weights : ndarray of shape (n, D)
        Map units.
    """
    terms = distance.term(weights - samples.values)
    return terms if samples.missing is None else np.where(samples.missing, 0, terms)


def strangest(
    terms: NDArray[Any], usual: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the features with the largest shares, largest first; of equals the lowest first.

    Parameters
    ----------
    terms : ndarray of shape (n, D)
        See `terms_of`.
    usual : ndarray of shape (D,)
        Their means over the training samples.
    count : int
        How many, at most D.

    Returns
    -------
    features : ndarray of shape (n, count)
        Their indices; -1 where no further feature differs.
    shares : ndarray of shape (n, count)
        From 0 to 1.

    Examples
    --------
    >>> features, shares = strangest(np.array([[1.0, 0.0, 9.0], [0.0, 0.0, 0.0]]), np.array([1.0, 1.0, 3.0]), 2)
    >>> features.tolist(), shares.tolist()
    ([[2, 0], [-1, -1]], [[0.75, 0.25], [0.0, 0.0]])
    """
    ratios = terms / np.maximum(usual, LEAST * usual.mean() or np.finfo(np.float32).tiny)
    totals = ratios.sum(axis=1, keepdims=True)
    shares = np.divide(ratios, totals, out=np.zeros_like(ratios), where=totals > 0)
    features = np.argsort(-shares, axis=1, kind="stable")[:, :count]
    largest = np.take_along_axis(shares, features, axis=1)
    return np.where(largest > 0, features, NONE), largest
