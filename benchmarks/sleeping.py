"""Workers that only sleep and send: what the process that asks them can bear, with its real code and real messages."""

import functools
import math
import os
import pickle
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksom.compute.compute import NotYet
from ksom.compute.dask_executor import DaskExecutor
from ksom.compute.fold_by_ranges import FiledPart, FoldedRange
from ksom.compute.on_executor import OnExecutor, Sent
from ksom.kernels.used_sums import UsedSums

PROCESSES = 4
"""So many processes of sleeping workers, on Dask: one of a thousand threads has no time for its own messages."""
UNEVEN = 0.2
"""Parts take longer or shorter by up to this share, so that some are late."""


@dataclass(frozen=True)
class Nap:
    """A task for a worker elsewhere: it sleeps, and sends what lies ready in a file, or a number if there is none."""

    seconds: float
    answer: Path | None = None

    def __call__(self, part: int) -> Any:
        time.sleep(uneven(self.seconds))
        return part if self.answer is None else _opened(self.answer)

    def name(self, part: int) -> str:
        return f"part {part}"

    def sent(self, part: int) -> bytes:
        """Return the same as bytes."""
        time.sleep(uneven(self.seconds))
        return pickle.dumps(part) if self.answer is None else _read(self.answer)


class Sleepers(Executor):
    """So many threads that sleep, each as long as its task takes, and then send bytes: see `opened`."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, task: Sent[Any], /, *args: Any, **_: Any) -> Future[bytes]:  # type: ignore[override]
        pickle.dumps((task, args))  # as what leaves a process is
        return self._threads.submit(task.task.sent, *args)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


class SleepingFiles(OnExecutor):
    """Workers that sleep instead of writing the files of parts and of adding ranges: these lie ready.

    Parameters
    ----------
    executor : Executor
        Does naps.
    workers : int
        How many at the same time.
    ready : Path
        A folder with the running sums of each range, which the process that asks reads as it always does.
    seconds_of_range : float
        How long a worker takes to add a part to a range.
    """

    def __init__(self, executor: Executor, workers: int, ready: Path, seconds_of_range: float) -> None:
        super().__init__(executor, workers)
        self._ready, self._seconds_of_range = ready, seconds_of_range

    def each(self, task: Any, parts: Iterable[int]) -> Iterator[Any]:
        if isinstance(task, FiledPart):
            yield from super().each(task.task, parts)
            return
        assert isinstance(task, FoldedRange)
        numbers = iter(parts := list(parts))
        for answer in super().each(Nap(self._seconds_of_range * len(task.parts)), parts):
            if not isinstance(answer, NotYet):
                number = next(numbers)
                os.link(self._ready / f"wave-0-range-{number}", task.folder / f"wave-{task.wave}-range-{number}")
            yield answer


def opened(answer: Any) -> Any:
    """Return what came: as bytes, as it does from another process, unless the executor has opened it."""
    return pickle.loads(answer) if isinstance(answer, bytes) else answer


def uneven(seconds: float) -> float:
    """Return about so many seconds."""
    return seconds * random.uniform(1 - UNEVEN, 1 + UNEVEN)


@functools.cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


@functools.cache
def _opened(path: Path) -> UsedSums:
    sums: UsedSums = pickle.loads(_read(path))
    return sums


@contextmanager
def sleeping_here(workers: int) -> Iterator[Executor]:
    """Yield an executor of threads."""
    executor = Sleepers(workers)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def sleeping_on_dask(workers: int) -> Iterator[Executor]:
    """Yield an executor on a real scheduler, in this process, and so many threads in a few others."""
    from distributed import Client, LocalCluster

    processes = math.gcd(workers, PROCESSES)
    with (
        LocalCluster(
            n_workers=processes,
            threads_per_worker=workers // processes,
            memory_limit=0,
            dashboard_address=":0",
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield DaskExecutor(client)
