"""The same bits, whoever works: this process, others, threads, a cluster; and whoever goes on with it."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import random as random_sparse

from ksom import Batch, Dataset, KohonenSOM, evaluate, train
from ksom.compute import processes
from ksom.compute.compute import Compute
from ksom.compute.computes import as_compute
from ksom.compute.on_executor import OnExecutor
from ksom.compute.processes import Processes
from ksom.default_setup import Experiment
from ksom.entry import cli
from ksom.errors import ComputeError, ConfigError, ParameterError
from ksom.hooks.hook import Hook
from ksom.kernels.node_sums import PART_ROWS
from ksom.runs.run import Outcome, Run
from ksom.trainer import Trainer

CHANCE = np.random.default_rng(0)
ROWS = 2 * PART_ROWS + 9000
POINTS = CHANCE.normal(size=(ROWS, 2)).astype(np.float32)
GAPS = POINTS.copy()
GAPS[::7, 0], GAPS[3::7, 1] = np.nan, np.nan

KINDS: dict[str, dict[str, Any]] = {
    "dense": {"samples": POINTS},
    "mini-batch": {"samples": POINTS, "batch_size": PART_ROWS + 100, "iterations": 4},
    "shuffled and scaled": {"samples": POINTS, "shuffle": True, "scaling": "standard"},
    "gaps": {"samples": GAPS, "missing": "keep"},
    "weights": {"samples": POINTS, "sample_weights": CHANCE.integers(0, 4, ROWS)},
    "directions": {"samples": POINTS + 3, "distance": "cosine"},
    "sparse": {"samples": random_sparse(ROWS, 5, 0.3, "csr", random_state=0, dtype=np.float32)},
    "numpy": {"samples": POINTS, "backend": "numpy"},
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Compute]:
    """Two processes, started once."""
    made = Processes(2)
    made.start_seconds = 0.0
    yield OnExecutor(made._executor(), 2)
    made.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


def trained(kind: str, compute: Any) -> str:
    how = {"iterations": 3, **KINDS[kind]}
    som = train(how.pop("samples"), 3, 4, compute=compute, **how)
    return hashlib.sha256(som.weights.tobytes()).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_processes_and_threads_have_the_bits_of_this_process(
    kind: str, pool: Compute, threads: ThreadPoolExecutor
) -> None:
    assert trained(kind, pool) == trained(kind, threads) == trained(kind, "here")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_processes_has_them(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.Processes, "start_seconds", 0.0)
    assert trained("dense", Processes(workers)) == trained("dense", "here")


def test_what_is_done_before_processes_have_started_is_done_here() -> None:
    compute = Processes(2)
    trained("dense", compute)
    assert not compute.is_ready


class StopsAfter(Hook):
    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def at_pause(self, run: Run) -> None:
        if run.position[1] >= self.rows:
            run.request_stop("enough")


@pytest.mark.parametrize("rows", [4096, PART_ROWS])
def test_a_training_stopped_within_an_iteration_is_gone_on_with_by_others(
    rows: int, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pace", "trainer"):
        monkeypatch.setattr(f"ksom.{module}.PAUSE_SECONDS", 0.0)
    whole = train(POINTS, 3, 4, 2)
    first = Trainer(KohonenSOM(3, 4), POINTS, iterations=2, hooks=[StopsAfter(rows)])
    assert first.train() is Outcome.STOPPED
    second = Trainer(KohonenSOM(3, 4), POINTS, iterations=2, compute=threads)
    second.load_state(first.state(), first.som.weights)
    second.train()
    assert second.som.weights.tobytes() == whole.weights.tobytes()


def test_a_large_map_is_added_up_by_ranges_of_nodes_to_the_same_bits(
    pool: Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = trained("gaps", "here")
    monkeypatch.setattr("ksom.compute.fold_by_ranges.LARGE", 1)
    assert trained("gaps", pool) == here


@pytest.fixture(scope="module")
def som() -> KohonenSOM:
    return train(POINTS, 5, 6, 3)


def test_others_find_the_same_nodes(som: KohonenSOM, pool: Compute) -> None:
    dataset = Dataset(POINTS)
    expected = som.best_matching_nodes(POINTS, 2, return_distances=True)
    with som.computed_by(pool):
        found = som.best_matching_nodes(dataset, 2, return_distances=True)
        assert som.predict(dataset).node.tobytes() == expected[0][:, 0].tobytes()
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]


def test_others_measure_the_same(som: KohonenSOM, threads: ThreadPoolExecutor) -> None:
    dataset = Dataset(POINTS)
    slow = ("kaski_lagus", "topographic_product", "topographic_function")
    here = evaluate(som, dataset, without=slow)
    with som.computed_by(threads):
        assert evaluate(som, dataset, without=slow) == here


def test_a_map_calibrated_by_others_knows_the_same(pool: Compute) -> None:
    made = [Trainer(KohonenSOM(3, 4), POINTS, iterations=1, calibrate=True, compute=each) for each in ("here", pool)]
    for trainer in made:
        trainer.train()
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


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("proceses", "compute must name a compute"),
        (7, "compute must be one of here, processes, dask, an executor of concurrent.futures, or a client of Dask"),
        (Processes, "compute must be one of here, processes, dask"),
    ],
)
def test_who_is_no_compute_is_refused(value: Any, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        as_compute(value)


def test_online_training_stays_in_one_process() -> None:
    with pytest.raises(ParameterError, match="compute must be here for Online, which shows samples one after another"):
        train(POINTS, compute="processes", algorithm="online")


def test_an_executor_that_is_shut_down_is_refused_before_anything_is_learned() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(ComputeError, match=r"compute: OnExecutor\(ThreadPoolExecutor\) .* after shutdown"):
        train(POINTS, compute=executor)


def test_an_experiment_names_who_works_and_mistakes_are_told() -> None:
    for value, told in [
        ("proceses", "COMPUTE.NAME: no compute is called 'proceses'; did you mean 'processes'"),
        ("{NAME: processes, WORKERS: -1}", "COMPUTE.WORKERS must be an integer of at least 0, got -1"),
        ("{NAME: processes, WORKER: 1}", "COMPUTE.WORKER"),
    ]:
        with pytest.raises(ConfigError, match=told):
            Experiment(None, ["TRAINER.ALGORITHM", "batch", "COMPUTE", value])


def test_an_algorithm_that_serves_other_trainings_keeps_who_works_for_them(threads: ThreadPoolExecutor) -> None:
    algorithm = Batch()
    Trainer(KohonenSOM(2, 2), POINTS[:9], algorithm=algorithm, compute=threads)
    assert algorithm.compute.is_here


def test_the_command_that_measures_prints_the_same_whoever_searches(tmp_path: Path, som: KohonenSOM) -> None:
    som.save(tmp_path / "map.npz")
    np.save(tmp_path / "points.npy", POINTS[: PART_ROWS + 9])
    asked = ["evaluate", str(tmp_path / "map.npz"), str(tmp_path / "points.npy"), "--json"]
    here, there = (CliRunner().invoke(cli, [*asked, "--compute", who]) for who in ("here", "processes"))
    assert here.exit_code == there.exit_code == 0, there.output
    assert here.output == there.output
    refused = CliRunner().invoke(cli, [*asked, "--compute", "proceses"])
    assert refused.exit_code != 0
    assert "did you mean 'processes'" in f"{refused.output}{refused.exception}"


def test_an_address_and_a_file_of_a_scheduler_mean_dask() -> None:
    pytest.importorskip("distributed")
    assert as_compute("tcp://host:8786").address == "tcp://host:8786"  # type: ignore[attr-defined]
    assert as_compute("/shared/s.json").scheduler_file == "/shared/s.json"  # type: ignore[attr-defined]


def test_a_run_says_who_worked(tmp_path: Path) -> None:
    told = ["TRAINER.ITERATIONS", "2", "TRAINER.ALGORITHM", "batch", "COMPUTE", "processes"]
    experiment = Experiment(None, told, tmp_path / "run")
    assert "compute     processes" in experiment.plan()
    experiment.run()
    assert json.loads((tmp_path / "run/environment.json").read_text())["compute"] == "processes"
