"""The hook that keeps a training, so that it can be resumed."""

import time

from ksom.arguments import require_integer, require_number
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.hooks.quality import require_finite
from ksom.runs.checkpoint import checkpoint_paths, save_checkpoint
from ksom.runs.run import Outcome, Run
from ksom.runs.run_folder import CHECKPOINTS
from ksom.whole_files import make_own_folder, writing


@HOOKS.register("Checkpoint")
class Checkpoint(Hook):
    """Keeps the training in `checkpoints/`, and once more when it is stopped; weights that are not finite it refuses.

    Parameters
    ----------
    every : int
        Iterations between two checkpoints. Each costs a copy of the weights on disk.
    keep : int
        How many to keep, the newest; at least 1. With 2 a damaged one still leaves one to go on from.
    minutes : float, optional
        Take one, too, whenever so many minutes have gone by since the last one, > 0: in the middle of an iteration, if
        that takes longer. It then holds the sums so far as well. Default: only every so many iterations.
    """

    phase = Phase.SAVE
    needs_folder = True

    def __init__(self, every: int = 100, keep: int = 3, minutes: float | None = None) -> None:
        super().__init__(every)
        self.keep = require_integer("keep", keep, minimum=1)
        self.minutes = None if minutes is None else require_number("minutes", minutes, above=0, unit="minutes")
        self._saved: tuple[int, int] | None = None
        self._saved_at = 0.0

    def before_train(self, run: Run) -> None:
        self._saved = run.position if run.position > (0, 0) else None
        self._saved_at = time.monotonic()

    def at_pause(self, run: Run) -> None:
        is_due = self.minutes is not None and time.monotonic() - self._saved_at >= 60 * self.minutes
        if is_due and run.position not in {self._saved, (0, 0)}:
            self.after_step(run)

    def after_step(self, run: Run) -> None:
        if run.folder is None:
            return
        require_finite(run)
        folder = run.folder / CHECKPOINTS
        make_own_folder(folder)
        save_checkpoint(folder, run.weights, run.snapshot(), run.describe())
        with writing(folder):
            for old in checkpoint_paths(folder)[: -self.keep]:
                old.unlink()
        self._saved, self._saved_at = run.position, time.monotonic()

    def after_train(self, run: Run) -> None:
        """Keep a stopped training, before the other hooks write the end of a training that may go on."""
        if run.outcome is Outcome.STOPPED and self._saved != run.position:
            self.after_step(run)
