"""How far a sample is from a node: terms of their difference, added feature by feature, in order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.registry import Registry
from ksom.representation import as_call


class Distance:
    """A distance whose order of nodes is that of Σ term(w − x) over the features, added in order.

    The term is even and rises with the difference's magnitude; so a box around some weights bounds it from below. A
    subclass gives its `term`; the rest is as most distances have it. All of it may work in place, and keeps the dtype.
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

    def reported(self, total: NDArray[Any]) -> NDArray[Any]:
        """Return the distance that a sum of terms stands for, data units."""
        return total


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
    is refused. What moves a node puts it back on the sphere.
    """

    on_sphere = True

    def term(self, difference: NDArray[Any]) -> NDArray[Any]:
        """(w − x)²."""
        difference *= difference
        return difference

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


def between(distance: Distance, samples: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of each sample to each of some others, shape (n, m), data units; added feature by feature.

    Parameters
    ----------
    distance : Distance
        Of the two.
    samples, others : ndarray of shape (n, D) and (m, D)
        Data units, of the same precision.
    """
    return along(distance, samples[:, np.newaxis], others[np.newaxis])


def along(distance: Distance, samples: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of each sample to the other at its place, data units; added feature by feature.

    Parameters
    ----------
    distance : Distance
        Of the two.
    samples, others : ndarray of shape (…, D)
        Data units, of the same precision.
    """
    if distance.on_sphere:
        samples, others = directions(samples), directions(others)
    totals = np.zeros(np.broadcast_shapes(samples.shape, others.shape)[:-1], dtype=samples.dtype)
    for feature in range(samples.shape[-1]):
        totals = distance.added(totals, distance.term(others[..., feature] - samples[..., feature]))
    return distance.reported(totals)


def directions(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples on the unit sphere, shape (…, D): x / ‖x‖, and zeros as they are."""
    lengths = np.sqrt(np.square(samples).sum(axis=-1, keepdims=True))
    shown: NDArray[Any] = samples / np.where(lengths > 0, lengths, 1)
    return shown
