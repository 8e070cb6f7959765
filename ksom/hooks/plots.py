"""The hook that draws the map as it learns."""

import logging
from collections.abc import Sequence

from ksom.errors import TrackingError
from ksom.hooks.early_rhythm import EarlyRhythm
from ksom.hooks.hook import HOOKS, Hook, Phase
from ksom.pictures.plots.figure_file import require_size
from ksom.runs.history import History
from ksom.runs.run import Run
from ksom.runs.run_folder import PLOTS

logger = logging.getLogger(__name__)

TIMES = EarlyRhythm(10)
"""How often a map is drawn, about, that was not told how often."""


@HOOKS.register("Plots")
class Plots(Hook):
    """Draws the map as it learns, in files such as `plots/umatrix-0040.png`: after 40 iterations.

    Those that are not told how often are drawn about ten times, more often in the beginning, when a map changes most:
    the k-th after ⌈iterations · (k / 10)²⌉ iterations. The first state is always among them, and the last one of a
    training that completes. `ksom plot` draws the same afterwards, and more, of the last state.

    Parameters
    ----------
    kind : str or list of str
        What to draw, such as umatrix, or [planes, unfolding]. Hits, and what else is of samples, are those of the
        probe, at most 1,000.
    every : int, optional
        Iterations between two pictures; default: about 10 in all, whatever the run's CALLBACK_PERIOD.
    size : int, optional
        Pixels of the longer side, from 200 to 8192; text grows with it. Default: as many as a picture needs.

    Raises
    ------
    ParameterError
        For a kind that there is not, or that a training cannot show.
    """

    phase = Phase.REPORT
    needs_folder = True

    def __init__(
        self, kind: str | Sequence[str] = "umatrix", every: int | None = None, size: int | None = None
    ) -> None:
        super().__init__(every)
        self.kind = kind
        self.size = require_size(size)
        from ksom.pictures.plots.kinds import kinds_of_training  # a training without this hook does without all of them

        self._told: set[str] = set()
        self._kinds = kinds_of_training("kind", kind)

    def check(self, run: Run) -> None:
        from ksom.pictures.plots.figure import require_matplotlib

        require_matplotlib()

    def next_due(self, iteration: int, iterations: int, period: int) -> int:
        if self.every is not None:
            return super().next_due(iteration, iterations, period)
        return TIMES.next_due(iteration, iterations)

    def rhythm(self, iterations: int, period: int) -> str:
        if self.every is not None:
            return super().rhythm(iterations, period)
        return TIMES.in_words(iterations)

    def before_train(self, run: Run) -> None:
        if run.iteration == 0:
            self._draw(run)

    def after_step(self, run: Run) -> None:
        self._draw(run)

    def _draw(self, run: Run) -> None:
        if run.folder is None:
            return
        from ksom.pictures.plots.drawing import Drawing
        from ksom.pictures.plots.kind import Undrawable
        from ksom.pictures.plots.shown import Shown

        shown = Shown(run.copied_map(), run.probe)
        if any(kind.name == "curves" for kind in self._kinds):  # only then: there are ever more numbers to read
            try:
                shown.history = History.of(run.folder)
            except TrackingError as error:
                shown.why_no_history = str(error)
        suffix = f"-{run.iteration:0{len(str(run.iterations))}}"
        drawing = Drawing(shown, run.folder / PLOTS, size=self.size, suffix=suffix)
        for kind in self._kinds:
            try:
                drawing.draw(kind)
            except Undrawable as error:
                self._say(kind.name, run, error)

    def _say(self, kind: str, run: Run, error: Exception) -> None:
        """Say once that a kind is not drawn; before the first iteration, nobody has put a metric yet."""
        if run.iteration and kind not in self._told:
            self._told.add(kind)
            logger.warning("plots: %s not drawn after %d iterations: %s", kind, run.iteration, error)
