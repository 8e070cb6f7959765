"""Who works: named, or given; and what cannot work is refused in a line, before anything is written."""

import json
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ksom import Batch, Dataset, KohonenSOM, train
from ksom.compute.computes import as_compute, as_node
from ksom.compute.processes import Processes
from ksom.default_setup import Experiment
from ksom.entry import cli
from ksom.errors import ComputeError, ConfigError, DataError, ParameterError
from ksom.kernels.node_sums import PART_ROWS
from ksom.trainer import Trainer

POINTS = np.random.default_rng(0).normal(size=(9, 2))


class Own(Dataset):
    def batch(self, iteration: int, **how: Any) -> Any:
        yield self.samples


@pytest.fixture
def shut_down() -> Executor:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    return executor


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("proceses", "compute must be one of here, processes, dask, or of a scheduler.*did you mean 'processes'"),
        ("host:8786", r"or of a scheduler of Dask its address \(tcp://host:8786\) or .json file, got 'host:8786'"),
        (7, "compute must be one of here, processes, dask, an executor of concurrent.futures, or a client of Dask"),
        (object(), "compute must be one of here, processes, dask"),
        (Processes, "compute must be one of here, processes, dask"),
    ],
)
def test_who_is_no_compute_is_refused(value: Any, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        as_compute(value)


def test_an_address_and_a_file_of_a_scheduler_mean_dask() -> None:
    pytest.importorskip("distributed")
    assert as_compute("tcp://host:8786").address == "tcp://host:8786"  # type: ignore[attr-defined]
    assert as_compute("/shared/s.json").scheduler_file == "/shared/s.json"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"algorithm": "online"}, "compute must be 'here' for Online, which shows samples one after another"),
        ({"dataset": Own(POINTS)}, r"compute must be 'here' for Own, whose own batch\(\) has no parts"),
        ({"som": KohonenSOM(3, 4, backend="jax")}, "compute must be 'here' for the backend jax"),
    ],
)
def test_what_only_one_process_can_do_is_refused(changes: dict[str, Any], told: str) -> None:
    how = {"som": KohonenSOM(3, 4), "dataset": POINTS, **changes}
    with pytest.raises(ParameterError, match=told):
        Trainer(how.pop("som"), how.pop("dataset"), compute="processes", **how)


def test_workers_are_let_go_of_where_a_map_does_not_fit_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Processes] = []

    def close(self: Processes) -> None:
        closed.append(self)

    monkeypatch.setattr(Processes, "close", close)
    with pytest.raises(DataError, match="the map's weights have 3 features, the data 2"):
        Trainer(KohonenSOM(1, 2, initial=np.zeros((1, 2, 3))), POINTS, compute="processes")
    assert len(closed) == 1


def test_an_executor_that_is_shut_down_is_found_before_anything_is_written(tmp_path: Path, shut_down: Executor) -> None:
    told = r"compute: OnExecutor\(ThreadPoolExecutor\) does not work .*cannot schedule new futures after shutdown"
    with pytest.raises(ComputeError, match=told):
        Trainer(KohonenSOM(3, 4), POINTS, folder=tmp_path / "run", compute=shut_down).train()
    assert not (tmp_path / "run").exists()


def test_an_experiment_names_who_works_and_mistakes_are_told() -> None:
    for value, told in [
        ("proceses", "COMPUTE.NAME: no compute is called 'proceses'; did you mean 'processes'"),
        ("{NAME: processes, WORKERS: -1}", "COMPUTE.WORKERS must be an integer of at least 0, got -1"),
        ("{NAME: processes, WORKER: 1}", "COMPUTE.WORKER"),
    ]:
        with pytest.raises(ConfigError, match=told):
            Experiment(None, ["TRAINER.ALGORITHM", "batch", "COMPUTE", value])


@pytest.mark.parametrize(
    ("given", "where"), [("tcp://h:8786", {"ADDRESS": "tcp://h:8786"}), ("s.json", {"SCHEDULER_FILE": "s.json"})]
)
def test_an_experiment_names_a_scheduler_as_python_does(given: str, where: dict[str, str]) -> None:
    assert as_node({"NAME": given}) == {"NAME": "dask", **where}


def test_what_an_address_stands_for_is_in_the_resolved_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("ksom.compute.dask")
    monkeypatch.setattr(dask.Dask, "check", lambda self: None)
    config = Experiment(None, ["TRAINER.ALGORITHM", "batch", "COMPUTE", "tcp://h:8786"]).config
    assert (config["COMPUTE"]["NAME"], config["COMPUTE"]["ADDRESS"]) == ("dask", "tcp://h:8786")


def test_a_command_tells_a_mistake_too(tmp_path: Path) -> None:
    train(POINTS, 2, 2, 1).save(tmp_path / "map.npz")
    np.save(tmp_path / "points.npy", POINTS)
    asked = ["evaluate", str(tmp_path / "map.npz"), str(tmp_path / "points.npy"), "--compute", "proceses"]
    refused = CliRunner().invoke(cli, asked)
    assert refused.exit_code != 0
    assert "did you mean 'processes'" in f"{refused.output}{refused.exception}"


def test_an_algorithm_that_serves_other_trainings_keeps_who_works_for_them() -> None:
    algorithm = Batch()
    with ThreadPoolExecutor(1) as executor:
        Trainer(KohonenSOM(2, 2), POINTS, algorithm=algorithm, compute=executor)
    assert algorithm.compute.is_here


def test_a_run_says_who_worked(tmp_path: Path) -> None:
    told = ["TRAINER.ITERATIONS", "2", "TRAINER.ALGORITHM", "batch", "COMPUTE", "processes"]
    experiment = Experiment(None, told, tmp_path / "run")
    assert "compute     processes" in experiment.plan()
    experiment.run()
    assert json.loads((tmp_path / "run/environment.json").read_text())["compute"] == "processes"


def test_others_search_by_the_backend_that_so_many_samples_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.kernels.LOADING_SECONDS", 0.0)
    som = KohonenSOM(3, 4, initial=np.zeros((3, 4, 2)))
    assert som.kernels.name == "numpy"
    with ThreadPoolExecutor(1) as executor, som.computed_by(executor):
        som.found_elsewhere(Dataset(np.zeros((PART_ROWS + 1, 2))), 1)
    assert som.kernels.name == "numba"
