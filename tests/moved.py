"""Nodes moved to their means without a pause."""

from ksom.kernels.backend import Backend
from ksom.kernels.node_sums import NodeSums
from ksom.method.neighbourhood import Factors


def move_to_means(backend: Backend, sums: NodeSums, factors: Factors) -> int:
    """Move the nodes of a backend; return how often one might have left off."""
    return sum(1 for _ in backend.moving_to_means(sums, factors))
