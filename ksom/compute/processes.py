"""Processes of this machine."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from typing import Any

from ksom.arguments import require_integer
from ksom.compute.computes import COMPUTES
from ksom.compute.on_executor import TRIES, OnExecutor
from ksom.errors import ComputeError

LOOK_SECONDS = 1.0
"""How often a worker looks whether somebody is left to work for."""

END_SECONDS = 5.0
"""How long is waited for processes that were killed."""

UNGUARDED = 'put what trains under `if __name__ == "__main__":` in a file, because each process reads that anew'


@COMPUTES.register("processes")
class Processes(OnExecutor):
    """Processes of this machine, started when there is enough to do, and ended with the training.

    Each computes on one core. Against threads that pays where Python, or reading, takes much of the time; it tries what
    a cluster does. Within a script, whatever trains must be under `if __name__ == "__main__":`, because each process
    reads the script anew.

    Parameters
    ----------
    workers : int
        How many; 0: as many as there are cores.
    tries : int
        How often a part is tried that kills its process, or whose store does not answer; at least 1.
    window : int
        How many parts are under way or wait; 0: two for each process.
    """

    start_seconds = 10.0

    def __init__(self, workers: int = 0, tries: int = TRIES, window: int = 0) -> None:
        if getattr(multiprocessing.current_process(), "_inheriting", False):  # a process that is about to start
            raise ComputeError(f"compute: processes cannot be started by one of them; {UNGUARDED}")
        self.processes = require_integer("workers", workers, minimum=0)
        self._pool: ProcessPoolExecutor | None = None
        self._lost_since: float | None = None
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        super().__init__(None, self.processes or cores, tries, window)  # type: ignore[arg-type]  # it is made when it is needed

    def __repr__(self) -> str:
        return f"Processes(workers={self.workers})"

    @property
    def is_ready(self) -> bool:
        """Whether they were started."""
        return self._pool is not None

    def check(self) -> None:
        """Find nothing wrong: processes are started when they are needed."""

    def close(self) -> None:
        self._end()
        super().close()

    def _executor(self) -> Executor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = _Pool(self.workers, context, _begin, (os.getpid(),))
        return self._pool

    def _replaced(self) -> bool:
        ended_by_themselves = self._end()
        if ended_by_themselves and not self._took:  # none has done anything yet
            raise ComputeError(f"compute: {self!r} end as soon as they start; {UNGUARDED}")
        return True

    def _are_workers_lost(self) -> bool:
        """Whether a process was lost a while ago, and the pool has told nobody.

        It waits for the rest of an answer, without an end, where a process was killed in the middle of sending one.
        """
        processes = [] if self._pool is None else _processes_of(self._pool)
        if all(process.exitcode is None for process in processes):
            self._lost_since = None
            return False
        now = time.monotonic()
        self._lost_since = now if self._lost_since is None else self._lost_since
        return now - self._lost_since > END_SECONDS

    def _end(self) -> bool:
        """End all processes; return whether one had ended with an error of its own, by nobody's signal."""
        if self._pool is None:
            return False
        # There is no public way to end a part that is under way, and it may take a minute.
        pool, self._pool, self._lost_since = self._pool, None, None
        processes = _processes_of(pool)
        answers: Any = getattr(pool, "_result_queue", None)
        manager: threading.Thread | None = getattr(pool, "_executor_manager_thread", None)
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        if answers is not None:  # who waits for the rest of an answer learns that it has no end: nobody else can write
            answers._writer.close()  # noqa: SLF001
        if manager is not None:
            manager.join(END_SECONDS)
        codes = [process.exitcode for process in processes]  # not before: whoever else waits for a process has its code
        return any(code is not None and code > 0 for code in codes)


def _processes_of(pool: ProcessPoolExecutor) -> list[Any]:
    return list((pool._processes or {}).values())  # noqa: SLF001 (who was killed, nobody else tells)


class _Pool(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach while they start, either: they inherit that."""

    def submit(self, *given: Any, **how: Any) -> Future[Any]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(*given, **how)
        resource_tracker.ensure_running()  # if it is started by a process, it lets Ctrl-C through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*given, **how)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the process that asked, and end when it does, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="watching the parent", daemon=True).start()
