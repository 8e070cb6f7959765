"""The hook that keeps a training, so that it can be resumed."""

from ksom.arguments import require_integer
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
    """

    phase = Phase.SAVE
    needs_folder = True

    def __init__(self, every: int = 100, keep: int = 3) -> None:
        super().__init__(every)
        self.keep = require_integer("keep", keep, minimum=1)
        self._saved: int | None = None

    def before_train(self, run: Run) -> None:
        self._saved = run.iteration or None

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
        self._saved = run.iteration

    def after_train(self, run: Run) -> None:
        """Keep a stopped training, before the other hooks write the end of a training that may go on."""
        if run.outcome is Outcome.STOPPED and self._saved != run.iteration:
            self.after_step(run)
