"""What a hook sees of a training: a small face to read from."""

import copy
import enum
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.feed import Feed
from ksom.intake import Intake
from ksom.kohonensom_model import KohonenSOM
from ksom.method.distance import Distance
from ksom.method.lattice import Lattice
from ksom.representation import as_html
from ksom.runs.metrics import Metrics
from ksom.sparse_rows import SamplesLike


class Outcome(enum.Enum):
    """How a training stands, or how it ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    """All iterations were done."""
    STOPPED = "stopped"
    """Somebody asked for an earlier end; it can be resumed."""
    FAILED = "failed"
    """An exception."""


class Run:
    """A training as hooks see it: everything but `request_stop` and `metrics.put` is to be read only.

    Attributes
    ----------
    iteration : int
        Iterations completed: 0 before the first, and in `after_step` it counts the one just done. Metrics belong to it.
    iterations : int
        Iterations in all.
    seconds : float
        Time spent learning, hooks not counted, resumed parts included.
    earlier_seconds : float
        What earlier parts of a resumed training have added to `wall_seconds`.
    metrics : Metrics
        The numbers of the training.
    folder : Path or None
        Where results go; None if they go nowhere.
    probe : ndarray of shape (n, D), or SparseRows
        A bounded sample of the data, data units, NaN where a value is missing: for hooks that measure.
    seen_probe : ndarray of shape (n, D), or SparseRows
        The same as the map sees it, map units, no value missing: for hooks that need a colour range.
    outcome : Outcome
        RUNNING until the training ends; `after_train` sees how it ended.
    stop_reason : str or None
        Why the training ends early, if it does.
    """

    def __init__(
        self,
        som: KohonenSOM,
        iterations: int,
        feed: Feed,
        folder: Path | None,
        snapshot: Callable[[], dict[str, Any]],
    ) -> None:
        self._som = som
        self._feed = feed
        self._snapshot = snapshot
        self._weights: tuple[tuple[int, int], NDArray[Any]] | None = None
        self.iterations = iterations
        self.seconds = 0.0
        self.metrics = Metrics()
        self.earlier_seconds = 0.0
        self._began: float | None = None
        self.folder = folder
        self.probe, self.seen_probe = _read_only(feed.probe), _read_only(feed.seen_probe)
        self.outcome = Outcome.RUNNING
        self.stop_reason: str | None = None

    def __repr__(self) -> str:
        return f"Run(iteration {self.iteration} of {self.iterations}, {self.outcome.value})"

    def _repr_html_(self) -> str | None:
        """Return a page of the map as it is now, for a notebook."""
        return as_html(self._som, title=repr(self))

    @property
    def iteration(self) -> int:
        return self.metrics.iteration

    @iteration.setter
    def iteration(self, iteration: int) -> None:
        self.metrics.iteration = iteration

    @property
    def position(self) -> tuple[int, int]:
        """Iterations completed, and samples of the next one shown: more than 0 only in `at_pause`, and after a stop."""
        return self.iteration, self._feed.shown

    @property
    def wall_seconds(self) -> float:
        """Time that the training has taken, hooks and earlier parts of a resumed training included, seconds."""
        return self.earlier_seconds + (0.0 if self._began is None else time.monotonic() - self._began)

    def begin(self) -> None:
        """Start the clock of `wall_seconds`; the trainer does."""
        self._began = time.monotonic()

    @property
    def progress(self) -> float:
        """The share of the training that is done, from 0 to 1; of the iteration under way the share of its samples."""
        return min(1.0, self.iterations_begun / self.iterations)

    @property
    def iterations_begun(self) -> float:
        """Iterations completed, and the share of the next one's samples that were shown."""
        return self.iteration + self._feed.shown / self._feed.samples_per_iteration

    @property
    def is_over(self) -> bool:
        """Whether no iteration is to be done any more."""
        return self.iteration >= self.iterations or self.stop_reason is not None

    @property
    def lattice(self) -> Lattice:
        """The nodes' arrangement."""
        return self._som.lattice

    @property
    def weights(self) -> NDArray[Any]:
        """The weights now, shape (H, W, D), map units, read-only; made at most once a step, and only if asked for."""
        if self._weights is None or self._weights[0] != self.position:
            self._weights = (self.position, self._som.weights)
        return self._weights[1]

    @property
    def intake(self) -> Intake:
        """What the map does to samples before it computes with them."""
        return self._som.intake

    def copied_map(self) -> KohonenSOM:
        """Return a map like this one as it is now, without layers: what is done to it the training does not notice."""
        copied = copy.copy(self._som)
        copied.layers, copied.about_training = {}, {}
        copied.weights = self.weights  # held anew: those of the training go on
        copied.about_training |= self._som.about_training
        return copied

    @property
    def distance(self) -> Distance:
        """How far a sample is from a node, and nodes from each other."""
        return self._som.distance

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """What the features are called; None if nobody said."""
        return self._som.feature_names

    @property
    def units(self) -> tuple[str | None, ...] | None:
        """What the features are measured in, as far as that is known; None if of none of them."""
        return self._som.units

    def best_matching_nodes(self, samples: ArrayLike, k: int = 1, *, return_distances: bool = False) -> Any:
        """Search the map as it is now; see `KohonenSOM.best_matching_nodes`."""
        return self._som.best_matching_nodes(samples, k, return_distances=return_distances)

    def snapshot(self) -> dict[str, Any]:
        """Return all that a resume needs, beside the weights; for hooks that keep the training."""
        return self._snapshot()

    def request_stop(self, reason: str) -> None:
        """End the training after this step; the only way in which a hook steers."""
        self.stop_reason = self.stop_reason or reason

    def save(self, path: Path) -> None:
        """Write the map as it is now; see `KohonenSOM.save`."""
        self._som.save(path)

    def describe(self) -> dict[str, Any]:
        """Return what a map's file must tell beside the weights."""
        return self._som.about()


def _read_only(samples: SamplesLike) -> SamplesLike:
    """Return samples that hooks cannot write to; sparse ones cannot be anyway."""
    if isinstance(samples, np.ndarray):
        samples = samples.view()
        samples.flags.writeable = False
    return samples
