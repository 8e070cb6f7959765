"""Runs in processes of their own, several at a time: one that dies ends no other."""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from ksom.errors import one_line
from ksom.runs.interruption import stopping_on_signals
from ksom.tasks.run_worker import FAILED, INTERRUPTED

START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ksom.tasks.run_worker import main; main()"
"""Finds the same ksom, and the same classes of the user's own, as this process does."""

LAST_WORDS = 2**12
"""Bytes of what a process that died has written at the end."""

PATIENCE = 0.2
"""Seconds between two looks whether a signal came."""


class Order(NamedTuple):
    """A run that is to be trained, or resumed."""

    name: str
    file: str | None
    """The experiment."""
    overrides: tuple[str, ...]
    """Keys and values in turn."""
    folder: Path
    """The run folder."""
    resume: bool


class Ended(NamedTuple):
    """How a run ended."""

    order: Order
    status: str
    """As the run's summary tells; or "failed", "interrupted"."""
    why: str | None


@dataclass
class Pool:
    """Processes that train some runs.

    Parameters
    ----------
    jobs : int
        How many runs at a time.
    """

    jobs: int
    signal: int | None = None
    """The signal that has ended it early."""

    def train(self, orders: Sequence[Order]) -> Iterator[Ended]:
        """Train the runs, and yield how each ended, in the order in which they do.

        A signal, such as that of Ctrl-C, lets those that are being trained save and end, and begins no other; a second
        one ends all at once.
        """
        self._waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._is_stopping, self._workers = threading.Event(), list[_Worker]()
        for order in orders:
            self._waiting.put(order)
        threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(min(self.jobs, len(orders)))]
        try:
            with stopping_on_signals(self) as interruption:
                for thread in threads:
                    thread.start()
                yield from self._ends(len(threads))
                self.signal = interruption.signal
        finally:
            self._is_stopping.set()
            for worker in list(self._workers):
                worker.kill()

    def request_stop(self, reason: str) -> None:
        """Begin no other run, and let those that are being trained save and end."""
        self._is_stopping.set()
        for worker in list(self._workers):
            worker.terminate()

    def _ends(self, threads: int) -> Iterator[Ended]:
        while threads:
            with suppress(queue.Empty):
                ended = self._ended.get(timeout=PATIENCE)
                if ended is None:
                    threads -= 1
                else:
                    yield ended

    def _serve(self) -> None:
        """Train one run after the other in a process, and in another one if that dies."""
        worker: _Worker | None = None
        try:
            while not self._is_stopping.is_set():
                order = self._waiting.get_nowait()
                if worker is not None and not worker.is_alive:
                    worker.end()
                    worker = None
                if worker is None:
                    try:
                        worker = _Worker()
                    except OSError as error:  # no memory, no process, no file left
                        self._ended.put(Ended(order, FAILED, f"no process could be begun for it: {error.strerror}"))
                        continue
                    self._workers.append(worker)
                    if self._is_stopping.is_set():  # it may have come too late to be told
                        break
                self._ended.put(self._answered(worker, order))
        except queue.Empty:
            pass
        finally:
            if worker is not None:
                worker.end()
            self._ended.put(None)

    def _answered(self, worker: "_Worker", order: Order) -> Ended:
        answer = worker.ask(order)
        if answer is not None:
            return Ended(order, answer["status"], answer["why"])
        died = worker.last_words()
        return Ended(order, INTERRUPTED, None) if self._is_stopping.is_set() else Ended(order, FAILED, died)


class _Worker:
    """A process that trains what it is told; signals from the terminal do not reach it."""

    def __init__(self) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, order: Order) -> dict[str, Any] | None:
        """Have a run trained; None if the process died of it."""
        told = {**order._asdict(), "folder": str(order.folder)}
        try:
            self._input.write(json.dumps(told).encode() + b"\n")
            self._input.flush()
            answer: dict[str, Any] = json.loads(self._output.readline())
        except (OSError, ValueError):
            return None
        return answer

    def last_words(self) -> str:
        """Return what the process died of, as far as that is known."""
        status = self._process.wait()
        self._words.seek(max(0, self._words.seek(0, 2) - LAST_WORDS))
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"its process {how}" + (f": {one_line(lines[-1])}" if lines else "")

    def terminate(self) -> None:
        """Let the run save and end."""
        with suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        if self.is_alive:
            with suppress(OSError):
                self._process.kill()

    def end(self) -> None:
        """Let the process end, which has nothing to do any more."""
        with suppress(OSError):
            self._input.close()
        self._process.wait()
        self._output.close()
        self._words.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout
