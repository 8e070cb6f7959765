"""intrasom: batch training in numpy and joblib, of tables with gaps; no first weights or schedule of one's own.

Its rough training goes linearly from one radius to another; fine tuning is left out. It writes files and plots where it
is, so it is sent elsewhere.
"""

import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from intrasom import SOMFactory

from benchmarks.rows import Task


def batch(task: Task) -> Callable[[], Any]:
    samples = task.samples.astype(np.float64)

    def run() -> Any:
        os.chdir(tempfile.gettempdir())
        som = SOMFactory.build(
            samples,
            mapsize=(task.side, task.side),
            mapshape="toroid" if task.form.wrap == "both" else "planar",
            lattice="hexa",
            normalization=None,
            initialization="random",
            missing=bool(np.isnan(samples).any()),
        )
        som.train(
            train_rough_len=task.passes,
            train_rough_radiusin=task.first_sigma,
            train_rough_radiusfin=task.last_sigma,
            train_finetune_len=0,
            summary=False,
            save=False,
        )
        return som.codebook.matrix

    return run
