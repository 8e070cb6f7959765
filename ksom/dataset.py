"""Data sets: N samples of D features that come in blocks of rows, never as one array that must fit in memory."""

import functools
import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import DataError
from ksom.method.random_streams import stream
from ksom.registry import Registry
from ksom.samples import BLOCK_ROWS, Range, Summary, as_samples

logger = logging.getLogger(__name__)


class Dataset:
    """Samples to learn from.

    A subclass passes its samples to this constructor. One whose samples are not in an array overrides `__len__`,
    `features` and `rows`; one that makes new samples in every iteration, `batch` as well.

    In an experiment, the constructor's arguments are the keys of DATASET. A relative path that is given to an argument
    called `path`, or whose name ends in `_path`, is looked for beside the YAML file, then in the current folder.

    Parameters
    ----------
    samples : array_like of shape (N, D)
        The samples, data units. Not copied; a memory-mapped array is read block by block.

    Raises
    ------
    DataError
        If the samples are not a two-dimensional array of numbers with at least one sample and one feature.

    Examples
    --------
    >>> colours = Dataset([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> len(colours), colours.features
    (2, 3)
    >>> [block.tolist() for block in colours.batch(5, batch_size=1)]
    [[[0.0, 0.0, 1.0]]]
    """

    bounds: tuple[float, float] | None = None
    """Range that every feature is known to lie in, data units; None: as measured."""

    def __init__(self, samples: ArrayLike) -> None:
        self.samples = as_samples(samples, f"dataset {type(self).__name__}")

    def __len__(self) -> int:
        return int(self.samples.shape[0])

    @property
    def features(self) -> int:
        """The number of features, D."""
        return int(self.samples.shape[1])

    @property
    def is_constant(self) -> bool:
        """Whether the samples are those of an array in memory: read and checked once, they stay as they are."""
        own = type(self).rows is Dataset.rows and type(self).batch is Dataset.batch
        return own and isinstance(self.samples, np.ndarray) and not isinstance(self.samples, np.memmap)

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D)."""
        return np.asarray(self.samples[index])

    def batch(
        self, iteration: int, *, batch_size: int = 0, shuffle: bool = False, seed: int = 0
    ) -> Iterator[NDArray[Any]]:
        """Yield the samples that one iteration shows, in blocks of at most 4,096 rows.

        Depends on its arguments only, so that a resumed training needs no replay.

        Parameters
        ----------
        iteration : int
            The iteration, from 0.
        batch_size : int
            Samples per iteration; 0, or more than there are: all. The last batch of an epoch is the rest.
        shuffle : bool
            A new order in every epoch, drawn from the seed; otherwise always the samples' own.
        seed : int
            The run's seed.
        """
        size = len(self)
        per_batch = min(batch_size or size, size)
        epoch, number = divmod(iteration, -(-size // per_batch))
        first, last = number * per_batch, min((number + 1) * per_batch, size)
        for start in range(first, last, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, last)
            index = _order(seed, epoch, size)[start:stop] if shuffle else slice(start, stop)
            yield np.asarray(self.rows(index))

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all samples in their own order, in blocks of at most 4,096 rows."""
        return Dataset.batch(self, 0)

    def feature_range(self, summary: "Summary") -> Range:
        """Return where each feature lies: the known bounds, or as measured."""
        if self.bounds is None:
            return Range(summary.low, summary.high)
        return Range(*(np.full(self.features, bound, dtype=np.float64) for bound in self.bounds))

    def probe(self, size: int, seed: int) -> NDArray[Any]:
        """Return a sample of at most `size` rows, drawn from a stream of its own; all rows if there are no more."""
        if len(self) <= size:
            return np.asarray(self.rows(slice(None)))
        return np.asarray(self.rows(np.sort(stream(seed, "probe").choice(len(self), size=size, replace=False))))


DATASETS = Registry("dataset", Dataset)


def summarise(dataset: Dataset) -> Summary:
    """Read the data once: range of each feature, digest; refuse what cannot be learned from.

    Raises
    ------
    DataError
        If there is no sample or no feature, or a value is NaN or infinite, naming its row and column.
    """
    if not hasattr(dataset, "samples") and type(dataset).rows is Dataset.rows:
        raise DataError(f"{_name(dataset)} has no samples: its constructor must call super().__init__(samples)")
    if len(dataset) < 1 or dataset.features < 1:
        raise DataError(
            f"{_name(dataset)} must have at least one sample and one feature, got {len(dataset)} × {dataset.features}"
        )
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


@functools.lru_cache(maxsize=2)
def _order(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    """Return the order of the samples in an epoch, kept because every batch of the epoch asks for it."""
    order = stream(seed, "order", epoch).permutation(size)
    order.flags.writeable = False
    return order


def _name(dataset: Dataset) -> str:
    return f"dataset {type(dataset).__name__}"
