"""Things on their way to workers: packed once, by whoever sends them, and opened once by each process."""

import hashlib
import platform
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from ksom.compute.packing import packed, unpacked
from ksom.errors import DataError
from ksom.whole_files import replacing

OPEN = 4
"""Shipments that a process keeps open."""


class Shipment(NamedTuple):
    """A thing that lies in a file for all workers; it is small itself, and travels with each task."""

    path: Path
    """The file."""
    digest: str
    """SHA-256 of what is in it."""
    arrays: tuple[str, ...] = ()
    """Files beside it that belong to it: large arrays."""

    def opened(self) -> Any:
        """Return the thing; made once in each process, and the same object whenever it is asked for again.

        Raises
        ------
        DataError
            If this process does not see the file or what the thing reads, or finds that it was changed.
        OSError
            If it cannot be told now.
        """
        with _LOCK:
            if self not in _OPENED:
                _OPENED[self] = unpacked(self._read(), self.path.parent)
            _OPENED.move_to_end(self)
            while len(_OPENED) > OPEN:
                _OPENED.popitem(last=False)
            return _OPENED[self]

    def remove(self) -> None:
        """Remove the files, but for arrays that another shipment of this process has as well; who sent it does that."""
        with _LOCK:
            _OPENED.pop(self, None)
            for path in [self.path, *(self.path.with_name(name) for name in self.arrays)]:
                _IN_USE[path] -= 1
                if _IN_USE[path] <= 0:
                    del _IN_USE[path]
                    with suppress(OSError):
                        path.unlink()

    def _read(self) -> bytes:
        """Return what was written, to the bit: what is opened runs."""
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            told = f"worker on {platform.node()} does not see {self.path} ({error.strerror})"
            raise DataError(f"{told}; the shared folder must be one that all workers see") from error
        if hashlib.sha256(content).hexdigest() != self.digest:
            told = f"{self.path}: is not what was written for workers, so worker on {platform.node()} does not open it"
            raise DataError(f"{told}; let nobody else write to the shared folder, and begin anew")
        return content


def shipped(thing: Any, folder: Path) -> Shipment:
    """Write a thing, such as the `Batches` of a training, to a folder that all workers see.

    What lies in files stays there, and is found by workers under the same path; arrays in memory are written beside the
    thing and mapped; the classes of a notebook travel with it if cloudpickle is installed.

    Parameters
    ----------
    thing : object
        What is sent.
    folder : Path
        Where to: `Compute.shared`.

    Raises
    ------
    DataError
        Naming what cannot be sent.
    OutputError
        If the folder cannot be written to.
    """
    folder = folder.absolute()  # a worker may have another current folder
    parts = packed(thing, folder)
    digest = hashlib.sha256(parts.pickled).hexdigest()
    shipment = Shipment(folder / f"{digest}.pickle", digest, parts.arrays)
    with replacing(shipment.path) as file:
        file.write(parts.pickled)
    with _LOCK:
        _IN_USE.update([shipment.path, *(folder / name for name in parts.arrays)])
    return shipment


@contextmanager
def sending(thing: Any, folder: Path) -> Iterator[Shipment]:
    """Ship a thing for as long as it is needed; see `shipped`."""
    shipment = shipped(thing, folder)
    try:
        yield shipment
    finally:
        shipment.remove()


_LOCK = Lock()
"""A process may have several threads that open the same shipment."""

_OPENED: OrderedDict[Shipment, Any] = OrderedDict()

_IN_USE: Counter[Path] = Counter()
"""How many shipments of this process need each file."""
