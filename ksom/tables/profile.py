"""What is in the columns of a table: one pass over its rows, in bounded memory, however many there are."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.random_streams import stream
from ksom.tables.kinds import OTHER, TEXT
from ksom.tables.source import TableSource

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DIFFERENT = 10_000
"""Different values of a column that are told apart; of more it is known that they are more."""

DRAWN = 10_000
"""Rows that are drawn by chance, for quartiles and for comparing columns; fewer of very wide tables."""

MOST_DRAWN = 2**23
"""Values that are drawn, at most."""


@dataclass
class ColumnProfile:
    """What is in one column."""

    name: str
    kind: str
    """As `TableSource.kind` has it."""
    rows: int = 0
    missing: int = 0
    """Values that are null or NaN."""
    infinite: int = 0
    low: float = np.inf
    """The least number that is finite; infinite if there is none."""
    high: float = -np.inf
    mean: float = 0.0
    """Of the finite numbers."""
    is_whole: bool = True
    """Whether all numbers are integers."""
    rises: bool = True
    """Whether each number is larger than the one before."""
    values: Counter[Any] = field(default_factory=Counter)
    """How often each value is there, as long as there are no more than `MOST_DIFFERENT`."""
    is_counted: bool = True
    """Whether `values` has all of them."""
    all_differ: bool = True
    """Whether no value was there twice among those that were told apart."""
    digest: str = ""
    """Of the numbers, in order: columns of the same one are the same."""
    drawn: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """The numbers in the rows that were drawn, NaN where missing; the same rows for all columns."""

    @property
    def different(self) -> int:
        """How many different values there are; `MOST_DIFFERENT` or more if they were not counted."""
        return len(self.values)

    @property
    def is_constant(self) -> bool:
        """Whether it has one value in all rows that have one."""
        return self.is_counted and len(self.values) == 1


@dataclass
class TableProfile:
    """What is in a table."""

    rows: int
    columns: list[ColumnProfile]
    """In the table's order."""


def profile(source: TableSource) -> TableProfile:
    """Read a table once, and tell what is in it.

    Raises
    ------
    DataError
        Naming what cannot be read.
    """
    columns = {name: ColumnProfile(name, source.kind(name)) for name in source.column_names}
    texts = [name for name, column in columns.items() if column.kind == TEXT]
    numbers = [name for name, column in columns.items() if column.kind not in {TEXT, OTHER}]
    readings = {name: _Numbers(columns[name]) for name in numbers}
    drawn = _Drawn(len(numbers))
    rows = 0
    for piece in source.batches(numbers, texts or ([] if numbers else [source.column_names[0]])):
        values = {name: _floats(piece.columns.column(name)) for name in numbers}
        for name in numbers:
            readings[name].add(values[name])
        for name in texts:
            _add_texts(columns[name], piece.columns.column(name))
        drawn.add(values)
        rows += piece.columns.num_rows
    for number, name in enumerate(numbers):
        readings[name].finish()
        columns[name].drawn = drawn.of(number)
    return TableProfile(rows, list(columns.values()))


class _Numbers:
    """The numbers of a column, some at a time."""

    def __init__(self, column: ColumnProfile) -> None:
        self._column, self._digest = column, hashlib.blake2b(digest_size=16)
        self._last, self._sum, self._finite = -np.inf, 0.0, 0

    def add(self, values: NDArray[np.float64]) -> None:
        column = self._column
        self._digest.update(values.tobytes())
        there = values[~np.isnan(values)]
        finite = there[np.isfinite(there)]
        column.rows += len(values)
        column.missing += len(values) - len(there)
        column.infinite += len(there) - len(finite)
        _count(column, *np.unique(there, return_counts=True))
        if len(finite):
            column.low, column.high = min(column.low, float(finite.min())), max(column.high, float(finite.max()))
            column.is_whole = column.is_whole and bool((finite == np.floor(finite)).all())
            column.rises = column.rises and bool((np.diff(finite, prepend=self._last) > 0).all())
            self._last = float(finite[-1])
            with np.errstate(over="ignore"):
                self._sum += float(finite.sum())
            self._finite += len(finite)

    def finish(self) -> None:
        self._column.mean = self._sum / self._finite if self._finite else np.nan
        self._column.digest = self._digest.hexdigest()


class _Drawn:
    """Rows that are drawn by chance, all with the same probability, as the table goes by."""

    def __init__(self, columns: int) -> None:
        self._most = max(100, min(DRAWN, MOST_DRAWN // max(1, columns)))
        self._chance = stream(0, "inspection")
        self._keys = np.empty(0)
        self._rows = np.empty((0, columns))

    def add(self, values: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep the rows with the least random keys."""
        if not values:
            return
        columns = list(values.values())
        keys = self._chance.random(len(columns[0]))
        new = (
            np.sort(np.argpartition(keys, self._most)[: self._most]) if len(keys) > self._most else np.arange(len(keys))
        )
        rows = np.concatenate([self._rows, np.stack([column[new] for column in columns], axis=1)])
        keys = np.concatenate([self._keys, keys[new]])
        kept = np.sort(np.argsort(keys)[: self._most])
        self._keys, self._rows = keys[kept], rows[kept]

    def of(self, number: int) -> NDArray[np.float64]:
        return self._rows[:, number]


def _add_texts(column: ColumnProfile, values: "pa.Array") -> None:
    column.rows += len(values)
    column.missing += values.null_count
    found = values.drop_null().value_counts()
    _count(column, found.field(0).to_pylist(), found.field(1).to_pylist())


def _count(column: ColumnProfile, values: Any, times: Any) -> None:
    """Count values, each of which is there once among these, until there are too many different ones."""
    if not column.is_counted:
        return
    pairs = dict(zip(list(values)[:MOST_DIFFERENT], list(times), strict=False))
    column.all_differ = column.all_differ and all(n == 1 and value not in column.values for value, n in pairs.items())
    column.values.update(pairs)
    column.is_counted = len(column.values) < MOST_DIFFERENT


def _floats(column: "pa.Array") -> NDArray[np.float64]:
    numbers: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)
