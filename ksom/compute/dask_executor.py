"""A client of Dask as an executor of `concurrent.futures`, whose errors say what became of a part."""

import itertools
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from ksom.errors import ComputeError, KsomError

if TYPE_CHECKING:
    import distributed

ROUNDS = 2
"""A part is handed in again that was at work, or only waited, in each of some workers that died: a scheduler that hands
out more parts than workers have threads cannot tell which of them is to blame."""


class FutureOfDask(Future[Any]):
    """A future that follows one of Dask's; cancelled, it lets go of that."""

    follows: "distributed.Future | None" = None

    def cancel(self) -> bool:
        is_cancelled = super().cancel()
        if is_cancelled and self.follows is not None:
            self.follows.cancel()
        return is_cancelled


class DaskExecutor(Executor):
    """Submits parts to a client, each under a key of its own, so that no two are ever taken for the same.

    Parameters
    ----------
    client : distributed.Client
        Who knows the scheduler; it is not closed.
    """

    def __init__(self, client: "distributed.Client") -> None:
        self._client = client
        self._keys = (f"ksom-{uuid.uuid4().hex[:12]}-{number}" for number in itertools.count())

    def submit(self, task: Callable[..., Any], /, *parts: Any, **_: Any) -> Future[Any]:
        """Hand in a part; its future fails with `ComputeError` where workers or the scheduler do.

        Raises
        ------
        ComputeError
            If the client is closed, or its scheduler lost.
        """
        ours = FutureOfDask()
        self._hand_in(ours, task, parts, killed=0, rounds=1)
        return ours

    def _hand_in(
        self, ours: FutureOfDask, task: Callable[..., Any], parts: tuple[Any, ...], *, killed: int, rounds: int
    ) -> None:
        if self._client.status != "running":
            raise self.lost()
        theirs = self._client.submit(task, *parts, key=next(self._keys), pure=False, retries=0)
        ours.follows = theirs

        def follow(done: "distributed.Future") -> None:
            """Hand on what came of the part; in a thread of the client's."""
            result: Any = None
            try:
                result, error = _outcome(done)
                if _is_killed(error):
                    so_far = killed + error.allowed_failures + 1
                    if rounds < ROUNDS and not ours.cancelled():
                        self._hand_in(ours, task, parts, killed=so_far, rounds=rounds + 1)
                        return
                    error = _killer(task, parts, so_far)
            except BaseException as raised:  # whoever waits must hear of it
                error = raised
            error = self.lost() if _is_let_go(error) else error
            ours.follows = None
            if ours.set_running_or_notify_cancel():
                ours.set_result(result) if error is None else ours.set_exception(error)

        theirs.add_done_callback(follow)

    def lost(self) -> ComputeError:
        """Return what is to be said of a scheduler that is gone."""
        scheduler = getattr(self._client.scheduler, "address", None) or "the scheduler"
        told = f"{scheduler} is lost, or its client was closed ({self._client.status})"
        return ComputeError(f"compute: {told}; what was done until the last checkpoint is kept, --resume goes on")


def _outcome(done: "distributed.Future") -> tuple[Any, Any]:
    """Return a part's result, or what kept it from having one: it may fail as late as when its result is fetched."""
    try:
        return done.result(), None
    except BaseException as error:
        return None, error


def _is_killed(error: BaseException | None) -> bool:
    return type(error).__name__ == "KilledWorker"


def _is_let_go(error: BaseException | None) -> bool:
    """Whether Dask forgot the part, or cannot be asked: it does so where the connection is lost."""
    if error is None or isinstance(error, KsomError):
        return False
    return type(error).__name__ in {"CancelledError", "FutureCancelledError", "CommClosedError", "ClosedClientError"}


def _killer(task: Any, parts: tuple[Any, ...], killed: int) -> ComputeError:
    name = task.name(*parts) if hasattr(task, "name") else "a part"
    return ComputeError(f"{name} killed {killed} workers; it may need more memory than they have")
