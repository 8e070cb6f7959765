"""Time against samples, nodes, features and threads, one of them at a time."""

import dataclasses
from collections.abc import Callable
from typing import Any

from benchmarks.ceilings import cores
from benchmarks.limits import CURVE, FULL, QUICK, Limits
from benchmarks.measure import measure, measure_together
from benchmarks.rows import Row

BASES = {
    "online": Row("", "online", "mixture", 2000, 3, side=100, batch_size=1),
    "batch": Row("", "batch", "mixture", 20_000, 16, side=50, passes=3),
}
PEERS = {"online": ["ksom", "ksom-numpy", "numpy"], "batch": ["ksom", "ksom-numpy", "numpy", "fastersom"]}
AXES = {
    "online": {
        "samples": [500, 2000, 8000, 32_000],
        "side": [10, 30, 100, 300, 1000],
        "features": [3, 10, 30, 100, 300, 784],
    },
    "batch": {
        "samples": [2000, 8000, 32_000, 128_000],
        "side": [10, 20, 50, 100, 200],
        "features": [2, 4, 8, 16, 32, 64, 128, 256, 784],
    },
}


def steps(limits: Limits) -> list[tuple[str, Callable[[], list[dict[str, Any]]]]]:
    """Return (what is measured, how) for each curve."""
    curve = CURVE if limits is FULL else dataclasses.replace(QUICK, quality=False)
    every = 1 if limits is FULL else 2
    return [
        (
            f"{kind} against {axis}",
            lambda rows=rows, kind=kind, way=measure_together if axis == "threads" else measure: way(
                rows, PEERS[kind], curve
            ),
        )
        for kind in BASES
        for axis, rows in _rows(kind, every).items()
    ]


def _rows(kind: str, every: int) -> dict[str, list[Row]]:
    base = BASES[kind]
    curves = {
        axis: [dataclasses.replace(base, name=axis, **{axis: value}) for value in values[::every]]
        for axis, values in AXES[kind].items()
    }
    large = dataclasses.replace(base, name="threads", samples=5 * base.samples, side=2 * base.side)
    return {**curves, "threads": [dataclasses.replace(large, threads=n) for n in range(1, cores() + 1)]}
