"""Data sets: N samples of D features that come in blocks of rows, never as one array that must fit in memory."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.columns import column_names
from ksom.encoding import Encoding
from ksom.errors import DataError
from ksom.mapped_files import MappedFile, mapped_file
from ksom.method.random_streams import stream
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import BLOCK_ROWS, Block, RowNumbers, as_samples, sample_weights
from ksom.sparse_rows import SamplesLike, as_rows

Rows = SamplesLike | Block
"""Samples of shape (n, D); those that have weights come as a `Block` with them."""


class SameBlocks(tuple[Rows, ...]):
    """The blocks of a batch that every iteration shows and nobody changes: they need to be looked at only once."""


class Dataset:
    """Samples to learn from.

    A subclass passes its samples to this constructor. One whose samples are not in an array overrides `__len__`,
    `features` and `rows`, and `weights_of` if they have weights; one that makes new samples in every iteration, `batch`
    as well. NaN, a masked value of numpy's and an NA of a table stand for a missing value.

    In an experiment, the constructor's arguments are the keys of DATASET. A relative path that is given to an argument
    called `path`, or whose name ends in `_path`, is looked for beside the YAML file, then in the current folder; so is
    a pattern such as `parts/*.npy`, and each path of a list.

    Parameters
    ----------
    samples : array_like of shape (N, D), a table with named columns, such as a DataFrame, or a sparse matrix
        The samples, data units. Not copied; an array that is mapped from a file is read block by block, and the file
        must stay as it is. A sparse matrix of scipy's is kept as CSR: never in full.
    weights : array_like of shape (N,), optional
        How much each sample counts, 0 or from 1e-30 to 1e30: a sample of weight 2 like the sample twice. A sample of
        weight 0 is as if it were not there: nothing counts, shows or draws it. A class with `rows` of its own leaves
        such samples out itself.

    Raises
    ------
    DataError
        If the samples are not a two-dimensional array of numbers with at least one sample and one feature, or the
        weights are not such numbers, one for each sample, or all 0.

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
    labels: NDArray[np.str_] | None = None
    """The class of each sample, shape (N,), where they are known; nothing learns from them. None: unknown."""
    encoding: Encoding | None = None
    """How the columns of a table became the features; None: they are the columns, or came from no table."""
    units: Mapping[str, str] | None = None
    """What the columns of a table are measured in, where that is known."""
    _file: MappedFile | None = None

    weights: NDArray[np.float64] | None = None
    """How much each of the samples counts, as given; None: all alike."""
    _counting: NDArray[np.int64] | None = None
    """The rows whose weight is not 0; None: all."""

    def __init__(self, samples: ArrayLike, weights: ArrayLike | None = None) -> None:
        where = f"dataset {type(self).__name__}"
        names = column_names(samples)
        if names is not None:  # a class may say them for all its objects
            self.feature_names = names
        self.samples = as_samples(samples, where)
        self._file = mapped_file(self.samples)
        if weights is not None:
            self.weights = sample_weights(weights, len(self.samples), where)
            self._counting = _counting(self.weights, where) if type(self).rows is Dataset.rows else None

    def __repr__(self) -> str:
        return as_call(self)

    def __len__(self) -> int:
        return int(self.samples.shape[0]) if self._counting is None else len(self._counting)

    @property
    def features(self) -> int:
        """The number of features, D."""
        return int(self.samples.shape[1])

    def rows(self, index: slice | NDArray[np.int64]) -> SamplesLike:
        """Return the samples at `index`, shape (n, D), not counting those of weight 0; depends on `index` only.

        Raises
        ------
        DataError
            If the samples are mapped from a file that has been written to.
        """
        index = self._counted(index)
        if self._file is None:
            return as_rows(self.samples[index], f"dataset {type(self).__name__}")
        self._file.require_unchanged()
        rows = self._file.copied(self.samples, index)  # what is looked at is what is learned
        self._file.require_unchanged()
        return rows

    def weights_of(self, index: slice | NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return how much the samples at `index` count, shape (n,), > 0; None, always: all alike."""
        return None if self.weights is None else self.weights[self._counted(index)]

    def names_of(self, index: slice | NDArray[np.int64]) -> NDArray[Any] | None:
        """Return what the samples at `index` are called in answers, shape (n,); None, always: by their numbers."""
        return None

    def place(self, row: int) -> str:
        """Return where the sample of this number came from, for messages: "row 5", or a file and the line in it."""
        return f"row {row}"

    def cell(self, row: int, feature: int, value: float) -> str:
        """Return which value of which sample is wrong, for messages: "row 5, column 3 is nan"."""
        return RowNumbers(self.feature_names).cell(row, feature, value)

    def samples_per_iteration(self, batch_size: int) -> int:
        """Return how many samples an iteration shows; the last one of an epoch may show fewer."""
        return min(batch_size or len(self), len(self))

    def batch(self, iteration: int, *, batch_size: int = 0, shuffle: bool = False, seed: int = 0) -> Iterable[Rows]:
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
        if not shuffle and self.samples_per_iteration(batch_size) == size <= BLOCK_ROWS and self._is_in_memory():
            return SameBlocks((self._some(slice(None)),))
        epoch, rows = self.rows_shown(iteration, batch_size)
        return self.of_epoch(epoch, rows, shuffle=shuffle, seed=seed)

    def rows_shown(self, iteration: int, batch_size: int = 0) -> tuple[int, range]:
        """Return the epoch of an iteration, and which of the epoch's rows, in its order, `batch` shows."""
        size, per_batch = len(self), self.samples_per_iteration(batch_size)
        epoch, number = divmod(iteration, -(-size // per_batch))
        return epoch, range(number * per_batch, min((number + 1) * per_batch, size))

    def piece(
        self,
        iteration: int,
        start: int,
        stop: int | None = None,
        *,
        batch_size: int = 0,
        shuffle: bool = False,
        seed: int = 0,
    ) -> Iterable[Rows]:
        """Return the samples start … stop − 1 of those that `batch` shows, in blocks, without reading the others.

        For who goes on in the middle of an iteration, and for who does a part of it. Not of a class with a `batch` of
        its own: what that shows is known from its beginning only.
        """
        epoch, rows = self.rows_shown(iteration, batch_size)
        return self.of_epoch(epoch, rows[start:stop], shuffle=shuffle, seed=seed)

    def of_epoch(self, epoch: int, rows: range, *, shuffle: bool = False, seed: int = 0) -> Iterable[Rows]:
        """Return the samples at these places of an epoch's order, in blocks; not of a class with a `batch` of its own.

        For who shows several batches of few samples one after another, and reads them together.
        """
        return self._blocks(rows, _order(seed, epoch, len(self)) if shuffle else None)

    def blocks(self) -> Iterable[Rows]:
        """Return all samples in their own order, in blocks of at most 4,096 rows."""
        return self._blocks(range(len(self)))

    def blocks_between(self, start: int, stop: int) -> Iterable[Rows]:
        """Return the samples start … stop − 1 in their own order, in blocks; of a class without `blocks` of its own."""
        return self._blocks(range(len(self))[start:stop])

    def _is_in_memory(self) -> bool:
        return isinstance(getattr(self, "samples", None), np.ndarray) and self._file is None

    def _blocks(self, rows: range, order: NDArray[np.int64] | None = None) -> Iterator[Rows]:
        for start in rows[::BLOCK_ROWS]:
            stop = min(start + BLOCK_ROWS, rows.stop)
            yield self._some(slice(start, stop) if order is None else order[start:stop])

    def _some(self, index: slice | NDArray[np.int64]) -> Rows:
        values, weights = as_rows(self.rows(index), f"dataset {type(self).__name__}"), self.weights_of(index)
        return values if weights is None else Block(values, weights=weights)

    def _counted(self, index: slice | NDArray[np.int64]) -> slice | NDArray[np.int64]:
        return index if self._counting is None else self._counting[index]


def _counting(weights: NDArray[np.float64], where: str) -> NDArray[np.int64] | None:
    """Return the rows whose weight is not 0; None: all."""
    if not weights.any():
        raise DataError(f"{where}: all weights are zero, so there is nothing to learn from")
    return None if weights.all() else np.flatnonzero(weights)


DATASETS = Registry("dataset", Dataset)


@functools.lru_cache(maxsize=2)
def _order(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    """Return the order of the samples in an epoch, kept because every batch of the epoch asks for it."""
    order = stream(seed, "order", epoch).permutation(size)
    order.flags.writeable = False
    return order
