"""The hook that shows how far the training is."""

import logging
import sys
import time
from typing import Any

from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.runs.run import Run

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 5.0


@HOOKS.register("Progress")
class Progress(Hook):
    """A progress bar with the time left on a terminal; elsewhere a line in the log, some seconds apart."""

    phase = Phase.REPORT
    every = EVERY_PAUSE

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._first = 0
        self._last = 0.0

    def before_train(self, run: Run) -> None:
        self._last = time.monotonic()
        if sys.stderr.isatty():
            import click

            # A resumed training starts a bar of its own: what came before would make the time left look short.
            self._first = first = run.iteration
            self._bar = click.progressbar(
                length=run.iterations - first,
                label=f"training from iteration {first}" if first else "training",
                file=sys.stderr,
                show_pos=True,
                item_show_func=lambda _: _errors(run),
            )
            self._bar.update(0)

    def after_step(self, run: Run) -> None:
        if self._bar is not None:
            self._bar.update(run.iteration - self._first - self._bar.pos)
        elif time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            left = run.seconds / run.iteration * (run.iterations - run.iteration)
            logger.info(
                "iteration %d/%d (%.0f %%)%s, about %.0f s left",
                run.iteration, run.iterations, 100 * run.progress, _errors(run), left,
            )  # fmt: skip

    def after_train(self, run: Run) -> None:
        if self._bar is not None:
            self._bar.render_finish()


def _errors(run: Run) -> str:
    error = run.metrics.latest("quantization_error")
    return "" if error is None else f" quantization error {error:.4g}"
