"""Work shared among threads of Python's, by kernels that let go of the interpreter's lock.

Numba's own threads abort the process when two threads of a program use them at once.
"""

import functools
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

SHARES = 8
"""Into how many shares work is cut for each thread, so that none waits long for the last one."""

_MOST_THREADS = 256

_helpers: list[ThreadPoolExecutor] = []
"""The threads that help, started when they are first needed and kept: to start two took 1.5 ms."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.clear)  # a child has no thread but its own


def share_out(kernel: Callable[..., None], count: int, threads: int, least: int, *arrays: Any) -> None:
    """Let a kernel do 0 … count − 1 in shares of at least so many; the calling thread works too.

    Parameters
    ----------
    kernel : callable
        Called as kernel(start, stop, *arrays), for several shares at once.
    count : int
        How much there is to do.
    threads : int
        How many threads may work, at least 1.
    least : int
        The smallest share.
    """
    share = max(least, -(-count // (threads * SHARES)))
    starts = deque(range(0, count, share))

    def work() -> None:
        try:
            while (start := _next(starts)) is not None:
                kernel(start, min(start + share, count), *arrays)
        except BaseException:
            starts.clear()  # after an error, or Ctrl-C, nobody begins another share
            raise

    helping = [_pool().submit(work) for _ in range(min(threads, len(starts)) - 1)]
    try:
        work()
    finally:
        for helper in helping:
            if not helper.cancel():
                helper.result()


def matrix_products_alone() -> AbstractContextManager[Any]:
    """Return a context in which numpy's matrix products are made by the thread that asks for them.

    Those of OpenBLAS would wait for more of them for a while, at full speed: in the way of ours, which took 1.3 times
    as long.
    """
    made: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return made


@functools.cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # a training of colours does without

    return ThreadpoolController()


def _next(starts: deque[int]) -> int | None:
    try:
        return starts.popleft()
    except IndexError:
        return None


def _pool() -> ThreadPoolExecutor:
    if not _helpers:
        _helpers.append(ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="ksom"))
    return _helpers[0]
