"""The base of all hooks."""

import enum
from collections.abc import Mapping
from typing import Any

from ksom.arguments import require_integer
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.runs.run import Run

EVERY_PAUSE = 0
"""As a hook's `every`: at every pause of the trainer, some times a second, for hooks that watch the clock."""


class Phase(enum.IntEnum):
    """When a hook acts, among the hooks that are due at the same iteration."""

    SEND = -1
    """Takes what the others leave elsewhere: begins before them, ends after them."""
    MEASURE = 0
    """Puts metrics."""
    ACT = 1
    """Anything else."""
    REPORT = 2
    """Shows or writes what is there and puts nothing, so that no metric is written because of it."""
    SAVE = 3
    """Keeps the training, after all others have acted."""


class Hook:
    """Acts every so many iterations, and never changes what is learned.

    The trainer calls, for a hook with `every` = 10:

        before_train(run)
        for each ten iterations, and for what is left at the end:
            before_step(run)        # must cost nothing
            … ten iterations …          # at_pause(run) some times a second, while they are done
            after_step(run)
        after_train(run)            # also after a failure; in reverse order of the hooks

    An experiment calls `check(run)` before it writes anything.

    Parameters
    ----------
    every : int, optional
        Iterations between two calls, at least 1; default the run's CALLBACK_PERIOD. The last iteration always counts.

    Examples
    --------
    >>> class MeanRed(Hook):
    ...     def after_step(self, run):
    ...         run.metrics.put(mean_red=run.weights[..., 0].mean())
    """

    phase = Phase.ACT
    every: int | None = None
    file: str | None = None
    """The file in the run folder that the hook appends to, by whole records, if it does: no other hook may. A resumed
    training finds it as it was at the checkpoint."""
    trailer: bytes = b""
    """What the file must end with to be whole; the next record is written over it."""
    needs_folder: bool = False
    """Whether the hook can do nothing without a run folder; one with a `file` cannot."""

    def __init__(self, every: int | None = None) -> None:
        if every is not None:
            self.every = require_integer("every", every, minimum=1)

    def __repr__(self) -> str:
        return as_call(self)

    def while_reading(self, rows: int, of: int) -> None:
        """Learn how many rows of the data have been read, before anything else begins: it must cost nothing."""

    def check(self, run: Run) -> None:
        """Raise an error if the hook cannot work: the experiment then does not begin, and an earlier run stays."""

    def next_due(self, iteration: int, iterations: int, period: int) -> int:
        """Return the next iteration after `iteration` to act after; `period` is `every`, or the CALLBACK_PERIOD.

        It depends on nothing else, so that a resumed training acts where an uninterrupted one does.
        """
        return iteration - iteration % period + period

    def rhythm(self, iterations: int, period: int) -> str:
        """Say how often the hook acts in the whole training."""
        return f"every {period} iterations, {-(-iterations // period)} times" if period else "at every pause"

    def before_train(self, run: Run) -> None:
        """Act before the first iteration, of a resumed training too."""

    def before_step(self, run: Run) -> None:
        """Act before the iterations that lead to the next `after_step`."""

    def after_step(self, run: Run) -> None:
        """Act every `every` iterations."""

    def at_pause(self, run: Run) -> None:
        """Look at the clock: between two iterations, or in the middle of one, whatever `every` is.

        Where hooks are due, they have acted before.
        When that is depends on the machine: nothing that is kept may depend on it, and no metric is put here.
        """

    def after_train(self, run: Run) -> None:
        """Act when the training has ended, however it did (`run.outcome`)."""

    def state(self) -> dict[str, Any]:
        """Return what the hook must remember over a resume: a mapping that JSON can hold."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned; an empty mapping if the hook is new."""


HOOKS = Registry("hook", Hook)
