"""xpysom on the CPU: batch training in numpy; std_coeff = 1, or its sigma would be half of what is asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
from xpysom import XPySom

from benchmarks.rows import Task


def batch(task: Task) -> Callable[[], Any]:
    def run() -> Any:
        som = _som(task)
        som.train(task.samples, task.passes)
        return som.get_weights()

    return run


def predict(task: Task) -> Callable[[], Any]:
    som = _som(task)
    return lambda: np.array(som.winner(task.samples)) @ [task.side, 1]


def _som(task: Task) -> XPySom:
    som = XPySom(
        task.side,
        task.side,
        task.samples.shape[1],
        sigma=task.first_sigma,
        sigmaN=task.sigma_after_last,
        decay_function="exponential",
        std_coeff=1.0,
        xp=np,
    )
    som._weights = task.weights.copy()  # noqa: SLF001  there is no public way to give first weights
    return som
