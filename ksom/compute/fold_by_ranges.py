"""The sums of a map of many nodes, added by the workers themselves, each a range of nodes at a time.

A part of 262,144 samples of 50 features may win as many nodes: 105 MB of sums, more than its samples have. Two for
each of many workers, waiting for one process to add them, are more than it holds. So workers leave them in files in the
shared folder. After a wave of parts each task adds one range of nodes, from all files of the wave, part after part, to
what that range had before. Every number is added up in the order of `BatchSums`, so the bits are the same, whatever the
waves, the ranges and the workers; what is done twice writes the same file twice.

On the shared folder a wave has its parts' files and, twice, the sums of all nodes. Memory: of this process, the sums of
all nodes, twice at the end of a wave; of a worker that adds, a range of them and of one part.
"""

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ksom.compute.compute import Compute, Task
from ksom.compute.sums_file import read_sums, unreadable, write_sums
from ksom.kernels.batch_sums import BatchSums
from ksom.kernels.node_sums import PART_ROWS, NodeSums
from ksom.kernels.used_sums import UsedSums
from ksom.whole_files import replacing, writing

LARGE = 10**7
"""Sums of more numbers than this, 80 MB, are added by ranges of nodes;"""
WAITING_BYTES = 4 * 10**9
"""so are those of which more bytes than this might wait to be added, because a part before them is late."""

RANGE_NUMBERS = 4 * 10**6
"""A range has no more numbers, 32 MB, unless there were more than `MOST_RANGES`."""
MOST_RANGES = 64
"""Every range of every part is a piece of a file that is opened and read: not too many."""
WAVE = 2
"""So many parts for each worker are done before they are added."""


def is_large(nodes: int, features: int, workers: int = 1) -> bool:
    """Whether the sums of a map are better added by ranges of nodes, with so many workers.

    Examples
    --------
    >>> is_large(100 * 100, 50), is_large(100 * 100, 50, workers=1000), is_large(1000 * 1000, 50)
    (False, True, True)
    """
    waiting = WAVE * workers * min(nodes, PART_ROWS) * (features + 2) * 8
    return nodes * features > LARGE or waiting > WAITING_BYTES


@dataclass(frozen=True)
class FiledPart:
    """Do a part, and leave its sums in a file."""

    task: Task[UsedSums]
    folder: Path
    bounds: tuple[int, ...]

    @property
    def worker_bytes(self) -> int:
        """Bytes that whoever does it takes."""
        return getattr(self.task, "worker_bytes", 0)

    def __call__(self, part: int) -> int:
        return write_sums(_of_part(self.folder, part), self.task(part), self.bounds)

    def name(self, part: int) -> str:
        return self.task.name(part)


@dataclass(frozen=True)
class FoldedRange:
    """Add a wave of parts to a range of nodes, part after part."""

    folder: Path
    bounds: tuple[int, ...]
    wave: int
    """Its number; the first one's is 1."""
    parts: range
    is_first: bool
    """Whether nothing was added before."""

    def __call__(self, number: int) -> int:
        first, last = self.bounds[number : number + 2]
        running = None if self.is_first else _read_running(_of_range(self.folder, self.wave - 1, number))
        for part in self.parts:
            of_part = read_sums(_of_part(self.folder, part), number, len(self.bounds) - 1)
            running = _added(running, of_part, first, last - first)
        assert running is not None  # a wave has a part
        _write_running(_of_range(self.folder, self.wave, number), running)
        return running.sums.nbytes + running.counts.nbytes

    def name(self, number: int) -> str:
        return f"the sums of the nodes {self.bounds[number]} … {self.bounds[number + 1] - 1}"


class FoldByRanges:
    """Adds the parts of a batch to its sums, by ranges of nodes.

    Parameters
    ----------
    compute : Compute
        Who works.
    nodes, features : int
        K and D, of the map.
    wave : int, optional
        How many parts are done before they are added: 2 for each worker, as is.
    ranges : int, optional
        In how many ranges; never changes a bit.

    Attributes
    ----------
    bounds : tuple of int
        The node that each range begins with, and K.

    Examples
    --------
    In a training::

        for _ in FoldByRanges(compute, nodes, features).adding(task, begun.sums, rows):
            yield begun
    """

    def __init__(
        self, compute: Compute, nodes: int, features: int, wave: int | None = None, ranges: int | None = None
    ) -> None:
        self._compute, self._nodes, self._features = compute, nodes, features
        self._wave = wave or WAVE * compute.workers
        many = ranges or min(MOST_RANGES, max(compute.workers, math.ceil(nodes * features / RANGE_NUMBERS)))
        many = min(many, nodes)
        self.bounds = tuple(nodes * number // many for number in range(many + 1))

    def adding(self, task: Task[UsedSums], sums: BatchSums, rows: int) -> Iterator[None]:
        """Add the parts that were not added yet; yields whenever there is news, the sums grow wave by wave.

        Whoever leaves off loses what was done of the wave.

        Parameters
        ----------
        task : callable
            Returns the sums of a part, by its number.
        sums : BatchSums
            Those of whole parts so far, none begun; they are added to.
        rows : int
            How many samples the batch has.

        Raises
        ------
        OutputError
            If the shared folder cannot be written, or workers do not find in it what others wrote.
        KsomError
            As the task does.
        """
        assert sums.begun is None
        if not rows and not sums.is_begun:  # an empty batch
            sums.add_part(NodeSums.nothing(self._nodes, self._features), 0)
        with writing(self._compute.shared):
            folder = Path(tempfile.mkdtemp(prefix="sums-", dir=self._compute.shared))
        try:
            if sums.whole is not None:
                leave_running(folder, self.bounds, sums.whole)
            parts = range(math.ceil(sums.rows / PART_ROWS), math.ceil(rows / PART_ROWS))
            for wave, first in enumerate(parts[:: self._wave], 1):
                of_wave = range(first, min(first + self._wave, parts.stop))
                yield from self._do_wave(folder, task, wave, of_wave, is_first=sums.whole is None)
                sums.whole, sums.rows = self._gathered(folder, wave), min(rows, of_wave.stop * PART_ROWS)
                yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _do_wave(
        self, folder: Path, task: Task[UsedSums], wave: int, parts: range, *, is_first: bool
    ) -> Iterator[None]:
        for _ in self._compute.each(FiledPart(task, folder, self.bounds), parts):
            yield
        ranges = range(len(self.bounds) - 1)
        for _ in self._compute.each(FoldedRange(folder, self.bounds, wave, parts, is_first), ranges):
            yield
        for part in parts:
            _of_part(folder, part).unlink(missing_ok=True)
        for number in ranges:
            _of_range(folder, wave - 1, number).unlink(missing_ok=True)

    def _gathered(self, folder: Path, wave: int) -> NodeSums:
        gathered: NodeSums | None = None
        for number, (first, last) in enumerate(pairwise(self.bounds)):
            of_range = _read_running(_of_range(folder, wave, number))
            if gathered is None:
                columns = of_range.counts.shape[1]
                gathered = NodeSums(np.empty((self._nodes, self._features)), np.empty((self._nodes, columns)))
            gathered.sums[first:last], gathered.counts[first:last] = of_range.sums, of_range.counts
        assert gathered is not None  # a map has a node
        return gathered


def leave_running(folder: Path, bounds: Sequence[int], sums: NodeSums) -> None:
    """Leave what was added before any wave where those who add look for it."""
    for number, (first, last) in enumerate(pairwise(bounds)):
        _write_running(_of_range(folder, 0, number), NodeSums(sums.sums[first:last], sums.counts[first:last]))


def _added(running: NodeSums | None, part: UsedSums, first: int, nodes: int) -> NodeSums:
    """Add a part to the sums of a range; the first part is taken as it is.

    Nodes that it does not have keep theirs, as if a zero were added: sums begin with 0, so none is −0.
    """
    rows = part.nodes - first
    if running is None:
        return UsedSums(rows, part.sums, part.counts).of_all(nodes)
    running.sums[rows] += part.sums
    running.counts[rows] += part.counts
    return running


def _of_part(folder: Path, part: int) -> Path:
    return folder / f"part-{part}"


def _of_range(folder: Path, wave: int, number: int) -> Path:
    return folder / f"wave-{wave}-range-{number}"


def _write_running(path: Path, sums: NodeSums) -> None:
    with replacing(path) as file:
        np.save(file, sums.sums)
        np.save(file, sums.counts)


def _read_running(path: Path) -> NodeSums:
    try:
        with path.open("rb") as file:
            return NodeSums(np.load(file), np.load(file))
    except OSError as error:
        raise unreadable(path, error) from error
    except (EOFError, ValueError) as error:
        raise unreadable(path, OSError("it is not whole")) from error
