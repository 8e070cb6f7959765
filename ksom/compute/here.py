"""The process that asks does the work."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ksom.compute.compute import NotYet, Result, Task
from ksom.compute.shared_folder import SharedFolder


class Here:
    """No other process: one part after another, each with the threads that the backend has; see `Compute`."""

    is_here = is_ready = True
    workers = 1
    start_seconds = 0.0

    def __init__(self) -> None:
        self._folder = SharedFolder()

    def __repr__(self) -> str:
        return "Here()"

    @property
    def shared(self) -> Path:
        return self._folder.path

    def check(self) -> None:
        """Find nothing wrong."""

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        return map(task, parts)

    def close(self) -> None:
        self._folder.remove()
