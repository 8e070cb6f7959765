"""What runs in a process of its own: one peer at work, told by messages when to do what."""

import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from benchmarks import estimate, evaluate, memory, peers
from benchmarks.limits import Limits
from benchmarks.peers import NotOfferedError
from benchmarks.rows import Row


class Cell:
    """One peer at one row."""

    def __init__(self, peer: Any, row: Row, limits: Limits) -> None:
        self.task, self.limits = row.task().part(limits.share), limits
        self.prepare: Callable[..., Callable[[], Any]] = getattr(peer, row.kind)
        self.compile_seconds = estimate.compile_seconds(self.prepare, self.task)
        self.plan = estimate.plan(self.prepare, self.task, limits)
        self.run_part = self.prepare(self.task.part(self.plan.share))
        self.run_smaller = self.prepare(self.task.part(self.plan.smaller)) if self.plan.smaller else None
        self.result: Any = None
        self.resident = memory.start_watching()

    @property
    def is_evaluated(self) -> bool:
        return self.limits.quality and self.plan.share == 1

    def told(self) -> dict[str, Any]:
        return {"compile_seconds": self.compile_seconds, "share": self.plan.share}

    def run(self) -> dict[str, float]:
        """Do the work, or parts of it; return the seconds that the whole takes and those that were spent."""
        self.result = None
        smaller = estimate.seconds_of(self.run_smaller) if self.run_smaller else 0.0
        began = time.perf_counter()
        self.result = self.run_part()
        seconds = time.perf_counter() - began
        return {"seconds": self.plan.whole(seconds, smaller), "spent": smaller + seconds}

    def finish(self) -> dict[str, Any]:
        """Return the peak of memory and the quality; quality only of whole work, or it would be another map's."""
        peak = memory.peak()
        told: dict[str, Any] = evaluate.evaluate(self.task, self.result) if self.is_evaluated else {}
        if peak is not None and self.resident is not None:
            told["memory_bytes"] = max(0, peak - self.resident)
        return told


class Worker:
    """Does what the messages say: each is the name of a method and its arguments."""

    def __init__(self, name: str) -> None:
        began = time.perf_counter()
        self.peer = peers.load(name)
        self.import_seconds = time.perf_counter() - began
        self.cell: Cell

    def start(self, row: Row, limits: Limits) -> dict[str, Any]:
        self.cell = Cell(self.peer, row, limits)
        return {"import_seconds": self.import_seconds, **self.cell.told()}

    def run(self) -> dict[str, float]:
        return self.cell.run()

    def finish(self) -> dict[str, Any]:
        return self.cell.finish()


def work(connection: Connection, name: str, limits: Limits) -> None:
    """Serve one peer until there are no more messages; every failure is an answer too."""
    _silence()
    memory.limit(limits.memory)
    worker = None
    while True:
        try:
            what, arguments = connection.recv()
        except EOFError:
            return
        try:
            worker = worker or Worker(name)
            answer = getattr(worker, what)(*arguments)
        except ImportError as error:
            answer = {"status": "absent", "note": f"not installed: {error}"}
        except NotOfferedError as error:
            answer = {"status": "not offered", "note": str(error)}
        except BaseException as error:  # a peer's own failure, of whatever kind, is what the table has to tell
            answer = {"status": "failed", "note": f"{type(error).__name__}: {error}"}
        connection.send(answer)


def _silence() -> None:
    """Send what peers print, in Python or below it, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
