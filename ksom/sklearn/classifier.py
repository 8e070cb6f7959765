"""Classification by the nodes' classes."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from ksom.sklearn.estimator import MapEstimator
from ksom.sklearn.node_values import filled, votes


class SOMClassifier(ClassifierMixin, MapEstimator):
    """A map whose nodes have classes: those of the samples that they won.

    The map is trained on the samples alone. Then p(c | node) = Σ v over the node's samples of class c / Σ v over all of
    its samples, with sample weights v; a node that won none has the p of the nearest node that did, nearest by their
    weights and the map's distance. A sample gets the p of its best matching node, and the class of the largest; of
    equals, the first in `classes_`.

    The arguments are those of `SOM`, without `n_clusters` and `output`.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        The classes, sorted.
    node_probabilities_ : ndarray of shape (K, C)
        p of each node.
    som_ : KohonenSOM
        The trained map.
    n_iter_, n_features_in_ : int
        Iterations of the training, and features, D.
    feature_names_in_ : ndarray of shape (D,)
        The features' names, if the samples came as a table.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> flowers = load_iris()
    >>> kinds = flowers.target_names[flowers.target]
    >>> SOMClassifier(5, 5).fit(flowers.data, kinds).predict([[5.0, 3.5, 1.4, 0.2]])[0]
    np.str_('setosa')
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the map on samples and give its nodes their classes.

        Parameters
        ----------
        X : array_like of shape (N, D)
            The samples, data units.
        y : array_like of shape (N,)
            Their classes: numbers or strings.
        sample_weight : array_like of shape (N,), optional
            How much each sample counts, >= 0; default 1.

        Raises
        ------
        ValueError
            If something does not hold that must; the message says what.
        """
        samples, targets = self._checked(X, y, reset=True)
        check_classification_targets(targets)
        self.classes_, classes = np.unique(targets, return_inverse=True)
        nodes, weights = self._fit_map(samples, sample_weight)
        counted = votes(nodes, classes, weights, (self.som_.lattice.size, len(self.classes_)))
        of_node = counted.sum(axis=1, keepdims=True)
        shares = counted / np.where(of_node, of_node, 1)
        self.node_probabilities_ = filled(self.som_, shares, of_node[:, 0] > 0)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, shape (n, C): that of the best matching node."""
        samples = self._checked(X)
        return self.node_probabilities_[self._nodes(samples)]

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each sample, shape (n,)."""
        most_probable = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[most_probable]
        return predicted
