"""Yardstick: scikit-learn's compiled brute-force search; sums and smoothing as in plain numpy."""

from collections.abc import Callable
from typing import Any

from sklearn.metrics import pairwise_distances_argmin

from benchmarks.peers.numpy_plain import batch_with
from benchmarks.rows import Task


def batch(task: Task) -> Callable[[], Any]:
    return batch_with(task, pairwise_distances_argmin)


def predict(task: Task) -> Callable[[], Any]:
    return lambda: pairwise_distances_argmin(task.samples, task.weights.reshape(-1, task.weights.shape[-1]))
