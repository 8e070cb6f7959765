"""Shortest paths along the edges of a graph of nodes."""

import heapq
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Graph:
    """Nodes, and edges between two of them that can be gone along both ways.

    Parameters
    ----------
    size : int
        How many nodes there are.
    nodes : ndarray of shape (E, 2)
        The ends of each edge.
    lengths : array_like of shape (E,), or a number
        How long each is, or all are; at least 0.

    Examples
    --------
    >>> square = Graph(4, np.array([[0, 1], [1, 2], [2, 3], [3, 0]]), [1.0, 1.0, 1.0, 5.0])
    >>> square.paths(np.array([[0, 3], [0, 2]])).tolist()
    [3.0, 2.0]
    """

    def __init__(self, size: int, nodes: NDArray[np.int64], lengths: ArrayLike = 1.0) -> None:
        both_ways = np.concatenate([nodes, nodes[:, ::-1]])
        order = np.argsort(both_ways[:, 0], kind="stable")
        along = np.tile(np.broadcast_to(np.asarray(lengths, dtype=np.float64), len(nodes)), 2)
        self._starts = np.searchsorted(both_ways[order, 0], np.arange(size + 1)).tolist()
        self._edges = list(zip(both_ways[order, 1].tolist(), along[order].tolist(), strict=True))

    def paths(self, pairs: NDArray[np.int64], most: float = math.inf) -> NDArray[np.float64]:
        """Return the length of the shortest path between each pair, shape (P,); infinite where it is longer than most.

        Dijkstra's way from the lower node of each pair, as far as its farthest partner: milliseconds for each where all
        partners are near, up to some µs for each node of the graph where they are not.
        """
        lengths, pairs = np.empty(len(pairs)), np.sort(pairs, axis=1)  # there and back is the same
        order = np.argsort(pairs[:, 0], kind="stable")
        sources, starts = np.unique(pairs[order, 0], return_index=True)
        for source, places in zip(sources.tolist(), np.split(order, starts)[1:], strict=True):
            partners = pairs[places, 1].tolist()
            found = self._from(source, partners, most)
            lengths[places] = [found.get(partner, math.inf) for partner in partners]
        return lengths

    def _from(self, source: int, partners: Iterable[int], most: float) -> dict[int, float]:
        """Return the lengths of the paths from a node to others, those of the partners among them."""
        found = {source: 0.0}
        missing, waiting = set(partners), [(0.0, source)]
        while waiting and missing:
            length, node = heapq.heappop(waiting)
            if length > found[node]:  # a shorter way was found since
                continue
            missing.discard(node)
            for other, along in self._edges[self._starts[node] : self._starts[node + 1]]:
                longer = length + along
                if longer <= most and longer < found.get(other, math.inf):
                    found[other] = longer
                    heapq.heappush(waiting, (longer, other))
        return found
