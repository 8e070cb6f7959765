"""Ctrl-C, SIGTERM, a closed terminal: stop at the next pause, save, say so; a second Ctrl-C stops at once."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

logger = logging.getLogger(__name__)


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stoppable(Protocol):
    """What can be asked to stop: a run, or several."""

    def request_stop(self, reason: str) -> None:
        """Stop as soon as nothing is lost by it."""


class Interruption:
    """Which signal has asked the training to stop, if any."""

    signal: int | None = None


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process with a line and the conventional status, while the block runs.

    What it was about to write is then cleared away, and its workers end. Ctrl-C does so by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS if number != signal.SIGINT}
    before = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a signal handler's signature)
        logger.warning("stopped at once by %s", signal.Signals(number).name)
        raise SystemExit(128 + number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopping_on_signals(run: Stoppable) -> Iterator[Interruption]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a request to stop, while the block runs.

    The second one is handled as it was before: Ctrl-C raises KeyboardInterrupt. A signal that was ignored stays so.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield Interruption()
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (a signal handler's signature)
        restore()
        interruption.signal = number
        logger.warning("%s: stopping in a moment; once more stops at once", signal.Signals(number).name)
        run.request_stop(f"interrupted by {signal.Signals(number).name}")

    for number in before:
        signal.signal(number, stop)
    try:
        yield interruption
    finally:
        restore()
