"""Arrays in .npy and .npz files: no pickle, damage noticed, large ones mapped into memory rather than read."""

import io
import math
import os
import warnings
import zipfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.archive import ALIGNMENT, place_of
from ksom.errors import DataError, KsomError, quoted
from ksom.masking import masked
from ksom.memory import available_memory
from ksom.regular_files import open_regular
from ksom.remote_files import was_address

MAGIC_NPY, MAGIC_ZIP = b"\x93NUMPY", b"PK"

LONGEST_HEADER = 2**14
"""Bytes in which the header of an array must end; numpy reads none of more than 10,000 characters."""

CHUNK = 2**20
"""Bytes that are unpacked at a time."""

MAPPED_FROM = 2**26
"""Bytes of an array in an .npz file from which on it may be mapped: a smaller one is read in 0.1 s."""


class DamagedFile(DataError):
    """A file whose contents are not what a file of its kind holds."""


def read_array(path: str | Path, key: str | None = None) -> NDArray[Any]:
    """Return the array in a file.

    Parameters
    ----------
    path : str or Path
        An .npy file, which is mapped into memory, read-only; or an .npz file.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.

    Raises
    ------
    DataError
        If the file is not there, not such a file, holds Python objects, does not hold that array, or is larger than
        the memory.
    DamagedFile
        If its contents do not fit together.
    """
    with open_data(path) as file, _telling_damage(path):
        if file.read(len(MAGIC_NPY)) == MAGIC_NPY:
            return _mapped(file)
        archive = _archive(path, file)
        names = _names(archive)
        chosen = names[0] if len(names) == 1 and key is None else key
        if chosen not in names:
            held = f"holds the arrays {', '.join(names)}"
            raise DataError(f"{path}: {held}; name the one that is meant (got {quoted(key)})")
        return _member(path, file, archive, chosen)


def read_arrays(path: str | Path, mapped: Container[str] = ()) -> dict[str, NDArray[Any]]:
    """Return all arrays of an .npz file, by name.

    Parameters
    ----------
    path : str or Path
        The file.
    mapped : container of str
        Arrays that need not be read: of 64 MiB or more, and stored at a multiple of 64 bytes, they are mapped into
        memory, read-only. The archive's own sum of their bytes is not looked at then.

    Raises
    ------
    DataError, DamagedFile
        As `read_array`.
    """
    with open_data(path) as file, _telling_damage(path):
        archive = _archive(path, file)
        return {name: _member(path, file, archive, name, may_map=name in mapped) for name in _names(archive)}


def array_names(path: str | Path) -> list[str]:
    """Return what the arrays of an .npz file are called; [] of an .npy file.

    Raises
    ------
    DataError, DamagedFile
        As `read_array`.
    """
    with open_data(path) as file, _telling_damage(path):
        return [] if file.read(len(MAGIC_NPY)) == MAGIC_NPY else _names(_archive(path, file))


@contextmanager
def open_data(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file of data to read; it is a regular one, and closed in the end.

    Raises
    ------
    DataError
        If it is not there, may not be read, or is something else.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        if was_address(path):
            told = "is an address, which is read where data are asked for: .npy files as Array, Parquet files as Table"
            raise DataError(f"{masked(str(path))}: {told}; copy it to a file for anything else") from None
        raise DataError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    with file:
        yield file


def header_of(start: IO[bytes], where: str, size: int) -> "ArrayHeader":
    """Return what the begin of an .npy file of so many bytes tells of its array, which begins where `start` is then.

    Raises
    ------
    DamagedFile
        If it is no such file.
    """
    with _telling_damage(where):
        if not start.read(len(MAGIC_NPY)) == MAGIC_NPY:
            raise DamagedFile(f"{where}: is not an .npy file; only those are read from addresses as arrays")
        start.seek(0)
        header = _header(start)
        _require_size(start.tell() + header.size, size)
        return header


class ArrayHeader(NamedTuple):
    """What an array file says of its array."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


@contextmanager
def _telling_damage(path: str | Path) -> Iterator[None]:
    """Turn what damaged bytes make of numpy's, zipfile's and Python's own readers into one clear line."""
    try:
        yield
    except KsomError:
        raise
    except Exception as error:  # there are more than a dozen kinds
        why = " ".join(str(getattr(error, "strerror", None) or error).split())[:120] or type(error).__name__
        raise DamagedFile(f"{path}: cannot be read as an .npy or .npz file ({why})") from error


def _archive(path: str | Path, file: IO[bytes]) -> zipfile.ZipFile:
    file.seek(0)
    begin = file.read(max(len(MAGIC_NPY), len(MAGIC_ZIP)))
    if not begin.startswith(MAGIC_ZIP):
        is_array = begin.startswith(MAGIC_NPY)
        raise DamagedFile(f"{path}: is {'an .npy file, not an .npz file' if is_array else 'not an .npy or .npz file'}")
    return zipfile.ZipFile(file)


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _header(start: IO[bytes]) -> ArrayHeader:
    version = np.lib.format.read_magic(start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's parser, about what damage looks like
        if version == (1, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(start)
        elif version == (2, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(start)
        else:
            raise ValueError(f"its format is {version[0]}.{version[1]}")
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if any(side < 0 for side in shape):
        raise ValueError(f"its shape is {shape}")
    return ArrayHeader(shape, "F" if is_fortran else "C", dtype)


def _require_size(told: int, there: int) -> None:
    if told != there:
        raise ValueError(f"its header tells of {told} bytes, there are {there}")


def _mapped(file: IO[bytes]) -> NDArray[Any]:
    file.seek(0)
    start = io.BytesIO(file.read(LONGEST_HEADER))
    header = _header(start)
    _require_size(start.tell() + header.size, os.fstat(file.fileno()).st_size)
    if not header.size:
        return np.empty(header.shape, header.dtype)
    return np.memmap(file, header.dtype, "r", start.tell(), header.shape, header.order)


def _member(
    path: str | Path, raw: IO[bytes], archive: zipfile.ZipFile, name: str, *, may_map: bool = False
) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("it is compressed in a way that numpy does not use")
    with archive.open(info) as file:
        start = io.BytesIO(file.read(LONGEST_HEADER))
        header = _header(start)
        _require_size(start.tell() + header.size, info.file_size)
        there = available_memory()
        if header.size > there:
            told = f"takes {header.size / 1e9:.3g} GB, this machine has {there / 1e9:.3g} GB"
            raise DataError(f"{path}: its array {quoted(name)} {told}; an .npy file is read piece by piece")
        if may_map and header.size >= MAPPED_FROM and info.compress_type == zipfile.ZIP_STORED:
            place = place_of(raw, archive, info) + start.tell()
            if place % ALIGNMENT == 0:
                return np.memmap(raw, header.dtype, "r", place, header.shape, header.order)
        data = _read_to_the_end(start, file, header.size)
    array: NDArray[Any] = np.ndarray(header.shape, header.dtype, data, order=header.order)
    return array


def _read_to_the_end(start: IO[bytes], file: IO[bytes], size: int) -> NDArray[np.uint8]:
    """Read `size` bytes, and on: an archive's checksum is looked at at the end only."""
    data = np.empty(size, np.uint8)
    filled = 0
    for source in (start, file):
        while chunk := source.read(CHUNK):
            data[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
            filled += len(chunk)
    _require_size(size, filled)
    return data
