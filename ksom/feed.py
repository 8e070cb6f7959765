"""What a training is fed with: the samples of each iteration, in checked blocks of the working precision."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.dataset import Dataset, SameBlocks
from ksom.errors import DataError
from ksom.method.random_streams import stream
from ksom.samples import Block, Range, Summary, as_samples, in_precision, require_normal_range

PROBE_SIZE = 1000
"""Samples in the probe: enough to measure by, few enough to be searched every few iterations."""


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
    dtype : dtype
        The working precision.

    Attributes
    ----------
    summary : Summary
        What one pass over the data told.
    probe : ndarray of shape (n, D)
        A bounded sample of the data, n at most 1,000, data units.
    shown : int
        Samples that were asked for and done with since this was last set to 0: how far a long iteration is.

    Raises
    ------
    DataError
        If the data cannot be learned from.

    Examples
    --------
    >>> feed = Feed(Dataset([[0.0], [1.0], [2.0]]), batch_size=2, dtype="float32")
    >>> [block.values.tolist() for block in feed.batch(1)]
    [[[2.0]]]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 0,
        shuffle: bool = False,
        seed: int = 0,
        dtype: DTypeLike = "float32",
    ) -> None:
        self.dataset = dataset
        self.dtype = np.dtype(dtype)
        self.summary = summarise(dataset)
        require_normal_range(self.summary.low, self.summary.high, self.dtype, _name(dataset))
        self.samples_per_iteration = dataset.samples_per_iteration(batch_size)
        self.probe = _probe(dataset, seed)
        self.shown = 0
        self._how: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
        self._always: tuple[Block, ...] = ()
        self._looked_at = _array_in_memory(dataset, self.dtype)

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
    def range(self) -> Range:
        """Where each feature lies, data units: the known bounds, or as measured."""
        if self.dataset.bounds is None:
            return Range(self.summary.low, self.summary.high)
        return Range(*(np.full(self.dataset.features, bound, dtype=np.float64) for bound in self.dataset.bounds))

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D)."""
        return in_precision(self.dataset.rows(index), self.dtype, _name(self.dataset), features=self.features)

    def blocks(self) -> Iterator[Block]:
        """Return all samples in their own order, in blocks."""
        yield from self._checked(self.dataset.blocks(), _name(self.dataset))
        self.shown = 0  # nothing was learned from them

    def batch(self, iteration: int) -> Iterable[Block]:
        """Return the samples of an iteration, in blocks.

        Raises
        ------
        DataError
            While they are taken: if the data have become something that cannot be learned from.
        """
        if self._always:
            return self._always
        raw = self.dataset.batch(iteration, **self._how)
        blocks = self._checked(raw, f"the batch of iteration {iteration}")
        if isinstance(raw, SameBlocks):  # cast once: half of the time of a 10 × 10 map
            self._always = tuple(blocks)
            self.shown = 0  # they were only gathered
            return self._always
        return blocks

    def _checked(self, blocks: Iterable[Any], where: str) -> Iterator[Block]:
        features, first_row = self.features, 0
        for block in blocks:
            is_known = self._looked_at is not None and block.base is self._looked_at
            rows = block if is_known else in_precision(block, self.dtype, where, features=features, first_row=first_row)
            yield Block(rows, first_row)
            self.shown += len(rows)
            first_row += len(rows)


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


def summarise(dataset: Dataset) -> Summary:
    """Read the data once: range of each feature, digest; refuse what cannot be learned from.

    Raises
    ------
    DataError
        If there is no sample or no feature, or a value is NaN or infinite, naming its row and column.
    """
    _require_samples(dataset)
    low, high = np.full(dataset.features, np.inf), np.full(dataset.features, -np.inf)
    digest = hashlib.sha256(f"{len(dataset)} x {dataset.features}".encode())
    first = 0
    for block in dataset.blocks():
        rows = as_samples(block, _name(dataset), features=dataset.features, first_row=first)
        low = np.minimum(low, rows.min(axis=0))
        high = np.maximum(high, rows.max(axis=0))
        digest.update(rows.dtype.str.encode() + np.ascontiguousarray(rows).tobytes())
        first += len(rows)
    return Summary(low.astype(np.float64), high.astype(np.float64), digest.hexdigest())


def _require_samples(dataset: Dataset) -> None:
    try:
        size, features = len(dataset), dataset.features
        dataset.rows(slice(0, 1))
    except AttributeError as error:
        if error.obj is not dataset or error.name != "samples":
            raise
        told = "has no samples: its constructor must call super().__init__(samples)"
        raise DataError(f"{_name(dataset)} {told}") from None
    if size < 1 or features < 1:
        raise DataError(f"{_name(dataset)} must have at least one sample and one feature, got {size} × {features}")


def _probe(dataset: Dataset, seed: int) -> NDArray[Any]:
    """Return a bounded sample of the data, drawn from a stream of its own; all rows if there are few."""
    if len(dataset) <= PROBE_SIZE:
        return np.asarray(dataset.rows(slice(None)))
    chosen = stream(seed, "probe").choice(len(dataset), size=PROBE_SIZE, replace=False)
    return np.asarray(dataset.rows(np.sort(chosen)))


def _name(dataset: Dataset) -> str:
    return f"dataset {type(dataset).__name__}"
