"""A search for all samples of a data set by whoever is there to do it: parts here and there, answers in order."""

import math
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.compute.compute import Compute, named_part, results
from ksom.compute.shipment import Shipment, sending
from ksom.dataset import Dataset
from ksom.intake import Intake
from ksom.kernels import get_backend
from ksom.kernels.backend import Backend
from ksom.kernels.node_sums import PART_ROWS
from ksom.method.distance import Distance, reported_distances
from ksom.samples import BLOCK_ROWS, Block
from ksom.whole_files import replacing, writing

WORKER_BYTES = 2 * 10**8
"""What a process takes that has loaded ksom, numba and kernels, and reads and searches for samples: 90 MB when it
begins, 200 with a part of 262,144 × 50."""

Answer = tuple[NDArray[np.int64], NDArray[Any]]
"""The k nearest nodes of some samples, shape (n, k), and how far they are, map units."""


class Searchable(Protocol):
    """A map that can be sent: a KohonenSOM."""

    dtype: np.dtype[Any]
    distance: Distance
    intake: Intake
    feature_names: tuple[str, ...] | None

    @property
    def kernels(self) -> Backend:
        """The numerical core, which holds the weights."""
        ...

    @property
    def weights(self) -> NDArray[Any]:
        """The weights, shape (height, width, D), map units."""
        ...


def searched(
    som: Searchable, dataset: Dataset, k: int, compute: Compute, *, may_lack_all: bool = False
) -> Iterator[Answer]:
    """Yield the answers of the parts of a data set, in order.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    dataset : Dataset
        The samples, data units; workers read them themselves.
    k : {1, 2}
        How many nodes.
    compute : Compute
        Who works.
    may_lack_all : bool
        Whether a sample may lack every value: its node is then -1, its distance NaN. Else it is refused.

    Raises
    ------
    DataError
        If a sample cannot be used, naming its row.
    ComputeError
        If it could not be done.
    OutputError
        If the shared folder cannot be written.
    """
    with writing(compute.shared):
        folder = Path(mkdtemp(prefix="search-", dir=compute.shared))
    try:
        weights = folder / "weights.npy"
        with replacing(weights) as file:
            np.save(file, som.weights)
        with sending((dataset, som.intake), folder) as sent:
            how = HeldMap(weights, som.dtype.name, som.distance, som.kernels.name, size=som.weights.nbytes)
            task = AnswerOfPart(sent, how, som.feature_names, k, len(dataset), may_lack_all)
            yield from results(compute.each(task, range(math.ceil(len(dataset) / PART_ROWS))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # an executor may serve for long


@dataclass(frozen=True)
class HeldMap:
    """All that a worker needs to hold a map's weights."""

    weights: Path
    """The file with the weights: mapped, so that the workers of a machine share its memory."""
    dtype: str
    distance: Distance
    backend: str
    threads: int = 1
    size: int = 0
    """Bytes of the weights."""

    @property
    def worker_bytes(self) -> int:
        """Bytes that a worker takes with it, samples and machine code included."""
        return WORKER_BYTES + self.size

    def kernels(self) -> Backend:
        """Return the numerical core with these weights; made once by each thread of a process, and kept to the next."""
        if getattr(_OF_THREAD, "weights", None) != self.weights:
            mapped: NDArray[Any] = np.load(self.weights, mmap_mode="r")
            how: dict[str, Any] = {"distance": self.distance, "threads": self.threads}
            _OF_THREAD.kernels = get_backend(self.backend, mapped, self.dtype, **how)
            _OF_THREAD.weights = self.weights
        held: Backend = _OF_THREAD.kernels
        return held


_OF_THREAD = threading.local()
"""The core that a thread holds: one at a time, because the next iteration has other weights."""


@dataclass(frozen=True)
class AnswerOfPart:
    """Find the nearest nodes of a part's samples."""

    sent: Shipment
    held: HeldMap
    names: tuple[str, ...] | None
    """What the features are called."""
    k: int
    size: int
    """How many samples there are."""
    may_lack_all: bool = False
    """Whether a sample that lacks every value has no answer, and is not refused."""

    @property
    def worker_bytes(self) -> int:
        """Bytes that whoever does it takes."""
        return self.held.worker_bytes

    def __call__(self, part: int) -> Answer:
        dataset, intake = self.sent.opened()
        found = []
        stop = min((part + 1) * PART_ROWS, self.size)
        for start in range(part * PART_ROWS, stop, BLOCK_ROWS):
            rows = dataset.rows(slice(start, min(start + BLOCK_ROWS, stop)))
            told: dict[str, Any] = {"first_row": start, "names": self.names, "places": dataset}
            block = partial(intake.block, where=f"dataset {type(dataset).__name__}", **told)
            some = intake.answerable(rows) if self.may_lack_all else None
            found.append(self._found(block(rows)) if some is None else self._found_of(rows, some, block))
        nodes, distances = zip(*found, strict=True)
        return np.concatenate(nodes), np.concatenate(distances)

    def _found(self, block: Block) -> Answer:
        nodes, totals = self.held.kernels().best_matching_nodes(block, self.k)
        return nodes, reported_distances(self.held.distance, totals, block.missing)

    def _found_of(self, rows: NDArray[Any], some: NDArray[np.bool_], block: Callable[[NDArray[Any]], Block]) -> Answer:
        """Return the answers of some samples, and those that stand for none elsewhere."""
        nodes = np.full((len(rows), self.k), -1, dtype=np.int64)
        distances = np.full((len(rows), self.k), np.nan, dtype=self.held.dtype)
        if some.any():
            nodes[some], distances[some] = self._found(block(rows[some]))
        return nodes, distances

    def name(self, part: int) -> str:
        return named_part(part, self.size)
