"""What is left of samples when their best matching nodes are taken away: by it squares are summed without a sample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import Undefined
from ksom.method.distance import between
from ksom.method.matches import Found, MeasuringMap, checked, pieces, walk
from ksom.samples import Block


class Residuals:
    """Number, sum and sum of squares of x − w_b, for the samples x that each node b won.

    By them the squared distance of all samples to any point is known, exactly and far from the origin too:

        Σ (x − c)² = Σ_b [ squares_b + 2 sums_b · (w_b − c) + counts_b (w_b − c)² ],  over the features.

    Whatever the map's distance, these are squared differences: a node moves to a weighted mean of samples, and it is
    the squares' sum that a mean makes least. All of it is in the map's units: where directions count, on the unit
    sphere. Of missing values nothing is counted.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.

    Attributes
    ----------
    weights : ndarray of shape (K, D)
        w, map units, in float64.
    counts : ndarray of shape (K, D)
        Numbers of values.
    sums, squares : ndarray of shape (K, D)
        Map units, and their squares.
    low, high : ndarray of shape (D,)
        The smallest and largest value of each feature, map units.
    samples : int
        N.
    """

    def __init__(self, som: MeasuringMap) -> None:
        self.lattice = som.lattice
        self.weights = som.weights.reshape(self.lattice.size, -1).astype(np.float64)
        self.counts, self.sums, self.squares = (np.zeros_like(self.weights) for _ in range(3))
        self.low, self.high = np.full(self.weights.shape[1], np.inf), np.full(self.weights.shape[1], -np.inf)
        self.samples = 0

    def add(self, found: Found) -> None:
        """Count some samples."""
        winners, (values, _, missing, _), size = found.nodes[:, 0], found.block, len(self.weights)
        self.samples += len(values)
        for feature, column in enumerate(values.T):
            there = slice(None) if missing is None else ~missing[:, feature]
            won, known = winners[there], column[there].astype(np.float64)
            self.low[feature] = known.min(initial=self.low[feature])
            self.high[feature] = known.max(initial=self.high[feature])
            left = known - self.weights[won, feature]
            self.counts[:, feature] += np.bincount(won, minlength=size)
            self.sums[:, feature] += np.bincount(won, left, size)
            self.squares[:, feature] += np.bincount(won, left * left, size)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The samples' mean, map units, shape (D,); 0 for a feature without any value."""
        total = (self.counts * self.weights + self.sums).sum(axis=0)
        mean: NDArray[np.float64] = total / np.maximum(1, self.counts.sum(axis=0))
        return mean

    def around(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Σ (x − point)² of each node's samples, by feature, shape (K, D), map units²."""
        away = self.weights - point
        return self.squares + 2 * self.sums * away + self.counts * away * away


def residuals(som: MeasuringMap, samples: Any) -> Residuals:
    """Return the residuals of samples; what are residuals already, as they are. Errors are those of `walk`."""
    if isinstance(samples, Residuals):
        return samples
    made = Residuals(checked(som))
    for found in walk(som, samples, 1):
        made.add(found)
    return made


def explained_variance(som: MeasuringMap, samples: Any) -> float:
    """Return the share of the samples' variance that the map explains, 1 − Σ ‖x − w_b‖² / Σ ‖x − mean‖².

    1 if every sample is its node's weights; 0 if the map does no better than a single node, the mean; below 0 if it
    does worse. Has no units, so that maps of other data compare.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Residuals
        Data units.

    Raises
    ------
    Undefined
        If all samples are the same.
    ParameterError, DataError, NotTrained
        As `quantization_error`.
    """
    found = residuals(som, samples)
    require_different(found)
    return 1 - float(found.squares.sum() / found.around(found.mean).sum())


def error_of_one_node(som: MeasuringMap, samples: Any, found: Residuals | None = None) -> float:
    """Return the quantization error that a single node, the samples' mean, would have: 1/N · Σ d(x, mean), map units.

    d is the map's distance. A map's own error divided by it has no units, so that maps of other data compare: 0 if
    every sample is its node's weights, 1 if the map does no better than one node.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    found : Residuals, optional
        Those of the samples, if they are known: else they are walked through twice.

    Raises
    ------
    Undefined
        If directions are compared that cancel out.
    ParameterError, DataError, NotTrained
        As `quantization_error`.
    """
    mean = (found or residuals(som, samples)).mean
    if som.distance.on_sphere:
        mean = _direction(mean)
    total, count = 0.0, 0
    for _, block in pieces(som, samples):
        exact = block._replace(values=block.values.astype(np.float64))
        total += float(between(som.distance, exact, Block(mean[np.newaxis])).sum())
        count += len(block.values)
    return total / count


def _direction(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.sqrt(mean @ mean))
    if length == 0:
        raise Undefined("the samples' directions cancel out, so one node has none")
    return mean / length


def require_different(found: Residuals) -> None:
    """Refuse samples that are all the same.

    Raises
    ------
    Undefined
        Saying so.
    """
    if (found.low >= found.high).all():
        raise Undefined("all samples are the same, so there is nothing to explain")
