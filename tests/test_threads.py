"""Work shared among threads is done once, whoever asks; an error ends it."""

import os
import subprocess
import sys
import threading
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ksom.kernels.numba.threads import share_out


def add_one(start: int, stop: int, done: np.ndarray) -> None:
    done[start:stop] += 1


@given(count=st.integers(0, 200), threads=st.integers(1, 6), least=st.integers(1, 50))
def test_every_part_is_done_once(count: int, threads: int, least: int) -> None:
    done = np.zeros(count)
    share_out(add_one, count, threads, least, done)
    assert (done == 1).all()


def test_several_threads_work() -> None:
    both = threading.Barrier(2, timeout=10)
    share_out(lambda start, stop: both.wait(), 2, 2, 1)


def test_several_threads_of_a_program_may_ask_at_once() -> None:
    results = [np.zeros(500) for _ in range(8)]
    callers = [threading.Thread(target=share_out, args=(add_one, 500, 3, 1, done)) for done in results]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=10)
    assert all((done == 1).all() for done in results)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_share_is_raised_and_no_other_share_begins_after_it(threads: int) -> None:
    begun = []

    def fail(start: int, stop: int) -> None:
        begun.append(start)
        time.sleep(0.05)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        share_out(fail, 100, threads, 1)
    assert len(begun) <= threads


def test_an_error_in_the_first_share_alone_ends_the_others_too() -> None:
    begun, failed = [], threading.Event()

    def work(start: int, stop: int) -> None:
        if start == 0:
            failed.set()
            raise ZeroDivisionError
        begun.append(start)
        failed.wait(10)
        time.sleep(0.05)

    with pytest.raises(ZeroDivisionError):
        share_out(work, 100, 3, 1)
    assert len(begun) <= 2


FORKS = """
import os
import threading
from ksom.kernels.numba.threads import share_out

def two_work():
    both = threading.Barrier(2, timeout=10)
    share_out(lambda start, stop: both.wait(), 2, 2, 1)

two_work()
child = os.fork()
if child == 0:
    try:
        two_work()
    except threading.BrokenBarrierError:
        os._exit(1)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_threads_of_its_own() -> None:
    assert subprocess.run([sys.executable, "-c", FORKS], check=False, timeout=60).returncode == 0
