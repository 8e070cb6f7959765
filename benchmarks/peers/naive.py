"""Yardstick: the textbook as a loop over nodes, in plain Python."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Task


def online(task: Task) -> Callable[[], Any]:
    samples = task.samples.tolist()

    def run() -> Any:
        weights = task.weights.reshape(-1, task.weights.shape[-1]).tolist()
        for t in range(task.updates):
            progress = t / task.updates
            _show(samples[t % len(samples)], weights, task.side, task.sigma(progress), task.learning_rate(progress))
        return np.array(weights).reshape(task.weights.shape)

    return run


def _show(sample: list[float], weights: list[list[float]], side: int, sigma: float, learning_rate: float) -> None:
    best, winner = math.inf, 0
    for node, weight in enumerate(weights):
        squared = sum((w - x) * (w - x) for w, x in zip(weight, sample, strict=True))
        if squared < best:
            best, winner = squared, node
    row, column = divmod(winner, side)
    for node, weight in enumerate(weights):
        apart = (node // side - row) ** 2 + (node % side - column) ** 2
        rate = learning_rate * math.exp(-apart / (2 * sigma * sigma))
        for feature, x in enumerate(sample):
            weight[feature] += rate * (x - weight[feature])
