"""A file of data that must stay as it is until it has been read, however often that is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ksom.array_files import open_data
from ksom.errors import DataError
from ksom.seen_files import SeenFile


class WatchedFile:
    """A regular file, as it was when it was first looked at.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DataError
        If it is not there, may not be read, or is a folder, a pipe, a device.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._absolute = path.absolute()
        with open_data(path) as file:
            self._before = _state(file)

    def __getstate__(self) -> tuple[Path, SeenFile]:
        return self.path, SeenFile(str(self._absolute), *self._before[2:])

    def __setstate__(self, state: tuple[Path, SeenFile]) -> None:
        self.path, file = state
        self._absolute = Path(file.path)
        found = file.require_same_here()
        self._before = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def __str__(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes in it."""
        return self._before[2]

    @property
    def absolute(self) -> Path:
        """Where it is, whatever the current folder."""
        return self._absolute

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open it to read, from its beginning; it is closed in the end.

        Raises
        ------
        DataError
            If it is not there any more, another file is in its place, or it was written to: whatever else has failed
            to be read of it may have failed because of that.
        """
        with open_data(self._absolute) as file:
            self.require_unchanged(file)
            try:
                yield file
            except DataError:
                self.require_unchanged(file)
                raise
            self.require_unchanged(file)

    def require_unchanged(self, file: IO[bytes]) -> None:
        """Refuse to go on if the open file is not what it was at first.

        Raises
        ------
        DataError
            Naming it.
        """
        if _state(file) != self._before:
            told = "is not any more what it was when it was first read: it was written to, or replaced"
            raise DataError(f"{self.path}: {told}; let nothing change it, and begin anew")


def _state(file: IO[bytes]) -> tuple[int, int, int, int]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
