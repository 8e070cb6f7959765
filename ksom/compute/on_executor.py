"""Tasks on any executor of `concurrent.futures`: in order, a few at a time, again where a worker was lost."""

import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Generic

from ksom.compute.compute import NOT_YET, NotYet, Result, Task
from ksom.compute.shared_folder import SharedFolder
from ksom.errors import ComputeError, KsomError, StoreAway
from ksom.pace import PAUSE_SECONDS

WINDOW = 2
"""So many parts for each worker are under way or wait to be yielded: that bounds memory."""

TRIES = 4
"""How often a part is tried that kills its worker, or whose store does not answer."""

BACK_OFF_SECONDS = 0.5
"""How long is waited before a part is tried again whose store did not answer; twice as long each time."""

STRAGGLING = 3
"""A part that takes so many times as long as usual is done by somebody else, too: who is first counts."""

SHORTEST_SECONDS = 2.0
"""No part is thought to straggle before."""


@dataclass
class _Flight(Generic[Result]):
    """A part under way."""

    part: int
    begun: float = 0.0
    tries: int = 0
    futures: list[Future[Any]] = field(default_factory=list)
    not_before: float = 0.0
    """When it may be tried again."""


class OnExecutor:
    """An executor that somebody else made and shuts down; see `Compute`.

    Parameters
    ----------
    executor : Executor
        What does the tasks: processes, threads, or anything that has `submit`.
    workers : int
        How many it does at the same time; 0: as many as it says.
    tries : int
        How often a part is tried that kills its worker or whose store does not answer.
    window : int
        How many parts are under way or wait; 0: two for each worker.
    """

    is_here = False
    start_seconds = 0.0

    def __init__(self, executor: Executor, workers: int = 0, tries: int = TRIES, window: int = 0) -> None:
        self._given = executor
        self._workers = workers or int(getattr(executor, "_max_workers", 0) or 1)
        self.tries, self.window = tries, window
        self._folder = SharedFolder()
        self._took: deque[float] = deque(maxlen=101)

    def __repr__(self) -> str:
        return f"OnExecutor({type(self._given).__name__})"

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def is_ready(self) -> bool:
        return True

    @property
    def shared(self) -> Path:
        return self._folder.path

    def check(self) -> None:
        try:
            self._executor().submit(int).result()
        except KsomError:
            raise
        except Exception as error:
            raise ComputeError(f"compute: {self!r} does not work ({_told(error)}); give one that does") from error

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        coming, flights = iter(parts), deque[_Flight[Result]]()
        most = self.window or WINDOW * self.workers
        try:
            while True:
                flights.extend(_Flight(part) for part in islice(coming, most - len(flights)))
                if not flights:
                    return
                self._launch(task, flights)
                result = self._landed(task, flights)
                if result is not NOT_YET:
                    flights.popleft()
                yield result
        finally:
            for flight in flights:
                for future in flight.futures:
                    future.cancel()

    def close(self) -> None:
        self._folder.remove()

    def _executor(self) -> Executor:
        """Return what does the tasks."""
        return self._given

    def _replaced(self) -> bool:
        """Take another executor for one that is broken; return whether there is one."""
        return False

    def _launch(self, task: Task[Result], flights: deque[_Flight[Result]]) -> None:
        """Submit what is not under way; after workers were lost, one part at a time, to see which one does it."""
        now = time.monotonic()
        if any(flight.tries and not flight.futures for flight in flights):
            is_busy = any(not future.done() for flight in flights for future in flight.futures)
            flights = deque() if is_busy else deque(islice(flights, 1))  # what is done may wait for the first of them
        for flight in flights:
            if not flight.futures and now >= flight.not_before:
                self._submit(task, flight)
        head = next(iter(flights), None)
        if head is not None and len(head.futures) == 1 and now - head.begun > self._long():
            self._submit(task, head)

    def _submit(self, task: Task[Result], flight: _Flight[Result]) -> None:
        try:
            future = self._executor().submit(task, flight.part)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        except RuntimeError as error:  # such as "cannot schedule new futures after shutdown"
            raise ComputeError(f"compute: {self!r} takes no more work ({_told(error)})") from error
        flight.begun = flight.begun if flight.futures else time.monotonic()
        flight.futures.append(future)

    def _long(self) -> float:
        """How long a part may take before it straggles, seconds."""
        if len(self._took) < STRAGGLING:
            return float("inf")
        return max(SHORTEST_SECONDS, STRAGGLING * statistics.median(self._took))

    def _landed(self, task: Task[Result], flights: deque[_Flight[Result]]) -> Result | NotYet:
        """Return the result of the first part, or that there is none yet."""
        head = flights[0]
        flying = [future for flight in flights for future in flight.futures]
        wait(head.futures or flying, timeout=PAUSE_SECONDS, return_when="FIRST_COMPLETED")
        if not head.futures:
            time.sleep(0.0 if flying else min(PAUSE_SECONDS, max(0.0, head.not_before - time.monotonic())))
            return NOT_YET
        done = next((future for future in head.futures if future.done() and not future.cancelled()), None)
        if done is None:
            if all(future.cancelled() for future in head.futures):
                raise ComputeError(f"{task.name(head.part)}: {self!r} has let go of it; its workers are lost")
            return NOT_YET
        error = done.exception()
        if error is None:
            self._took.append(time.monotonic() - head.begun)
            result: Result = done.result()
            return result
        self._fell(task, flights, error)
        return NOT_YET

    def _fell(self, task: Task[Result], flights: deque[_Flight[Result]], error: BaseException) -> None:
        """Try again what a lost worker or a store that does not answer has cost, or raise the error."""
        head = flights[0]
        name = task.name(head.part)
        if self._is_loss(error):
            was_alone = len([flight for flight in flights if flight.futures]) == 1
            if not self._replaced():
                raise ComputeError(f"compute: {self!r} is broken, workers were lost ({_told(error)})") from error
            for flight in flights:
                if flight.futures and not _is_done(flight):
                    flight.futures, flight.tries = [], max(1, flight.tries)
            head.futures, head.tries = [], head.tries + was_alone
            if head.tries > self.tries:
                raise ComputeError(
                    f"{name} killed {self.tries} workers; it may need more memory than they have"
                ) from error
        elif _may_pass(error) and head.tries + 1 < self.tries:
            head.tries += 1
            head.futures, head.not_before = [], time.monotonic() + BACK_OFF_SECONDS * 2 ** (head.tries - 1)
        elif isinstance(error, KsomError):
            raise error
        else:
            raise ComputeError(self._reason(name, error)) from error

    def _reason(self, name: str, error: BaseException) -> str:
        """Return why a part could not be done, in one line."""
        if isinstance(error, ModuleNotFoundError):
            return f"{name}: workers have no {error.name}; install it there, or put the class into a module of its own"
        return f"{name}: {_told(error)}"

    def _is_loss(self, error: BaseException) -> bool:
        """Whether an error says that workers were lost."""
        return isinstance(error, BrokenExecutor)


def _may_pass(error: BaseException) -> bool:
    """Whether what failed may succeed when it is done again."""
    return isinstance(error, StoreAway) or (isinstance(error, OSError) and not isinstance(error, KsomError))


def _is_done(flight: _Flight[Any]) -> bool:
    return any(future.done() and not future.cancelled() and future.exception() is None for future in flight.futures)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
