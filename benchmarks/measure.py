"""Ask worker processes, in turn, so that a change of the machine's mood hits all peers alike."""

import contextlib
import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any, Self

from benchmarks.limits import Limits
from benchmarks.peers import PEERS, installed_version
from benchmarks.rows import Row
from benchmarks.worker import work

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Asked:
    """A worker process as its parent sees it."""

    def __init__(self, peer: str, limits: Limits, threads: int = 0) -> None:
        self.peer, self.limits = peer, limits
        self._lost: dict[str, Any] = {}
        self._compiled = tempfile.TemporaryDirectory()  # empty, so that every peer's compilation is seen
        self._connection, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=work, args=(theirs, peer, limits), daemon=True)
        with environment(threads, self._compiled.name):
            self._process.start()
        theirs.close()

    def ask(self, what: str, *arguments: Any) -> dict[str, Any]:
        """Return the worker's answer; silence and death are answers too."""
        if self._lost:
            return self._lost
        try:
            self._connection.send((what, arguments))
            if self._connection.poll(self.limits.answer):
                answer: dict[str, Any] = self._connection.recv()
                return answer
            self._process.kill()  # or it would disturb the others
            note = f"no answer within {self.limits.answer:.0f} s"
        except (EOFError, OSError):
            self._process.join(timeout=5)
            note = f"the process died, exit code {self._process.exitcode}"
        self._lost = {"status": "failed", "note": note}
        return self._lost

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._connection.close()  # the worker then ends by itself, unless it hangs
        self._process.join(timeout=5)
        self._process.kill()
        self._process.join()
        self._compiled.cleanup()


class Measured:
    """A cell of the table while it is being measured."""

    def __init__(self, worker: Asked, row: Row) -> None:
        self.worker, self.row = worker, row
        self.all_seconds: list[float] = []
        self.spent = 0.0
        lacking = ({row.kind} - set(PEERS[worker.peer].kinds.split())) | (
            row.needs - set(PEERS[worker.peer].offers.split())
        )
        self.told: dict[str, Any] = {"status": "not offered", "note": f"no {', '.join(sorted(lacking))}"}
        if not lacking:
            self.told = {"status": "measured", **worker.ask("start", row, worker.limits)}

    @property
    def is_open(self) -> bool:
        limits = self.worker.limits
        enough = len(self.all_seconds) >= limits.runs or self.spent >= limits.cell
        return self.told["status"] == "measured" and not enough

    def run(self) -> None:
        answer = self.worker.ask("run")
        if "seconds" not in answer:
            self.told |= answer
            return
        self.all_seconds.append(answer["seconds"])
        self.spent += answer["spent"]

    def finish(self) -> dict[str, Any]:
        """Return everything that was found out."""
        if self.told["status"] == "measured":
            self.told |= self.worker.ask("finish")
            self.told["seconds"] = statistics.median(self.all_seconds)
        about = {"peer": self.worker.peer, "version": installed_version(self.worker.peer), "row": asdict(self.row)}
        return {**about, **self.told, "all_seconds": self.all_seconds}


def measure(rows: Sequence[Row], peers: Iterable[str], limits: Limits) -> list[dict[str, Any]]:
    """Measure rows with one process for each peer: all get ready, then run in turn until each has had its share."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Asked(peer, limits, rows[0].threads)) for peer in peers]
        return [result for row in rows for result in _in_turn((worker, row) for worker in workers)]


def measure_together(rows: Sequence[Row], peers: Sequence[str], limits: Limits) -> list[dict[str, Any]]:
    """Measure rows that ask for different numbers of threads, which a process has from its start: each its own."""
    with contextlib.ExitStack() as stack:
        return _in_turn(
            [(stack.enter_context(Asked(peer, limits, row.threads)), row) for row in rows for peer in peers]
        )


def alone(function: Callable[..., Any], *arguments: Any, threads: int = 0) -> Any:
    """Return what a function returns in a process of its own that may use so many threads; 0: all cores."""
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as compiled,
        environment(threads, compiled),
        ProcessPoolExecutor(1, mp_context=context) as pool,
    ):
        return pool.submit(function, *arguments).result()


def _in_turn(pairs: Iterable[tuple[Asked, Row]]) -> list[dict[str, Any]]:
    cells = [Measured(worker, row) for worker, row in pairs]
    while still := [cell for cell in cells if cell.is_open]:
        for cell in still:
            cell.run()
    return [cell.finish() for cell in cells]


@contextlib.contextmanager
def environment(threads: int, compiled: str) -> Iterator[None]:
    """What a new process inherits: how many threads libraries use, and where compilers keep their results."""
    before = dict(os.environ)
    os.environ["NUMBA_CACHE_DIR"] = compiled
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)) if threads else {})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
