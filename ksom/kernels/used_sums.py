"""The sums of the nodes that won any sample: what is worth sending of a part on a map of many nodes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.node_sums import NodeSums


class UsedSums(NamedTuple):
    """The sums of some samples, of the n nodes that won any of them; all others' are zero."""

    nodes: NDArray[np.int64]
    """Which nodes, in ascending order; (n,)."""
    sums: NDArray[np.float64]
    """As in `NodeSums`; (n, D)."""
    counts: NDArray[np.float64]
    """As in `NodeSums`; (n, 1) or (n, D)."""

    def of_all(self, nodes: int) -> NodeSums:
        """Return the sums of all K nodes, zeros where there are none."""
        whole = NodeSums(np.zeros((nodes, self.sums.shape[1])), np.zeros((nodes, self.counts.shape[1])))
        whole.sums[self.nodes], whole.counts[self.nodes] = self.sums, self.counts
        return whole


def used(sums: NodeSums) -> UsedSums:
    """Return the sums of the nodes that won a sample.

    Examples
    --------
    >>> used(NodeSums(np.array([[0.0], [3.0], [0.0]]), np.array([[0.0], [2.0], [0.0]]))).nodes
    array([1])
    """
    nodes = np.flatnonzero(sums.counts.any(axis=1))
    return UsedSums(nodes, sums.sums[nodes], sums.counts[nodes])
