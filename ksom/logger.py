"""Where words and numbers go: the console, train.log and metrics.jsonl."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ksom.masking import masked
from ksom.whole_files import AppendOnlyFile, as_json

LOGGER = logging.getLogger("ksom")


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
