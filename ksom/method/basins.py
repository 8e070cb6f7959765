"""Basins of the U-matrix: the valleys between its borders, deep ones and shallow ones."""

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import NOBODY, Lattice, neighbours


def basins(heights: NDArray[np.float64], lattice: Lattice, most: int) -> dict[int, NDArray[np.int64]]:
    """Return the nodes' basins for every number of basins from 1 to `most`, or to as many as there are.

    Water rises from below. A node lower than its neighbours begins a basin; every other node belongs to the basin of
    its lowest neighbour. Where two basins meet, the depth of the one with the higher floor is how far that floor lies
    below the pass between them. Of n basins the n deepest are kept, and each of the others belongs to the one that it
    flows into. Of equal heights the lower node index counts as lower.

    Parameters
    ----------
    heights : ndarray of shape (K,)
        The U-matrix: how far each node is from its neighbours.
    lattice : Lattice
        The nodes' arrangement.
    most : int
        The largest number of basins.

    Returns
    -------
    dict
        By the number of basins, for each node the lowest node of its basin, shape (K,).

    References
    ----------
    F. Chazal, L. J. Guibas, S. Y. Oudot, P. Skraba, Persistence-based clustering in Riemannian manifolds, Journal of
    the ACM 60, 2013; A. Ultsch, Clustering with SOM: U*C, WSOM 2005.
    """
    floors, into, depths = _flooded(heights, neighbours(lattice))
    deepest_first = sorted(into, key=lambda floor: (-depths[floor], floor))
    found = {}
    for number in range(1, min(most, len(deepest_first)) + 1):
        kept = set(deepest_first[:number])
        ends = {floor: _end(floor, into, kept) for floor in into}
        found[number] = np.array([ends[floor] for floor in floors.tolist()])
    return found


def _flooded(
    heights: NDArray[np.float64], table: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[int, int], dict[int, float]]:
    """Return the floor of each node's own basin, and of each floor, which one it flows into and its depth."""
    order = np.lexsort([np.arange(len(heights)), heights])
    rank = order.argsort()
    floors = np.full(len(heights), NOBODY)
    into: dict[int, int] = {}
    depths: dict[int, float] = {}
    for node in order.tolist():
        wet = [other for other in table[node].tolist() if other != NOBODY and rank[other] < rank[node]]
        if not wet:
            floors[node] = into[node] = node
            depths[node] = np.inf
            continue
        floors[node] = floors[min(wet, key=lambda other: rank[other])]
        meeting = sorted({_end(int(floors[other]), into) for other in wet}, key=lambda floor: rank[floor])
        for floor in meeting[1:]:
            into[floor], depths[floor] = meeting[0], float(heights[node] - heights[floor])
    return floors, into, depths


def _end(floor: int, into: dict[int, int], kept: set[int] | None = None) -> int:
    """Return where the water of a basin ends: in one that is kept, or flows nowhere."""
    while floor not in (kept or ()) and into[floor] != floor:
        floor = into[floor]
    return floor
