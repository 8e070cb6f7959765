"""Yardstick: the textbook in plain vectorised numpy, as somebody who knows numpy would write it in thirty lines."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Task

SCORES = 2**21 // 4
"""How many float32 scores are held at a time: 2 MB, which stay in a core's cache between product and argmin."""


def online(task: Task) -> Callable[[], Any]:
    def run() -> Any:
        weights = task.weights.reshape(-1, task.weights.shape[-1]).copy()
        apart = np.arange(task.side)
        for t in range(task.updates):
            sample = task.samples[t % len(task.samples)]
            away = sample - weights
            row, column = divmod(int(np.einsum("kd,kd->k", away, away).argmin()), task.side)
            progress = t / task.updates
            table = gaussian(np.abs(apart - row), task.sigma(progress)) * np.float32(task.learning_rate(progress))
            factors = table[:, None] * gaussian(np.abs(apart - column), task.sigma(progress))
            away *= factors.reshape(-1, 1)
            weights += away
        return weights.reshape(task.weights.shape)

    return run


def batch(task: Task) -> Callable[[], Any]:
    return batch_with(task, nearest)


def predict(task: Task) -> Callable[[], Any]:
    return lambda: nearest(task.samples, task.weights.reshape(-1, task.weights.shape[-1]))


def batch_with(task: Task, search: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    """Batch training with a search of choice."""

    def run() -> Any:
        weights = task.weights.reshape(-1, task.weights.shape[-1])
        for epoch in range(task.passes):
            sigma = task.sigma(epoch / max(1, task.passes - 1))
            sums, counts = per_node(task.samples, search(task.samples, weights), len(weights))
            above, below = (smoothed(values.reshape(task.side, task.side, -1), sigma) for values in (sums, counts))
            weights = np.where(below > 0, above / np.maximum(below, 1e-12), weights.reshape(above.shape))
            weights = weights.reshape(-1, weights.shape[-1])
        return weights.reshape(task.weights.shape)

    return run


def nearest(samples: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.int64]:
    """argmin ‖w‖² − 2 x·w in blocks."""
    nodes = np.empty(len(samples), dtype=np.int64)
    bias, doubled = np.einsum("kd,kd->k", weights, weights), np.ascontiguousarray(-2 * weights.T)
    rows = max(1, SCORES // len(weights))
    for start in range(0, len(samples), rows):
        scores = samples[start : start + rows] @ doubled
        scores += bias
        nodes[start : start + rows] = scores.argmin(axis=1)
    return nodes


def per_node(samples: Any, nodes: NDArray[np.int64], size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The sum of the samples that each node won, and their number."""
    counts = np.bincount(nodes, minlength=size)
    sums = np.zeros((size, samples.shape[1]), dtype=np.float32)
    won = counts > 0
    firsts = np.concatenate([[0], np.cumsum(counts[won])[:-1]])
    sums[won] = np.add.reduceat(samples[nodes.argsort(kind="stable")], firsts, axis=0)
    return sums, counts.astype(np.float32)


def smoothed(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """The neighbourhood applied along rows, then along columns: two small products."""
    side = len(values)
    between = gaussian(np.abs(np.subtract.outer(np.arange(side), np.arange(side))), sigma)
    along_rows = (between @ values.reshape(side, -1)).reshape(values.shape)
    return between @ along_rows


def gaussian(distances: NDArray[np.int64], sigma: float) -> NDArray[np.float32]:
    return np.exp(-(distances**2) / (2 * sigma**2)).astype(np.float32)
