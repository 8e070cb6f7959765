"""A terminal whose whole screen is drawn again and again: what it can show, and that it is left as it was."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NamedTuple, TextIO

from ksom.pictures.half_blocks import Depth

SIZE = 80, 24
"""Columns and lines of a terminal that does not say."""
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""Another screen, no cursor, no line goes on in the next one."""
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
BELOW = "\x1b[0m\x1b[999;1H\n"
"""For terminals that have one screen only: what follows stands below."""
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""What is between them is shown at once, by terminals that know of it; the others ignore it."""
SECONDS_BETWEEN_GLANCES = 0.1
"""At the terminal's size, and at the keyboard."""


class Ability(NamedTuple):
    """What a terminal shows."""

    depth: Depth
    is_ascii: bool
    is_screen: bool
    """Whether it can be drawn over."""

    @classmethod
    def of(cls, stream: TextIO) -> "Ability":
        """Ask the environment: NO_COLOR, TERM and COLORTERM; a stream that is no terminal shows plain text.

        References
        ----------
        https://no-color.org; https://github.com/termstandard/colors.
        """
        kind = os.environ.get("TERM", "")
        is_terminal = stream.isatty() and kind not in {"", "dumb"}
        try:
            "▀█░…–×".encode(stream.encoding or "ascii")
            is_ascii = False
        except (UnicodeError, LookupError):
            is_ascii = True
        if os.environ.get("NO_COLOR") or not is_terminal:
            return cls(Depth.NONE, is_ascii, is_terminal)
        is_true = os.environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or kind.endswith("-direct")
        return cls(Depth.TRUE if is_true else Depth.SOME, is_ascii, is_terminal)


class Terminal:
    """The terminal that a stream is.

    Parameters
    ----------
    stream : TextIO
        The standard output.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: list[str] = []
        self._size = (0, 0)
        self._keys: Any = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        with suppress(AttributeError, ValueError, OSError):
            columns, lines = os.get_terminal_size(self._stream.fileno())
            return columns or SIZE[0], lines or SIZE[1]
        return SIZE

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Draw on a screen of one's own in this block; whatever ends it, the terminal is as it was afterwards.

        A signal that asks the process to end raises SystemExit in it; Ctrl-Z gives the terminal back for as long.
        """
        handlers: dict[int, Any] = {}
        try:
            for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None), getattr(signal, "SIGTSTP", None)):
                if number is not None:
                    is_pause = number == getattr(signal, "SIGTSTP", None)
                    handlers[number] = signal.signal(number, self._pause if is_pause else _end)
            self._enter()
            yield
        finally:
            self._leave()
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines from the top, each no wider than the terminal; what has not changed is not written again."""
        size = self.size
        lines = [*lines[: size[1]], *[""] * (size[1] - len(lines))]
        if size != self._size:
            self._shown, self._size = [], size
        before: list[str | None] = [*self._shown] or [None] * size[1]
        changed = [
            f"\x1b[{row};1H{line}\x1b[0m\x1b[K"
            for row, (line, was) in enumerate(zip(lines, before, strict=True), 1)
            if line != was
        ]
        if changed:
            clear = "" if self._shown else "\x1b[2J"
            self._write(BEGIN + clear + "".join(changed) + END)
        self._shown = lines

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the terminal has another size; return whether somebody has typed q."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.size == self._size:
            if self._has_typed_q(min(left, SECONDS_BETWEEN_GLANCES)):
                return True
        return False

    def _has_typed_q(self, seconds: float) -> bool:
        if self._keys is None:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return False
        typed = os.read(sys.stdin.fileno(), 100)
        if not typed:  # there is nobody at the keyboard any more
            self._keys = None
        return b"q" in typed.lower()

    def _enter(self) -> None:
        self._keys = _listening()
        self._shown = []
        self._write(ENTER)

    def _leave(self) -> None:
        self._write(BELOW + LEAVE)
        if self._keys is not None:
            import termios

            with suppress(termios.error, ValueError, OSError):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, self._keys)

    def _pause(self, number: int, _frame: FrameType | None) -> None:
        """Give the terminal back, stop, and take it again when the process goes on."""
        self._leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._pause)
        self._enter()

    def _write(self, text: str) -> None:
        with suppress(ValueError, BlockingIOError):  # it is closed; it is slow, and the next picture comes soon
            try:
                self._stream.write(text)
                self._stream.flush()
            except RuntimeError:  # a signal came while it was being written to
                os.write(self._stream.fileno(), text.encode(self._stream.encoding or "ascii"))


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _listening() -> Any:
    """Let keys be read at once and not be shown; return how the keyboard was, None if there is none."""
    try:
        import termios

        before = termios.tcgetattr(sys.stdin.fileno())
        now = termios.tcgetattr(sys.stdin.fileno())
        now[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, now)
    except (ImportError, ValueError, OSError, AttributeError):
        return None
    except Exception as error:  # termios.error is no OSError
        if type(error).__name__ != "error":
            raise
        return None
    return before
