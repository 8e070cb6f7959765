"""sparse-som: compiled, for sparse data; std = 1, or its sigma would be 0.3 of what is asked for.

Its gaussian is cut at the radius. Samples are given as the sparse matrix that it asks for, which holds all values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sparse_som import BSom, Som, cooling

from benchmarks.rows import Task


def online(task: Task) -> Callable[[], Any]:
    samples = csr_matrix(task.samples, dtype=np.float64)

    def run() -> Any:
        som = Som(task.side, task.side, samples.shape[1])
        som.codebook[:] = task.weights
        som.train(
            samples,
            tmax=task.updates,
            r0=task.first_sigma,
            rN=task.last_sigma,
            a0=task.learning_rate(0),
            aN=task.learning_rate(1),
            std=1.0,
            rcool=cooling.EXPONENTIAL,
            acool=cooling.EXPONENTIAL,
        )
        return np.array(som.codebook)

    return run


def batch(task: Task) -> Callable[[], Any]:
    samples = csr_matrix(task.samples, dtype=np.float64)

    def run() -> Any:
        som = BSom(task.side, task.side, samples.shape[1])
        som.codebook[:] = task.weights
        som.train(
            samples,
            epochs=task.passes,
            r0=task.first_sigma,
            rN=task.last_sigma,
            std=1.0,
            cool=cooling.EXPONENTIAL,
        )
        return np.array(som.codebook)

    return run


def predict(task: Task) -> Callable[[], Any]:
    som, samples = BSom(task.side, task.side, task.samples.shape[1]), csr_matrix(task.samples)
    som.codebook[:] = task.weights
    return lambda: som.bmus(samples) @ [task.side, 1]
