"""Waiting that comes to an end, so that a test that would hang fails instead."""

import time
from collections.abc import Callable

LONGEST_SECONDS = 60.0
"""More than anything takes that is waited for, on a busy machine too."""


def wait_until(holds: Callable[[], bool], meanwhile: Callable[[], object] = lambda: time.sleep(0.05)) -> None:
    """Wait until something holds; fail if it takes too long."""
    end = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < end, f"nothing came in {LONGEST_SECONDS:g} s"
        meanwhile()
