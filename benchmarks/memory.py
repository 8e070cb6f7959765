"""Resident memory of this process, in bytes; None where the system does not tell (anywhere but on Linux)."""

import ctypes
import gc
import resource
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


def start_watching() -> int | None:
    """Give back what is free, forget the peak so far, and return what is resident now."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        CLEAR_REFS.write_text("5")
    except (OSError, AttributeError):
        return None
    return _status("VmRSS")


def peak() -> int | None:
    """Return the most that has been resident since `start_watching`."""
    return _status("VmHWM")


def limit(size: int) -> None:
    """Let requests beyond `size` fail."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _status(field: str) -> int | None:
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
