"""The hook that shows how far the training is."""

import logging
import threading
import time
from contextlib import suppress

from ksom.errors import OutputError
from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.logger import STATUS_LINE
from ksom.runs.run import Run

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_DRAWINGS = 0.2
SECONDS_BETWEEN_LINES = 5.0
SECONDS_UNTOLD = 1.0
"""A look at the data that takes no longer is not told of."""
SHORTEST, LONGEST = 10, 30
"""Characters of the bar."""


@HOOKS.register("Progress")
class Progress(Hook):
    """A progress bar on a terminal; elsewhere a line in the log, some seconds apart.

    It moves within a long iteration too. The time left counts hooks; at the end stands how long this part of the
    training took, and how much of that was learning.
    """

    phase = Phase.REPORT
    every = EVERY_PAUSE

    def __init__(self) -> None:
        super().__init__()
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None
        self._reading_since = self._told_at = 0.0

    def while_reading(self, rows: int, of: int) -> None:
        now = time.monotonic()
        self._reading_since = self._reading_since or now
        is_line, is_over = STATUS_LINE.is_possible, rows >= of
        since_told = now - (self._told_at or self._reading_since)
        if is_line and (self._told_at if is_over else self._is_due(now, since_told)):
            facts = [f"{int(100 * rows / of)} %", "looking at the data", f"row {rows:,}/{of:,}"]
            STATUS_LINE.draw(_bar(rows / of, facts, STATUS_LINE.columns))
            self._told_at = now
        elif not is_line and not is_over and since_told >= SECONDS_BETWEEN_LINES:
            logger.info("looking at the data, %d %%, row %s of %s", int(100 * rows / of), f"{rows:,}", f"{of:,}")
            self._told_at = now
        if is_over:
            if is_line and self._told_at:
                STATUS_LINE.end()
            self._reading_since = self._told_at = 0.0

    def _is_due(self, now: float, since_told: float) -> bool:
        return now - self._reading_since >= SECONDS_UNTOLD and since_told >= SECONDS_BETWEEN_DRAWINGS

    def before_train(self, run: Run) -> None:
        self._is_bar = STATUS_LINE.is_possible
        self._first, self._learned, self._before = run.progress, run.seconds, run.wall_seconds
        if self._is_bar:
            self._show(run)
        self._ended.clear()
        self._watcher = threading.Thread(target=self._watch, args=(run,), name="progress", daemon=True)
        self._watcher.start()

    def after_train(self, run: Run) -> None:
        if self._watcher is None:
            return
        self._ended.set()
        self._watcher.join()
        self._show(run, f"{self._elapsed(run):.3g} s", f"{run.seconds - self._learned:.3g} s of it learning")
        STATUS_LINE.end()

    def _watch(self, run: Run) -> None:
        """Show the run as it is, over and over: between its pauses nothing but a thread can."""
        while not self._ended.wait(SECONDS_BETWEEN_DRAWINGS if self._is_bar else SECONDS_BETWEEN_LINES):
            with suppress(OutputError):  # of a log that cannot be written: the training's own lines say so
                self._show(run, _left(self._elapsed(run), self._first, run.progress))

    def _elapsed(self, run: Run) -> float:
        return run.wall_seconds - self._before

    def _show(self, run: Run, *times: str) -> None:
        facts = [f"{int(100 * run.progress)} %", *times, f"iteration {run.iteration}/{run.iterations}", _error(run)]
        facts = [fact for fact in facts if fact]
        if self._is_bar:
            STATUS_LINE.draw(_bar(run.progress, facts, STATUS_LINE.columns))
        else:
            logger.info(", ".join(facts))


def _bar(progress: float, facts: list[str], columns: int) -> str:
    """Return a bar and as many facts, the first ones first, as there is room for."""
    room = columns - SHORTEST - len("[] ")
    while facts and len(", ".join(facts)) > room:
        facts = facts[:-1]
    text = ", ".join(facts)
    length = min(LONGEST, columns - len("[] ") - len(text))
    done = int(length * progress)
    return f"[{'#' * done}{'-' * (length - done)}] {text}"


def _left(elapsed: float, first: float, progress: float) -> str:
    """Return the time left, if what has been done since `first` tells."""
    if progress <= first:
        return ""
    minutes, seconds = divmod(round(elapsed / (progress - first) * (1 - progress)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left"


def _error(run: Run) -> str:
    error = run.metrics.latest("quantization_error")
    return "" if error is None else f"quantization error {error:.4g}"
