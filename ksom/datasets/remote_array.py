"""An array in an .npy file that has an address: no more of it is read than is looked at, and a bit ahead."""

import io
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import LONGEST_HEADER, header_of
from ksom.datasets.shards import Index
from ksom.errors import DataError
from ksom.remote_files import BLOCK, RemoteFile

WINDOWS = 8
"""Pieces of files that a process keeps, each of `BLOCK` bytes or one row: what is read next is in one of them."""

NEAR = 2**16
"""Bytes that are rather read than left out between two rows."""


class RemoteArray:
    """The array in an .npy file that has an address, read as one that is never made.

    Rows one after another are read `BLOCK` bytes at a time. Rows here and there are asked for all at the same time.

    Parameters
    ----------
    file : RemoteFile
        The file.

    Attributes
    ----------
    name : str
        What it is called in messages.
    shape : tuple of int
    dtype : dtype

    Raises
    ------
    DataError
        If it is no such file, or holds its array column by column.
    StoreAway
        If the store does not answer now.
    """

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.name = str(file)
        start = io.BytesIO(file.ranges([0], [min(file.size, LONGEST_HEADER)])[0])
        header = header_of(start, self.name, file.size)
        if header.order == "F" and len(header.shape) > 1 and min(header.shape) > 1:
            told = "holds its array column by column, so that a row is everywhere in it"
            raise DataError(f"{self.name}: {told}; save np.ascontiguousarray(array)")
        self._begin, self.shape, self.dtype = start.tell(), header.shape, header.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Index) -> NDArray[Any]:
        """Return the rows at `index`, slice or array of any shape, as a new array of the shape (*index.shape, …)."""
        if isinstance(index, slice) and index.step in {None, 1}:
            start, stop, _ = index.indices(len(self))
            return self._in_a_row(start, max(start, stop))
        rows = np.arange(len(self))[index]
        if not rows.size:
            return np.empty((*rows.shape, *self.shape[1:]), self.dtype)
        different, which = np.unique(rows, return_inverse=True)
        return self._here_and_there(different)[which.reshape(rows.shape)]

    @property
    def _row_size(self) -> int:
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def _in_a_row(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows start … stop − 1, and keep some of those after them."""
        known = _KEPT.get(self._file, start, stop)
        if known is None:
            ahead = max(stop, min(len(self), start + BLOCK // max(1, self._row_size)))
            known = _Window(start, self._read([start], [ahead]))
            if known.rows.nbytes <= BLOCK:
                _KEPT.keep(self._file, known)
        return known.rows[start - known.first : stop - known.first].copy()

    def _here_and_there(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return rows whose numbers rise."""
        known = _KEPT.get(self._file, int(rows[0]), int(rows[-1]) + 1)
        if known is not None:
            return known.rows[rows - known.first]
        breaks = np.flatnonzero(np.diff(rows) * self._row_size > NEAR + self._row_size) + 1
        runs = np.split(rows, breaks)
        begins, ends = [int(run[0]) for run in runs], [int(run[-1]) + 1 for run in runs]
        lengths = np.subtract(ends, begins)
        before = np.cumsum(lengths) - lengths - begins  # what a row's number becomes among what was read
        return self._read(begins, ends)[rows + np.repeat(before, [len(run) for run in runs])]

    def _read(self, begins: list[int], ends: list[int]) -> NDArray[Any]:
        """Return the rows of some ranges, one after another."""
        size, shape = self._row_size, (sum(ends) - sum(begins), *self.shape[1:])
        if not size or not shape[0]:
            return np.empty(shape, self.dtype)
        read = self._file.ranges(*([self._begin + size * row for row in some] for some in (begins, ends)))
        return np.frombuffer(b"".join(read), self.dtype).reshape(shape)


class _Window(NamedTuple):
    """Rows one after another that were read."""

    first: int
    rows: NDArray[Any]


class _Kept:
    """The last windows that were read of any file, by what the file was then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[Any, ...], _Window] = OrderedDict()

    def get(self, file: RemoteFile, start: int, stop: int) -> _Window | None:
        """Return the window that has the rows start … stop − 1."""
        with self._lock:
            found = self._windows.get(file.key)
            if found is None or not found.first <= start <= stop <= found.first + len(found.rows):
                return None
            self._windows.move_to_end(file.key)
            return found

    def keep(self, file: RemoteFile, window: _Window) -> None:
        with self._lock:
            self._windows[file.key] = window
            self._windows.move_to_end(file.key)
            while len(self._windows) > WINDOWS:
                self._windows.popitem(last=False)


_KEPT = _Kept()
