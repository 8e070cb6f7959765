"""Files that have an address instead of a path: in object stores and on web servers, read by ranges through fsspec.

What is wrong with a file is a `DataError`; that a store does not answer now is a `StoreAway`, which may be tried again.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ksom.errors import DataError, NotInstalled, StoreAway
from ksom.masking import masked

_SCHEME = re.compile(r"[a-z][a-z0-9+.:-]+:/", re.IGNORECASE)
"""A path that was made of an address has one slash; a drive has one letter."""

LIBRARIES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
             "abfss": "adlfs", "http": "aiohttp", "https": "aiohttp", "hf": "huggingface_hub",
             "sftp": "paramiko", "ssh": "paramiko"}  # fmt: skip
"""What reads some kinds of addresses for fsspec."""

BLOCK = 2**23
"""Bytes that are read ahead: a store takes as long to begin an answer as to send about a megabyte."""

LEAST = 2**16
"""Bytes that an open file asks for at least."""

TAGS = ("ETag", "etag", "md5", "md5Hash", "Content-MD5", "content_md5", "generation", "Last-Modified", "LastModified",
        "last_modified", "mtime", "updated", "created")  # fmt: skip
"""What stores tell by which one state of a file is told from another."""


def is_address(value: Any) -> bool:
    """Return whether something is an address such as s3://bucket/x.npy, not a path."""
    return isinstance(value, str) and "://" in value and _SCHEME.match(value) is not None


def was_address(path: str | Path) -> bool:
    """Return whether a path was made of an address."""
    return _SCHEME.match(str(path)) is not None


class RemoteFile:
    """A file with an address, as it was when it was first looked at.

    Parameters
    ----------
    address : str
        Such as s3://bucket/x.npy; whatever fsspec reads.

    Attributes
    ----------
    size : int
        Bytes.
    identity : tuple
        What tells it from what it may become: its size, and what the store says of its state.

    Raises
    ------
    DataError
        If there is no such file, or it may not be read.
    StoreAway
        If the store does not answer now.
    NotInstalled
        If fsspec, or what it reads such addresses with, is not installed.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._name = masked(address)
        self.identity = self._now()
        self.size = int(self.identity[0])

    def __str__(self) -> str:
        return self._name

    @property
    def key(self) -> tuple[Any, ...]:
        """What nothing else has, and the file itself only as it was."""
        return self._address, *self.identity

    def ranges(self, begins: Sequence[int], ends: Sequence[int]) -> list[bytes]:
        """Return the bytes of some ranges, asked for at the same time, of the file as it was first.

        Raises
        ------
        DataError
            If it has changed, or the store does not send what was asked for.
        StoreAway
            If it does not answer now.
        """
        found = self.read(begins, ends)
        self.require_unchanged()  # after it was read: what came is what was meant
        return found

    def read(self, begins: Sequence[int], ends: Sequence[int]) -> list[bytes]:
        """Return what `ranges` does, without looking whether the file has changed."""
        files, path = _store(self._address)
        with _telling(self._name):
            found = files.cat_ranges([path] * len(begins), list(begins), list(ends), on_error="return")
            for failure in (one for one in found if isinstance(one, Exception)):
                raise failure
        wanted = [end - begin for begin, end in zip(begins, ends, strict=True)]
        if [len(one) for one in found] != wanted:
            told = f"sends {sum(map(len, found))} bytes where {sum(wanted)} were asked for"
            raise DataError(f"{self}: its store {told}; it must send ranges of a file")
        return list(found)

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open it to read and to seek in: who reads asks for much at a time; raises as `ranges`."""
        self.require_unchanged()
        yield io.BufferedReader(_Reading(self), LEAST)
        self.require_unchanged()

    def require_unchanged(self, _: Any = None) -> None:
        """Refuse to go on if the file is not what it was at first; raises as `ranges`."""
        if self._now() != self.identity:
            told = "is not any more what it was when it was first read: it was written to, or replaced"
            raise DataError(f"{self}: {told}; let nothing change it, and begin anew")

    def _now(self) -> tuple[Any, ...]:
        files, path = _store(self._address)
        with _telling(self._name):
            files.invalidate_cache()
            info = files.info(path)
        if info.get("type", "file") != "file" or info.get("size") is None:
            is_folder = info.get("type") == "directory"
            raise DataError(f"{self}: {'is a folder, not a file' if is_folder else 'its store does not tell its size'}")
        return int(info["size"]), *(f"{tag}={info[tag]}" for tag in TAGS if info.get(tag) is not None)


class _Reading(io.RawIOBase):
    """A file with an address as an open one; looked at again by who has opened it."""

    def __init__(self, file: RemoteFile) -> None:
        self._file, self._place = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._file.size}[whence]
        self._place = max(0, begin + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, room: Any) -> int:
        stop = max(self._place, min(self._file.size, self._place + len(room)))
        if stop > self._place:
            (found,) = self._file.read([self._place], [stop])
            room[: len(found)] = found
        read, self._place = stop - self._place, stop
        return read


def remote_files(address: str) -> list[RemoteFile]:
    """Return the files that an address stands for: one, or those that fit a pattern, in the order of their names.

    Raises
    ------
    DataError, StoreAway, NotInstalled
        As `RemoteFile`; or if none fits.
    """
    if not set("*[") & set(address.partition("?")[0]):  # what follows a ? may be the signature of a web address
        return [RemoteFile(address)]
    files, path = _store(address)
    with _telling(masked(address)):
        files.invalidate_cache()
        found = sorted(files.glob(path))
    if not found:
        raise DataError(f"{masked(address)}: no file fits this pattern")
    return [RemoteFile(files.unstrip_protocol(one)) for one in found]


def _store(address: str) -> tuple[Any, str]:
    scheme = address.partition(":")[0].lower()
    try:
        import fsspec
    except ImportError as error:
        beside = f" {LIBRARIES[scheme]}" if scheme in LIBRARIES else ""
        raise NotInstalled(f"{masked(address)}: addresses are read by fsspec: pip install fsspec{beside}") from error
    try:
        files, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        library = LIBRARIES.get(scheme)
        advice = f"pip install {library}" if library else str(error)
        raise NotInstalled(f"{masked(address)}: fsspec lacks what reads such addresses: {advice}") from error
    except ValueError as error:
        raise DataError(f"{masked(address)}: fsspec does not read such addresses ({masked(str(error))})") from error
    except Exception as error:  # of the store's own, such as credentials that are wrong or absent
        raise _away(masked(address), error) from error
    return files, path


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Turn what stores raise, each its own, into what may be tried again and what may not."""
    try:
        yield
    except (DataError, StoreAway, MemoryError):
        raise
    except Exception as error:  # each store has errors of its own
        raise _told(name, error) from error


def _told(name: str, error: Exception) -> DataError | StoreAway:
    cause = error.__cause__ or error
    status = getattr(cause, "status", None)
    if isinstance(error, PermissionError) or status in {401, 403}:
        told = "may not be read; credentials are looked for where the store's own tools do"
        return DataError(f"{name}: {told} ({_why(error)})")
    if isinstance(error, IsADirectoryError | NotADirectoryError):
        return DataError(f"{name}: is a folder, not a file")
    is_of_web = type(cause).__module__.startswith("aiohttp") or isinstance(cause, TimeoutError)
    if status in {404, 410} or (isinstance(error, FileNotFoundError) and not is_of_web):
        return DataError(f"{name}: there is no such file")
    return _away(name, cause if is_of_web else error)


def _away(name: str, error: BaseException) -> StoreAway:
    return StoreAway(f"{name}: its store does not answer as it should now ({_why(error)})")


def _why(error: BaseException) -> str:
    return masked(" ".join(f"{type(error).__name__}: {error}".split())[:200])
