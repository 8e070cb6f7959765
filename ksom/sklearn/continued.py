"""Batch training that goes on: what was learned before counts as well."""

from ksom.algorithms import Batch
from ksom.kernels.batch_sums import BatchSums
from ksom.kernels.node_sums import NodeSums
from ksom.method.schedules import ScheduleLike


class Continued(Batch):
    """As `Batch`, w_k ← Σ_b h(b, k) S_b / Σ_b h(b, k) n_b, with the S and n of earlier samples in both sums.

    Parameters
    ----------
    sigma : schedule, str, float or pair of float
        As of `Batch`.
    before : NodeSums, optional
        S and n of all earlier samples, each at the node that won it then.

    Attributes
    ----------
    learned : NodeSums
        S and n of all samples by now.
    """

    learned: NodeSums

    def __init__(self, sigma: ScheduleLike = "geometric", before: NodeSums | None = None) -> None:
        super().__init__(sigma)
        self.before = before

    def node_sums(self, sums: BatchSums) -> NodeSums:
        new = super().node_sums(sums)
        self.learned = new if self.before is None else self.before + new
        return self.learned
