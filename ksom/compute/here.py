"""The process that asks does the work."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ksom.compute.compute import Result, Task


class Here:
    """No other process: one part after another, each with the threads that the backend has; see `Compute`."""

    is_here = True
    workers = 1

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None

    def __repr__(self) -> str:
        return "Here()"

    @property
    def shared(self) -> Path:
        self._folder = self._folder or TemporaryDirectory(prefix="ksom-")
        return Path(self._folder.name)

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result]:
        return map(task, parts)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
