"""Hooks that watch the clock."""

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
        self._since = (0.0, 0.0, 0.0)

    def before_train(self, run: Run) -> None:
        self._since = _now(run)

    def after_step(self, run: Run) -> None:
        iterations, learning, wall = (now - then for now, then in zip(_now(run), self._since, strict=True))
        if not iterations:  # all samples had been shown before a resume, which only had the nodes to move
            iterations, learning, wall = _now(run)  # since the beginning
        per_iteration = learning / iterations
        run.metrics.put(
            seconds_per_iteration=per_iteration,
            iterations_per_second=1 / max(per_iteration, 1e-9),
            eta_seconds=wall / iterations * (run.iterations - run.iteration),
        )
        self._since = _now(run)


def _now(run: Run) -> tuple[float, float, float]:
    """Return iterations done, of one that is gone on with a part, seconds of learning, and seconds in all."""
    return run.iterations_begun, run.seconds, run.wall_seconds


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

    def after_step(self, run: Run) -> None:
        self.at_pause(run)

    def at_pause(self, run: Run) -> None:
        if run.wall_seconds >= self.seconds:
            run.request_stop(f"the time limit of {self.seconds:g} s is reached")
