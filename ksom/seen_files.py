"""A file as one process has seen it: another one, perhaps on another machine, that reads it must see the same."""

import os
import platform
from pathlib import Path
from typing import NamedTuple, Self

from ksom.errors import DataError


class SeenFile(NamedTuple):
    """A file, and what tells it from what it may become."""

    path: str
    """Where it is, from the root."""
    size: int
    """Bytes."""
    changed: int
    """When it was written to last, nanoseconds since 1970."""

    @classmethod
    def of(cls, path: str | Path, found: os.stat_result | None = None) -> Self:
        """Look at a file, or at what was found when it was looked at.

        Raises
        ------
        OSError
            If it is not there.
        """
        found = found or Path(path).stat()
        return cls(os.path.abspath(path), found.st_size, found.st_mtime_ns)  # noqa: PTH100 (no link is resolved)

    def require_same_here(self) -> os.stat_result:
        """Return what is found here, if it is the file that was seen.

        Raises
        ------
        DataError
            If there is no such file here, or it is another one: with the name of this machine.
        OSError
            If it cannot be told now.
        """
        try:
            found = Path(self.path).stat()
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            told = f"worker on {platform.node()} does not see {self.path} ({error.strerror})"
            raise DataError(f"{told}; data must lie where every worker finds them under the same path") from error
        if (found.st_size, found.st_mtime_ns) != (self.size, self.changed):
            told = f"{self.path}: worker on {platform.node()} finds another file than the one that was read first"
            raise DataError(f"{told}: it was written to, or replaced; let nothing change it, and begin anew")
        return found
