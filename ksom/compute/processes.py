"""Processes of this machine."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor

from ksom.arguments import require_integer
from ksom.compute.computes import COMPUTES
from ksom.compute.on_executor import TRIES, OnExecutor

LOOK_SECONDS = 1.0
"""How often a worker looks whether somebody is left to work for."""


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
        self.processes = require_integer("workers", workers, minimum=0)
        require_integer("tries", tries, minimum=1)
        require_integer("window", window, minimum=0)
        self._pool: ProcessPoolExecutor | None = None
        super().__init__(None, self.processes or len(os.sched_getaffinity(0)), tries, window)  # type: ignore[arg-type]

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
            self._pool = ProcessPoolExecutor(self.workers, context, _begin, (os.getpid(),))
        return self._pool

    def _replaced(self) -> bool:
        self._end()
        return True

    def _end(self) -> None:
        if self._pool is not None:
            # There is no public way to end a part that is under way, and it may take a minute.
            processes = list((self._pool._processes or {}).values())  # noqa: SLF001
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            self._pool = None


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the process that asked, and end when it does, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="watching the parent", daemon=True).start()
