"""fastersom, on the CPU unless told otherwise: batch training by torch's matrix product, 8,192 samples at a time."""

from collections.abc import Callable
from typing import Any

from fastersom import SOM

from benchmarks.rows import Task


def batch(task: Task, device: str = "cpu") -> Callable[[], Any]:
    def run() -> Any:
        som = SOM(
            task.side,
            task.side,
            n_epochs=task.passes,
            sigma_initial=task.first_sigma,
            sigma_final=task.sigma_after_last,
            init=task.weights,
            device=device,
        )
        return som.fit(task.samples).weights_.reshape(task.weights.shape)

    return run


def predict(task: Task) -> Callable[[], Any]:
    som = SOM.from_weights(task.weights, task.side, task.side, device="cpu")
    return lambda: som.predict(task.samples)
