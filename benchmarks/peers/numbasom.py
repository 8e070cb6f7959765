"""numbasom: compiled, one thread.

Takes neither first weights nor schedules nor a seed, draws samples at random, and cuts its neighbourhood
exp(−d⁴ / 2σ⁴) at d = σ; its sigma goes from half of the side to 1 by itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numbasom import SOM, project_on_lattice

from benchmarks.rows import Task


def online(task: Task) -> Callable[[], Any]:
    samples = task.samples.astype(np.float64)

    def run() -> Any:
        return SOM((task.side, task.side)).train(samples, task.updates)

    return run


def predict(task: Task) -> Callable[[], Any]:
    samples, weights = task.samples.astype(np.float64), task.weights.astype(np.float64)

    def run() -> Any:
        nodes = np.empty(len(samples), dtype=np.int64)
        won = project_on_lattice(samples, weights, additional_list=range(len(samples)))
        for (row, column), indices in won.items():
            nodes[indices] = row * task.side + column
        return nodes

    return run
