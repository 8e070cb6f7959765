"""The compiler, at work in a process of its own while this one computes without it.

It is started when kernels are asked for that were never compiled, keeps what it compiles for this run and all others,
and ends with this process at the latest, however that ends.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ksom.kernels.errand import Errand
from ksom.kernels.numba.kept_code import kept_in

LOOK_SECONDS = 0.02
"""How often is looked whether it is done."""

MOST_SECONDS = 120.0
"""So long it may take, ten times as long as it does; then it is ended, and kernels are compiled where they are used."""

HURRY_SECONDS = 6.0
"""What numpy does sooner may be done before anything is compiled: then the compiler lets it pass. On a busy machine, a
training of 3.7 s took 5.1 beside one that did not."""

NICE = 10
"""How far."""

START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from ksom.kernels.numba.rehearsal import main
main()
"""


class Compiler:
    """Lets kernels be compiled for errands, and tells which errands can be done with compiled ones.

    Several threads may ask.

    Attributes
    ----------
    is_urgent : bool
        Whether somebody waits for it who has much to do; else it lets others pass.
    """

    is_urgent = False

    def __init__(self) -> None:
        self._ready: set[Errand] = set()
        self._wanted: dict[Errand, None] = {}
        self._under_way: list[Errand] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._looked = 0.0
        self._lock = threading.Lock()

    def has(self, errands: Sequence[Errand], soon: Sequence[Errand] = ()) -> bool:
        """Return whether there is nothing to wait for; else it is compiled, and after it what is needed soon.

        Also where nothing can be compiled elsewhere: then it is done here.
        """
        if self._ready.issuperset(errands) and self._ready.issuperset(soon):
            return True
        with self._lock:
            self._look((*errands, *soon))
            return self._ready.issuperset(errands)

    def end(self) -> None:
        """End the process, and forget what it was to do; what it has compiled is kept."""
        with self._lock:
            self._wanted.clear()
            self._end()

    def _look(self, errands: Iterable[Errand]) -> None:
        """Note what is new, and what is done; let the rest be compiled."""
        new = [errand for errand in errands if errand not in self._ready and errand not in self._wanted]
        self._wanted.update(dict.fromkeys(new))
        now = time.monotonic()
        if not new and now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        has_ended = self._process is not None and self._has_ended(now)  # before the marks, so that none is missed
        self._take_over([errand for errand in self._wanted if errand.is_marked()])
        if has_ended:  # whatever it has not done, it could not do
            self._take_over(self._under_way)
        if self._wanted and self._process is None:
            self._start()

    def _take_over(self, errands: Iterable[Errand]) -> None:
        for errand in list(errands):
            self._ready.add(errand)
            self._wanted.pop(errand, None)

    def _has_ended(self, now: float) -> bool:
        assert self._process is not None
        if self._process.poll() is None and now - self._began < MOST_SECONDS:
            return False
        self._end()
        return True

    def _start(self) -> None:
        """Start a process for all that is wanted; where there can be none, all of it is done here."""
        self._under_way, self._began = list(self._wanted), time.monotonic()
        try:
            self._process = started(self._under_way) if can_start() else None
            if self._process is not None and not self.is_urgent and hasattr(os, "setpriority"):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        except OSError:
            self._end()
        if self._process is None:
            self._take_over(self._under_way)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def can_start() -> bool:
    """Whether a process could compile: there is a Python to start, and a place for what it compiles."""
    is_off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}
    return bool(sys.executable) and not getattr(sys, "frozen", False) and not is_off and kept_in() is not None


def started(errands: Iterable[Errand]) -> subprocess.Popen[bytes]:
    """Start a process that compiles what some errands need, in order.

    It imports what this process would, but for what lies in the current folder; Ctrl-C does not reach it.
    """
    path = [place for place in sys.path if place and Path(place).absolute() != Path.cwd()]
    home = str(Path(__file__).parents[2])
    told = json.dumps([*path, *([] if home in path else [home])]), str(os.getpid()), json.dumps(list(errands))
    flags = ["-P", *(["-E"] if sys.flags.ignore_environment else []), *(["-s"] if sys.flags.no_user_site else [])]
    nobody = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, *flags, "-c", START, *told],
        stdin=nobody,
        stdout=nobody,
        stderr=nobody,
        start_new_session=True,
    )


COMPILER = Compiler()
"""That of this process: all its maps share it."""

atexit.register(COMPILER.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COMPILER.__init__)  # type: ignore[misc]  # a forked process has no part in it
