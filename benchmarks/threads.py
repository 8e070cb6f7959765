"""What more threads are worth on the rows that have most to do, and what is left to one alone."""

import dataclasses
from collections.abc import Callable
from typing import Any

from benchmarks.ceilings import cores
from benchmarks.limits import Limits
from benchmarks.measure import measure_together
from benchmarks.rows import ROWS

NAMES = ("B1", "B2", "B3", "B4", "P1")
MANY = 64
"""For so many threads the time is computed from the share that one thread does alone."""


def steps(limits: Limits) -> list[tuple[str, Callable[[], list[dict[str, Any]]]]]:
    """Return (what is measured, how) for each row."""
    limits = dataclasses.replace(limits, quality=False)
    return [(f"threads: {name}", lambda name=name: _measured(name, limits)) for name in NAMES]


def _measured(name: str, limits: Limits) -> list[dict[str, Any]]:
    rows = [dataclasses.replace(ROWS[name], threads=threads) for threads in range(1, cores() + 1)]
    return measure_together(rows, ["ksom"], limits)


def times_faster(seconds: dict[int, float], threads: int) -> float:
    """Return how many times faster so many threads are than one, after Amdahl.

    Parameters
    ----------
    seconds : dict of int to float
        Measured seconds by the number of threads: 1, and at least one more.
    threads : int
        How many.

    Examples
    --------
    >>> times_faster({1: 10.0, 2: 5.5}, 2), round(times_faster({1: 10.0, 2: 5.5}, 64), 1)
    (1.8181818181818181, 8.8)
    """
    share = alone(seconds)
    return 1 / (share + (1 - share) / threads)


def alone(seconds: dict[int, float]) -> float:
    """Return which share of one thread's time others cannot take over, by the largest number of threads measured.

    t(n) = t(1) · (share + (1 − share) / n).
    """
    most = max(seconds)
    return max(0.0, (most * seconds[most] / seconds[1] - 1) / (most - 1))
