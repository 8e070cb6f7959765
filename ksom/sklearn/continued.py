"""Batch training that goes on: what was learned before counts as well."""

from collections.abc import Iterable

from ksom.algorithms import Batch
from ksom.kernels.node_sums import NodeSums
from ksom.kohonensom_model import KohonenSOM
from ksom.method.schedules import ScheduleLike
from ksom.samples import Block


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

    def node_sums(self, som: KohonenSOM, batch: Iterable[Block]) -> NodeSums:
        sums = super().node_sums(som, batch)
        self.learned = sums if self.before is None else self.before + sums
        return self.learned
