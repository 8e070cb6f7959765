"""Regression by the nodes' means."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from ksom.sklearn.estimator import MapEstimator
from ksom.sklearn.node_values import filled


class SOMRegressor(RegressorMixin, MapEstimator):
    """A map whose nodes have values: the means over the samples that they won.

    The map is trained on the samples alone. Then y(node) = Σ v y / Σ v over the samples that the node won, with sample
    weights v; a node that won none has the value of the nearest node that did, nearest by their weights and the map's
    distance. A sample gets the value of its best matching node.

    The arguments are those of `SOM`, without `n_clusters` and `output`.

    Attributes
    ----------
    node_means_ : ndarray of shape (K,) or (K, outputs)
        y of each node, its own units.
    som_ : KohonenSOM
        The trained map.
    n_iter_, n_features_in_ : int
        Iterations of the training, and features, D.
    feature_names_in_ : ndarray of shape (D,)
        The features' names, if the samples came as a table.

    Examples
    --------
    >>> samples = [[0.0], [0.1], [0.9], [1.0]]
    >>> SOMRegressor(1, 2).fit(samples, [1.0, 3.0, 10.0, 20.0]).predict([[0.2], [0.8]]).tolist()
    [2.0, 15.0]
    """

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the map on samples and give its nodes their values.

        Parameters
        ----------
        X : array_like of shape (N, D)
            The samples, data units.
        y : array_like of shape (N,) or (N, outputs)
            Their values.
        sample_weight : array_like of shape (N,), optional
            How much each sample counts, >= 0; default 1.

        Raises
        ------
        ValueError
            If something does not hold that must; the message says what.
        """
        samples, targets = self._checked(X, y, reset=True, multi_output=True, y_numeric=True)
        nodes, weights = self._fit_map(samples, sample_weight)
        self.node_means_ = self._means(nodes, np.asarray(targets, dtype=np.float64), weights)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the value of each sample's best matching node, shape (n,) or (n, outputs)."""
        samples = self._checked(X)
        return self.node_means_[self._nodes(samples)]

    def _means(
        self, nodes: NDArray[np.int64], values: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        size = self.som_.lattice.size
        counts = np.bincount(nodes, weights, minlength=size)
        outputs = values.reshape(len(values), -1).T
        sums = np.stack([np.bincount(nodes, weights * output, minlength=size) for output in outputs], axis=1)
        means = sums / np.where(counts, counts, 1)[:, np.newaxis]
        return filled(self.som_, means, counts > 0).reshape(size, *values.shape[1:])
