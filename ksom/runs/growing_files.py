"""The files of a run that grow by whole records: how far they are at a checkpoint, and back to there by a resume."""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ksom.errors import CheckpointError, OutputError, quoted
from ksom.whole_files import GONE, cut_back, open_own, sync_folder, writing

PART = 2**20
"""Bytes that are read at a time."""


class Mark(NamedTuple):
    """A growing file at a moment."""

    size: int
    """Bytes, the trailer included."""
    trailer: bytes = b""
    """What it ends with."""
    digest: str | None = None
    """SHA-256 of all before the trailer; None: not known (checkpoints of earlier versions)."""


class GrowingFile:
    """A file that grows by whole records, and ends with a trailer if it has one.

    What stands before the trailer never changes again, so a digest of it grows along: each mark reads what is new.

    Parameters
    ----------
    path : Path
        The file, which may not be there yet.
    trailer : bytes
        What the file must end with to be whole.
    """

    def __init__(self, path: Path, trailer: bytes = b"") -> None:
        self.path = path
        self.trailer = trailer
        self._forget()

    def mark(self) -> Mark | None:
        """Bring the file onto the disk and return how far it is; None if it is not there."""
        if not os.path.lexists(self.path):
            return None
        with self._synced() as file:
            size = file.seek(0, os.SEEK_END)
            return Mark(size, self.trailer, self._digest_until(file, size - len(self.trailer)))

    def sync(self) -> None:
        """Bring the file onto the disk, if it is there."""
        if os.path.lexists(self.path):
            with self._synced():
                pass

    def cut_back(self, mark: Mark) -> str:
        """Cut the file back to a mark; return what is wrong if it is not as it was: it is then out of the way."""
        if not os.path.lexists(self.path):
            return "is gone"
        with writing(self.path), open_own(self.path) as file:
            self._forget()
            whole = file.seek(0, os.SEEK_END) >= mark.size
            if whole and mark.digest in {None, self._digest_until(file, mark.size - len(mark.trailer))}:
                cut_back(file, mark.size, mark.trailer)
                return ""
        return f"is not what it was at the checkpoint; it is kept as {self._keep_aside()}"

    def remove(self) -> None:
        """Remove the file, if it is there."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)

    @contextmanager
    def _synced(self) -> Iterator[io.FileIO]:
        with writing(self.path), open_own(self.path) as file:
            os.fsync(file.fileno())
            yield file

    def _digest_until(self, file: io.FileIO, end: int) -> str:
        if end < self._end:
            self._forget()
        file.seek(self._end)
        while part := file.read(max(0, min(PART, end - self._end))):
            self._digest.update(part)
            self._end += len(part)
        return self._digest.hexdigest()

    def _keep_aside(self) -> str:
        self._forget()
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{self.path.stem}.damaged-{number}{self.path.suffix}")):
            number += 1
        with writing(self.path):
            self.path.rename(aside)
        return aside.name

    def _forget(self) -> None:
        self._digest, self._end = hashlib.sha256(), 0


class GrowingFiles:
    """The growing files of a run: those that hooks append to, and its log if it has one.

    Parameters
    ----------
    folder : Path or None
        The run folder; without one there are no files.
    trailers : mapping of str to bytes
        The files, and what each must end with.
    """

    def __init__(self, folder: Path | None, trailers: Mapping[str, bytes]) -> None:
        self.folder = folder
        self._files: dict[str, GrowingFile] = {}
        for name, trailer in trailers.items():
            self.add(name, trailer)

    def add(self, name: str, trailer: bytes = b"") -> None:
        """Add a file, which may not be there yet."""
        if self.folder is not None:
            self._files[name] = GrowingFile(self.folder / name, trailer)

    def begin(self, new: Iterable[str]) -> None:
        """Make the folder.

        Parameters
        ----------
        new : iterable of str
            Files that must not be there yet.

        Raises
        ------
        OutputError
            If they are, or the folder cannot be made.
        """
        if self.folder is None:
            return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self.folder / name for name in new):
            if os.path.lexists(path):
                raise OutputError(f"{path}: is there already, from another training; choose another folder")

    def require_folder(self) -> None:
        """Refuse to go on where all results would be lost.

        Raises
        ------
        OutputError
            If the folder is not there any more.
        """
        if self.folder is not None and not self.folder.is_dir():
            raise OutputError(f"{self.folder}: {GONE}")

    def marks(self) -> dict[str, dict[str, Any]]:
        """Bring all onto the disk, names too; return how far they are, as JSON can hold it."""
        marks = {name: file.mark() for name, file in self._files.items()}
        self._sync_names()
        return {name: {**mark._asdict(), "trailer": mark.trailer.hex()} for name, mark in marks.items() if mark}

    def sync(self) -> None:
        """Bring all onto the disk, names too."""
        for file in self._files.values():
            file.sync()
        self._sync_names()

    def cut_back(self, state: Mapping[str, Any]) -> list[str]:
        """Go back to where the files were at a checkpoint.

        One that the checkpoint does not know is removed: it is from after it. One whose hook is gone is cut back too,
        and stays known.

        Parameters
        ----------
        state : mapping
            What the checkpoint tells of the training: `marks()` under "files".

        Returns
        -------
        list of str
            A line for each file that is not there any more, or not as it was.
        """
        marks = _marks(state)
        for name in self._files.keys() - marks.keys():
            self._files[name].remove()
        for name in marks.keys() - self._files.keys():
            self.add(name, marks[name].trailer)
        wrong = {file.path: file.cut_back(marks[name]) for name, file in self._files.items() if name in marks}
        return [f"{path}: {what}; what follows begins a new one" for path, what in wrong.items() if what]

    def _sync_names(self) -> None:
        if self.folder is not None:
            with writing(self.folder):
                sync_folder(self.folder)


def is_plain_name(name: str) -> bool:
    """Whether a name stays in the folder that it is put behind."""
    return isinstance(name, str) and bool(name) and name not in {".", ".."} and not set(name) & {"/", "\\", "\0"}


def _marks(state: Mapping[str, Any]) -> dict[str, Mark]:
    """Return the marks in a checkpoint's state; earlier versions kept the sizes only, under "offsets"."""
    try:
        kept = state["files"] if "files" in state else {name: {"size": n} for name, n in state["offsets"].items()}
        marks = {
            name: Mark(int(mark["size"]), bytes.fromhex(mark.get("trailer", "")), mark.get("digest"))
            for name, mark in kept.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointError("the checkpoint does not tell how far the run's files were") from None
    if strange := [name for name in marks if not is_plain_name(name)]:
        raise CheckpointError(f"the checkpoint names files outside of the run folder ({quoted(strange[0])})")
    return marks
