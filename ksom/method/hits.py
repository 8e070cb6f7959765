"""Hits: how many samples each node won."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice
from ksom.method.matches import Map, checked, walk


def hits(som: Map, samples: Any) -> NDArray[np.int64]:
    """Return how many of the samples have each node as their best matching one, shape (height, width).

    A sample counts once, whatever its weight.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `quantization_error`.
    """
    lattice = checked(som).lattice
    counts = np.zeros((lattice.height, lattice.width), dtype=np.int64)
    for found in walk(som, samples, 1):
        counts += won(lattice, found.nodes[:, 0])
    return counts


def won(lattice: Lattice, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each node is among some samples' best matching nodes, shape (height, width).

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    nodes : ndarray of shape (n,)
        Node indices, row * width + column.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> won(Rectangular(2, 2), np.array([3, 0, 3])).tolist()
    [[1, 0], [0, 2]]
    """
    counts: NDArray[np.int64] = np.bincount(nodes, minlength=lattice.size).reshape(lattice.height, lattice.width)
    return counts
