"""somoclu: compiled batch training on all cores; std_coeff = 1, or its sigma would be half of what is asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import somoclu.somoclu_wrap  # noqa: F401  the compiled core: somoclu itself can be imported without
from somoclu import Somoclu

from benchmarks.rows import Task

ROWS = 2000
"""Samples to ask about at a time: its own search grows an array of samples × nodes float64 by copying it 200 times."""


def batch(task: Task) -> Callable[[], Any]:
    def run() -> Any:
        som = Somoclu(
            task.side,
            task.side,
            initialcodebook=task.weights.copy(),
            compactsupport=False,
            std_coeff=1.0,
            gridtype=task.form.lattice,
            maptype="toroid" if task.form.wrap == "both" else "planar",
        )
        som.train(
            task.samples,
            epochs=task.passes,
            radius0=task.first_sigma,
            radiusN=task.last_sigma,
            radiuscooling="exponential",
        )
        return som.codebook.reshape(task.weights.shape)

    return run


def predict(task: Task) -> Callable[[], Any]:
    som = Somoclu(task.side, task.side, initialcodebook=task.weights.copy())

    def run() -> Any:
        blocks = (task.samples[start : start + ROWS] for start in range(0, len(task.samples), ROWS))
        found = [som.get_bmus(som.get_surface_state(block), order="C") for block in blocks]
        return np.concatenate(found) @ [task.side, 1]

    return run
