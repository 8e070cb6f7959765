"""What does the parts of a pass over the data: the seam between one process and many machines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeVar

from ksom.kernels.node_sums import PART_ROWS

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """What is done to a part: an object that can be pickled, small, without open files; it reads for itself.

    It depends on nothing else, so that it may be done anywhere, again, or twice, with the same result to the bit. One
    that takes much memory has an attribute `worker_bytes`, how much, so that workers that lack it are refused.
    """

    def __call__(self, part: int, /) -> Result_co:
        """Do it to the part of this number."""
        ...

    def name(self, part: int, /) -> str:
        """Return what the part is called in messages, such as "part 17 (rows 4,456,448 … 4,718,591)"."""
        ...


class NotYet:
    """Comes in place of a result where whoever waits may look up: at a stop that was asked for, at the clock."""


NOT_YET: Final = NotYet()


class Compute(Protocol):
    """Something that does tasks; never changes a bit of what comes out, only who works."""

    is_here: bool
    """Whether it is this process that works."""
    start_seconds: float
    """What work of so many seconds would not be handed to it: it is done before workers are there."""

    @property
    def workers(self) -> int:
        """How many tasks are done at the same time."""
        ...

    @property
    def shared(self) -> Path:
        """A folder that this process and all workers see, for what is too large for a message."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether workers are there already, so that little work is worth handing to them."""
        ...

    def check(self) -> None:
        """Look whether it can work, before anything is written.

        Raises
        ------
        ComputeError
            Saying in one line why not.
        """
        ...

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        """Yield what a task returns for each of some parts, in the order in which these are given.

        At most two parts for each worker are under way or wait to be yielded. In between comes `NOT_YET`, some times a
        second; whoever stops asking ends the work.

        Parameters
        ----------
        task : Task
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


def named_part(part: int, rows: int) -> str:
    """Return what a part of so many rows is called in messages.

    Examples
    --------
    >>> named_part(1, 300_000)
    'part 1 (rows 262,144 … 299,999)'
    """
    return f"part {part} (rows {part * PART_ROWS:,} … {min((part + 1) * PART_ROWS, rows) - 1:,})"


def results(coming: Iterator[Result | NotYet], look_up: Callable[[], None] = lambda: None) -> Iterator[Result]:
    """Yield the results of `Compute.each`; `look_up` is called where there is none yet."""
    for result in coming:
        if isinstance(result, NotYet):
            look_up()
        else:
            yield result
