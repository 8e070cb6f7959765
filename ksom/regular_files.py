"""Files that may be somebody else's: opened only if they are regular files, read only up to a bound.

A name in a configuration can lead to a device that never ends, or to a pipe that nobody writes to.
"""

import os
import stat
from pathlib import Path
from typing import IO

KINDS = {
    stat.S_IFIFO: "it is a named pipe, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFDIR: "it is a folder, not a file",
}


def open_regular(path: str | Path) -> IO[bytes]:
    """Open a file for reading, if it is a regular one; never waits, and never touches a device.

    Raises
    ------
    OSError
        If it is not there, is something else, or cannot be opened; its `strerror` tells.
    """
    _require_regular(_stat(path), path)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (the caller closes it)
    try:
        _require_regular(os.fstat(file.fileno()), path)  # what was opened, whatever lay there before
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: str | Path, largest: int) -> bytes:
    """Return what is in a regular file of at most `largest` bytes.

    Raises
    ------
    OSError
        As `open_regular`; and if there is more in it.
    """
    with open_regular(path) as file:
        content = file.read(largest + 1) or b""
    if len(content) > largest:
        raise OSError(0, f"it is larger than {largest} bytes", str(path))
    return content


def read_end(path: str | Path, most: int) -> tuple[bytes, int]:
    """Return the last bytes, at most so many, of a regular file that is no link and may grow; and where they begin.

    Raises
    ------
    OSError
        As `open_regular`; and if it is a link, which may lead anywhere.
    """
    if Path(path).is_symlink():
        raise OSError(0, "it is a link", str(path))
    with open_regular(path) as file:
        begin = file.seek(max(0, file.seek(0, os.SEEK_END) - most))
        return file.read(most) or b"", begin


def _stat(path: str | Path) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 (a string may not be a path)
    except ValueError:  # NUL, or what the file system's encoding does not have
        raise OSError(0, "no file can have such a name", str(path)) from None


def _require_regular(found: os.stat_result, path: str | Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, KINDS.get(stat.S_IFMT(found.st_mode), "it is not a file"), str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
