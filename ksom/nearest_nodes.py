"""The node that stands for another one: the nearest by their weights, of those that something is known of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels import get_backend
from ksom.kernels.effort import Work, numpy_seconds
from ksom.method.distance import Distance
from ksom.samples import Block


def nearest_known(weights: NDArray[Any], known: NDArray[np.bool_], distance: Distance) -> NDArray[np.int64]:
    """Return for each node itself, if it is known, else the nearest node that is, shape (K,).

    Nearest by the weights, not on the map: where a border lies between a node and its neighbour, the neighbour is none.
    Of equals, the lowest index.

    Parameters
    ----------
    weights : ndarray of shape (K, D)
        The nodes' weights, map units.
    known : ndarray of shape (K,)
        Which nodes are; at least one of them.
    distance : Distance
        The map's.
    """
    nearest = np.arange(len(weights))
    if known.all():
        return nearest
    given, asked = weights[known], weights[~known]
    seconds = numpy_seconds(Work(searched=len(asked)), 1, len(given), weights.shape[1])
    kernels = get_backend("auto", given[np.newaxis], weights.dtype, distance=distance, numpy_seconds=seconds)
    found, _ = kernels.best_matching_nodes(Block(asked), 1)
    nearest[~known] = np.flatnonzero(known)[found.reshape(-1)]
    return nearest
