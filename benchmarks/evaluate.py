"""How good a result is: one evaluator for all peers, ksom's own measures in float64."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from benchmarks.rows import Task
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import LATTICES
from ksom.method.quality import quality

SAMPLES = 5000
"""How many of the samples are looked at: the first ones, which are in random order."""


def evaluate(task: Task, result: Any) -> dict[str, float]:
    """Return the quality of a trained map, or of the nodes that were found."""
    samples = task.samples[:SAMPLES]
    samples = (samples.toarray() if issparse(samples) else samples).astype(np.float64)
    if task.kind == "predict":
        return _found(task, samples, np.asarray(result).ravel()[:SAMPLES])
    som = _som(task, result)
    return quality(som, samples)._asdict()


def _found(task: Task, samples: Any, nodes: Any) -> dict[str, float]:
    """The mean distance to the nodes named, and how many of them are not the nearest."""
    weights = task.weights.reshape(-1, samples.shape[1]).astype(np.float64)
    right = _som(task, task.weights).best_matching_nodes(samples)
    distances = np.linalg.norm(samples - weights[nodes], axis=1)
    return {"quantization_error": float(distances.mean()), "wrong_nodes": float((nodes != right).mean())}


def _som(task: Task, weights: Any) -> KohonenSOM:
    given = np.asarray(weights, dtype=np.float64).reshape(task.weights.shape)
    lattice = LATTICES[task.form.lattice](*given.shape[:2], wrap=task.form.wrap)
    missing = "refuse" if task.form.distance == "cosine" else "keep"
    return KohonenSOM(
        *given.shape[:2], initial=given, lattice=lattice, distance=task.form.distance, missing=missing, dtype="float64"
    )
