"""Things on their way to workers: pickled once, by whoever sends them, and opened once by each process."""

import functools
import hashlib
import pickle
from pathlib import Path
from typing import Any, NamedTuple


class Shipment(NamedTuple):
    """A thing that lies in a file for all workers; it is small itself, and travels with each task."""

    path: Path
    """The file."""
    digest: str
    """SHA-256 of what is in it."""

    def opened(self) -> Any:
        """Return the thing; made once in each process, and the same object whenever it is asked for again."""
        return _opened(self)


def shipped(thing: Any, folder: Path) -> Shipment:
    """Write a thing, such as the `Batches` of a training, to a folder that all workers see.

    Parameters
    ----------
    thing : object
        What is sent.
    folder : Path
        Where to: `Compute.shared`.
    """
    pickled = pickle.dumps(thing)
    digest = hashlib.sha256(pickled).hexdigest()
    path = folder / f"{digest}.pickle"
    path.write_bytes(pickled)
    return Shipment(path, digest)


@functools.lru_cache(maxsize=4)
def _opened(shipment: Shipment) -> Any:
    return pickle.loads(shipment.path.read_bytes())
