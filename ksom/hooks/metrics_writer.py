"""The hook that writes the metrics down."""

from ksom.hooks.hook import EVERY_PAUSE, HOOKS, Hook, Phase
from ksom.logger import JsonLines
from ksom.runs.run import Run


@HOOKS.register("MetricsWriter")
class MetricsWriter(Hook):
    """Appends a line to `metrics.jsonl` for each iteration at which a hook put a metric.

    Each begins with the iteration and the seconds spent learning until then: `{"iteration": 10, "seconds": 0.5, …}`.
    """

    phase = Phase.REPORT
    every = EVERY_PAUSE
    file = "metrics.jsonl"

    def __init__(self) -> None:
        super().__init__()
        self._lines: JsonLines | None = None

    def before_train(self, run: Run) -> None:
        if run.folder is not None:
            self._lines = JsonLines(run.folder / self.file)

    def after_step(self, run: Run) -> None:
        metrics = run.metrics.at(run.iteration)
        if metrics and self._lines is not None:
            self._lines.write({"iteration": run.iteration, "seconds": run.seconds, **metrics})

    def after_train(self, run: Run) -> None:
        if self._lines is not None:
            self._lines.close()
