"""Hooks that look at what has been learned."""

import numpy as np

from ksom.arguments import require_integer
from ksom.errors import TrainingFailed
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.method.quality import quality
from ksom.runs.run import Run


@HOOKS.register("Quality")
class Quality(Hook):
    """Puts the metrics `quantization_error` (map units) and `topographic_error` (a share), measured on the probe.

    Parameters
    ----------
    every : int, optional
        Iterations between two measurements; default the run's CALLBACK_PERIOD.
    samples : int
        How many samples of the probe to measure by, at least 1; the probe has at most 1,000.
    """

    phase = Phase.MEASURE

    def __init__(self, every: int | None = None, samples: int = 1000) -> None:
        super().__init__(every)
        self.samples = require_integer("samples", samples, minimum=1)

    def after_step(self, run: Run) -> None:
        run.metrics.put(**quality(run, run.probe[: self.samples])._asdict())


@HOOKS.register("StopOnNaN")
class StopOnNaN(Hook):
    """Ends the training with an error if a weight is NaN or infinite.

    Parameters
    ----------
    every : int, optional
        Iterations between two looks; default the run's CALLBACK_PERIOD.
    """

    phase = Phase.MEASURE

    def after_step(self, run: Run) -> None:
        require_finite(run)


def require_finite(run: Run) -> None:
    """Refuse weights that are NaN or infinite.

    Raises
    ------
    TrainingFailed
        Naming the first of them.
    """
    finite = np.isfinite(run.weights)
    if not finite.all():
        row, column, feature = (int(index) for index in np.argwhere(~finite)[0])
        where = f"feature {feature} of node ({row}, {column}) is {run.weights[row, column, feature]}"
        raise TrainingFailed(f"after {run.iteration} iterations {where}; no checkpoint holds that")
