"""One training has one result to the bit, whoever made the sums of its parts, and whatever happened to them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import random as random_sparse

from ksom import Dataset, KohonenSOM
from ksom.compute.processes import Processes
from ksom.errors import ComputeError, ParameterError
from ksom.hooks.hook import Hook
from ksom.kernels.node_sums import PART_ROWS
from ksom.runs.run import Outcome, Run
from ksom.trainer import Trainer

ROWS = 3 * PART_ROWS + 5000
CHANCE = np.random.default_rng(0)
POINTS = CHANCE.standard_cauchy((ROWS, 2))  # their sums depend on the order of addition
GAPS = POINTS.copy()
GAPS[::7, 0], GAPS[3::7, 1] = np.nan, np.nan

KINDS: dict[str, dict[str, Any]] = {
    "batch": {"dataset": POINTS},
    "mini-batch": {"dataset": POINTS, "batch_size": 2 * PART_ROWS + 9000},
    "masked": {"dataset": GAPS, "missing": "keep"},
    "weighted": {"dataset": Dataset(POINTS, CHANCE.random(ROWS))},
    "sparse": {"dataset": random_sparse(ROWS, 4, 0.3, "csr", random_state=0)},
    "shuffled": {"dataset": POINTS, "shuffle": True},
    "scaled": {"dataset": POINTS, "scaling": "standard"},
    "float32": {"dataset": POINTS, "dtype": "float32"},
}
_WHOLE: dict[str, bytes] = {}


class AtOnce(Processes):
    """Processes that are started for the least work."""

    start_seconds = 0.0


class StopsAt(Hook):
    """Asks for a stop once so many samples of an iteration were added."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def at_pause(self, run: Run) -> None:
        if run.position[1] >= self.rows:
            run.request_stop("enough")


class KillsWorkers(Hook):
    """Kills one of the processes at most pauses, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def at_pause(self, run: Run) -> None:
        working = multiprocessing.active_children()
        if self.times and working:
            os.kill(working[-1].pid or 0, signal.SIGKILL)
            self.times -= 1


def trainer(kind: str, *hooks: Hook, compute: Any = "here", iterations: int = 2) -> Trainer:
    how = {**KINDS[kind]}
    of_map = {name: how.pop(name) for name in ("missing", "scaling", "dtype") if name in how}
    # In float32 the weights round away in which order the sums were added.
    som = KohonenSOM(3, 4, backend="numba", **{"dtype": "float64", **of_map})
    return Trainer(som, how.pop("dataset"), iterations=iterations, hooks=hooks, compute=compute, **how)


def whole(kind: str) -> bytes:
    if kind not in _WHOLE:
        made = trainer(kind)
        made.train()
        _WHOLE[kind] = made.som.weights.tobytes()
    return _WHOLE[kind]


def test_the_samples_tell_the_order_of_addition() -> None:
    parts = [POINTS[start : start + PART_ROWS].sum(axis=0) for start in range(0, ROWS, PART_ROWS)]
    assert (sum(parts[1:], parts[0]) != sum(parts[-2::-1], parts[-1])).any()


@pytest.mark.parametrize(
    "kind", [kind if kind in {"batch", "masked"} else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_two_processes_give_the_bits_of_one(kind: str) -> None:
    made = trainer(kind, compute=AtOnce(2))
    assert made.train() is Outcome.COMPLETED
    assert made.som.weights.tobytes() == whole(kind)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_processes_changes_no_bit(workers: int) -> None:
    made = trainer("batch", compute=AtOnce(workers))
    made.train()
    assert made.som.weights.tobytes() == whole("batch")


@pytest.mark.parametrize(
    "executor",
    [lambda: ThreadPoolExecutor(3), lambda: ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))],
    ids=["threads", "processes"],
)
@pytest.mark.parametrize("kind", ["batch", "masked"])
def test_any_executor_gives_the_same_bits(kind: str, executor: Callable[[], Any]) -> None:
    with executor() as given:
        made = trainer(kind, compute=given)
        made.train()
        assert made.som.weights.tobytes() == whole(kind)
        assert given.submit(int).result() == 0  # it was not shut down


def test_nothing_is_left_in_the_shared_folder_or_of_it() -> None:
    compute = AtOnce(2)
    made = trainer("batch", compute=compute)
    folder = compute.shared
    made.train()
    assert not folder.exists()
    assert not multiprocessing.active_children()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["batch", "mini-batch", "masked", "weighted", "sparse"])
def test_processes_killed_ten_times_change_no_bit(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.trainer.PAUSE_SECONDS", 0.0)
    kills = KillsWorkers(10)
    made = trainer(kind, kills, compute=AtOnce(2, tries=20))
    made.train()
    assert kills.times == 0
    assert made.som.weights.tobytes() == whole(kind)


@pytest.mark.parametrize(("first", "second"), [("here", "processes"), ("processes", "here"), ("processes", "threads")])
def test_what_one_engine_left_in_mid_iteration_another_goes_on_with(
    first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ksom.trainer.PAUSE_SECONDS", 0.0)
    with ThreadPoolExecutor(2) as threads:
        made = {"here": lambda: "here", "processes": lambda: AtOnce(2), "threads": lambda: threads}
        begun = trainer("batch", StopsAt(PART_ROWS + (first == "here")), compute=made[first]())
        assert begun.train() is Outcome.STOPPED
        assert begun.run.position[0] == 0
        assert PART_ROWS <= begun.run.position[1] < ROWS
        last = trainer("batch", compute=made[second]())
        last.load_state(begun.state(), begun.som.weights)
        last.train()
    assert last.som.weights.tobytes() == whole("batch")


class Slow(Dataset):
    """Every piece takes minutes, where it is read by a thread."""

    def rows(self, index: Any) -> Any:
        while "ThreadPool" in threading.current_thread().name and not ENOUGH.wait(0.05):
            pass
        return super().rows(index)


ENOUGH = threading.Event()


def test_a_stop_does_not_wait_for_the_parts_under_way() -> None:
    ENOUGH.set()
    with ThreadPoolExecutor(2) as threads:
        made = Trainer(KohonenSOM(3, 4), Slow(POINTS), iterations=1, hooks=[StopsAt(0)], compute=threads)
        ENOUGH.clear()
        assert made.train() is Outcome.STOPPED
        ENOUGH.set()
    assert made.run.position == (0, 0)


class Own(Dataset):
    def batch(self, iteration: int, **how: Any) -> Any:
        yield self.samples


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"algorithm": "online"}, "compute must be here for Online, which shows samples one after another"),
        ({"dataset": Own(POINTS[:9])}, r"compute must be here for Own, whose own batch\(\) has no parts"),
        ({"som": KohonenSOM(3, 4, backend="jax")}, "compute must be here for the backend jax"),
    ],
)
def test_what_only_one_process_can_do_is_refused(changes: dict[str, Any], told: str) -> None:
    how = {"som": KohonenSOM(3, 4), "dataset": POINTS[:9], **changes}
    with pytest.raises(ParameterError, match=told):
        Trainer(how.pop("som"), how.pop("dataset"), compute="processes", **how)


def test_an_executor_that_is_shut_down_is_found_before_anything_is_written(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    folder = tmp_path / "run"
    with pytest.raises(ComputeError, match="cannot schedule new futures after shutdown"):
        Trainer(KohonenSOM(3, 4), POINTS[:9], folder=folder, compute=executor).train()
    assert not folder.exists()
