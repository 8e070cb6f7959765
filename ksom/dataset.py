"""Data sets: N samples of D features that come in blocks of rows, never as one array that must fit in memory."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.array_files import MappedFile, mapped_file
from ksom.columns import column_names
from ksom.method.random_streams import stream
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import BLOCK_ROWS, as_samples


class SameBlocks(tuple[NDArray[Any], ...]):
    """The blocks of a batch that every iteration shows and nobody changes: they need to be looked at only once."""


class Dataset:
    """Samples to learn from.

    A subclass passes its samples to this constructor. One whose samples are not in an array overrides `__len__`,
    `features` and `rows`; one that makes new samples in every iteration, `batch` as well.

    In an experiment, the constructor's arguments are the keys of DATASET. A relative path that is given to an argument
    called `path`, or whose name ends in `_path`, is looked for beside the YAML file, then in the current folder.

    Parameters
    ----------
    samples : array_like of shape (N, D), or a table with named columns, such as a DataFrame
        The samples, data units. Not copied; an array that is mapped from a file is read block by block, and the file
        must stay as it is.

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
    feature_names: tuple[str, ...] | None = None
    """What the features are called, if they came as a table's columns."""
    _file: MappedFile | None = None

    def __init__(self, samples: ArrayLike) -> None:
        self.feature_names = column_names(samples)
        self.samples = as_samples(samples, f"dataset {type(self).__name__}")
        self._file = mapped_file(self.samples)

    def __repr__(self) -> str:
        return as_call(self)

    def __len__(self) -> int:
        return int(self.samples.shape[0])

    @property
    def features(self) -> int:
        """The number of features, D."""
        return int(self.samples.shape[1])

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples at `index`, shape (n, D); what it returns depends on `index` only.

        Raises
        ------
        DataError
            If the samples are mapped from a file that has been written to.
        """
        if self._file is None:
            return np.asarray(self.samples[index])
        self._file.require_unchanged()
        rows = np.array(self.samples[index])  # a copy: what is looked at is what is learned
        self._file.require_unchanged()
        return rows

    def samples_per_iteration(self, batch_size: int) -> int:
        """Return how many samples an iteration shows; the last one of an epoch may show fewer."""
        return min(batch_size or len(self), len(self))

    def batch(
        self, iteration: int, *, batch_size: int = 0, shuffle: bool = False, seed: int = 0
    ) -> Iterable[NDArray[Any]]:
        """Return the samples that one iteration shows, in blocks of at most 4,096 rows.

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
        per_batch = self.samples_per_iteration(batch_size)
        if not shuffle and per_batch == size <= BLOCK_ROWS and self._is_in_memory():
            return SameBlocks((np.asarray(self.rows(slice(None))),))
        epoch, number = divmod(iteration, -(-size // per_batch))
        rows = range(number * per_batch, min((number + 1) * per_batch, size))
        return self._blocks(rows, _order(seed, epoch, size) if shuffle else None)

    def blocks(self) -> Iterable[NDArray[Any]]:
        """Return all samples in their own order, in blocks of at most 4,096 rows."""
        return self._blocks(range(len(self)))

    def _is_in_memory(self) -> bool:
        return isinstance(getattr(self, "samples", None), np.ndarray) and self._file is None

    def _blocks(self, rows: range, order: NDArray[np.int64] | None = None) -> Iterator[NDArray[Any]]:
        for start in rows[::BLOCK_ROWS]:
            stop = min(start + BLOCK_ROWS, rows.stop)
            yield np.asarray(self.rows(slice(start, stop) if order is None else order[start:stop]))


DATASETS = Registry("dataset", Dataset)


@functools.lru_cache(maxsize=2)
def _order(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    """Return the order of the samples in an epoch, kept because every batch of the epoch asks for it."""
    order = stream(seed, "order", epoch).permutation(size)
    order.flags.writeable = False
    return order
