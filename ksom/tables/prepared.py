"""Tables that were read once: their samples lie in a cache folder, from where later epochs and runs map them.

What stands for a table is a digest of where its files lie, of their size, of when they were changed and of how they
begin and end, beside all that is asked of it. The whole of its contents is not looked at: that takes about as long as
what is to be saved, and a change that leaves all of these as they were does not come about by itself.

Nothing in the folder is code, and nothing is believed that is not whole: samples have a checksum.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.cache_folder import cache_folder
from ksom.encoding import Encoding
from ksom.errors import DataError, KsomError, OutputError, ParameterError
from ksom.memory import available_memory
from ksom.remote_files import RemoteFile
from ksom.whole_files import as_json, replacing

logger = logging.getLogger(__name__)

FORMAT = 1
"""Raised when the same table would give other samples, or its file another form."""

SMALL = 2**23
"""Bytes of files that are read anew in every run: that takes about as long as to find what was kept."""

LARGEST, CHOSEN = 10.0, "KSOM_CACHE_GB"
"""Gigabytes that are kept, and the environment variable that names another number: of more, what was not used for
longest goes. What is in use always stays."""

LOOKED_AT = 2**16
"""Bytes at the begin and at the end of a file that tell it from another."""

A_MINUTE = 60

LARGEST_ABOUT = 2**24
DTYPES = ("<f4", "<f8")


class Kept(NamedTuple):
    """A table in the cache."""

    samples: Path
    """The .npy file."""
    files: tuple[str, ...]
    """What it was read from."""
    shape: tuple[int, ...]
    """Samples and features."""
    size: int
    """Bytes."""
    last_used: float
    """Seconds since 1970."""

    def remove(self) -> bool:
        """Remove it, unless it is in use; return whether it is gone."""
        return _removed(self.samples) and _removed(_about(self.samples))


class Prepared(NamedTuple):
    """A table's samples."""

    encoding: Encoding
    samples: NDArray[Any]
    """Shape (N, D), data units; mapped from a file, read-only, or in memory."""


class Preparation(NamedTuple):
    """How a table becomes samples; each may be called more than once."""

    encoding: Callable[[], Encoding]
    dtype: Callable[[Encoding], np.dtype[Any]]
    blocks: Callable[[Encoding], Iterator[NDArray[Any]]]


def prepared(
    files: Sequence[Path | RemoteFile], asked: Mapping[str, Any], preparation: Preparation, where: str
) -> Prepared:
    """Return a table's samples: as they were kept, or read from its files, and then kept if they are not small.

    Parameters
    ----------
    files : sequence of Path or RemoteFile
        What the table is read from; none: it is in memory.
    asked : mapping
        All that its samples depend on beside its files; plain data.
    preparation : Preparation
        How it is read.
    where : str
        What it is, for messages.

    Raises
    ------
    DataError
        If it cannot be read, changes meanwhile, has no row, or can neither be kept nor held in memory.
    """
    before = _states(files)
    folder = _folder() if sum(size for _, size, *_ in before) > SMALL else None
    made = None
    if folder is not None:
        name = folder / f"{_key([*before, *_ends(files)], asked)}.npy"
        made = _found(name) or _kept(name, files, before, preparation, where)
    if made is None:
        encoding = preparation.encoding()
        made = Prepared(encoding, _in_memory(preparation.blocks(encoding), preparation.dtype(encoding), where))
        _require_unchanged(files, before, where)
    return made


def kept_tables(folder: Path) -> list[Kept]:
    """Return what is kept in a folder, last used first."""
    return sorted(filter(None, map(_entry, folder.glob("*.npy"))), key=lambda kept: -kept.last_used)


def tables_folder() -> Path:
    """Return the folder in which tables are kept; raises as `cache_folder`."""
    return cache_folder("tables")


def largest_cache() -> float:
    """Return how many bytes of tables are kept.

    Raises
    ------
    ParameterError
        If KSOM_CACHE_GB is no number of gigabytes.
    """
    chosen = os.environ.get(CHOSEN) or str(LARGEST)
    try:
        return 1e9 * require_number(CHOSEN, float(chosen), at_least=0)
    except ValueError:
        raise ParameterError(CHOSEN, "be a number of gigabytes", chosen) from None


def make_room(folder: Path, largest: float) -> list[Kept]:
    """Remove what was not used for longest until at most `largest` bytes are kept, but nothing that is in use.

    Returns
    -------
    list of Kept
        What was removed.
    """
    for leftover in filter(_is_old, folder.glob(".*.part")):  # of killed processes: who writes has it locked
        _removed(leftover)
    kept, removed = kept_tables(folder), []
    too_much = sum(each.size for each in kept) - largest
    for each in reversed(kept):
        if too_much > 0 and each.remove():
            removed.append(each)
            too_much -= each.size
    return removed


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > A_MINUTE
    except OSError:  # it is not there any more
        return False


def _folder() -> Path | None:
    try:
        return tables_folder()
    except OSError as error:
        logger.warning("tables are read anew in every run: no folder to keep them (%s)", error.strerror or error)
        return None


def _states(files: Sequence[Path | RemoteFile]) -> list[tuple[Any, ...]]:
    return [_state(file) for file in files]


def _state(file: Path | RemoteFile) -> tuple[Any, ...]:
    """Return where a file is, its size, and what else tells one state of it from another."""
    if isinstance(file, RemoteFile):
        file.require_unchanged()
        return file.key
    try:
        found = file.stat()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error})") from error
    place = os.path.realpath(file)
    return place, found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _place(file: Path | RemoteFile) -> str:
    return str(file) if isinstance(file, RemoteFile) else os.path.realpath(file)


def _ends(files: Sequence[Path | RemoteFile]) -> list[str]:
    """Return a digest of how each file begins and ends."""
    ends = []
    for path in files:
        if isinstance(path, RemoteFile):  # its store tells what it is
            continue
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(LOOKED_AT))
            file.seek(max(0, path.stat().st_size - LOOKED_AT))
            digest.update(file.read(LOOKED_AT))
        ends.append(digest.hexdigest())
    return ends


def _key(files: Sequence[Any], asked: Mapping[str, Any]) -> str:
    import pyarrow as pa

    told = {"format": FORMAT, "pyarrow": pa.__version__, "files": files, "asked": asked}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:40]


def _about(samples: Path) -> Path:
    return samples.with_suffix(".json")


def _in_memory(blocks: Iterator[NDArray[Any]], dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    read, size, there = [], 0, available_memory()
    for block in blocks:
        read.append(block.astype(dtype, copy=False))
        size += block.nbytes
        if 2 * size > there:
            told = f"takes more than {size / 1e9:.3g} GB, too much for the memory, and there is no place to keep it"
            raise DataError(f"{where}: {told}; free space in the cache folder, or name another by KSOM_CACHE")
    return np.concatenate(read) if read else np.empty((0, 0), dtype)


def _require_unchanged(files: Sequence[Path | RemoteFile], before: Sequence[Any], where: str) -> None:
    if _states(files) != before:
        raise DataError(f"{where}: was written to while it was read; let nothing change it, and begin anew")


def _kept(
    path: Path, files: Sequence[Path | RemoteFile], before: Sequence[Any], preparation: Preparation, where: str
) -> Prepared | None:
    """Write a table's samples into the cache and map them; None, which is told, if that cannot be."""
    encoding = preparation.encoding()
    try:
        with replacing(path) as file, _in_use(file):
            about = _written(file, preparation.blocks(encoding), preparation.dtype(encoding), encoding)
            _require_unchanged(files, before, where)
            with replacing(_about(path)) as beside:
                beside.write(as_json({**about, "files": list(map(_place, files))}))
    except OutputError as error:
        logger.warning("%s: cannot be kept, it is read anew in every run (%s)", where, error)
        return None
    made = _found(path, is_new=True)
    if made:
        rows, size = len(made.samples), made.samples.nbytes
        logger.info("%s: read, %s rows, %.3g MB; kept for later runs (`ksom cache`)", where, f"{rows:,}", size / 1e6)
        make_room(path.parent, largest_cache())
    return made


def _written(
    file: IO[bytes], blocks: Iterator[NDArray[Any]], dtype: np.dtype[Any], encoding: Encoding
) -> dict[str, Any]:
    """Write an .npy file of as many rows as there are, and return what is to be known of it."""
    features, rows, digest = len(encoding.feature_names), 0, hashlib.sha256()
    begin = _write_header(file, (0, features), dtype)
    for block in blocks:
        values = np.ascontiguousarray(block, dtype)
        file.write(values.data)
        digest.update(values.data)
        rows += len(values)
    file.seek(0)
    if _write_header(file, (rows, features), dtype) != begin:
        raise AssertionError("numpy leaves room for the number of rows")
    shape = [rows, features]
    told = {"dtype": dtype.str, "shape": shape, "begin": begin, "sha256": digest.hexdigest()}
    return {"format": FORMAT, **told, "encoding": encoding.as_plain()}


def _write_header(file: IO[bytes], shape: tuple[int, int], dtype: np.dtype[Any]) -> int:
    np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    return file.tell()


def _found(path: Path, *, is_new: bool = False) -> Prepared | None:
    """Return what was kept, if it is whole; it is in use from now on."""
    try:
        about = json.loads(_read(_about(path)))
        encoding, dtype, shape = Encoding.from_plain(about["encoding"]), about["dtype"], tuple(about["shape"])
        with _open(path) as file:
            _hold(file)
            size = about["begin"] + shape[0] * shape[1] * np.dtype(dtype).itemsize
            is_whole = dtype in DTYPES and os.fstat(file.fileno()).st_size == size
            if not is_whole or not (is_new or _checksum(file, about["begin"]) == about["sha256"]):
                raise ValueError("it is damaged")
            os.utime(_about(path))
            samples = _mapped(file, dtype, shape, about["begin"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, IndexError, KsomError) as error:
        logger.info("%s: cannot be used, it is made again (%s)", path, error)
        return None
    return Prepared(encoding, samples)


def _mapped(file: IO[bytes], dtype: str, shape: tuple[int, ...], begin: int) -> NDArray[Any]:
    return np.memmap(file, dtype, "r", begin, shape) if shape[0] else np.empty(shape, dtype)


def _checksum(file: IO[bytes], begin: int) -> str:
    file.seek(begin)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it has readinto


def _read(path: Path) -> bytes:
    with _open(path) as file:
        return file.read(LARGEST_ABOUT)


def _open(path: Path) -> IO[bytes]:
    """Open a file to read it; no link is followed."""
    return open(path, "rb", opener=_no_link)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


_HELD: list[int] = []
"""Descriptors of the files that this process has mapped; they are locked as long as they are open."""


def _hold(file: IO[bytes]) -> None:
    """Let no other process remove a file as long as this one lives."""
    if _locked(file, exclusively=False):
        _HELD.append(os.dup(file.fileno()))


@contextmanager
def _in_use(file: IO[bytes]) -> Iterator[None]:
    """Let no other process take a file that is being written for a leftover."""
    _locked(file, exclusively=False)
    yield


def _locked(file: IO[bytes], *, exclusively: bool) -> bool:
    """Return whether a file could be locked; where the system has no such locks, an open file cannot be removed."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusively else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _removed(path: Path) -> bool:
    """Remove a file, unless somebody uses it; return whether it is gone."""
    if path.is_symlink():
        with suppress(OSError):
            path.unlink()
        return True
    try:
        with _open(path) as file:
            if not _locked(file, exclusively=True):
                return False
            path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _entry(path: Path) -> Kept | None:
    """Return what is told of a kept table; of a damaged one little is."""
    files: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    with suppress(OSError, ValueError, KeyError, TypeError):
        about = json.loads(_read(_about(path)))
        files, shape = tuple(map(str, about["files"])), tuple(map(int, about["shape"]))
    try:
        size, used = path.lstat().st_size, (_about(path) if shape else path).lstat().st_mtime
    except OSError:  # another process removes it as well
        return None
    return Kept(path, files, shape, size, min(used, time.time()))
