"""ksom, with each of its backends; the whole of `Trainer` is timed, the check and digest of the data included."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from benchmarks.peers import NotOfferedError
from benchmarks.rows import Task
from ksom import algorithms
from ksom.kernels import BACKENDS
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import LATTICES
from ksom.trainer import Trainer


def variant(backend: str) -> "Ksom":
    """Return ksom as a peer that works with one backend."""
    if backend not in BACKENDS:
        raise NotOfferedError(f"no backend {backend}")
    return Ksom(backend)


@dataclass(frozen=True)
class Ksom:
    """ksom with a backend."""

    backend: str

    def online(self, task: Task) -> Callable[[], Any]:
        return lambda: self._trained(task, "online", task.batch_size)

    def batch(self, task: Task) -> Callable[[], Any]:
        return lambda: self._trained(task, algorithms.Batch(sigma=Sigma(task)), batch_size=0)

    def predict(self, task: Task) -> Callable[[], Any]:
        return lambda: self._som(task).best_matching_nodes(task.samples)

    def _trained(self, task: Task, algorithm: Any, batch_size: int) -> Any:
        som = self._som(task)
        iterations = task.passes * (task.samples.shape[0] // batch_size if batch_size else 1)
        how = {"iterations": iterations, "batch_size": batch_size, "algorithm": algorithm, "shuffle": False}
        Trainer(som, task.samples, **how).train()
        return som.weights

    def _som(self, task: Task) -> KohonenSOM:
        form = task.form
        return KohonenSOM(
            task.side,
            task.side,
            lattice=LATTICES[form.lattice](task.side, task.side, wrap=form.wrap),
            neighbourhood=form.neighbourhood,
            distance=form.distance,
            missing="keep" if not issparse(task.samples) and np.isnan(task.samples[:100]).any() else "refuse",
            initial=task.weights,
            backend=self.backend,
            threads=task.threads,
        )


@dataclass(frozen=True)
class Sigma:
    """The row's own sigmas as a schedule of ksom's: the last epoch's is the last one."""

    task: Task

    @property
    def start(self) -> float:
        return self.task.first_sigma

    def chosen(self, start: float, end: float) -> "Sigma":
        return self

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        return lambda t: self.task.sigma(t / max(1, iterations - 1))
