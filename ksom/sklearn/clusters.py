"""Nodes grouped into clusters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ksom.errors import ParameterError


def grouped(weights: NDArray[Any], hits: NDArray[np.float64], n_clusters: int, seed: int) -> NDArray[np.int64]:
    """Return the cluster of each node, shape (K,), numbered in the order of their first nodes.

    k-means over the weights of the nodes that won samples, each counted by its hits: as if every sample were its best
    matching node. The other nodes belong to the nearest mean.

    Parameters
    ----------
    weights : ndarray of shape (K, D)
        The nodes' weights.
    hits : ndarray of shape (K,)
        How much the samples weigh that each node won.
    n_clusters : int
        How many clusters.
    seed : int
        Seed of the first means.

    Raises
    ------
    ParameterError
        If there are more clusters than nodes that won samples.

    References
    ----------
    J. Vesanto and E. Alhoniemi, Clustering of the self-organizing map, IEEE Transactions on Neural Networks 11, 2000.
    """
    won = np.flatnonzero(hits)
    if n_clusters > len(won):
        raise ParameterError("n_clusters", f"be at most the number of nodes that won samples, {len(won)}", n_clusters)
    means = KMeans(n_clusters, n_init=10, random_state=seed).fit(weights[won], sample_weight=hits[won])
    _, first_nodes, clusters = np.unique(means.predict(weights), return_index=True, return_inverse=True)
    numbered: NDArray[np.int64] = first_nodes.argsort().argsort()[clusters]
    return numbered
