"""Files that are whole whenever somebody looks: appended by whole records, or replaced at once."""

import errno
import io
import json
import math
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ksom.errors import OutputError

FULL = "free some space, then resume"
NOT_YOURS = (
    'choose a folder you may write to, or change its owner (in a container: docker run --user "$(id -u):$(id -g)")'
)
A_LINK = "is a link, and nothing is written through one; remove it"
GONE = "was removed or moved away while the training wrote there"
NO_FOLDER = "something that is no folder has its name: choose another"
ADVICE = {
    errno.ENOENT: "its folder is not there, or not any more",
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: "raise the limit on file sizes, then resume",
    errno.EACCES: NOT_YOURS,
    errno.EPERM: NOT_YOURS,
    errno.EBUSY: "it is a mount point: name a folder inside it",
    errno.EROFS: "it is mounted read-only: choose another folder",
    errno.EEXIST: NO_FOLDER,
    errno.ENOTDIR: NO_FOLDER,
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n), then resume",
    errno.EIO: "the disk or the network failed: choose another folder",
}
"""What to do about the system's refusals."""

STANDARD_OUTPUT = Path("-")
"""The name of the place that a command prints to."""


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
            self._file = open_own(path, create=True)
            self._names = os.fstat(self._file.fileno()).st_nlink
            self.size = self._file.seek(0, os.SEEK_END)

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
        with writing(self.path):
            self._file.close()

    def require_there(self) -> None:
        """Refuse to go on with a file that nobody can find any more.

        Raises
        ------
        OutputError
            If it was removed, or replaced by another one.
        """
        has_name = os.fstat(self._file.fileno()).st_nlink >= self._names  # some file systems count none, always
        if not (has_name and os.path.lexists(self.path)):
            gone = self.path if self.path.parent.is_dir() else self.path.parent
            raise OutputError(f"{gone}: {GONE}")

    def _write(self, data: bytes, offset: int) -> None:
        self._file.seek(offset)
        while data:
            data = data[self._file.write(data) :]


def open_own(path: Path, *, create: bool = False) -> io.FileIO:
    """Open a file for reading and writing that is nobody else's.

    A link that lies ready in a folder leads to a file that is not meant: nothing is opened through one.

    Raises
    ------
    OSError
        If it cannot be opened.
    OutputError
        If it is a link, no regular file, or has other names beside this one.
    """
    special = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # POSIX, Windows
    try:
        descriptor = os.open(path, os.O_RDWR | special | (os.O_CREAT if create else 0), 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OutputError(f"{path}: {A_LINK}") from error
        raise
    file = io.FileIO(descriptor, "r+")
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        file.close()
        what = f"has {found.st_nlink} names (hard links)" if found.st_nlink > 1 else "is no regular file"
        raise OutputError(f"{path}: {what}, so it is not written to; remove it")
    return file


def cut_back(file: io.FileIO, size: int, trailer: bytes = b"") -> None:
    """Cut an open file back to the size that it had at a checkpoint, when it ended in `trailer`.

    The trailer is written first, so that the file is whole at every moment: whoever reads stops there.
    """
    if size:
        file.seek(size - len(trailer))
        file.write(trailer)
    file.truncate(size)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that is whole or absent: a temporary file beside it, fsync, rename. A link is replaced.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before is still there.
    """
    if not path.name:
        raise OutputError(f"{path}: is a folder, not the name of a file")
    temporary = _temporary(path)
    try:
        with writing(path):
            with temporary.open("xb") as file:  # made here, or not at all
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def replace_link(link: Path, target: str) -> None:
    """Point a link at a file beside it, at once; where the file system has no links, it is a copy.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = _temporary(link)
    try:
        temporary.symlink_to(target)
    except (OSError, NotImplementedError):
        with replacing(link) as file, link.with_name(target).open("rb") as whole:
            shutil.copyfileobj(whole, file)
        return
    with writing(link):
        temporary.replace(link)


@contextmanager
def replacing_or_printing(path: Path) -> Iterator[IO[bytes]]:
    """Open what somebody has asked for: a file of that name, which is whole or absent, or standard output for "-".

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if path != STANDARD_OUTPUT:
        with replacing(path) as file:
            yield file
        return
    with writing(Path("standard output")):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def make_own_folder(path: Path) -> None:
    """Make a folder inside of one that is there, unless it is there already; a link to one is refused.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    with writing(path):
        path.mkdir(exist_ok=True)
        if path.is_symlink():
            raise OutputError(f"{path}: {A_LINK}")


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder; nobody else may be writing there."""
    for path in [] if folder.is_symlink() else folder.glob(f".*.{'[0-9a-f]' * 16}.part"):
        with suppress(OSError):
            path.unlink()


def as_json(content: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Return a line, or lines, of JSON; it has no infinity and no NaN, so they become null."""
    return json.dumps(_finite(content), indent=indent, allow_nan=False).encode() + b"\n"


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
    except (OutputError, BrokenPipeError):  # a reader that has seen enough, such as head, is no failure
        raise
    except OSError as error:
        advice = ADVICE.get(error.errno or 0)
        told = f"{path}: cannot be written ({error.strerror or error})"
        raise OutputError(f"{told}; {advice}" if advice else told) from error


def _temporary(path: Path) -> Path:
    """Return a name beside a file that nobody can have made ready."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
