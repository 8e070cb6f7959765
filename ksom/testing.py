"""For the tests of whoever writes a data set: whether it keeps to what ksom relies on (docs/datasets.md).

>>> import ksom
>>> check_dataset(ksom.RandomColors(20))
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset, Rows
from ksom.errors import ContractError, DataError, quoted
from ksom.method.random_streams import stream
from ksom.part_summary import values_and_weights
from ksom.samples import BLOCK_ROWS, missing_values, sample_weights
from ksom.sparse_rows import SamplesLike, as_rows, in_full

__all__ = ["ContractError", "check_dataset"]

DRAWN = 100
"""Rows that are asked for one by one and out of order, beside the first and the last block."""

Index = slice | NDArray[np.int64]


def check_dataset(dataset: Dataset) -> None:
    """Check that a data set keeps to what ksom relies on; looks at its first and last 4,096 rows and 100 others.

    Parameters
    ----------
    dataset : Dataset
        The data set, best one of a class of your own.

    Raises
    ------
    ContractError
        At the first thing that does not hold: what must hold, what came, what to do. It is an AssertionError.
    """
    where = f"dataset {type(dataset).__name__}"
    if not isinstance(dataset, Dataset):
        raise ContractError(f"{where}: a data set must be an object of a subclass of ksom.Dataset")
    _check_sizes(dataset, where)
    first, last = _ends(len(dataset))
    for index in (first, last):
        _check_rows(dataset, index, where)
    _check_agreement(dataset, where)
    _check_batches(dataset, where)


def _check_sizes(dataset: Dataset, where: str) -> None:
    for name, size in (("len(dataset)", len(dataset)), ("features", dataset.features)):
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ContractError(f"{where}: {name} must be an integer of at least 1, got {quoted(size)}")
    for name, each, size in (("feature_names", "feature", dataset.features), ("labels", "sample", len(dataset))):
        given = getattr(dataset, name)
        if given is not None and len(given) != size:
            told = f"{name} must be one for each of the {size} {each}s, or None, got {len(given)}"
            raise ContractError(f"{where}: {told}; give all of them, or leave it out")


def _check_rows(dataset: Dataset, index: slice, where: str) -> None:
    """Check what some rows are: numbers of the shape (n, D), none infinite, no row without any."""
    rows, asked = _rows(dataset, index), f"rows({index.start}:{index.stop})"
    shape = (index.stop - index.start, dataset.features)
    if rows.shape != shape or rows.dtype.kind not in "biuf":
        raise ContractError(
            f"{where}: {asked} must be numbers of the shape {shape}, one row a sample, got {rows.dtype} of the shape "
            f"{rows.shape}"
        )
    try:
        missing_values(rows, f"{where}, {asked}", index.start, keep=True)
        weights = dataset.weights_of(index)
        if weights is not None and not sample_weights(weights, len(rows), where, index.start).all():
            raise ContractError(f"{where}: weights_of must be above 0; leave samples of weight 0 out of the data set")
    except DataError as error:
        raise ContractError(str(error)) from error


def _check_agreement(dataset: Dataset, where: str) -> None:
    """Check that rows and weights depend on the index only, however they are asked for and whoever writes to them."""
    first, _ = _ends(len(dataset))
    drawn = stream(0, "check").integers(0, len(dataset), size=DRAWN)
    for name, ask in (("rows", dataset.rows), ("weights_of", dataset.weights_of)):
        before = _copied(ask(first)), _copied(ask(drawn))
        by_index = _copied(ask(np.arange(first.stop)))
        if not _same(before[0], by_index):
            told = f"{name}(slice(0, {first.stop})) must equal {name}(numpy.arange({first.stop})), but differs"
            raise ContractError(f"{where}: {told}; take an index as numpy does")
        one_by_one = [_copied(ask(slice(int(row), int(row) + 1))) for row in drawn]
        if not all(_same(_at(before[1], place), one) for place, one in enumerate(one_by_one)):
            told = f"{name}(index) must be the samples at `index` in its order, repeated ones too, but differs"
            raise ContractError(f"{where}: {told} from asking for them one by one")
        if not (_same(_copied(ask(drawn)), before[1]) and _same(_copied(ask(first)), before[0])):
            told = f"{name}(index) must depend on `index` only, but was another when asked again"
            raise ContractError(f"{where}: {told}; draw from a generator that is made anew from the index, or once")
    _check_types(dataset, drawn, where)
    _check_copies(dataset, first, where)


def _check_types(dataset: Dataset, drawn: NDArray[np.int64], where: str) -> None:
    kinds = {_rows(dataset, index).dtype for index in (*_ends(len(dataset)), drawn)}
    if len(kinds) > 1:
        told = f"rows must always be of one type, got {' and '.join(sorted(map(str, kinds)))}"
        raise ContractError(f"{where}: {told}; return rows.astype(numpy.float32)")


def _check_copies(dataset: Dataset, index: slice, where: str) -> None:
    """Check that writing to rows does not change the data; those of Dataset itself are nobody's to write to."""
    rows = dataset.rows(index)
    if type(dataset).rows is Dataset.rows or not isinstance(rows, np.ndarray) or not rows.flags.writeable:
        return
    before = rows.copy()
    rows[:] = ~rows if rows.dtype.kind == "b" else rows + 1
    after = _copied(dataset.rows(index))
    if not _same(before, after):
        if np.shares_memory(rows, dataset.rows(index)):
            rows[:] = before
        told = "rows must be a copy, or read-only: the data changed when a returned array was written to"
        raise ContractError(f"{where}: {told}; return rows.copy()")


def _check_batches(dataset: Dataset, where: str) -> None:
    """Check that what an iteration shows depends on the arguments only, in blocks of a bearable size."""
    for shuffle in (False, True):
        how: dict[str, Any] = {"batch_size": max(1, min(1000, len(dataset)) // 2), "shuffle": shuffle, "seed": 1}
        before = _shown(dataset.batch(3, **how), dataset, where)
        _shown(dataset.batch(0, **{**how, "seed": 2}), dataset, where)
        if not _same(before, _shown(dataset.batch(3, **how), dataset, where)):
            told = "batch(iteration, …) must depend on its arguments only, but was another when asked again"
            raise ContractError(f"{where}: {told}; make a generator in it, from seed and iteration")


def _shown(blocks: Iterable[Rows], dataset: Dataset, where: str) -> NDArray[Any]:
    shown = []
    for block in blocks:
        rows = in_full(as_rows(values_and_weights(block)[0], where))
        if rows.ndim != 2 or rows.shape[1] != dataset.features or not 0 < len(rows) <= BLOCK_ROWS:
            told = f"the blocks of a batch must have the shape (1 to {BLOCK_ROWS}, {dataset.features})"
            raise ContractError(f"{where}: {told}, got {rows.shape}; yield smaller pieces, one after another")
        shown.append(rows.copy())
    if not shown:
        raise ContractError(f"{where}: a batch must show at least one sample; batch(iteration, …) gave none")
    return np.concatenate(shown)


def _ends(size: int) -> tuple[slice, slice]:
    return slice(0, min(size, BLOCK_ROWS)), slice(max(0, size - BLOCK_ROWS), size)


def _rows(dataset: Dataset, index: Index) -> NDArray[Any]:
    return _copied(dataset.rows(index))


def _copied(rows: SamplesLike | None) -> NDArray[Any]:
    """Return rows or weights as an array of one's own; of weights that are not there an empty one."""
    return np.array([] if rows is None else in_full(as_rows(rows, "rows")))


def _at(values: NDArray[Any], place: int) -> NDArray[Any]:
    return values[place : place + 1] if len(values) else values


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
