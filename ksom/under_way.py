"""Where a training stands: between two iterations, or in the middle of one."""

from dataclasses import dataclass

from ksom.kernels.batch_sums import BatchSums


@dataclass
class UnderWay:
    """How much of a training is done."""

    iteration: int
    """Iterations completed."""
    rows: int = 0
    """Samples of the next one that were shown."""
    sums: BatchSums | None = None
    """The sums of these, in batch training; online training has moved the weights for them."""
