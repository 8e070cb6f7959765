"""Where ksom's time goes, and what the machine's ceilings would allow."""

import cProfile
import dataclasses
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import estimate, peers
from benchmarks.ceilings import cores, update_rate
from benchmarks.limits import Limits
from benchmarks.measure import alone
from benchmarks.peers.numpy_plain import SCORES
from benchmarks.rows import ROWS, Row, Task

REACH = 5.9
"""In sigmas: how far an update of float32 weights goes; farther factors could not change a weight."""
FUNCTIONS = 4
"""How many functions are named for each row."""


def steps(limits: Limits) -> list[tuple[str, Callable[[], list[dict[str, Any]]]]]:
    """Return (what is looked at, how) for each row."""
    return [(f"where the time goes: {name}", lambda row=row: [_looked_at(row, limits)]) for name, row in ROWS.items()]


def _looked_at(row: Row, limits: Limits) -> dict[str, Any]:
    try:
        told: dict[str, Any] = alone(_row, row, limits)
    except Exception as error:  # what goes wrong with one row must not stop the others
        told = {"row": dataclasses.asdict(row), "note": f"{type(error).__name__}: {error}"}
    return told


def _row(row: Row, limits: Limits) -> dict[str, Any]:
    """Profile the fastest backend on as much of a row as can be timed; everything scaled to the whole."""
    told: dict[str, Any] = {"row": dataclasses.asdict(row)}
    task = row.task().part(limits.share)
    name, bound = _bound(task)
    for peer in ("ksom", "ksom-numpy"):
        try:
            prepare = getattr(peers.load(peer), row.kind)
            estimate.compile_seconds(prepare, task)
            plan = estimate.plan(prepare, task, limits)
        except peers.NotOfferedError as error:
            told["note"] = str(error)
            continue
        part, smaller = prepare(task.part(plan.share)), prepare(task.part(plan.smaller or plan.share))
        seconds = plan.whole(estimate.seconds_of(part), estimate.seconds_of(smaller))
        return {
            **told,
            "peer": peer,
            "seconds": seconds,
            "share": plan.share,
            "functions": _profile(part),
            "bound": name,
            "bound_seconds": bound,
        }
    return told


def _profile(run: Callable[[], Any]) -> list[tuple[str, float]]:
    """Return the functions that most time is spent in, compiled code counted where it is called, and their shares."""
    profile = cProfile.Profile()
    profile.runcall(run)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(own for _, _, own, _, _ in stats.values())
    owns = sorted(((own / total, where) for where, (_, _, own, _, _) in stats.items()), reverse=True)
    first = owns[:FUNCTIONS]
    return [(name if file == "~" else f"{Path(file).stem}.{name}", share) for share, (file, _, name) in first]


def _bound(task: Task) -> tuple[str, float]:
    if task.kind == "online":
        return "updates within reach", _updated_values(task) / update_rate(cores(), task.weights.size)
    return "matrix products alone", _products(task) * (task.passes if task.kind == "batch" else 1)


def _updated_values(task: Task) -> float:
    """How many values the updates within reach change, for winners anywhere on the map."""
    winner, node = np.arange(task.side)[:, None], np.arange(task.side)
    apart = np.abs(winner - node)
    progress = np.linspace(0, 1, 200, endpoint=False)
    along_axis = np.array([(apart <= REACH * task.sigma(each)).sum(axis=1).mean() for each in progress])
    return float((along_axis**2).mean()) * task.updates * task.samples.shape[1]


def _products(task: Task) -> float:
    """Seconds of one pass of samples × weights in blocks that stay in the cache, and nothing else."""
    weights = np.ascontiguousarray(task.weights.reshape(-1, task.weights.shape[-1]).T)
    rows = max(1, SCORES // weights.shape[1])
    scores, samples = np.empty((rows, weights.shape[1]), dtype=np.float32), task.samples[: 50 * rows]
    blocks = [samples[start : start + rows] for start in range(0, len(samples) - rows + 1, rows)] or [samples]

    def run() -> None:
        for block in blocks:
            np.matmul(block, weights, out=scores[: len(block)])

    return min(estimate.seconds_of(run) for _ in range(5)) * len(task.samples) / sum(map(len, blocks))
