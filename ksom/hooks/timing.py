"""Hooks that watch the clock."""

import time
from collections.abc import Mapping
from typing import Any

from ksom.arguments import require_number
from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.runs.run import Run


@HOOKS.register("Timing")
class Timing(Hook):
    """Puts the metrics `seconds_per_iteration`, `iterations_per_second` and `eta_seconds`.

    The first two are of learning alone; the time left is what a clock on the wall will show, hooks included. Each is
    measured since the last time.

    Parameters
    ----------
    every : int, optional
        Iterations between two measurements; default the run's CALLBACK_PERIOD.
    """

    phase = Phase.MEASURE

    def __init__(self, every: int | None = None) -> None:
        super().__init__(every)
        self._since = (0, 0.0, 0.0)

    def before_train(self, run: Run) -> None:
        self._since = _now(run)

    def after_step(self, run: Run) -> None:
        iterations, learning, wall = (now - then for now, then in zip(_now(run), self._since, strict=True))
        per_iteration = learning / iterations
        run.metrics.put(
            seconds_per_iteration=per_iteration,
            iterations_per_second=1 / max(per_iteration, 1e-9),
            eta_seconds=wall / iterations * (run.iterations - run.iteration),
        )
        self._since = _now(run)


def _now(run: Run) -> tuple[int, float, float]:
    """Return iterations completed, seconds of learning, and what a clock shows, seconds."""
    return run.iteration, run.seconds, time.monotonic()


@HOOKS.register("TimeLimit")
class TimeLimit(Hook):
    """Ends the training early; it can be resumed, with a higher limit.

    Parameters
    ----------
    seconds : float
        How long the training may take, hooks and earlier parts of a resumed training included, > 0.
    """

    every = EVERY_PAUSE

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = require_number("seconds", seconds, above=0, unit="seconds")
        self._earlier = 0.0
        self._began = time.monotonic()

    def before_train(self, run: Run) -> None:
        self._began = time.monotonic()

    def after_step(self, run: Run) -> None:
        if self._elapsed() >= self.seconds:
            run.request_stop(f"the time limit of {self.seconds:g} s is reached")

    def state(self) -> dict[str, Any]:
        return {"elapsed": self._elapsed()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._earlier = state.get("elapsed", 0.0)

    def _elapsed(self) -> float:
        return self._earlier + time.monotonic() - self._began
