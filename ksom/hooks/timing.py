"""Hooks that watch the clock."""

from ksom.arguments import require_number
from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.runs.run import Run


@HOOKS.register("Timing")
class Timing(Hook):
    """Puts the metrics `seconds_per_iteration`, `iterations_per_second` and `eta_seconds`; hooks are not counted.

    Parameters
    ----------
    every : int, optional
        Iterations between two measurements; default the run's CALLBACK_PERIOD.
    """

    phase = Phase.MEASURE

    def __init__(self, every: int | None = None) -> None:
        super().__init__(every)
        self._since = (0, 0.0)

    def before_train(self, run: Run) -> None:
        self._since = (run.iteration, run.seconds)

    def after_step(self, run: Run) -> None:
        iteration, seconds = self._since
        per_iteration = (run.seconds - seconds) / (run.iteration - iteration)
        run.metrics.put(
            seconds_per_iteration=per_iteration,
            iterations_per_second=1 / max(per_iteration, 1e-9),
            eta_seconds=per_iteration * (run.iterations - run.iteration),
        )
        self._since = (run.iteration, run.seconds)


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
        if run.wall_seconds >= self.seconds:
            run.request_stop(f"the time limit of {self.seconds:g} s is reached")
