"""python-som: numpy, float64; with numba its batch search is a scalar compiled loop."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from python_som import SOM

from benchmarks.rows import Task

FEW_FEATURES = 64
"""Above, its numpy path is far faster than the compiled loop that it prefers as soon as it finds numba."""


def online(task: Task) -> Callable[[], Any]:
    return _training(task, "sequential", task.updates)


def batch(task: Task) -> Callable[[], Any]:
    return _training(task, "batch", task.passes)


def predict(task: Task) -> Callable[[], Any]:
    som, samples = _som(task), task.samples.astype(np.float64)
    return lambda: som.predict(samples)


def _training(task: Task, mode: str, iterations: int) -> Callable[[], Any]:
    samples = task.samples.astype(np.float64)

    def run() -> Any:
        som = _som(task)
        som.train(samples, iterations, mode=mode)
        return som.get_weights()

    return run


def _som(task: Task) -> SOM:
    if task.samples.shape[1] > FEW_FEATURES:
        sys.modules["numba"] = None  # type: ignore[assignment]  # so that it is not found
    steps = 0 if task.kind == "online" else 1  # batch: the last epoch's sigma is the last one
    som = SOM(
        task.side,
        task.side,
        task.samples.shape[1],
        learning_rate=task.learning_rate(0),
        learning_rate_decay=lambda _rate, t, total: task.learning_rate(t / total),
        neighborhood_radius=task.first_sigma,
        neighborhood_radius_decay=lambda _sigma, t, total: task.sigma(t / max(1, total - steps)),
        random_seed=0,
    )
    som._weights = task.weights.astype(np.float64)  # noqa: SLF001  there is no public way to give first weights
    return som
