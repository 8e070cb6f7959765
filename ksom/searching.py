"""A search for all samples of a data set by whoever is there to do it: parts here and there, answers in order."""

import math
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
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
from ksom.samples import BLOCK_ROWS
from ksom.whole_files import replacing, writing

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


def searched(som: Searchable, dataset: Dataset, k: int, compute: Compute) -> Iterator[Answer]:
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
            how = HeldMap(weights, som.dtype.name, som.distance, som.kernels.name)
            task = AnswerOfPart(sent, how, som.feature_names, k, len(dataset))
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

    def __call__(self, part: int) -> Answer:
        dataset, intake = self.sent.opened()
        kernels, found = self.held.kernels(), []
        stop = min((part + 1) * PART_ROWS, self.size)
        for start in range(part * PART_ROWS, stop, BLOCK_ROWS):
            rows = dataset.rows(slice(start, min(start + BLOCK_ROWS, stop)))
            told: dict[str, Any] = {"first_row": start, "names": self.names, "places": dataset}
            block = intake.block(rows, f"dataset {type(dataset).__name__}", **told)
            nodes, totals = kernels.best_matching_nodes(block, self.k)
            found.append((nodes, reported_distances(self.held.distance, totals, block.missing)))
        nodes, distances = zip(*found, strict=True)
        return np.concatenate(nodes), np.concatenate(distances)

    def name(self, part: int) -> str:
        return named_part(part, self.size)
