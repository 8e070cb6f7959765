"""What `pytest benchmarks` measures, in MLflow where it is installed: the experiment `ksom benchmarks`.

In the database results/mlflow.db, or where MLFLOW_TRACKING_URI says; `mlflow ui --backend-store-uri
sqlite:///benchmarks/results/mlflow.db` shows it.
"""

import dataclasses
import time
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from ksom.runs.tracking_store import TrackingStore, store_uri

RESULTS = Path(__file__).parent / "results"
MOST_STEPS = 100
"""Points of a schedule that are logged: every iteration, or as many spread over all."""


def log(backend: str, row: Row, **measured: float) -> None:
    """Log one measured row as an MLflow run: its size, what was measured, and its schedules."""
    if find_spec("mlflow") is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's, about itself
        client, experiment = _store()
        from mlflow.entities import Metric, Param

        now = int(1000 * time.time())
        run = client.create_run(experiment, run_name=f"{backend} {row}").info.run_id
        size = {"backend": backend, **dataclasses.asdict(row)}
        metrics = [Metric(key, value, now, 0) for key, value in measured.items()]
        schedules = [Metric(key, value, now, iteration) for key, iteration, value in _schedules(row)]
        client.log_batch(run, metrics + schedules, [Param(key, str(value)) for key, value in size.items()])
        client.set_terminated(run)


def _schedules(row: Row) -> list[tuple[str, int, float]]:
    """Return sigma and learning rate as (name, iteration, value)."""
    if row.kind == "predict":
        return []
    task, told = row.task(), []
    iterations = task.passes * -(-row.samples // (row.batch_size or row.samples))
    for iteration in range(0, iterations, -(-iterations // MOST_STEPS) or 1):
        progress = iteration / max(1, iterations - 1)
        told.append(("sigma", iteration, task.sigma(progress)))
        if row.kind == "online":
            told.append(("learning_rate", iteration, task.learning_rate(progress)))
    return told


@cache
def _store() -> tuple[Any, str]:
    store = TrackingStore(store_uri(None, RESULTS / "run"), RESULTS / "mlartifacts")
    return store.client, store.experiment("ksom benchmarks")
