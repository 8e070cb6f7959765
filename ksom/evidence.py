"""What is known of a training, for whoever judges it: numbers, each worked out when it is first asked for."""

import math
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.algorithms import Batch
from ksom.dataset import Dataset
from ksom.errors import KsomError, Undefined
from ksom.kohonensom_model import KohonenSOM
from ksom.method.folds import creases, turned_back
from ksom.method.matches import Matches, matches
from ksom.method.quality import dead_nodes, topographic_error
from ksom.method.residuals import explained_variance
from ksom.method.schedules import Geometric
from ksom.sparse_rows import as_rows, in_full
from ksom.trainer import Trainer

MOST_WORK = 2e9
"""Differences of one value that a trial may compute, samples × nodes × features × iterations: some seconds."""

LITTLE_WORK = 5e6
"""As many for one that nobody asked for: some hundredths of a second."""

SETTLING, ORDERING = 10, 15
"""Iterations of a trial: enough for a batch map to settle at one sigma, or to be ordered from principal axes."""


class Evidence:
    """A training and its data. What cannot be known is None.

    Parameters
    ----------
    som : KohonenSOM
        The map as it is.
    samples : array_like of shape (n, D), optional
        Samples, data units: all, or some of them.
    size : int, optional
        How many there are in all, N; by default n.
    labels : ndarray of shape (n,), optional
        The class of each sample.
    counting : ndarray of shape (n,), optional
        How much each sample counts in the training; by default all alike.
    at_end : mapping
        Sigma (lattice steps) and learning rate of the last iteration, by name, as far as they are known.
    config : mapping
        The resolved configuration.
    iteration, iterations : int, optional
        How many iterations were done, and how many there were to be.
    most_work : float
        How much a trial may compute; 0: there are to be no trials.
    """

    def __init__(
        self,
        som: KohonenSOM,
        samples: ArrayLike | None = None,
        *,
        size: int | None = None,
        labels: NDArray[Any] | None = None,
        counting: NDArray[np.float64] | None = None,
        at_end: Mapping[str, float] | None = None,
        config: Mapping[str, Any] | None = None,
        iteration: int | None = None,
        iterations: int | None = None,
        most_work: float = MOST_WORK,
    ) -> None:
        self.som = som
        self.samples = None if samples is None else in_full(as_rows(samples, "samples"))
        self.size = size if size is not None or self.samples is None else len(self.samples)
        self.labels = labels
        self.counting = counting
        self.at_end = dict(at_end or {})
        self.config = config or {}
        self.iteration = iteration
        self.iterations = iterations
        self.most_work = most_work

    @property
    def longest_side(self) -> int:
        """Rows or columns of the map, whichever are more."""
        return max(self.som.height, self.som.width)

    @property
    def sigma(self) -> float | None:
        """The radius of the last iteration, lattice steps."""
        return self.at_end.get("sigma")

    @property
    def is_wrapped(self) -> bool:
        """Whether an axis of the lattice is closed."""
        return getattr(self.som.lattice, "wrap", "none") != "none"

    def setting(self, key: str) -> Any:
        """Return what the configuration has under a key such as "TRAINER.SHUFFLE"; None if there is no such key."""
        node: Any = self.config
        for part in key.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    @cached_property
    def weights(self) -> NDArray[Any]:
        """Shape (H, W, D), map units."""
        return self.som.weights

    @cached_property
    def found(self) -> Matches | None:
        """The two nodes nearest to each sample."""
        return None if self.samples is None else matches(self.som, self.samples)

    @cached_property
    def rows(self) -> NDArray[Any] | None:
        """The samples in map units, shape (n, D), NaN where a value is missing."""
        if self.samples is None:
            return None
        block = self.som.intake.block(self.samples, features=self.som.features)
        return block.values if block.missing is None else np.where(block.missing, np.nan, block.values)

    @cached_property
    def distinct(self) -> int:
        """How many samples are different."""
        if self.rows is None:
            return 0
        return len({row.tobytes() for row in np.nan_to_num(self.rows) + 0})  # −0 becomes 0: bytes differ as numbers do

    @cached_property
    def away(self) -> NDArray[np.float64] | None:
        """The samples less their mean, map units, shape (n, D); 0 where a value is missing."""
        if self.rows is None:
            return None
        rows = self.rows.astype(np.float64)
        away: NDArray[np.float64] = np.nan_to_num(rows - np.nanmean(rows, axis=0))
        return away

    @cached_property
    def terms(self) -> NDArray[np.float64] | None:
        """How far the samples are from their mean in each feature, as the map's distance counts it, shape (n, D)."""
        if self.away is None:
            return None
        terms: NDArray[np.float64] = self.som.distance.term(self.away.copy())
        return terms

    @cached_property
    def explained(self) -> float | None:
        """The share of the samples' variance that the map explains; None if they do not vary."""
        return None if self.samples is None else _explained(self.som, self.samples)

    @cached_property
    def topographic_error(self) -> float | None:
        """The share of samples whose best and second best nodes are no neighbours."""
        return None if self.found is None else topographic_error(self.som, self.found)

    @cached_property
    def creases(self) -> float:
        """How often the map is folded over; see `ksom.method.folds`."""
        return creases(self.weights, None if self.found is None else self.found.hits.reshape(self.weights.shape[:2]))

    @cached_property
    def turned_back(self) -> float:
        """The share of nodes at which a row or a column turns back; see `ksom.method.folds`."""
        return turned_back(self.weights)

    @cached_property
    def dead(self) -> float | None:
        """The share of nodes that won no sample."""
        return None if self.found is None else dead_nodes(self.som, self.found)

    @property
    def dead_by_chance(self) -> float:
        """The share that as many samples leave, thrown at the nodes at random."""
        return math.exp(-self.distinct / self.som.lattice.size)

    @cached_property
    def going_on(self) -> tuple[float, float] | None:
        """The explained variance as it is, and after ten more batch iterations with the last sigma.

        Where the samples are a part of the data, it is that of other samples than those of the iterations: what was
        learned from all is worse for a part than what is learned from it. None if that is not known, or there are fewer
        samples than nodes.
        """
        rows = self._rows_for(SETTLING)
        if rows is None or self.sigma is None or self.distinct < self.som.lattice.size:
            return None
        shown, asked = (rows, rows) if len(rows) == self.size else (rows[::2], rows[1::2])
        trial = self._trial(shown, self.weights, Geometric(self.sigma, self.sigma), SETTLING)
        if trial is None:
            return None
        others = np.asarray(self.rows)[asked]
        before, after = (_explained(som, others) for som in (self._like(self.weights), trial))
        return None if before is None or after is None else (before, after)

    @cached_property
    def in_order(self) -> "Evidence | None":
        """The same of a map like this one that begins from principal axes, if there can be one: if no axis is closed.

        It is trained in few iterations, and ends with the same sigma.
        """
        rows, start = self._rows_for(ORDERING), max(1.0, self.longest_side / 2)
        if rows is None or self.sigma is None or self.is_wrapped:
            return None
        som = self._trial(rows, "pca", Geometric(max(start, self.sigma), self.sigma), ORDERING)
        return None if som is None else Evidence(som, np.asarray(self.rows)[rows])

    def _rows_for(self, iterations: int) -> NDArray[np.int64] | None:
        """Return which samples a trial can be made with; None if they are too few, or the map has but one node."""
        if self.rows is None or self.som.lattice.size < 2 or not self.most_work:
            return None
        every = max(1, math.ceil(len(self.rows) * iterations * self.weights.size / self.most_work))
        chosen = np.arange(0, len(self.rows), every)
        return chosen if every == 1 or len(chosen) >= self.som.lattice.size else None

    def _trial(self, chosen: NDArray[np.int64], initial: Any, sigma: Geometric, iterations: int) -> KohonenSOM | None:
        """Train a map like this one in batches; None if there is no such training."""
        rows = np.asarray(self.rows)[chosen]
        dataset = Dataset(rows, None if self.counting is None else self.counting[chosen])
        try:
            som = self._like(initial)
            Trainer(som, dataset, iterations=iterations, algorithm=Batch(sigma)).train()
        except KsomError:  # a neighbourhood with negative values has no batch training
            return None
        return som

    def _like(self, initial: Any) -> KohonenSOM:
        """Return a map like this one without its scaling: one of samples in map units."""
        mine = self.som
        return KohonenSOM(
            mine.height,
            mine.width,
            lattice=mine.lattice,
            neighbourhood=mine.neighbourhood,
            distance=mine.distance,
            initial=initial,
            dtype=mine.dtype.name,
            missing="keep",
        )


def _explained(som: KohonenSOM, samples: NDArray[Any]) -> float | None:
    with suppress(Undefined):
        return explained_variance(som, samples)
    return None
