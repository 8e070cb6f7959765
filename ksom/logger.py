"""Where words and numbers go: the console, train.log and metrics.jsonl."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ksom.masking import masked
from ksom.whole_files import AppendOnlyFile, as_json

LOGGER = logging.getLogger("ksom")

COLUMNS = 80
"""Of a terminal that does not say."""


def log_to_console(level: int = logging.INFO) -> None:
    """Show the log on the standard error stream; only commands call this, a library stays silent."""
    handler = _ConsoleHandler()
    handler.setFormatter(_MaskingFormatter("%(message)s"))
    handler.setLevel(level)
    LOGGER.handlers = [handler]
    LOGGER.setLevel(level)
    LOGGER.propagate = False


@contextmanager
def log_to_file(path: Path) -> Iterator[None]:
    """Append the log to `path`, a line a record, while the block runs."""
    handler = _FileHandler(path)
    handler.setFormatter(_MaskingFormatter("%(asctime)s %(levelname)s %(message)s"))
    level = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)  # tracebacks are for the file only
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)
        handler.close()


class StatusLine:
    """The last line of a terminal, drawn over and over; what is logged meanwhile stands above it.

    The cursor waits at its begin, so that the ^C of an impatient user does not break it in two.
    A terminal that has gone away is nobody's failure: nothing is drawn then.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may log while its thread draws
        self._text = ""

    @property
    def is_possible(self) -> bool:
        """Whether the standard error stream is a terminal."""
        with suppress(AttributeError, ValueError):  # it is closed
            return sys.stderr.isatty()
        return False

    @property
    def columns(self) -> int:
        """How long the line may be; the last column stays free, as some terminals go on in the next line after it."""
        with suppress(AttributeError, ValueError, OSError):
            return (os.get_terminal_size(sys.stderr.fileno()).columns or COLUMNS) - 1
        return COLUMNS - 1

    def draw(self, text: str) -> None:
        """Show a text in place of the one before."""
        with self._lock:
            self._text = text
            self._write(text[: self.columns].ljust(self.columns) + "\r")

    def end(self) -> None:
        """Let the line stand as it is; what follows begins below it."""
        with self._lock:
            if self._text:
                self._write("\n")
            self._text = ""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away while something else is written."""
        with self._lock:
            if self._text:
                self._write(" " * self.columns + "\r")
            yield
            if self._text:
                self.draw(self._text)

    def _write(self, text: str) -> None:
        with suppress(AttributeError, ValueError, OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


STATUS_LINE = StatusLine()
"""The one that the standard error stream has."""


class JsonLines:
    """A file of JSON objects, one a line, appended whole.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._file = AppendOnlyFile(path)

    def write(self, record: dict[str, Any]) -> None:
        """Append one object."""
        self._file.require_there()
        self._file.append(as_json(record))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _MaskingFormatter(logging.Formatter):
    """Lets no secret out, in messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _ConsoleHandler(logging.StreamHandler[Any]):
    """Writes to the stream that is the standard error now, not the one of the time it was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        with STATUS_LINE.aside():
            super().emit(record)


class _FileHandler(logging.Handler):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = AppendOnlyFile(path)

    def emit(self, record: logging.LogRecord) -> None:
        self._file.append(self.format(record).encode() + b"\n")

    def close(self) -> None:
        self._file.close()
        super().close()
