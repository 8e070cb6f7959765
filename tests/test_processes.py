"""Parts done by other processes come in order, each once, whoever is lost on the way."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from ksom.compute import on_executor, processes
from ksom.compute.compute import NOT_YET, results
from ksom.compute.computes import as_compute
from ksom.compute.on_executor import OnExecutor
from ksom.compute.processes import Processes
from ksom.errors import ComputeError, DataError
from tests.errands import (
    Away,
    AwayFor,
    AwayForGood,
    BreaksOff,
    Errand,
    Kills,
    KillsOnce,
    NeverGoesOn,
    Odd,
    Sleeps,
    Straggles,
    Uneven,
    Wrong,
)
from tests.waiting import LONGEST_SECONDS, wait_until


@pytest.fixture
def two() -> Iterator[Processes]:
    made = Processes(2)
    yield made
    made.close()
    assert not multiprocessing.active_children()


def done(compute: OnExecutor, task: Errand, parts: int = 8) -> list[int]:
    return [number for number, _ in results(compute.each(task, range(parts)))]


def waiting_for_processes(before: Collection[threading.Thread]) -> list[str]:
    """Where the threads are that pools of processes have; but for those that were there before."""
    frames = sys._current_frames()
    new = [thread for thread in threading.enumerate() if thread not in before]
    waiting = [thread for thread in new if "Executor" in type(thread).__name__]
    return ["".join(traceback.format_stack(frames[thread.ident])) for thread in waiting if thread.ident in frames]


@pytest.mark.parametrize("kind", [Errand, Uneven, KillsOnce, Away])
def test_results_come_in_order_each_once(two: Processes, tmp_path: Path, kind: type[Errand]) -> None:
    assert done(two, kind(tmp_path)) == [0, 10, 20, 30, 40, 50, 60, 70]


def test_both_processes_work(two: Processes, tmp_path: Path) -> None:
    who = {process for _, process in results(two.each(Uneven(tmp_path), range(12)))}
    assert len(who) == 2
    assert os.getpid() not in who


def test_no_more_parts_are_begun_than_the_window_has(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        coming = OnExecutor(executor, window=3).each(Errand(tmp_path), range(100))
        next(results(coming))
        time.sleep(0.2)
        begun = {path.name.split("-")[0] for path in tmp_path.iterdir()}
        assert begun == {"0", "1", "2"}
        coming.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("tries", [1, 3])
def test_a_part_that_kills_whoever_does_it_is_named(tmp_path: Path, tries: int) -> None:
    compute = Processes(2, tries=tries)
    told = r"^part 2 \(rows of it\) killed (\d) workers?; it may need more memory"
    try:
        with pytest.raises(ComputeError, match=told) as got:
            done(compute, Kills(tmp_path))
    finally:
        compute.close()
    found = re.match(told, str(got.value))
    assert found
    assert tries <= int(found[1]) <= max(2, tries)  # where others were lost with it, it is tried alone
    assert Kills(tmp_path).tries(2) <= int(found[1])


def test_wrong_data_are_told_at_once_as_they_are(two: Processes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^x.npy: row 17: column 3 is NaN$"):
        done(two, Wrong(tmp_path))
    assert Wrong(tmp_path).tries(1) == 1


def test_a_store_that_never_answers_is_asked_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_executor, "BACK_OFF_SECONDS", 0.01)
    with ThreadPoolExecutor(2) as executor:
        told = r"^part 1 \(rows of it\): ConnectionError: the store is away$"
        with pytest.raises(ComputeError, match=told):
            done(OnExecutor(executor, tries=3), AwayForGood(tmp_path))
    assert AwayForGood(tmp_path).tries(1) == 3


def test_the_cause_of_an_error_need_not_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")  # has causes travel too
    monkeypatch.setattr(on_executor, "BACK_OFF_SECONDS", 0.01)
    with ThreadPoolExecutor(2) as executor:
        assert done(OnExecutor(executor), AwayFor(tmp_path), 3) == [0, 10, 20]
    assert AwayFor(tmp_path).tries(1) == 3


def test_an_error_that_cannot_travel_breaks_nothing_and_is_told(two: Processes, tmp_path: Path) -> None:
    with pytest.raises(ComputeError, match=r"^part 1 \(rows of it\): OddError: here: so$"):
        done(two, Odd(tmp_path))
    assert Odd(tmp_path).tries(1) == 1


def test_a_straggler_is_done_by_somebody_else_too(
    two: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_executor, "SHORTEST_SECONDS", 0.2)
    assert done(two, Straggles(tmp_path)) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert Straggles(tmp_path).tries(6) == 2


def test_whoever_waits_may_look_up_and_leave_off(two: Processes, tmp_path: Path) -> None:
    before, coming = threading.enumerate(), two.each(Sleeps(tmp_path), range(8))
    came: list[object] = []
    wait_until(lambda: Sleeps(tmp_path).tries(0) > 0, lambda: came.append(next(coming)))
    assert set(came) <= {NOT_YET}
    coming.close()  # type: ignore[attr-defined]
    began = time.monotonic()
    two.close()
    assert time.monotonic() - began < 60  # not the minutes of a part
    assert not waiting_for_processes(before)


def test_a_process_killed_in_mid_answer_is_missed(
    two: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "END_SECONDS", 1.0)
    assert done(two, BreaksOff(tmp_path)) == [0, 10, 20, 30, 40, 50, 60, 70]


def test_nobody_waits_for_the_rest_of_an_answer_when_all_is_over(tmp_path: Path) -> None:
    before, compute = threading.enumerate(), Processes(2)
    coming = compute.each(NeverGoesOn(tmp_path), range(8))
    wait_until(lambda: NeverGoesOn(tmp_path).tries(2) > 0, lambda: next(coming))
    time.sleep(0.5)  # until the answer has begun
    coming.close()  # type: ignore[attr-defined]
    compute.close()
    assert not waiting_for_processes(before)


def test_an_executor_that_does_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_executor, "CHECK_SECONDS", 0.1)
    enough = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(enough.wait, 60)
        try:
            with pytest.raises(ComputeError, match=r"^compute: OnExecutor.* has done nothing for 0.1 s; give one"):
                as_compute(executor).check()
        finally:
            enough.set()


def test_processes_end_with_who_asked_even_if_it_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "asks.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys
            from pathlib import Path
            from tests.errands import Sleeps
            from ksom.compute.processes import Processes
            if __name__ == "__main__":
                list(Processes(2).each(Sleeps(Path(sys.argv[1])), range(4)))
            """
        )
    )
    marks = tmp_path / "marks"
    marks.mkdir()
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    child = subprocess.Popen([sys.executable, str(script), str(marks)], env={**os.environ, "PYTHONPATH": path})
    try:
        wait_until(lambda: len(list(marks.iterdir())) >= 2 or child.poll() is not None)
        assert child.poll() is None
        workers = [int(mark.name.split("-")[2]) for mark in marks.iterdir()]
    finally:
        child.kill()
        child.wait(LONGEST_SECONDS)
    wait_until(lambda: not any(_is_alive(worker) for worker in workers))


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from pathlib import Path\nfrom tests.errands import Errand\nfrom ksom.compute.processes import Processes\n"
        "list(Processes(2).each(Errand(Path('.')), range(4)))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    ran = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        cwd=tmp_path, check=False, timeout=LONGEST_SECONDS,
    )  # fmt: skip
    told = [line for line in ran.stderr.splitlines() if line]
    assert 'put what trains under `if __name__ == "__main__":`' in told[-1]


def test_ctrl_c_reaches_no_process_even_while_it_starts(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)
    compute, is_over = Processes(2), threading.Event()

    def interrupt() -> None:
        while not is_over.wait(0.05):
            for process in multiprocessing.active_children():
                if process.pid:  # 0 would be everybody
                    os.kill(process.pid, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        assert done(compute, Uneven(tmp_path)) == [0, 10, 20, 30, 40, 50, 60, 70]
    finally:
        is_over.set()
        thread.join(LONGEST_SECONDS)
        compute.close()
        signal.signal(signal.SIGINT, before)
    assert all(Uneven(tmp_path).tries(part) == 1 for part in range(8))


def test_an_executor_of_others_that_breaks_is_told(tmp_path: Path) -> None:
    told = r"ProcessPoolExecutor.* is broken, workers were lost .* give a new one"
    executor = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    with executor, pytest.raises(ComputeError, match=told):
        done(OnExecutor(executor), Kills(tmp_path))


def test_an_executor_that_breaks_ends_all_its_processes_whatever_was_let_go_of(tmp_path: Path) -> None:
    executor = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    coming = OnExecutor(executor, window=9).each(Sleeps(tmp_path), range(9))
    wait_until(lambda: Sleeps(tmp_path).tries(1) > 0, lambda: next(coming))
    coming.close()  # type: ignore[attr-defined]
    first, *others = multiprocessing.active_children()
    first.kill()
    try:
        wait_until(lambda: not multiprocessing.active_children())
    finally:
        for process in others:
            process.kill()
        executor.shutdown()
