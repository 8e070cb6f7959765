"""Memory that kernels work in, lent to one share of the work after another."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Rooms:
    """Makes as much memory as threads work at a time: to make it for every share took a tenth of a small search.

    Parameters
    ----------
    make : callable
        Makes memory for one thread.

    Examples
    --------
    >>> rooms = Rooms(lambda: [0])
    >>> with rooms.lent() as one, rooms.lent() as other:
    ...     one is other
    False
    >>> with rooms.lent() as again:
    ...     again is one or again is other
    True
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._free: deque[Any] = deque()

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """Lend memory that nobody else works in meanwhile."""
        try:
            room = self._free.pop()
        except IndexError:
            room = self._make()
        yield room
        self._free.append(room)
