"""How much of the work to time, and what the whole of it takes."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from benchmarks.limits import Limits
from benchmarks.rows import Task

STEP = 8
FIRST_SHARE = 1 / STEP**5
GROWN = 2
"""A part that takes so many times the seconds of the one before is more than what any part costs."""
TIMES = 3
TINY = 8
"""Rows and columns of the map of a first call, which is there to compile."""
ENOUGH = 256
"""So many samples are searched for as a whole data set is; for a few, ksom takes another way than for many."""
SOON = 1.0
"""Work that is done in a second is done once before it is timed: nothing is left to compile, to load, to allocate."""


class Timed(NamedTuple):
    """A part of the work and the seconds that it took."""

    share: float
    seconds: float


class Plan(NamedTuple):
    """How much of the work to time, and the share of a smaller part, which tells what any part costs; 0: none."""

    share: float
    smaller: float = 0.0

    def whole(self, seconds: float, smaller_seconds: float) -> float:
        """Return the seconds of the whole work, given those of both parts: what grows, grows with the share."""
        if not self.smaller:
            return seconds / self.share
        slope = max(0.0, seconds - smaller_seconds) / (self.share - self.smaller)
        return seconds + slope * (1 - self.share)


def seconds_of(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def compile_seconds(prepare: Callable[[Task], Callable[[], Any]], task: Task) -> float:
    """Return how much longer the first of two calls takes: on a tiny map, then a little work on the row's own map."""
    enough = 0 if task.kind == "online" else min(1.0, ENOUGH / task.samples.shape[0])
    little = task.part(max(FIRST_SHARE, enough))
    warming_up = (replace(little, weights=task.weights[:TINY, :TINY]), little)
    return sum(max(0.0, seconds_of(prepare(each)) - seconds_of(prepare(each))) for each in warming_up)


def plan(prepare: Callable[[Task], Callable[[], Any]], task: Task, limits: Limits) -> Plan:
    """Do larger and larger parts of the work until it is clear how much of it can be timed."""
    shares = sorted({_rounded(task, FIRST_SHARE * STEP**power) for power in range(6)})
    prepare(task.part(shares[0]))()
    smaller, largest = Timed(0.0, 0.0), _timed(prepare, task, shares[0])
    for share in shares[1:]:
        tells = largest.seconds > (GROWN * smaller.seconds if smaller.share else limits.part)
        at_most = largest.seconds * share / largest.share
        if tells and at_most > (SOON if share == 1 else limits.part):
            break
        smaller, largest = largest, _timed(prepare, task, share, GROWN * at_most)
    part = Plan(largest.share, smaller.share)
    return Plan(1.0) if part.whole(largest.seconds, smaller.seconds) <= limits.whole else part


def _timed(prepare: Callable[[Task], Callable[[], Any]], task: Task, share: float, credible: float = math.inf) -> Timed:
    """Time a part; some times if it is quick or takes incredibly long: first calls load, compile and allocate."""
    seconds: list[float] = []
    while not seconds or (len(seconds) < TIMES and (sum(seconds) < SOON or min(seconds) > credible)):
        seconds.append(seconds_of(prepare(task.part(share))))
    return Timed(share, min(seconds))


def _rounded(task: Task, share: float) -> float:
    """Return the share that a part really has: whole passes, whole samples."""
    return task.part(share).updates / task.updates
