"""What the samples that a node won say of it: their sums, node by node; nodes that won none ask their nearest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kohonensom_model import KohonenSOM
from ksom.nearest_nodes import nearest_known


def votes(
    nodes: NDArray[np.int64], classes: NDArray[np.int64], weights: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the weight of each class at each node.

    Parameters
    ----------
    nodes, classes : ndarray of shape (n,)
        Which node won each sample, and the number of its class.
    weights : ndarray of shape (n,)
        How much each sample counts.
    shape : (K, C)
        How many nodes and classes there are.
    """
    places = np.ravel_multi_index((nodes, classes), shape)
    counted: NDArray[Any] = np.bincount(places, weights, minlength=shape[0] * shape[1]).reshape(shape)
    return counted


def filled(som: KohonenSOM, values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values of which every node has one: its own, or that of the nearest node, by the weights, that has one.

    Parameters
    ----------
    som : KohonenSOM
        The map, whose distance holds between its nodes too.
    values : ndarray of shape (K, …)
        A value for each node.
    known : ndarray of shape (K,)
        Which nodes have one; at least one of them.
    """
    weights = som.weights.reshape(som.lattice.size, som.features)
    return values[nearest_known(weights, known, som.distance)]
