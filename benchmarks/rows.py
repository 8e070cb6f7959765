"""The rows of the table: what is to be done, as plainly as every peer can be told."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import DATA, initial_weights

Kind = Literal["online", "batch", "predict"]

LEARNING_RATE = 0.1
LAST_SIGMA = {"online": 1.0, "batch": 0.7, "predict": 0.7}


@dataclass(frozen=True)
class Form:
    """What kind of map it is; by default what every peer offers."""

    lattice: str = "rectangular"
    wrap: str = "none"
    neighbourhood: str = "gaussian"
    distance: str = "euclidean"

    @property
    def needs(self) -> set[str]:
        """What a peer must offer for it, beside the plain map."""
        words = {self.lattice, "torus" if self.wrap == "both" else "", self.neighbourhood, self.distance}
        return words - {"", "rectangular", "gaussian", "euclidean"}


@dataclass(frozen=True)
class Task:
    """Work for a peer: arrays in memory and how to go through them."""

    kind: Kind
    samples: Any
    """float32, shape (N, D); NaN where a value is missing; a CSR matrix where the data are sparse."""
    weights: NDArray[np.float32]
    """Shape (H, W, D): the first weights of a training, the trained map for predict."""
    passes: int
    """How often all samples are shown: the epochs of a batch training."""
    batch_size: int = 0
    """Samples that share one sigma in online training; 0: all of them."""
    threads: int = 0
    """0: all cores."""
    form: Form = Form()

    @property
    def side(self) -> int:
        return len(self.weights)

    @property
    def updates(self) -> int:
        """How many samples are shown in all."""
        return self.passes * int(self.samples.shape[0])

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
        kept = max(1, round(self.samples.shape[0] * share * (self.passes if self.kind == "online" else 1)))
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
    form: Form = Form()

    @property
    def needs(self) -> set[str]:
        """What a peer must offer, beside the plain map of dense, complete data."""
        return self.form.needs | ({self.data} & {"gaps", "sparse"})

    def __str__(self) -> str:
        words = " ".join(sorted(self.form.needs))
        shown = f"{self.samples:,} × {self.features} on {words}{' ' * bool(words)}{self.side} × {self.side}"
        passes = {"online": f", {self.passes:,} times" * (self.passes > 1), "batch": f", {self.passes} epochs"}
        return f"{self.kind}, {self.data}: {shown}{passes.get(self.kind, '')}"

    def task(self) -> Task:
        """Return the work, its arrays made."""
        samples = DATA[self.data](self.samples, self.features)
        weights = initial_weights(samples, self.side)
        task = Task(self.kind, samples, weights, self.passes, self.batch_size, self.threads, self.form)
        return replace(task, weights=_trained(task)) if self.kind == "predict" else task


def _trained(task: Task) -> NDArray[np.float32]:
    """Return the map that all peers are asked about: trained by the plain yardstick, on a part, for five epochs."""
    from benchmarks.peers.numpy_plain import batch

    few = replace(task, kind="batch", samples=task.samples[:20_000], passes=5)
    return batch(few)()


HEXAGONAL_TORUS = Form(lattice="hexagonal", wrap="both")

ROWS = {
    row.name: row
    for row in (
        Row("O1", "online", "colours", 20, 3, side=10, passes=500),
        Row("O2", "online", "colours", 20, 3, side=100, passes=1000),
        Row("O3", "online", "colours", 20, 3, side=1000, passes=1000),
        Row("O4", "online", "mixture", 10_000, 784, side=30, batch_size=1),
        Row("O5", "online", "mixture", 20_000, 16, side=40, batch_size=1),
        Row("B1", "batch", "mixture", 100_000, 16, side=50, passes=10),
        Row("B2", "batch", "mixture", 60_000, 784, side=30, passes=10),
        Row("B3", "batch", "mixture", 1_000_000, 8, side=100, passes=3),
        Row("B4", "batch", "mixture", 480_000, 34, side=30, passes=10),
        Row("B5", "batch", "mixture", 5_000, 256, side=10, passes=100),
        Row("M1", "batch", "digits", 5_000, 784, side=30, passes=50),
        Row("N1", "batch", "noise", 100_000, 16, side=50, passes=10),
        Row("P1", "predict", "mixture", 1_000_000, 16, side=50),
        Row("P2", "predict", "mixture", 200_000, 96, side=70),
        Row("F1", "online", "colours", 20_000, 3, side=100),
        Row("F2", "online", "colours", 20_000, 3, side=100, form=HEXAGONAL_TORUS),
        Row("F3", "online", "colours", 20_000, 3, side=100, form=Form(neighbourhood="bubble")),
        Row("F4", "online", "colours", 20_000, 3, side=100, form=Form(distance="manhattan")),
        Row("F5", "batch", "mixture", 100_000, 16, side=50, passes=10, form=HEXAGONAL_TORUS),
        Row("F6", "batch", "mixture", 100_000, 16, side=50, passes=10, form=Form(neighbourhood="bubble")),
        Row("C1", "batch", "mixture", 100_000, 300, side=40, passes=5),
        Row("C2", "batch", "mixture", 100_000, 300, side=40, passes=5, form=Form(distance="cosine")),
        Row("G1", "batch", "gaps", 100_000, 16, side=50, passes=10),
        Row("S1", "batch", "sparse", 20_000, 10_000, side=30, passes=5),
    )
}
