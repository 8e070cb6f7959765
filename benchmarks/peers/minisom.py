"""MiniSom: a Python loop over samples in every kind of training; its sigma takes no function and ends at 1."""

from collections.abc import Callable
from typing import Any

import numpy as np
from minisom import MiniSom

from benchmarks.rows import Task

DISTANCES = 2**22
"""How many distances to ask for at a time: MiniSom itself would hold all samples × nodes."""


def online(task: Task) -> Callable[[], Any]:
    def run() -> Any:
        som = _som(task, task.learning_rate(0), _decay(task))
        som.train(task.samples, task.updates)
        return som.get_weights()

    return run


def batch(task: Task) -> Callable[[], Any]:
    def run() -> Any:
        som = _som(task, 1.0, _stay)  # with a learning rate of 1 its update is the textbook's
        som.train_batch_offline(task.samples, task.passes)
        return som.get_weights()

    return run


def predict(task: Task) -> Callable[[], Any]:
    som = _som(task, 1.0, _stay)
    rows = max(1, DISTANCES // task.side**2)

    def run() -> Any:
        blocks = (task.samples[start : start + rows] for start in range(0, len(task.samples), rows))
        nearest = [som._distance_from_weights(block).argmin(axis=1) for block in blocks]  # noqa: SLF001
        return np.concatenate(nearest)

    return run


def _stay(rate: float, _t: int, _epochs: int) -> float:
    return rate


def _decay(task: Task) -> Callable[[float, int, int], float]:
    return lambda _rate, t, updates: task.learning_rate(t / updates)


def _som(task: Task, learning_rate: float, decay: Callable[[float, int, int], float]) -> MiniSom:
    som = MiniSom(
        task.side,
        task.side,
        task.samples.shape[1],
        sigma=task.first_sigma,
        sigma_decay_function="inverse_decay_to_one",
        learning_rate=learning_rate,
        decay_function=decay,
        activation_distance=task.form.distance,
    )
    som._weights[:] = task.weights  # noqa: SLF001  there is no public way to give first weights
    return som
