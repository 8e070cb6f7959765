"""Arrays that are mapped from files: files that must stay as they are, and that another process can map as well."""

import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import open_data
from ksom.errors import DataError
from ksom.seen_files import SeenFile

LARGE = 2**25
"""Bytes from which on a mapped file is let go of: a smaller one may stay, and is at hand when it is read again."""

REGION = 2**26
"""Bytes of a mapped file in which rows here and there are read before they are let go of: the system may map 2 MiB for
a single row, and so all of a file for a thousand of them."""


class MappedFile:
    """A file that an array is mapped from, which must stay as it is: its end could vanish under the array.

    Parameters
    ----------
    path : str
        The file.
    size : int
        Bytes that it must have.
    mapping : mmap
        What it is mapped by.
    """

    def __init__(self, path: str, size: int, mapping: mmap.mmap) -> None:
        self.path = path
        self._size = size
        self._mapping = mapping
        self._before = self._state()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as what it was when it was looked at first."""
        if self._before is None:
            raise DataError(f"{self.path}: was moved away while it was read; begin anew")
        return _mapped_again, (SeenFile(os.path.abspath(self.path), *self._before[2:]), self._size)  # noqa: PTH100 (Path.absolute leaves ".." in)

    def require_unchanged(self, *, may_be_another: bool = True) -> None:
        """Refuse to go on if the file has been written to.

        Parameters
        ----------
        may_be_another : bool
            Whether another file of its name does no harm, or none: while the array keeps the one that it was mapped
            from; not where it is mapped again.

        Raises
        ------
        DataError
            Naming the file.
        """
        now, before = self._state(), self._before
        is_same = bool(now and before and now[:2] == before[:2])
        is_whole = now == before and now is not None and now[2] >= self._size
        if not is_whole and (is_same or not may_be_another):
            raise DataError(f"{self.path}: was written to while it was read; let nothing change it, and begin anew")

    def let_go(self) -> None:
        """Do without the memory of what was read: the system keeps it as long as nobody needs the room.

        Else a walk through a file would seem to take, and in a container would take, as much memory as the file.
        """
        if self._size >= LARGE and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def copied(self, array: NDArray[Any], index: Any) -> NDArray[Any]:
        """Return the rows of what is mapped at `index` as a new array, and let go of what was mapped for them.

        Parameters
        ----------
        array : ndarray of shape (N, …)
            What is mapped.
        index : slice, or ndarray of int of any shape
            Which rows.
        """
        if isinstance(index, slice) or self._size < LARGE:
            rows = np.array(array[index])
            self.let_go()
            return rows
        rows, wanted = np.empty((index.size, *array.shape[1:]), array.dtype), index.reshape(-1)
        in_order = np.argsort(wanted, kind="stable")
        regions = wanted[in_order] // max(1, REGION // max(1, array[:1].nbytes))
        for some in np.split(in_order, np.flatnonzero(np.diff(regions)) + 1):
            rows[some] = array[wanted[some]]
            self.let_go()
        return rows.reshape(*index.shape, *array.shape[1:])

    def _state(self) -> tuple[int, int, int, int] | None:
        try:
            found = Path(self.path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def mapped_file(array: Any) -> MappedFile | None:
    """Return the file that an array is mapped from, None if it is in memory."""
    mapped, mapping = _mapped_whole(array)
    if mapped is None or mapping is None:
        return None
    return MappedFile(str(mapped.filename), mapped.offset + mapped.nbytes, mapping)


class InFile(NamedTuple):
    """Where in a file the values of an array lie: all that another process needs to map them."""

    file: SeenFile
    offset: int
    """Bytes before the first value."""
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """Bytes from one value to the next, along each axis."""
    is_writable: bool = False
    """Whether the array may be written to in memory; its file never is."""

    @classmethod
    def of(cls, array: NDArray[Any]) -> "InFile | None":
        """Return where the values of an array lie; None: in memory, or in a file that has no name.

        Raises
        ------
        OSError
            If the file is not there any more.
        """
        mapped, _ = _mapped_whole(array)
        if mapped is None or mapped.mode == "c":  # what was written to that is in memory only
            return None
        first, here = (each.__array_interface__["data"][0] for each in (mapped, array))
        place = mapped.offset + here - first
        return cls(SeenFile.of(str(mapped.filename)), place, array.dtype, array.shape, array.strides)

    def opened(self, kind: type[NDArray[Any]] = np.memmap) -> NDArray[Any]:
        """Return the array, mapped into memory: as one that knows its file, or as a plain one.

        Raises
        ------
        DataError
            If this process does not see the file as it was.
        """
        mapping = _private_mapping(self.file) if self.is_writable else _mapping(self.file)
        array = np.ndarray.__new__(kind, self.shape, self.dtype, mapping, self.offset, self.strides)
        if isinstance(array, np.memmap):
            array.filename, array.offset, array.mode = self.file.path, self.offset, "r"
        return array


_MAPPINGS: "weakref.WeakValueDictionary[SeenFile, mmap.mmap]" = weakref.WeakValueDictionary()
"""What came from another process is mapped once, for the arrays in a file and for who lets go of it."""


def _mapping(file: SeenFile) -> mmap.mmap:
    found = _MAPPINGS.get(file)
    if found is None:
        with _same(file) as there:
            found = _MAPPINGS[file] = mmap.mmap(there.fileno(), 0, access=mmap.ACCESS_READ)
    return found


def _private_mapping(file: SeenFile) -> mmap.mmap:
    with _same(file) as there:
        return mmap.mmap(there.fileno(), 0, access=mmap.ACCESS_COPY)


@contextmanager
def _same(file: SeenFile) -> Iterator[IO[bytes]]:
    file.require_same_here()
    with open_data(file.path) as there:
        yield there


def _mapped_again(file: SeenFile, size: int) -> MappedFile:
    return MappedFile(file.path, size, _mapping(file))


def _mapped_whole(array: Any) -> "tuple[np.memmap[Any, Any], mmap.mmap] | tuple[None, None]":
    """Return the array that was mapped from a file with a name, of which this one is a part, and its mapping."""
    mapped = None
    while isinstance(array, np.ndarray):
        mapped = array if isinstance(array, np.memmap) else mapped
        array = array.base
    if mapped is None or not isinstance(array, mmap.mmap) or mapped.filename is None:
        return None, None
    return mapped, array
