"""The rows of the table: what is to be done, as plainly as every peer can be told."""

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import DATA, initial_weights

Kind = Literal["online", "batch", "predict"]

LEARNING_RATE = 0.1
LAST_SIGMA = {"online": 1.0, "batch": 0.7, "predict": 0.7}


@dataclass(frozen=True)
class Task:
    """Work for a peer: arrays in memory and how to go through them."""

    kind: Kind
    samples: NDArray[np.float32]
    """Shape (N, D)."""
    weights: NDArray[np.float32]
    """Shape (H, W, D): the first weights of a training, the trained map for predict."""
    passes: int
    """How often all samples are shown: the epochs of a batch training."""
    batch_size: int = 0
    """Samples that share one sigma in online training; 0: all of them."""
    threads: int = 0
    """0: all cores."""

    @property
    def side(self) -> int:
        return len(self.weights)

    @property
    def updates(self) -> int:
        """How many samples are shown in all."""
        return self.passes * len(self.samples)

    @property
    def first_sigma(self) -> float:
        return max(1.0, self.side / 2)

    @property
    def last_sigma(self) -> float:
        return LAST_SIGMA[self.kind]

    def sigma(self, progress: float) -> float:
        """first · (last / first)^progress; progress from 0 to 1."""
        return self.first_sigma * (self.last_sigma / self.first_sigma) ** progress

    @property
    def sigma_after_last(self) -> float:
        """What a peer must be given that reaches its last sigma only after the last epoch."""
        return self.sigma(self.passes / max(1, self.passes - 1))

    def learning_rate(self, progress: float) -> float:
        """Decays as sigma does: the colour experiment's schedule."""
        return LEARNING_RATE * math.exp(-progress * math.log(self.first_sigma))

    def part(self, share: float) -> Self:
        """Return the same work for fewer samples shown, under the same schedules squeezed together.

        Squeezed, because the cost of an update depends on sigma: every part has its share of wide and narrow ones.
        A batch training keeps its epochs and loses samples, so that what it does once per epoch stays in proportion.
        """
        if share >= 1:
            return self
        if self.kind == "online" and self.passes * share >= 1:
            return replace(self, passes=round(self.passes * share))
        kept = max(1, round(len(self.samples) * share * (self.passes if self.kind == "online" else 1)))
        return replace(self, samples=self.samples[:kept], passes=1 if self.kind == "online" else self.passes)


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    name: str
    kind: Kind
    data: str
    samples: int
    features: int
    side: int
    passes: int = 1
    batch_size: int = 0
    threads: int = 0

    def __str__(self) -> str:
        shown = f"{self.samples:,} × {self.features} on {self.side} × {self.side}"
        passes = {"online": f", {self.passes:,} times" * (self.passes > 1), "batch": f", {self.passes} epochs"}
        return f"{self.kind}, {self.data}: {shown}{passes.get(self.kind, '')}"

    def task(self) -> Task:
        """Return the work, its arrays made."""
        samples = DATA[self.data](self.samples, self.features)
        weights = initial_weights(samples, self.side)
        task = Task(self.kind, samples, weights, self.passes, self.batch_size, self.threads)
        return replace(task, weights=_trained(task)) if self.kind == "predict" else task


def _trained(task: Task) -> NDArray[np.float32]:
    """Return the map that all peers are asked about: trained by the plain yardstick, on a part, for five epochs."""
    from benchmarks.peers.numpy_plain import batch

    few = replace(task, kind="batch", samples=task.samples[:20_000], passes=5)
    return batch(few)()


ROWS = {
    row.name: row
    for row in (
        Row("O1", "online", "colours", 20, 3, side=10, passes=500),
        Row("O2", "online", "colours", 20, 3, side=100, passes=1000),
        Row("O3", "online", "colours", 20, 3, side=1000, passes=1000),
        Row("O4", "online", "mixture", 10_000, 784, side=30, batch_size=1),
        Row("B1", "batch", "mixture", 100_000, 16, side=50, passes=10),
        Row("B2", "batch", "mixture", 60_000, 784, side=30, passes=10),
        Row("B3", "batch", "mixture", 1_000_000, 8, side=100, passes=3),
        Row("B4", "batch", "mixture", 480_000, 34, side=30, passes=10),
        Row("N1", "batch", "noise", 100_000, 16, side=50, passes=10),
        Row("P1", "predict", "mixture", 1_000_000, 16, side=50),
    )
}
