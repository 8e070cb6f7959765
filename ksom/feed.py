"""What a training is fed with: the samples of each iteration, in checked blocks of the working precision."""

import builtins
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.batches import Batches
from ksom.compute.compute import Compute
from ksom.compute.shipment import Shipment
from ksom.dataset import Dataset
from ksom.intake import Intake
from ksom.method.random_streams import stream
from ksom.method.scales import Scales
from ksom.samples import Block, Range
from ksom.sparse_rows import SamplesLike, SparseRows, as_rows, in_full
from ksom.summary import Told, name_of, summarise

PROBE_SIZE = 1000
"""Samples in the probe: enough to measure by, few enough to be searched every few iterations."""


RUN_BYTES = 2**20
"""How much of a small data set is handed out at once that is shown again and again."""


class Feed:
    """Hands out the samples of a data set, iteration by iteration, as a map computes with them.

    Every value that is handed out has been looked at: none is NaN, infinite or too large, whatever became of the data
    set since it was read first. Only an array in memory that needs no casting is looked at once: it must stay as it is.

    Parameters
    ----------
    dataset : Dataset
        The samples, data units.
    batch_size : int
        Samples per iteration; 0: the whole data set.
    shuffle : bool
        A new order in every epoch.
    seed : int
        Seed of the order of the samples and of the probe.
    intake : Intake, optional
        What the map does to samples; default: it takes them in float32, with no value missing.
    compute : Compute, optional
        Who reads the data first; default: this process.
    told : callable, optional
        Is told then how many rows have been read, and how many there are.

    Attributes
    ----------
    summary : Summary
        What one pass over the data told.
    intake : Intake
        The given one, its scaling fitted to the data.
    batches : Batches
        What hands out the samples of any iteration.
    probe : ndarray of shape (n, D), or SparseRows
        A bounded sample of the data, n at most 1,000, data units; NaN where a value is missing.
    is_sparse : bool
        Whether the samples are sparse.
    has_gaps : bool
        Whether values are missing, or may be in samples that are made in every iteration: then every block tells.
    sent : Shipment or None
        The batches on their way to workers, if they were sent.
    shown : int
        Samples that were asked for and done with since this was last set to 0: how far a long iteration is.

    Raises
    ------
    DataError
        If the data cannot be learned from.

    Examples
    --------
    >>> feed = Feed(Dataset([[0.0], [1.0], [2.0]]), batch_size=2)
    >>> [block.values.tolist() for block in feed.batch(1)]
    [[[2.0]]]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 0,
        shuffle: bool = False,
        seed: int = 0,
        intake: Intake | None = None,
        *,
        compute: Compute | None = None,
        told: Told | None = None,
    ) -> None:
        self.dataset = dataset
        intake = intake or Intake(np.dtype("float32"))
        summary = summarise(
            dataset,
            keep_missing=intake.keeps_missing,
            with_moments=intake.needs_moments,
            with_log_moments=intake.needs_log_moments,
            with_quantiles=intake.needs_quantiles,
            compute=compute,
            told=told,
        )
        self.intake = intake.fitted(summary, name_of(dataset))
        self.summary = summary._replace(some=None)  # they may take 64 MB
        self.probe = probe_of(dataset, seed)
        self.is_sparse = isinstance(self.probe, SparseRows)
        if self.is_sparse:
            self.intake.require_sparse(name_of(dataset))
        makes_samples = type(dataset).batch is not Dataset.batch and not self.is_sparse
        self.has_gaps = intake.keeps_missing and (makes_samples or bool(self.summary.missing.any()))
        self.samples_per_iteration = dataset.samples_per_iteration(batch_size)
        self.shown = 0
        self.sent: Shipment | None = None
        self._always: Iterable[Block] = ()
        self.batches = Batches(
            dataset,
            self.intake if self.has_gaps else replace(self.intake, missing="refuse"),  # no look for gaps
            batch_size,
            shuffle,
            seed,
            self.has_gaps,
            self.summary.mean_weight,
            None if self._is_changed else _array_in_memory(dataset, self.intake.dtype),
        )

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def features(self) -> int:
        """The number of features, D."""
        return self.dataset.features

    @property
    def digest(self) -> str:
        """SHA-256 of the data."""
        return self.summary.digest

    @property
    def scales(self) -> Scales | None:
        """What makes data units the map's; None: they are."""
        return self.intake.scales

    @property
    def is_weighted(self) -> bool:
        """Whether the samples have weights."""
        return self.summary.mean_weight is not None

    @property
    def range(self) -> Range:
        """Where each feature lies, map units: the known bounds, or as measured."""
        if self.dataset.bounds is None:
            return self.intake.range(Range(self.summary.low, self.summary.high))
        bounds = (np.full(self.dataset.features, bound, dtype=np.float64) for bound in self.dataset.bounds)
        return self.intake.range(Range(*bounds))

    @property
    def seen_probe(self) -> SamplesLike:
        """The probe as the map sees it, shape (n, D), map units, with the mean for what is missing."""
        return self._seen(self.probe) if self._is_changed else self.probe

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D), map units, with the mean for what is missing.

        Sparse ones in full: as many as there are nodes take as much memory as the weights.
        """
        return in_full(self._seen(self.dataset.rows(index)))

    def blocks(self) -> Iterator[Block]:
        """Return all samples in their own order, in blocks."""
        yield from self.batches.checked(self.dataset.blocks(), name_of(self.dataset))

    def batch(self, iteration: int, start: int = 0) -> Iterable[Block]:
        """Return the samples of an iteration from its row `start` on, in blocks.

        Raises
        ------
        DataError
            While they are taken: if the data have become something that cannot be learned from.
        """
        if self._always and not start:
            return self._always
        if start:
            return self._counting(self.batches.piece(iteration, start))
        blocks = self.batches.of(iteration)
        if isinstance(blocks, tuple):  # cast once: half of the time of a 10 × 10 map
            self._always = blocks
            return blocks
        return self._counting(blocks)

    def runs(self, iterations: builtins.range) -> Iterator[tuple[builtins.range, Iterable[Block]]]:
        """Yield some of the iterations in a row, again and again, with their samples in one block; or one, as `batch`.

        Raises as that does.
        """
        if not self._always and self.samples_per_iteration < len(self.dataset):
            for some, blocks in self.batches.runs(iterations):
                yield some, self._counting(blocks)
            return
        while iterations:
            blocks, some = self.batch(iterations[0]), iterations[:1]
            if isinstance(blocks, tuple) and len(blocks) == 1:  # of small data that never change
                some = iterations[: max(1, RUN_BYTES // blocks[0].values.nbytes)]
                blocks = (_repeated(blocks[0], len(some)),)
            yield some, blocks
            iterations = iterations[len(some) :]

    @property
    def _is_changed(self) -> bool:
        return self.has_gaps or self.intake.changes_values

    def _counting(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            yield block
            self.shown += len(block.values)

    def _seen(self, samples: SamplesLike) -> SamplesLike:
        block = self.batches.taken(samples, name_of(self.dataset))
        if block.missing is None:
            seen: SamplesLike = block.values
            return seen
        means = self.intake.scaled(self.summary.mean).astype(block.values.dtype)
        return np.where(block.missing, means, block.values)


def _repeated(block: Block, times: int) -> Block:
    """Return samples that are shown so many times, one after another."""
    if times == 1:
        return block
    missing = None if block.missing is None else np.tile(block.missing, (times, 1))
    return Block(np.tile(block.values, (times, 1)), block.first_row, missing)


def _array_in_memory(dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return the array that a data set's blocks may be parts of, if it was looked at whole and needs no casting.

    Not to look again saves 1 to 2 % of batch training, and 6 % of a training that shows 784 features one sample at a
    time.
    """
    if type(dataset).rows is not Dataset.rows or type(dataset).batch is not Dataset.batch:
        return None  # it may show something else, in the same memory
    samples = getattr(dataset, "samples", None)
    if type(samples) is np.ndarray and samples.base is None and samples.dtype == dtype:
        return samples
    return None


def probe_of(dataset: Dataset, seed: int) -> SamplesLike:
    """Return a bounded sample of the data, drawn from a stream of its own; all rows if there are few."""
    if len(dataset) <= PROBE_SIZE:
        return as_rows(dataset.rows(slice(None)), name_of(dataset))
    chosen = stream(seed, "probe").choice(len(dataset), size=PROBE_SIZE, replace=False)
    return as_rows(dataset.rows(np.sort(chosen)), name_of(dataset))
