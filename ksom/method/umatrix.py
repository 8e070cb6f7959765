"""The U-matrix: how far a node's weights are from those of its neighbours, where the map's borders show."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.method.distance import along
from ksom.method.lattice import NOBODY, Lattice, neighbours
from ksom.method.matches import MeasuringMap, checked

PIECE_BYTES = 2**24
"""How many bytes of weights are compared at a time: a large map has four times as many edges as nodes."""


class Edges(NamedTuple):
    """What lies between neighbours: each pair of them once."""

    nodes: NDArray[np.int64]
    """The two nodes, the lower index first, shape (E, 2)."""
    lengths: NDArray[np.float64]
    """The distance of their weights, map units, shape (E,)."""


def edges(som: MeasuringMap) -> Edges:
    """Return the distance between the weights of every two neighbours, by the map's own distance.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.

    Raises
    ------
    ParameterError, NotTrained
        As `quantization_error`.
    """
    weights = checked(som).weights.reshape(som.lattice.size, -1).astype(np.float64)
    nodes = neighbouring(som.lattice)
    lengths = np.empty(len(nodes))
    for start in range(0, len(nodes), length := max(1, PIECE_BYTES // weights[0].nbytes)):
        some = slice(start, start + length)
        lengths[some] = along(som.distance, weights[nodes[some, 0]], weights[nodes[some, 1]])
    return Edges(nodes, lengths)


def umatrix(som: MeasuringMap) -> NDArray[np.float64]:
    """Return the mean distance of each node's weights to those of its neighbours, shape (height, width), map units.

    High where clusters border on each other. What lies between two neighbours, the in-between values of a U-matrix of
    twice the size, is in `edges`. NaN on a map of one node, which has no neighbours.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.

    Raises
    ------
    ParameterError, NotTrained
        As `quantization_error`.

    References
    ----------
    A. Ultsch and H. P. Siemon, Kohonen's self organizing feature maps for exploratory data analysis, INNC 1990.

    Examples
    --------
    >>> from ksom import KohonenSOM
    >>> umatrix(KohonenSOM(1, 3, initial=[[[0.0], [1.0], [4.0]]])).tolist()
    [[1.0, 2.0, 3.0]]
    """
    (nodes, lengths), size = edges(som), som.lattice.size
    total = np.bincount(nodes.ravel(), np.repeat(lengths, 2), size)
    with np.errstate(invalid="ignore"):  # a single node
        means = total / np.bincount(nodes.ravel(), minlength=size)
    return means.reshape(som.lattice.height, som.lattice.width)


def neighbouring(lattice: Lattice) -> NDArray[np.int64]:
    """Return every two neighbours once, the lower index first, shape (E, 2)."""
    table = neighbours(lattice)
    nodes, places = np.nonzero((table != NOBODY) & (table > np.arange(lattice.size)[:, np.newaxis]))
    return np.stack([nodes, table[nodes, places]], axis=1)
