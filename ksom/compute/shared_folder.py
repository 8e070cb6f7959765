"""A folder that a process and its workers see, for what is too large for a message."""

import weakref
from pathlib import Path

from ksom.errors import OutputError


class SharedFolder:
    """A folder made when it is first needed, and removed when the work is done.

    Parameters
    ----------
    inside : Path, optional
        The folder that it is made in; default: the system's for temporary files, which only this machine sees.
    """

    def __init__(self, inside: Path | None = None) -> None:
        self._inside = inside
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        """The folder.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        if self._made is None:
            import shutil  # few trainings have workers, or need a folder
            from tempfile import mkdtemp

            try:
                self._made = Path(mkdtemp(prefix="ksom-", dir=self._inside))
            except OSError as error:
                where = self._inside or "the folder for temporary files"
                raise OutputError(
                    f"{where}: a folder to share with workers cannot be made ({error.strerror})"
                ) from error
            self._removing = weakref.finalize(self, shutil.rmtree, self._made, ignore_errors=True)
        return self._made

    def remove(self) -> None:
        """Remove it, with all that is in it."""
        if self._made is not None:
            self._removing()
            self._made = None
