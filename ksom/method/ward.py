"""Ward's clusters of nodes, grown along the lattice."""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import NOBODY, Lattice, neighbours


def ward(
    weights: NDArray[np.float64], hits: NDArray[np.float64], lattice: Lattice, most: int
) -> dict[int, NDArray[np.int64]]:
    """Return the clusters of the nodes for every number of clusters from 1 to `most`: {number: shape (K,)}.

    At first every node is a cluster. Again and again the two clusters are joined that border on each other on the
    lattice and whose joining adds least to the squared distances of samples to the means of their clusters, as if each
    sample were its best matching node: n_a n_b / (n_a + n_b) · ‖m_a − m_b‖², with hits n and means m. A node without
    hits adds nothing, so such nodes join the nearest cluster beside them first. Of equals, the nearest by their means,
    then those of the lowest numbers are joined. Clusters are connected on the map. Takes K · log K steps.

    Parameters
    ----------
    weights : ndarray of shape (K, D)
        The nodes' weights.
    hits : ndarray of shape (K,)
        How much the samples weigh that each node won.
    lattice : Lattice
        The nodes' arrangement.
    most : int
        The largest number of clusters, at least 1.

    References
    ----------
    J. H. Ward, Hierarchical grouping to optimize an objective function, Journal of the American Statistical Association
    58, 1963; F. Murtagh, A survey of algorithms for contiguity-constrained clustering, The Computer Journal 28, 1985.
    """
    joined = _Joined(weights, hits, lattice)
    found = {}
    while True:
        if len(joined.beside) <= most:
            found[len(joined.beside)] = joined.clusters()
        if len(joined.beside) == 1:
            return found
        joined.join()


class _Joined:
    """The clusters so far: K nodes are the first, every two that are joined become a new one."""

    def __init__(self, weights: NDArray[np.float64], hits: NDArray[np.float64], lattice: Lattice) -> None:
        size = len(weights)
        self.means = np.concatenate([weights, np.empty_like(weights)])
        self.hits = np.concatenate([hits, np.zeros(size)])
        self.parents = np.arange(2 * size)
        self.size, self.new = size, size
        table = neighbours(lattice)
        self.beside = {node: set(row[row != NOBODY].tolist()) for node, row in enumerate(table)}
        self.heap: list[tuple[float, float, int, int]] = []
        for node, others in self.beside.items():
            self._offer(node, [other for other in others if other > node])

    def join(self) -> None:
        """Join the two clusters whose joining costs least."""
        _, _, a, b = heapq.heappop(self.heap)
        while a not in self.beside or b not in self.beside:
            _, _, a, b = heapq.heappop(self.heap)
        new, total = self.new, self.hits[a] + self.hits[b]
        share = self.hits[b] / total if total else 0.5
        self.means[new] = self.means[a] + share * (self.means[b] - self.means[a])
        self.hits[new], self.parents[[a, b]], self.new = total, new, new + 1
        self.beside[new] = (self.beside.pop(a) | self.beside.pop(b)) - {a, b}
        for other in self.beside[new]:
            self.beside[other] = (self.beside[other] - {a, b}) | {new}
        self._offer(new, sorted(self.beside[new]))

    def clusters(self) -> NDArray[np.int64]:
        """Return the number of each node's cluster, shape (K,)."""
        clusters = np.arange(2 * self.size)
        for cluster in range(self.new - 1, -1, -1):
            clusters[cluster] = clusters[self.parents[cluster]]
        return clusters[: self.size]

    def _offer(self, cluster: int, others: list[int]) -> None:
        """Put on the heap what it costs to join a cluster with each of some others."""
        if not others:
            return
        squares = ((self.means[others] - self.means[cluster]) ** 2).sum(axis=1)
        n, m = self.hits[cluster], self.hits[others]
        costs: NDArray[Any] = n * m / np.where(n + m, n + m, 1) * squares
        for cost, square, other in zip(costs.tolist(), squares.tolist(), others, strict=True):
            heapq.heappush(self.heap, (cost, square, min(cluster, other), max(cluster, other)))
