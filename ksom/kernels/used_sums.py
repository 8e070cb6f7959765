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


def used(sums: NodeSums) -> UsedSums:
    """Return the sums of the nodes that won a sample.

    Examples
    --------
    >>> used(NodeSums(np.array([[0.0], [3.0], [0.0]]), np.array([[0.0], [2.0], [0.0]]))).nodes
    array([1])
    """
    nodes = np.flatnonzero(sums.counts.any(axis=1))
    return UsedSums(nodes, sums.sums[nodes], sums.counts[nodes])
