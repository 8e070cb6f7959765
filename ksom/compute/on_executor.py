"""Tasks on any executor of `concurrent.futures`: in order, a few at a time, again where a worker was lost."""

import pickle
import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Generic

from ksom.arguments import require_integer
from ksom.compute.compute import NOT_YET, NotYet, Result, Task
from ksom.compute.shared_folder import SharedFolder
from ksom.errors import ComputeError, KsomError, StoreAway
from ksom.pace import PAUSE_SECONDS

WINDOW = 2
"""So many parts for each worker are under way or wait to be yielded: that bounds memory."""

TRIES = 4
"""How often a part is tried that kills its worker, or whose store does not answer."""

CHECK_SECONDS = 60.0
"""How long an executor may take to do nothing at all before it is said not to work."""

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
    faults: int = 0
    """How often its store did not answer."""
    losses: int = 0
    """How often it was under way when workers were lost."""
    futures: list[Future[Any]] = field(default_factory=list)
    not_before: float = 0.0
    """When it may be tried again."""

    @property
    def is_flying(self) -> bool:
        """Whether somebody is to do it, or does."""
        return any(not future.done() for future in self.futures)

    def landed(self) -> Future[Any] | None:
        """Return what has its result, if anything has."""
        return next((future for future in self.futures if _has_result(future)), None)

    def cancel(self) -> None:
        """Let go of what is not done."""
        for future in self.futures:
            future.cancel()


class _Flights(deque[_Flight[Result]]):
    """The parts under way, in order; that none of them is to be tried again is known without a look at each."""

    is_calm = True


class OnExecutor:
    """An executor that somebody else made and shuts down; see `Compute`.

    Parameters
    ----------
    executor : Executor
        What does the tasks: processes, threads, or anything that has `submit`.
    workers : int
        How many it does at the same time; 0: as many as it says.
    tries : int
        How often a part is tried that kills its worker or whose store does not answer; at least 1.
    window : int
        How many parts are under way or wait; 0: two for each worker.
    """

    is_here = False
    start_seconds = 0.0

    def __init__(self, executor: Executor, workers: int = 0, tries: int = TRIES, window: int = 0) -> None:
        self._given = executor
        self._workers = workers or int(getattr(executor, "_max_workers", 0) or 1)
        self.tries = require_integer("tries", tries, minimum=1)
        self.window = require_integer("window", window, minimum=0)
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
            self._executor().submit(int).result(CHECK_SECONDS)
        except KsomError:
            raise
        except TimeoutError as error:
            told = f"{self!r} has done nothing for {CHECK_SECONDS:g} s"
            raise ComputeError(f"compute: {told}; give one whose workers are free") from error
        except Exception as error:  # somebody else's executor may raise anything
            raise ComputeError(f"compute: {self!r} does not work ({_told(error)}); give one that does") from error

    def each(self, task: Task[Result], parts: Iterable[int]) -> Iterator[Result | NotYet]:
        coming, flights, sent = iter(parts), _Flights[Result](), Sent(task)
        most = self.window or WINDOW * self.workers
        try:
            while True:
                new = [_Flight[Result](part) for part in islice(coming, most - len(flights))]
                flights.extend(new)
                if not flights:
                    return
                self._launch(sent, flights, new)
                landed = self._landed(task, flights)
                if landed is None:
                    yield NOT_YET
                    continue
                flights.popleft().cancel()  # somebody else may still do it, too
                result: Result = landed.result()
                del landed  # while whoever asked works with the result, nobody else holds it
                yield result
        finally:
            for flight in flights:
                flight.cancel()

    def close(self) -> None:
        self._folder.remove()

    def _executor(self) -> Executor:
        """Return what does the tasks."""
        return self._given

    def _replaced(self) -> bool:
        """Take another executor for one that is broken; return whether there is one."""
        return False

    def _are_workers_lost(self) -> bool:
        """Look after workers where nothing comes: whether some were lost, and the executor will never say so."""
        return False

    def _launch(self, task: Task[Result], flights: _Flights[Result], new: Iterable[_Flight[Result]]) -> None:
        """Submit what is not under way; who has taken long, once more."""
        if flights.is_calm:  # a thousand workers have two thousand parts under way, and one lands every millisecond
            for flight in new:
                self._submit(task, flight)
        else:
            self._launch_again(task, flights)
        head = flights[0]
        is_alone = len(head.futures) == 1 and head.is_flying and not self._is_suspect(head)
        if is_alone and time.monotonic() - head.begun > self._long():
            self._submit(task, head)

    def _launch_again(self, task: Task[Result], flights: _Flights[Result]) -> None:
        """Submit what is not under way; who is suspected to kill workers flies alone, to see whether it does."""
        now = time.monotonic()
        if not any(flight.is_flying and self._is_suspect(flight) for flight in flights):
            for flight in flights:
                is_suspect = self._is_suspect(flight)
                may_fly = not flight.futures and now >= flight.not_before
                if may_fly and not (is_suspect and any(other.is_flying for other in flights)):
                    self._submit(task, flight)
                if is_suspect:
                    break
        flights.is_calm = all(flight.futures and not flight.losses for flight in flights)

    def _is_suspect(self, flight: _Flight[Result]) -> bool:
        return flight.losses >= max(1, self.tries - 1)

    def _submit(self, task: Task[Result], flight: _Flight[Result]) -> None:
        now = time.monotonic()
        try:
            future = self._executor().submit(task, flight.part)
            if type(future) is Future:  # the executor has made it itself
                future.__class__ = _LetGo
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        except (RuntimeError, OSError) as error:  # such as "cannot schedule new futures after shutdown"
            if isinstance(error, KsomError):
                raise
            raise ComputeError(f"compute: {self!r} takes no more work ({_told(error)})") from error
        flight.begun = flight.begun if flight.futures else now
        flight.futures.append(future)
        future.add_done_callback(lambda done: self._note(done, now))

    def _note(self, done: Future[Any], begun: float) -> None:
        if _has_result(done):
            self._took.append(time.monotonic() - begun)

    def _long(self) -> float:
        """How long a part may take before it straggles, seconds."""
        took = tuple(self._took)
        if len(took) < STRAGGLING:
            return float("inf")
        return max(SHORTEST_SECONDS, STRAGGLING * statistics.median(took))

    def _landed(self, task: Task[Result], flights: _Flights[Result]) -> Future[Any] | None:
        """Wait a moment for the first part; return what has its result."""
        head = flights[0]
        if not head.futures:  # it is not its turn yet
            time.sleep(min(PAUSE_SECONDS, max(0.01, head.not_before - time.monotonic())))
            return None
        wait([future for future in head.futures if not future.done()], PAUSE_SECONDS, "FIRST_COMPLETED")
        landed = head.landed()
        if landed is None:
            over = [future for future in head.futures if future.done()]
            head.futures = [future for future in head.futures if future not in over]
            error = next((future.exception() for future in over if not future.cancelled()), None)
            if error is not None:
                self._fell(task, flights, error)
            elif not head.futures:
                raise ComputeError(f"{task.name(head.part)}: {self!r} has let go of it; its workers are lost")
            elif self._are_workers_lost():
                self._lost(task.name(head.part), flights, BrokenExecutor("a worker was lost"))
        return landed

    def _fell(self, task: Task[Result], flights: _Flights[Result], error: BaseException) -> None:
        """Try again what a lost worker or a store that does not answer has cost the first part, or raise the error."""
        head, flights.is_calm = flights[0], False
        name = task.name(head.part)
        if self._is_loss(error):
            self._lost(name, flights, error)
        elif _may_pass(error) and head.faults + 1 < self.tries:
            head.faults += 1
            head.not_before = time.monotonic() + BACK_OFF_SECONDS * 2 ** (head.faults - 1)
        elif isinstance(error, KsomError):
            raise error
        else:
            raise ComputeError(self._reason(name, error)) from error

    def _lost(self, name: str, flights: _Flights[Result], error: BaseException) -> None:
        """Have all that was under way done again, by others; raise the error if it is known who kills them."""
        if not self._replaced():
            told = f"compute: {self!r} is broken, workers were lost ({_told(error)}); give a new one"
            raise ComputeError(told) from error
        head, flights.is_calm = flights[0], False
        lost = [flight for flight in flights if flight is head or (flight.futures and flight.landed() is None)]
        for flight in lost:
            flight.cancel()
            flight.futures, flight.losses = [], flight.losses + 1
        if len(lost) == 1 and head.losses >= self.tries:
            workers = "1 worker" if head.losses == 1 else f"{head.losses} workers"
            raise ComputeError(f"{name} killed {workers}; it may need more memory than they have") from error

    def _reason(self, name: str, error: BaseException) -> str:
        """Return why a part could not be done, in one line."""
        if isinstance(error, ModuleNotFoundError):
            return f"{name}: workers have no {error.name}; install it there, or put the class into a module of its own"
        return f"{name}: {_told(error)}"

    def _is_loss(self, error: BaseException) -> bool:
        """Whether an error says that workers were lost."""
        return isinstance(error, BrokenExecutor)


@dataclass(frozen=True)
class Sent(Generic[Result]):
    """A task whose errors reach whoever asked, whatever they are made of."""

    task: Task[Result]

    def __call__(self, part: int) -> Result:
        try:
            return self.task(part)
        except Exception as error:  # of the data set's own code as well
            told = error
        if not _can_travel(told):
            told.__cause__ = told.__context__ = None  # where Dask is loaded these travel too, and a store's may not
        if not _can_travel(told):
            told = ComputeError(f"{self.name(part)}: {_told(told)}")
        raise told

    def name(self, part: int) -> str:
        return self.task.name(part)


class _LetGo(Future[Any]):
    """A future that may be told of an error although it was cancelled: a pool of Python 3.11 does, when it breaks.

    It would stumble there, tell the other futures nothing, and leave its other processes for ever.
    """

    def set_exception(self, exception: BaseException | None) -> None:
        with suppress(InvalidStateError):
            super().set_exception(exception)


def _can_travel(error: Exception) -> bool:
    """Whether an error is the same after it was pickled; a pool of processes breaks at one that cannot be."""
    try:
        return type(pickle.loads(pickle.dumps(error))).__qualname__ == type(error).__qualname__
    except Exception:  # pickling somebody else's class may raise anything
        return False


def _may_pass(error: BaseException) -> bool:
    """Whether what failed may succeed when it is done again."""
    return isinstance(error, StoreAway) or (isinstance(error, OSError) and not isinstance(error, KsomError))


def _has_result(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
