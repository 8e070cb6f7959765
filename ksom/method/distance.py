"""How far a sample is from a node: terms of their difference, added feature by feature, in order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import Block


class Distance:
    """A distance whose order of nodes is that of Σ term(w − x) over the features, added in order.

    The term is even, at least 0, and rises with the difference's magnitude; so a box around some weights bounds it from
    below. Of a feature that a sample lacks it is 0, which must add nothing. A subclass gives its `term`; the rest is as
    most distances have it. All of it may work in place, and keeps the dtype.
    """

    on_sphere = False
    """Whether samples and weights are put on the unit sphere: their direction alone counts."""

    def __repr__(self) -> str:
        return as_call(self)

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """Return the terms of differences w − x, data units."""
        raise NotImplementedError

    def added(self, totals: NDArray[Any], terms: NDArray[Any]) -> NDArray[Any]:
        """Return totals with the terms of one more feature."""
        totals += terms
        return totals

    def completed(self, total: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
        """Return a sum of terms over a share of the features as if the others had terms like these: Σ / share."""
        total /= share
        return total

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """Return the distance that a sum of terms stands for, data units."""
        return total


def reported_distances(distance: Distance, totals: NDArray[Any], missing: NDArray[np.bool_] | None) -> NDArray[Any]:
    """Return the distances that sums of terms stand for, so that samples with and without gaps compare.

    Parameters
    ----------
    distance : Distance
        Whose terms were added.
    totals : ndarray of shape (n, m)
        Sums over the features that each sample has; may be worked in.
    missing : ndarray of bool, shape (n, D), or None
        Where it has no value; None: nowhere.

    Returns
    -------
    ndarray of shape (n, m)
        Data units: euclidean √(Σ · D / present), manhattan Σ · D / present, chebyshev the largest of those there are.
    """
    if missing is not None:
        share = np.maximum(1, (~missing).sum(axis=1)) / missing.shape[1]
        totals = distance.completed(totals, share.astype(totals.dtype)[:, np.newaxis])
    return distance.reported(totals)


MOST_TERMS = 2**31
"""Of so many the distances are made, at most, where a measure compares all with all: that takes some seconds."""

DISTANCES = Registry("distance", Distance)


@DISTANCES.register("euclidean")
class Euclidean(Distance):
    """‖w − x‖ = √Σ (w − x)², data units."""

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """(w − x)²."""
        difference *= difference
        return difference

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """√Σ."""
        np.sqrt(total, out=total)
        return total


@DISTANCES.register("cosine")
class Cosine(Distance):
    """1 − cos(w, x), from 0 to 2: of the directions, which are compared on the unit sphere.

    There 1 − cos = ‖w − x‖² / 2, so the nearest node is the nearest by squares. A sample of zeros has no direction: it
    is refused, and so has one with missing values: a map of directions does not keep them. What moves a node puts it
    back on the sphere.
    """

    on_sphere = True

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """(w − x)²."""
        difference *= difference
        return difference

    def completed(self, total: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
        """Return the sum as it is: a direction is as long, whatever it is made of."""
        return total

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """Σ / 2."""
        total /= 2
        return total


@DISTANCES.register("manhattan")
class Manhattan(Distance):
    """Σ |w − x|, data units: one feature that is far off counts less than with squares."""

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """|w − x|."""
        np.abs(difference, out=difference)
        return difference


@DISTANCES.register("chebyshev")
class Chebyshev(Distance):
    """max |w − x|, data units: the feature that is farthest off decides."""

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """|w − x|."""
        np.abs(difference, out=difference)
        return difference

    def added(self, totals: NDArray[Any], terms: NDArray[Any]) -> NDArray[Any]:
        """Return the larger of both."""
        np.maximum(totals, terms, out=totals)
        return totals

    def completed(self, total: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
        """Return the largest term as it is: more of them would not add up."""
        return total


def between(distance: Distance, samples: Block, others: Block) -> NDArray[Any]:
    """Return the distance of each sample to each of some others, shape (n, m), map units; added feature by feature.

    Of two that lack values, over the features that both have, and scaled as `reported_distances` does it.

    Parameters
    ----------
    distance : Distance
        Of the two.
    samples, others : Block
        Of n and of m samples, of the same precision.
    """
    totals = np.zeros((len(samples.values), len(others.values)), dtype=samples.values.dtype)
    shared = np.zeros(totals.shape) if samples.missing is not None or others.missing is not None else None
    for feature in range(samples.values.shape[1]):
        terms = distance.term(others.values[:, feature] - samples.values[:, feature, np.newaxis])
        if shared is not None:
            both = ~(_lacks(samples, feature)[:, np.newaxis] | _lacks(others, feature))
            terms *= both
            shared += both
        totals = distance.added(totals, terms)
    if shared is not None:
        totals = distance.completed(totals, np.maximum(1, shared) / samples.values.shape[1])
    return distance.reported(totals)


def along(distance: Distance, weights: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of weights to the others at the same place, shape (n,), map units; added feature by feature.

    Parameters
    ----------
    distance : Distance
        Of the two.
    weights, others : ndarray of shape (n, D)
        Map units, of the same precision.
    """
    totals = np.zeros(len(weights), dtype=weights.dtype)
    for one, other in zip(weights.T, others.T, strict=True):
        totals = distance.added(totals, distance.term(other - one))
    return distance.reported(totals)


def _lacks(block: Block, feature: int) -> NDArray[np.bool_]:
    """Return which samples lack a feature, shape (n,)."""
    return np.zeros(len(block.values), dtype=np.bool_) if block.missing is None else block.missing[:, feature]
