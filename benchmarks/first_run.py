"""A first training, with no machine code kept yet, beside what it could be: numpy alone, and numba that was compiled.

    python -m benchmarks.first_run [SECONDS …]

Each training has a process of its own, from start to end on the clock, so the machine must be quiet. "waiting" is a
first training whose backend is numba by name, which is compiled before anything is learned; "first" is "auto", which
begins in numpy. It should take no longer than 1.2 times the faster of numpy and what numba takes and 1.5 s more.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.choice import Job

SHAPES = (
    ("online", 20, 3, 100),
    ("online", 178, 13, 20),
    ("online", 1797, 64, 20),
    ("batch", 10_000, 16, 50),
    ("batch", 1797, 64, 20),
)
"""Algorithm, samples, features, and the map's side."""

SECONDS = (0.3, 1.0, 3.0, 10.0)
"""As long the training of each shape should take, about, by numpy."""

SLACK, HEAD_START = 1.2, 1.5

TRAINING = """
import sys
import numpy as np
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer
backend, algorithm, *numbers = sys.argv[1:]
samples, features, side, iterations = map(int, numbers)
rows = np.random.default_rng(0).normal(size=(samples, features))
Trainer(KohonenSOM(side, side, backend=backend), rows, algorithm=algorithm, iterations=iterations).train()
"""


def jobs(all_seconds: tuple[float, ...]) -> Iterator[Job]:
    """Yield trainings of all shapes that take numpy about so long."""
    for shape in SHAPES:
        one = Job(*shape, 1)
        for seconds in all_seconds:
            yield one._replace(iterations=max(1, round(seconds / one.estimate())))


def taken(job: Job, backend: str, kept: str) -> float:
    """Return the seconds from the start of a training's process to its end."""
    command = [sys.executable, "-c", TRAINING, backend, *map(str, job)]
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": kept}, capture_output=True, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Print a table."""
    print("algorithm  samples features side iterations |    numpy  numba  waiting  first | of what it may take")
    for job in jobs(tuple(map(float, sys.argv[1:])) or SECONDS):
        with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as empty:
            waiting, numba = taken(job, "numba", kept), taken(job, "numba", kept)
            numpy, first = taken(job, "numpy", empty), taken(job, "auto", empty)
        share = first / (SLACK * min(numpy, numba + HEAD_START))
        shape = f"{job.algorithm:9}{job.samples:9}{job.features:9}{job.side:5}{job.iterations:11}"
        print(f"{shape} |{numpy:9.2f}{numba:7.2f}{waiting:9.2f}{first:7.2f} | {share:.2f}", flush=True)


if __name__ == "__main__":
    main()
