"""What docs/datasets.md shows works as it stands there."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from ksom.dataset import Dataset
from ksom.default_setup import Experiment
from ksom.testing import check_dataset

PAGE = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text()


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page shows, which is the current one."""
    for name, text in re.findall(r"```\w+\n# (\w+\.\w+)\n(.*?)```", PAGE, flags=re.DOTALL):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_data_set_in_an_array_keeps_the_contract(shown: Path) -> None:
    check_dataset(importlib.import_module("spiral").Spiral())


def test_the_test_that_the_page_shows_passes(shown: Path, tmp_path: Path) -> None:
    importlib.import_module("readings").test_readings(tmp_path)


def test_the_experiment_trains(shown: Path) -> None:
    result = Experiment("spiral.yaml", ["TRAINER.ITERATIONS", "3"]).run()
    assert result.status == "completed"
    assert result.som.feature_names == ("x", "y")


def test_readings_train(shown: Path) -> None:
    (shown / "counters.bin").write_bytes(np.arange(300, dtype=np.uint16).tobytes())
    (shown / "readings.yaml").write_text("DATASET: {NAME: 'readings:Readings', PATH: counters.bin}\n")
    assert Experiment("readings.yaml", ["TRAINER.ITERATIONS", "3"]).run().status == "completed"


def test_the_table_names_every_member_that_a_subclass_may_give() -> None:
    members = {name for name in vars(Dataset) if not name.startswith("_")} | {"__len__"}
    beside = {"weights", "samples_per_iteration", "blocks", "encoding", "units"}  # follow from the others; of tables
    beside |= {"piece", "of_epoch", "blocks_between", "rows_shown"}  # follow from `rows`, for who shows or reads a part
    assert {name for name in members - beside if f"`{name}" not in PAGE} == set()
