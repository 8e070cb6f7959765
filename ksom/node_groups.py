"""What a map is told of its nodes: which of them belong together, as labels or as clusters."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.answers import Answers
from ksom.layers import CLUSTERS, HITS, NEAREST_LABELLED
from ksom.map_file import Layer
from ksom.method.labels import label_layers, node_labels
from ksom.nearest_nodes import nearest_known


class NodeGroups(Answers):
    """The part of a `KohonenSOM` that groups its nodes."""

    def label(self, samples: Any, labels: ArrayLike, column: str | None = None) -> NDArray[np.str_]:
        """Give the nodes the labels of the samples that they win: the layers `labels` and `hits` of the map.

        A node's label is the most frequent one of its samples, of equals the first in order; a node that wins none has
        the label of the nearest node that does, by their weights. `predict` tells it of new samples.

        Parameters
        ----------
        samples : array_like of shape (N, D), table or Dataset
            Data units.
        labels : array_like of shape (N,)
            What each sample is: numbers, truth values or texts; an empty text is no label.
        column : str, optional
            What the labels are called.

        Returns
        -------
        ndarray of shape (height, width)
            The label of each node.

        Raises
        ------
        DataError
            If there is not one label for each sample, or there are more than 4,096 different ones; or as
            `best_matching_nodes`.
        NotTrained
            If the map has no weights yet.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> som = KohonenSOM(1, 3, initial=[[[0.0], [1.0], [5.0]]])
        >>> som.label([[0.1], [4.0], [5.0]], ["low", "high", "high"]).tolist()
        [['low', 'low', 'high']]
        """
        made = label_layers(self, self.walkable(samples), labels, column)
        weights, shape = self.weights.reshape(-1, self.features), (self.lattice.height, self.lattice.width)
        nearest = nearest_known(weights, made[HITS].values.reshape(-1) > 0, self.distance)
        self.layers |= made | {NEAREST_LABELLED: Layer(nearest.reshape(shape))}
        return node_labels(self.layers).labels.reshape(shape)

    def cluster(self, method: str = "ward", clusters: int | str = "auto", seed: int = 0) -> NDArray[np.int64]:
        """Group the nodes into clusters, by their weights and the layer `hits`, if there is one: the layer `clusters`.

        Parameters
        ----------
        method : {"ward", "kmeans", "hdbscan", "umatrix"}
            How; `ksom.method.clusters` explains them.
        clusters : int or "auto"
            How many; "auto": as many as have valleys between them, or one.
        seed : int
            Seed of what is drawn, >= 0.

        Returns
        -------
        ndarray of shape (height, width)
            The cluster of each node, numbered in the order of their first nodes; -1: none.

        Raises
        ------
        ParameterError
            If an argument is outside its domain, or there are not so many clusters to be had.
        NotInstalled
            If scikit-learn is needed and is not there.
        NotTrained
            If the map has no weights yet.

        Examples
        --------
        >>> from ksom import KohonenSOM
        >>> KohonenSOM(1, 4, initial=[[[0.0], [1.0], [8.0], [9.0]]]).cluster(clusters=2).tolist()
        [[0, 0, 1, 1]]
        """
        from ksom.method.clusters import cluster  # a training does without all the ways to group

        hits = self.layers[HITS].values if HITS in self.layers else None
        self.layers[CLUSTERS] = cluster(self, method, clusters, seed, hits)
        return self.layers[CLUSTERS].values
