"""Arrays one after another, in memory or in files, read as one array that is never made."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import read_array
from ksom.errors import DataError
from ksom.mapped_files import MappedFile, mapped_file
from ksom.tables.watched_file import WatchedFile

MAPPED_AT_ONCE = 128
"""Files that are mapped into memory at the same time: a process may have a thousand open."""

Index = slice | NDArray[np.int64]


class Shard(NamedTuple):
    """One of the arrays."""

    name: str
    """What it is called in messages: its file, or "dataset Windows: part 3"."""
    rows: int
    """How many it has."""
    array: NDArray[Any] | None
    """The array itself; None: it is mapped from its file when it is looked at."""
    mapped: MappedFile | None
    """The file that `array` is mapped from; None: it is in memory."""
    watched: WatchedFile | None = None
    """The file that is mapped when it is looked at."""


class Shards:
    """Arrays one after another, read as one array of shape (N, D) that is never made.

    Parameters
    ----------
    arrays : sequence of Path or ndarray of shape (n, D)
        The arrays, at least one: .npy files, which are mapped into memory while they are looked at, in memory, or
        anything else that is indexed by rows and has a `name`. They may have no rows.
    where : str
        What they are, for messages.

    Attributes
    ----------
    parts : list of Shard
        The arrays.
    shape : tuple of int
        (N, D).
    dtype : dtype
        That of all of them.

    Raises
    ------
    DataError
        If a file cannot be read, or an array is of another type or D than the first.
    """

    def __init__(self, arrays: Sequence[Any], where: str) -> None:
        self.parts: list[Shard] = []
        self._array = functools.lru_cache(MAPPED_AT_ONCE)(self._mapped)
        for number, given in enumerate(arrays):
            part, array = _part(given, f"{where}: part {number}")
            if number == 0:
                self.dtype, self._row = array.dtype, array.shape[1:]
            self._require_like_the_first(part.name, array)
            self.parts.append(part)
        self._stops = np.cumsum([part.rows for part in self.parts])
        self._starts: NDArray[np.int64] = self._stops - np.array([part.rows for part in self.parts])
        self.shape: tuple[int, ...] = (int(self._stops[-1]), *self._row)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_array"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._array = functools.lru_cache(MAPPED_AT_ONCE)(self._mapped)

    def __len__(self) -> int:
        return int(self._stops[-1])

    def __getitem__(self, index: Index) -> NDArray[Any]:
        """Return the rows at `index`, slice or array of any shape, as a new array of the shape (*index.shape, D)."""
        rows = np.arange(*index.indices(len(self))) if isinstance(index, slice) else np.asarray(index)
        parts = list(self._parts_of(rows, isinstance(index, slice) and index.step in {None, 1}))
        if len(parts) == 1:
            return self._copied(parts[0][0], parts[0][2]).reshape(*rows.shape, *self._row)
        found = np.empty((*rows.shape, *self._row), self.dtype)
        for number, where, inside in parts:
            found[where] = self._copied(number, inside)
        return found

    def place(self, row: int) -> str:
        """Return where a row of the whole lies: "row 5 of parts/2.npy"."""
        number = int(np.searchsorted(self._stops, row, "right"))
        return f"row {row - self._starts[number]} of {self.parts[number].name}"

    def first_rows(self) -> NDArray[np.int64]:
        """Return the number of the first row of each array, shape (number of arrays,)."""
        return self._starts

    def _parts_of(self, rows: NDArray[np.int64], in_order: bool) -> Iterator[tuple[int, Any, Any]]:
        """Yield for each array that has some of the rows: its number, which of `rows` they are, and which of its."""
        starts = self._starts
        if in_order and rows.size:
            first, last = (int(np.searchsorted(self._stops, row, "right")) for row in (rows[0], rows[-1]))
            for number in range(first, last + 1):
                low, high = max(rows[0], starts[number]), min(rows[-1] + 1, self._stops[number])
                yield number, slice(low - rows[0], high - rows[0]), slice(low - starts[number], high - starts[number])
            return
        if len(self.parts) == 1:
            yield 0, ..., rows
            return
        part_of = np.searchsorted(self._stops, rows, "right")
        for there in np.flatnonzero(np.bincount(part_of.ravel(), minlength=len(self.parts))):
            where = part_of == there
            yield int(there), where, rows[where] - starts[there]

    def _copied(self, number: int, index: Any) -> NDArray[Any]:
        """Return rows of one array as a new one: what is looked at is what is learned."""
        part = self.parts[number]
        if part.watched is not None:
            with part.watched.opened():
                array, file = self._array(number)
                return file.copied(array, index)
        assert part.array is not None  # one or the other
        if part.mapped is None:
            return np.array(part.array[index])
        part.mapped.require_unchanged()
        rows = part.mapped.copied(part.array, index)
        part.mapped.require_unchanged()
        return rows

    def _mapped(self, number: int) -> tuple[NDArray[Any], MappedFile]:
        watched = self.parts[number].watched
        assert watched is not None  # who asks has looked
        array = read_array(watched.absolute)
        file = mapped_file(array)
        assert file is not None  # it was mapped when it was first looked at, and is watched since
        return array, file

    def _require_like_the_first(self, name: str, array: NDArray[Any]) -> None:
        if not array.shape:
            raise DataError(f"{name}: holds a single number, not samples")
        if len(array.shape) != len(self._row) + 1 or array.shape[1:] != self._row or array.dtype != self.dtype:
            told = f"holds {array.dtype} of the shape {array.shape}, {self.parts[0].name} {self.dtype} of the shape "
            raise DataError(f"{name}: {told}{(self.parts[0].rows, *self._row)}; all but the first number must be alike")


def _part(given: Any, name: str) -> tuple[Shard, NDArray[Any]]:
    """Return a part, and its array as it is looked at first."""
    if not isinstance(given, Path):
        rows = len(given) if given.shape else 0
        return Shard(getattr(given, "name", name), rows, given, mapped_file(given)), given
    watched, array = WatchedFile(given), read_array(given)
    rows = len(array) if array.shape else 0
    if isinstance(array, np.memmap):
        return Shard(str(given), rows, None, None, watched), array
    return Shard(str(given), rows, array, None), array
