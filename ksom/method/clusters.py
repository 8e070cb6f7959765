"""Clusters of nodes: which nodes of a map belong together."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_choice, require_integer
from ksom.errors import NotInstalled, ParameterError
from ksom.map_file import Layer
from ksom.method.basins import basins
from ksom.method.matches import MeasuringMap, checked
from ksom.method.number_of_clusters import best_number, calinski_harabasz, share_of_valleys
from ksom.method.umatrix import neighbouring, umatrix
from ksom.method.ward import ward

METHODS = ("ward", "kmeans", "hdbscan", "umatrix")
NO_CLUSTER = -1
MOST_BY_ITSELF = 20
"""Clusters that are tried at most where the number is not given."""
LEAST_NODES = 5
"""Of a cluster of hdbscan's."""


def cluster(
    som: MeasuringMap,
    method: str = "ward",
    clusters: int | str = "auto",
    seed: int = 0,
    hits: ArrayLike | None = None,
) -> Layer:
    """Return which cluster each node belongs to, as a layer of the map.

    Nodes that won samples are grouped, each counted by its hits, as if every sample were its best matching node; by
    squared euclidean distances of the weights, whatever the map's distance is. Clusters are numbered in the order of
    their first nodes, row by row: the same clusters have the same numbers, whoever found them.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    method : {"ward", "kmeans", "hdbscan", "umatrix"}
        "ward": joined step by step along the lattice, so that each is connected on the map (`ksom.method.ward`);
        "kmeans": the best of 10 starts, any other node belongs to the nearest mean; "hdbscan": dense regions of at
        least 5 nodes, hits are not counted, and all other nodes have none; "umatrix": valleys of the U-matrix, by depth
        (`ksom.method.basins`). kmeans and hdbscan are scikit-learn's.
    clusters : int or "auto"
        How many. "auto": the number from 2 to √K, at most 20, with the largest Calinski–Harabasz index, if there are
        valleys between the clusters, else one (`ksom.method.number_of_clusters`); hdbscan finds its own.
    seed : int
        Of the starts of kmeans, >= 0. The same seed gives the same clusters, on any number of threads.
    hits : array_like of shape (height, width), optional
        How many samples each node won. Default: all nodes count alike.

    Returns
    -------
    Layer
        (height, width), -1: no cluster. It tells the method, the number of clusters, whether that was found or given,
        the seed, the index, and between which share of the bordering clusters there is a valley.

    Raises
    ------
    ParameterError
        If an argument is outside its domain, or there are not so many clusters to be had.
    NotInstalled
        If scikit-learn is needed and is not there.
    NotTrained
        If the map has no weights yet.

    References
    ----------
    J. Vesanto and E. Alhoniemi, Clustering of the self-organizing map, IEEE Transactions on Neural Networks 11, 2000.
    """
    require_choice("method", method, METHODS)
    lattice = checked(som).lattice
    weights = som.weights.reshape(lattice.size, -1).astype(np.float64)
    counted = np.ones(lattice.size) if hits is None else np.asarray(hits, dtype=np.float64).reshape(-1)
    won, pairs = counted > 0, neighbouring(lattice)
    require_integer("seed", seed, minimum=0)
    number = _checked_number(clusters, int(won.sum()), method)
    numbers = range(1, min(MOST_BY_ITSELF, max(1, int(np.sqrt(won.sum())))) + 1) if number is None else [number]
    if method == "hdbscan":
        of_node = _dense_regions(weights, won)
    else:
        found = _partitions(method, som, weights, counted, numbers, seed)
        of_node = found[best_number(found, weights, counted, pairs) if number is None else numbers[0]]
    about = {
        "method": method,
        "clusters": int(of_node.max()) + 1,
        "number": "found" if number is None else "given",
        "seed": seed,
        "index": "calinski_harabasz",
        "index_value": _finite(calinski_harabasz(*_grouped(weights, counted, of_node))),
        "share_of_valleys": share_of_valleys(weights, np.where(of_node < 0, 0, counted), of_node, pairs),
    }
    return Layer(of_node.reshape(lattice.height, lattice.width), about)


def numbered(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return clusters numbered 0, 1, … in the order of their first nodes, row by row; -1 stays.

    Examples
    --------
    >>> numbered(np.array([7, -1, 7, 2])).tolist()
    [0, -1, 0, 1]
    """
    _, first_nodes, numbers = np.unique(clusters, return_index=True, return_inverse=True)
    first_nodes[clusters[first_nodes] == NO_CLUSTER] = -1
    first = int((first_nodes < 0).any())
    return first_nodes.argsort().argsort()[numbers] - first


def kmeans(
    weights: NDArray[Any], hits: NDArray[np.float64], clusters: int, seed: int, argument: str = "clusters"
) -> NDArray[np.int64]:
    """Return the cluster of each node by k-means, shape (K,), numbered in the order of their first nodes.

    Over the weights of the nodes that won samples, each counted by its hits. The other nodes belong to the nearest
    mean.

    Parameters
    ----------
    weights : ndarray of shape (K, D)
        The nodes' weights.
    hits : ndarray of shape (K,)
        How much the samples weigh that each node won.
    clusters : int
        How many clusters.
    seed : int
        Seed of the first means.
    argument : str
        What the number is called, for the message.

    Raises
    ------
    ParameterError
        If there are more clusters than nodes that won samples.
    NotInstalled
        If scikit-learn is not there.
    """
    won = np.flatnonzero(hits)
    if clusters > len(won):
        raise ParameterError(argument, f"be at most the number of nodes that won samples, {len(won)}", clusters)
    _require_scikit_learn("kmeans")
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums of several threads differ in their last bits, and so may the best of the starts
        means = KMeans(clusters, n_init=10, random_state=seed).fit(weights[won], sample_weight=hits[won])
        return numbered(means.predict(weights).astype(np.int64))


def _partitions(  # noqa: PLR0917 (what cluster knows by then)
    method: str,
    som: MeasuringMap,
    weights: NDArray[np.float64],
    hits: NDArray[np.float64],
    numbers: Iterable[int],
    seed: int,
) -> Mapping[int, NDArray[np.int64]]:
    """Return the clusters for each number of them."""
    if method == "kmeans":
        return {number: kmeans(weights, hits, number, seed) for number in numbers}
    most = max(numbers)
    if method == "ward":
        found = ward(weights, hits, som.lattice, most)
    else:
        found = basins(umatrix(som).reshape(-1), som.lattice, most)
        if most not in found and list(numbers) == [most]:
            told = f"be at most the number of valleys of this U-matrix, {max(found)}"
            raise ParameterError("clusters", told, most)
    return {number: numbered(found[number]) for number in numbers if number in found}


def _dense_regions(weights: NDArray[np.float64], won: NDArray[np.bool_]) -> NDArray[np.int64]:
    _require_scikit_learn("hdbscan")
    from sklearn.cluster import HDBSCAN

    found = np.full(len(weights), NO_CLUSTER)
    if won.sum() >= LEAST_NODES:
        found[won] = HDBSCAN(min_cluster_size=LEAST_NODES, copy=True).fit_predict(weights[won])
    return numbered(found)


def _checked_number(clusters: int | str, won: int, method: str) -> int | None:
    """Return the number of clusters that was asked for; None: it is to be found."""
    if clusters == "auto":
        return None
    if isinstance(clusters, str):
        raise ParameterError("clusters", "be auto or a number", clusters)
    if method == "hdbscan":
        raise ParameterError("clusters", "be auto for hdbscan, which finds their number", clusters)
    number = require_integer("clusters", clusters, minimum=1)
    if number > won:
        raise ParameterError("clusters", f"be at most the number of nodes that won samples, {won}", clusters)
    return number


def _grouped(
    weights: NDArray[np.float64], hits: NDArray[np.float64], clusters: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the nodes that won samples and have a cluster."""
    some = (hits > 0) & (clusters != NO_CLUSTER)
    return weights[some], hits[some], clusters[some]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _require_scikit_learn(method: str) -> None:
    try:
        import sklearn  # noqa: F401 (asked only whether it is there)
    except ImportError as error:
        told = f"{method} needs scikit-learn, which is not installed: pip install scikit-learn; ward and umatrix do not"
        raise NotInstalled(told) from error
