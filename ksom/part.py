"""Some rows of a data set, such as those that are held out: not learned from, to try the map on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.dataset import Dataset
from ksom.errors import ParameterError
from ksom.method.random_streams import stream
from ksom.samples import BLOCK_ROWS
from ksom.sparse_rows import SamplesLike, in_full


class Part(Dataset):
    """Some rows of a data set, in their order; read from it when they are asked for.

    Parameters
    ----------
    whole : Dataset
        The data set.
    index : ndarray of int64, shape (n,)
        Numbers of the rows, ascending.
    """

    def __init__(self, whole: Dataset, index: NDArray[np.int64]) -> None:
        self.whole, self.index = whole, index
        self.bounds, self.feature_names, self.encoding = whole.bounds, whole.feature_names, whole.encoding
        self.units = whole.units
        self.labels = None if whole.labels is None else whole.labels[index]

    def __len__(self) -> int:
        return len(self.index)

    @property
    def features(self) -> int:
        """The number of features, D."""
        return self.whole.features

    def rows(self, index: slice | NDArray[np.int64]) -> SamplesLike:
        """Return the samples at `index` of the part; see `Dataset.rows`."""
        return self.whole.rows(self.index[index])

    def weights_of(self, index: slice | NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return how much the samples at `index` of the part count; see `Dataset.weights_of`."""
        return self.whole.weights_of(self.index[index])

    def names_of(self, index: slice | NDArray[np.int64]) -> NDArray[Any] | None:
        """Return what the samples at `index` of the part are called; see `Dataset.names_of`."""
        return self.whole.names_of(self.index[index])

    def place(self, row: int) -> str:
        """Return where a sample came from, by its number in the whole data set; see `Dataset.place`."""
        return self.whole.place(int(self.index[row]))

    def cell(self, row: int, feature: int, value: float) -> str:
        """Return which value of which sample is wrong; see `Dataset.cell`."""
        return self.whole.cell(int(self.index[row]), feature, value)


def with_values(dataset: Dataset) -> Dataset:
    """Return the rows of a data set that have at least one value."""
    blocks = (in_full(dataset.rows(slice(start, start + BLOCK_ROWS))) for start in range(0, len(dataset), BLOCK_ROWS))
    has_value = np.concatenate([~np.isnan(block).all(axis=1) for block in blocks])
    return dataset if has_value.all() else Part(dataset, np.flatnonzero(has_value))


def held_out(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Part | None]:
    """Return what is learned from, and the part of a data set that is held out; with a share of 0 all of it, and None.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    share : float
        Share of its rows, from 0 to 1, rounded to a number of rows.
    seed : int
        Which rows, drawn from a random stream of their own: it depends on the seed and the number of rows only.

    Raises
    ------
    ParameterError
        If it is no such share, no row is left on one of the sides, or the data set shows what it makes.
    """
    if require_number("hold_out", share, at_least=0, at_most=1) == 0:
        return dataset, None
    if type(dataset).batch is not Dataset.batch:
        told = f"be 0 where a data set makes new samples in every iteration, as {type(dataset).__name__} does"
        raise ParameterError("hold_out", told, share)
    rows, held = len(dataset), round(share * len(dataset))
    if not 0 < held < rows:
        raise ParameterError("hold_out", f"hold out at least one of {rows} samples, and not all", share)
    is_held = np.zeros(rows, dtype=np.bool_)
    is_held[stream(seed, "hold out").choice(rows, size=held, replace=False, shuffle=False)] = True
    return Part(dataset, np.flatnonzero(~is_held)), Part(dataset, np.flatnonzero(is_held))
