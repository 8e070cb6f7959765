"""Small trainings with the numpy and the compiled backend beside each other, and which of them "auto" takes.

    python -m benchmarks.choice

Each training has a process of its own, which also loads what it needs: the question is who is done first. Processor
time, on one thread, so that a busy machine says the same; machine code is what earlier runs have kept.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from ksom.algorithms import ALGORITHMS
from ksom.kernels import needs_speed
from ksom.kernels.effort import numpy_seconds
from ksom.kohonensom_model import KohonenSOM

DATA = {"colours": (20, 3), "iris": (150, 4), "wine": (178, 13), "digits": (1797, 64), "mixture": (10_000, 16)}
"""Samples and features; random numbers of these shapes."""

SIDES = (8, 20, 50)
SECONDS = (0.1, 0.3, 1, 3)
"""As long the training of each shape should take, about, by numpy: around where the rule changes."""

TIMES = 3

TRAINING = """
import sys, time
import numpy as np
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer
backend, algorithm, *numbers = sys.argv[1:]
samples, features, side, iterations = map(int, numbers)
rows = np.random.default_rng(0).normal(size=(samples, features))
began = time.process_time()
Trainer(KohonenSOM(side, side, backend=backend, threads=1), rows, algorithm=algorithm, iterations=iterations).train()
print(time.process_time() - began)
"""


class Job(NamedTuple):
    """A training."""

    algorithm: str
    samples: int
    features: int
    side: int
    iterations: int

    def estimate(self) -> float:
        """Return what the rule thinks that numpy takes, seconds."""
        algorithm = ALGORITHMS[self.algorithm]()
        algorithm.prepare(KohonenSOM(self.side, self.side), self.iterations)
        return numpy_seconds(algorithm.work(self.samples), self.side, self.side, self.features)

    def seconds(self, backend: str) -> float:
        """Return what a training takes with a backend, and what it loads."""
        arguments = [backend, self.algorithm, *map(str, self[1:])]
        command = [sys.executable, "-c", TRAINING, *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        runs = (subprocess.run(command, env=environment, capture_output=True, check=True) for _ in range(TIMES))
        return min(float(run.stdout) for run in runs)


def jobs() -> Iterator[Job]:
    """Yield trainings of all shapes, each of about so many seconds."""
    for algorithm, (samples, features), side in product(("online", "batch"), DATA.values(), SIDES):
        one = Job(algorithm, samples, features, side, 1)
        counts = {max(1, round(seconds / one.estimate())) for seconds in SECONDS}
        yield from (
            one._replace(iterations=count) for count in sorted(counts) if count * one.estimate() < 2 * max(SECONDS)
        )


def main() -> None:
    """Print a table."""
    print("algorithm  samples features side iterations |  estimate     numpy     numba | auto")
    best, taken = map(sum, zip(*map(_line, jobs()), strict=True))
    print(f"whatever is faster: {best:.0f} s; auto: {taken / best - 1:.0%} more")


def _line(job: Job) -> tuple[float, float]:
    """Print what a training takes; return the seconds of the faster backend, and of the one that is taken."""
    seconds = {backend: job.seconds(backend) for backend in ("numpy", "numba")}
    auto = "numba" if needs_speed(job.estimate()) else "numpy"
    best = min(seconds.values())
    shape = f"{job.algorithm:9}{job.samples:9}{job.features:9}{job.side:5}{job.iterations:11}"
    figures = "".join(f"{each:10.2f}" for each in (job.estimate(), *seconds.values()))
    told = "" if seconds[auto] == best else f", {seconds[auto] / best:.1f} × the best"
    print(f"{shape} |{figures} | {auto}{told}", flush=True)
    return best, seconds[auto]


if __name__ == "__main__":
    main()
