"""Workers that only sleep and send: what the process that asks them can bear, with its real code and real messages."""

import functools
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

from ksom.compute.fold_by_ranges import FiledPart, FoldedRange
from ksom.compute.on_executor import OnExecutor
from ksom.kernels.used_sums import UsedSums

UNEVEN = 0.2
"""Parts take longer or shorter by up to this share, so that some are late."""


class Parcel(Future):  # type: ignore[type-arg]
    """A result that came as bytes: opened by whoever asks for it, as one that came from another process is."""

    def __init__(self, sent: Future[bytes]) -> None:
        super().__init__()
        self._sent = sent

    def result(self, timeout: float | None = None) -> Any:
        return pickle.loads(self._sent.result(timeout))

    def cancel(self) -> bool:
        return self._sent.cancel()


@dataclass(frozen=True)
class Nap:
    """A task for a worker elsewhere: it sleeps, and sends what lies ready in a file, or a number if there is none."""

    seconds: float
    answer: Path | None = None

    def __call__(self, part: int) -> Any:
        time.sleep(uneven(self.seconds))
        return part if self.answer is None else _opened(self.answer)

    def sent(self, part: int) -> bytes:
        """Return the same as bytes."""
        time.sleep(uneven(self.seconds))
        return pickle.dumps(part) if self.answer is None else _read(self.answer)


class Sleepers(Executor):
    """So many threads that sleep, each as long as its task takes, and then send bytes."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, task: Nap, /, *args: Any, **_: Any) -> Parcel:  # type: ignore[override]
        pickle.dumps((task, args))  # as what leaves a process is
        return Parcel(self._threads.submit(task.sent, *args))

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
        for number in super().each(Nap(self._seconds_of_range * len(task.parts)), parts):
            os.link(self._ready / f"wave-0-range-{number}", task.folder / f"wave-{task.wave}-range-{number}")
            yield number


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
    """Yield an executor on a real scheduler, in this process, and one other process of so many threads."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=workers, memory_limit=0, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)
