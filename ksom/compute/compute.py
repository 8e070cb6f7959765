"""What does the parts of a pass over the data: the seam between one process and many machines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

Result = TypeVar("Result")

Task = Callable[[int], Result]
"""What is done to a part, by its number: an object that can be pickled, small, without open files; it reads for itself.
It depends on nothing else, so that it may be done anywhere, again, or twice, with the same result to the bit."""


class Compute(Protocol):
    """Something that does tasks; never changes a bit of what comes out, only who works."""

    is_here: bool
    """Whether it is this process that works."""

    @property
    def workers(self) -> int:
        """How many tasks are done at the same time."""
        ...

    @property
    def shared(self) -> Path:
        """A folder that this process and all workers see, for what is too large for a message."""
        ...

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result]:
        """Yield what a task returns for each of some parts, in the order in which these are given.

        At most two parts for each worker are under way or wait to be yielded; whoever stops asking ends the work.

        Parameters
        ----------
        task : callable
            What is to be done to a part.
        parts : iterable of int
            Which parts.

        Raises
        ------
        KsomError
            As the task does, or in one line why it could not be done.
        """
        ...

    def close(self) -> None:
        """Let go of workers and files."""
        ...
