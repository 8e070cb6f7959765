"""Tasks on any executor of `concurrent.futures`."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from ksom.compute.compute import Result, Task

WINDOW = 2
"""So many parts for each worker are under way or wait to be yielded: that bounds memory."""


class OnExecutor:
    """An executor that somebody else made and shuts down; see `Compute`.

    Parameters
    ----------
    executor : Executor
        What does the tasks.
    workers : int
        How many it does at the same time.
    """

    is_here = False

    def __init__(self, executor: Executor, workers: int) -> None:
        self._executor, self._workers = executor, workers
        self._folder: TemporaryDirectory[str] | None = None

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def shared(self) -> Path:
        self._folder = self._folder or TemporaryDirectory(prefix="ksom-")
        return Path(self._folder.name)

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result]:
        parts, under_way = iter(parts), deque[Future[Result]]()
        try:
            under_way.extend(self._executor.submit(task, part) for part in islice(parts, WINDOW * self._workers))
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(self._executor.submit(task, part) for part in islice(parts, 1))
        finally:
            for future in under_way:
                future.cancel()

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
