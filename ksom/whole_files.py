"""Files that are whole whenever somebody looks: appended by whole records, or replaced at once."""

import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ksom.errors import OutputError

FULL = "free some space, then --resume"
NOT_YOURS = (
    "choose a folder you may write to with --output-dir, or change its owner"
    ' (in a container: docker run --user "$(id -u):$(id -g)")'
)


class AppendOnlyFile:
    """A file that grows by whole records; a record that cannot be written whole is taken back.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.

    Raises
    ------
    OutputError
        If it cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            path.touch()
            self._file = path.open("r+b", buffering=0)
        self.size = path.stat().st_size

    def append(self, record: bytes, *, over: int = 0) -> None:
        """Append a record.

        Parameters
        ----------
        record : bytes
            The record.
        over : int
            How many bytes at the file's end the record replaces, such as a trailer: they stay in place until the rest
            of the record is written, so that the file ends whole even if the process is killed in between.
        """
        start = self.size - over
        with writing(self.path):
            try:
                self._write(record[over:], start + over)
                self._write(record[:over], start)
            except BaseException:
                self._file.truncate(self.size)
                raise
        self.size = start + len(record)

    def close(self) -> None:
        """Close the file; nothing is held back until then."""
        self._file.close()

    def _write(self, data: bytes, offset: int) -> None:
        self._file.seek(offset)
        while data:
            data = data[self._file.write(data) :]


def cut_back(path: Path, size: int) -> bool:
    """Cut a file back to the size it had at a checkpoint; False if it is not there or shorter than that."""
    if not path.is_file() or path.stat().st_size < size:
        return False
    os.truncate(path, size)
    return True


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that is whole or absent: a temporary file beside it, fsync, rename.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before is still there.
    """
    if not path.name:
        raise OutputError(f"{path}: is a folder, not the name of a file")
    temporary = path.with_name(f".{path.name}.part")
    try:
        with writing(path):
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def as_json(content: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Return a line, or lines, of JSON; it has no infinity and no NaN, so they become null."""
    finite = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in content.items()
    }
    return json.dumps(finite, indent=indent, allow_nan=False).encode() + b"\n"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system has a way to ask for it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write into one clear line."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        advice = {
            errno.ENOSPC: FULL,
            errno.EDQUOT: FULL,
            errno.EFBIG: "raise the limit on file sizes, then --resume",
            errno.EACCES: NOT_YOURS,
            errno.EPERM: NOT_YOURS,
            errno.EBUSY: "it is a mount point: name a folder inside it with --output-dir",
            errno.EROFS: "it is mounted read-only: choose another folder with --output-dir",
        }.get(error.errno or 0)
        told = f"{path}: cannot be written ({error.strerror or error})"
        raise OutputError(f"{told}; {advice}" if advice else told) from error
