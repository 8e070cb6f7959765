"""The same bits, whoever works: this process, others, threads; whatever happens to them; and whoever goes on."""

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import random as random_sparse

from ksom import Dataset, KohonenSOM, evaluate, train
from ksom.compute.on_executor import OnExecutor
from ksom.compute.processes import Processes
from ksom.default_setup import Experiment
from ksom.entry import cli
from ksom.hooks.hook import Hook
from ksom.kernels.node_sums import PART_ROWS
from ksom.runs.run import Outcome, Run
from ksom.searching import searched
from ksom.trainer import Trainer
from tests.waiting import LONGEST_SECONDS

ROWS = 2 * PART_ROWS + 9000
CHANCE = np.random.default_rng(0)
POINTS = CHANCE.standard_cauchy((ROWS, 2))  # their sums depend on the order of addition
GAPS = POINTS.copy()
GAPS[::7, 0], GAPS[3::7, 1] = np.nan, np.nan

KINDS: dict[str, dict[str, Any]] = {
    "batch": {"dataset": POINTS},
    "mini-batch": {"dataset": POINTS, "batch_size": PART_ROWS + 9000, "shuffle": True, "iterations": 3},
    "masked": {"dataset": GAPS, "missing": "keep"},
    "weighted": {"dataset": Dataset(POINTS, CHANCE.integers(0, 4, ROWS))},
    "sparse": {"dataset": random_sparse(ROWS, 4, 0.3, "csr", random_state=0)},
    "scaled": {"dataset": POINTS, "scaling": "standard"},
    "directions": {"dataset": POINTS + 3, "distance": "cosine"},
    "float32": {"dataset": POINTS, "dtype": "float32"},
    "numpy": {"dataset": POINTS, "backend": "numpy"},
}
OF_MAP = ("missing", "scaling", "distance", "dtype", "backend")
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

    def __init__(self, compute: Processes, times: int) -> None:
        super().__init__()
        self.compute, self.times = compute, times

    def at_pause(self, run: Run) -> None:
        working = [] if self.compute._pool is None else [*self.compute._pool._processes.values()]
        if self.times and working:
            working[-1].kill()
            self.times -= 1


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Two processes, started once."""
    made = Processes(2)
    yield made._executor()
    made.close()


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


@pytest.fixture
def _pauses_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pace", "trainer"):
        monkeypatch.setattr(f"ksom.{module}.PAUSE_SECONDS", 0.0)


def trainer(kind: str, *hooks: Hook, compute: Any = "here") -> Trainer:
    how = {"iterations": 2, **KINDS[kind]}
    of_map = {name: how.pop(name) for name in OF_MAP if name in how}
    # In float32 the weights round away in which order the sums were added.
    som = KohonenSOM(3, 4, **{"dtype": "float64", "backend": "numba", **of_map})
    return Trainer(som, how.pop("dataset"), hooks=hooks, compute=compute, **how)


def trained(kind: str, *hooks: Hook, compute: Any = "here") -> bytes:
    made = trainer(kind, *hooks, compute=compute)
    assert made.train() is Outcome.COMPLETED
    return made.som.weights.tobytes()


def whole(kind: str) -> bytes:
    if kind not in _WHOLE:
        _WHOLE[kind] = trained(kind)
    return _WHOLE[kind]


def test_the_samples_tell_the_order_of_addition() -> None:
    parts = [POINTS[start : start + PART_ROWS].sum(axis=0) for start in range(0, ROWS, PART_ROWS)]
    assert (sum(parts[1:], parts[0]) != sum(parts[-2::-1], parts[-1])).any()


@pytest.mark.parametrize("kind", KINDS)
def test_processes_and_threads_give_the_bits_of_this_process(kind: str, pool: Executor, threads: Executor) -> None:
    assert trained(kind, compute=pool) == trained(kind, compute=threads) == whole(kind)
    assert [executor.submit(int).result(LONGEST_SECONDS) for executor in (pool, threads)] == [0, 0]  # not shut down


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_processes_gives_them_and_leaves_nothing(workers: int) -> None:
    compute, before = AtOnce(workers), set(multiprocessing.active_children())
    made, folder = trainer("batch", compute=compute), compute.shared
    made.train()
    assert made.som.weights.tobytes() == whole("batch")
    assert not folder.exists()
    assert set(multiprocessing.active_children()) <= before


def test_what_is_done_before_processes_have_started_is_done_here() -> None:
    compute = Processes(2)
    trained("batch", compute=compute)
    assert not compute.is_ready


@pytest.mark.parametrize("kind", ["batch", "mini-batch", "masked", "weighted", "sparse"])
@pytest.mark.usefixtures("_pauses_everywhere")
def test_processes_killed_again_and_again_change_no_bit(kind: str) -> None:
    compute = AtOnce(2, tries=20)
    kills = KillsWorkers(compute, 10 if kind == "batch" else 2)
    assert trained(kind, kills, compute=compute) == whole(kind)
    assert kills.times == 0


@pytest.mark.parametrize(
    ("first", "rows", "second"),
    [
        ("here", 4096, "processes"),
        ("here", PART_ROWS, "threads"),
        ("processes", PART_ROWS, "here"),
        ("threads", PART_ROWS, "processes"),
    ],
)
@pytest.mark.usefixtures("_pauses_everywhere")
def test_what_one_engine_left_in_mid_iteration_another_goes_on_with(
    first: str, rows: int, second: str, pool: Executor, threads: Executor
) -> None:
    engines = {"here": "here", "processes": pool, "threads": threads}
    begun = trainer("batch", StopsAt(rows), compute=engines[first])
    assert begun.train() is Outcome.STOPPED
    assert begun.run.position[0] == 0
    assert rows <= begun.run.position[1] < ROWS
    last = trainer("batch", compute=engines[second])
    last.load_state(begun.state(), begun.som.weights)
    last.train()
    assert last.som.weights.tobytes() == whole("batch")


def test_a_large_map_is_added_up_by_ranges_of_nodes_to_the_same_bits(
    pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whole("masked")
    monkeypatch.setattr("ksom.compute.fold_by_ranges.LARGE", 1)
    assert trained("masked", compute=pool) == expected


class Slow(Dataset):
    """Every piece takes as long as there is nobody who has had enough, where it is read by a thread of a pool."""

    enough = threading.Event()

    def rows(self, index: Any) -> Any:
        if "ThreadPool" in threading.current_thread().name:
            self.enough.wait(LONGEST_SECONDS)
        return super().rows(index)


def test_a_stop_does_not_wait_for_the_parts_under_way(threads: Executor) -> None:
    Slow.enough.set()
    made = Trainer(KohonenSOM(3, 4), Slow(POINTS), iterations=1, hooks=[StopsAt(0)], compute=threads)
    Slow.enough.clear()
    try:
        assert made.train() is Outcome.STOPPED
    finally:
        Slow.enough.set()
    assert made.run.position == (0, 0)


# -- searching, measures, files


@pytest.fixture(scope="module")
def som() -> KohonenSOM:
    return train(POINTS, 5, 6, 3)


def test_others_find_the_same_nodes(som: KohonenSOM, pool: Executor) -> None:
    dataset = Dataset(POINTS)
    expected = som.best_matching_nodes(POINTS, 2, return_distances=True)
    with som.computed_by(pool):
        found = som.best_matching_nodes(dataset, 2, return_distances=True)
        assert som.predict(dataset).node.tobytes() == expected[0][:, 0].tobytes()
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]


def test_a_search_leaves_nothing_in_the_shared_folder(som: KohonenSOM, threads: Executor) -> None:
    compute = OnExecutor(threads)
    assert sum(len(nodes) for nodes, _ in searched(som, Dataset(POINTS), 1, compute)) == ROWS
    next(begun := searched(som, Dataset(POINTS), 1, compute))
    begun.close()  # type: ignore[attr-defined]
    assert not list(compute.shared.iterdir())
    compute.close()


def test_others_measure_the_same(som: KohonenSOM, threads: Executor) -> None:
    dataset = Dataset(POINTS)
    slow = ("kaski_lagus", "topographic_product", "topographic_function")
    here = evaluate(som, dataset, without=slow)
    with som.computed_by(threads):
        assert evaluate(som, dataset, without=slow) == here


def test_a_map_calibrated_by_others_knows_the_same(pool: Executor) -> None:
    made = [Trainer(KohonenSOM(3, 4), POINTS, iterations=1, calibrate=True, compute=each) for each in ("here", pool)]
    for each in made:
        each.train()
    for name, layer in made[0].som.layers.items():
        assert layer.values.tobytes() == made[1].som.layers[name].values.tobytes(), name


def test_a_run_begun_here_is_resumed_by_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("points.npy", POINTS)
    told = ["DATASET", "{NAME: Array, PATH: points.npy}", "MODEL.HEIGHT", "3", "MODEL.WIDTH", "3"]
    told += ["TRAINER.ITERATIONS", "4", "TRAINER.ALGORITHM", "batch", "CALIBRATE", "false"]
    Experiment(None, told, "whole").run()
    first = Experiment(None, [*told, "HOOKS.STOP", "{NAME: TimeLimit, SECONDS: 0.001}"], "run")
    assert first.run().status == "stopped"
    second = Experiment(None, [*told, "COMPUTE", "processes"], "run")
    second.trainer.compute.start_seconds = 0.0
    assert second.run(resume=True).status == "completed"
    assert Path("run/map.npz").read_bytes() == Path("whole/map.npz").read_bytes()
    assert "COMPUTE:\n  NAME: processes" in Path("run/config.yaml").read_text()


def test_the_command_that_measures_prints_the_same_whoever_searches(tmp_path: Path, som: KohonenSOM) -> None:
    som.save(tmp_path / "map.npz")
    np.save(tmp_path / "points.npy", POINTS[: PART_ROWS + 9])
    asked = ["evaluate", str(tmp_path / "map.npz"), str(tmp_path / "points.npy"), "--json"]
    here, there = (CliRunner().invoke(cli, [*asked, "--compute", who]) for who in ("here", "processes"))
    assert here.exit_code == there.exit_code == 0, there.output
    assert here.output == there.output
