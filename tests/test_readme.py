"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from palmerpenguins import load_penguins

from ksom.config import DEFAULTS
from ksom.default_setup import Experiment
from ksom.entry import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands(text: str) -> list[str]:
    return re.findall(r"^    (ksom (?!track|.*--mlflow)[^#\n]*[^#\n ])", text, flags=re.MULTILINE)


HEADINGS = "From a table to an answer|Seeing it|From Python"
BEFORE, TABLE, SEEING, AFTER = re.split(rf"^## (?:{HEADINGS})$", README, flags=re.MULTILINE)

COMMANDS = commands(BEFORE) + commands(AFTER)
"""What is shown with MLflow is in test_mlflow.py."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = next(text for text in blocks("python") if text.startswith("# my_module.py"))
    (tmp_path / "my_module.py").write_text(module)
    return tmp_path


def test_the_python_examples_run(elsewhere: Path) -> None:
    for text in blocks("python"):
        exec(text, {"samples": np.random.default_rng(0).random((50, 4))})
    assert (elsewhere / "map.npz").is_file()


def test_the_yaml_examples_run(elsewhere: Path) -> None:
    table = np.random.default_rng(0).random((60, 4))
    table[::7, 1] = np.nan
    np.save("table.npy", table)
    for number, text in enumerate(blocks("yaml")):
        (elsewhere / f"example{number}.yaml").write_text(text)
        assert Experiment(f"example{number}.yaml", ["TRAINER.ITERATIONS", "3"]).run().status == "completed"


def test_the_tree_in_the_readme_is_the_default_configuration(elsewhere: Path) -> None:
    tree = next(text for text in blocks("yaml") if "CALLBACK_PERIOD" in text)
    (elsewhere / "shown.yaml").write_text(tree)
    (elsewhere / "empty.yaml").write_text("")
    assert Experiment("shown.yaml").config == Experiment("empty.yaml").config
    assert set(yaml.safe_load(tree)) == set(DEFAULTS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_works(command: str, elsewhere: Path) -> None:
    for folder in ("configs", "examples"):
        (elsewhere / folder).symlink_to(ROOT / folder)
    if "logs/exp1" in command:
        Experiment("configs/exp1.yaml").run()
        np.save("samples.npy", np.random.default_rng(0).random((30, 3)))
        np.save("classes.npy", np.arange(30) % 2)
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output


def test_from_a_table_to_an_answer(elsewhere: Path) -> None:
    load_penguins().to_csv("penguins.csv", index=False)
    shown = [CliRunner().invoke(cli, shlex.split(command)[1:]) for command in commands(TABLE)]
    assert [result.output for result in shown if result.exit_code] == []
    assert "ward: 2 clusters" in shown[2].output
    assert all((elsewhere / name).is_file() for name in ("answers.csv", "whole.csv", "logs/mine/report.html"))


def test_a_run_is_seen_in_every_way(elsewhere: Path) -> None:
    load_penguins().to_csv("penguins.csv", index=False)
    for command in ("ksom init penguins.csv -o mine.yaml", "ksom train mine.yaml", "ksom train mine.yaml"):
        assert CliRunner().invoke(cli, shlex.split(command)[1:]).exit_code == 0
    shown = [CliRunner().invoke(cli, shlex.split(command)[1:]) for command in commands(SEEING)]
    assert [result.output for result in shown if result.exit_code] == []
    assert (elsewhere / "logs/mine.sweep/sweep.csv").is_file()


def test_the_experiment_on_a_table_can_be_trained(elsewhere: Path) -> None:
    text = re.findall(r"```\n(DATASET:.*?)```", TABLE, flags=re.DOTALL)[0]
    random = np.random.default_rng(0)
    names = ("visits_a", "visits_b", "spend", "hour")
    sales = pd.DataFrame({name: random.integers(0, 24, 90) for name in names})
    (elsewhere / "sales").mkdir()
    sales.assign(customer=range(90), country=random.choice(["PE", "IS"], 90)).to_parquet("sales/all.parquet")
    (elsewhere / "sales.yaml").write_text(text)
    assert Experiment("sales.yaml", ["TRAINER.ITERATIONS", "3"]).run().status == "completed"


def test_only_the_checkout_is_installed() -> None:
    installed = re.findall(r"pip3? install ([^`#\n]+)", README)
    assert installed
    assert {what.strip() for what in installed if not re.match(r"-e ('\.\[\w+\]'|\.)", what)} == set()


def test_python_comes_before_benchmarks() -> None:
    assert README.index("## From Python") < README.index("## How fast it is")


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:25])
    assert "make train" in first_screen
    assert "make test" in first_screen


def test_every_option_of_train_is_explained() -> None:
    options = {
        option
        for parameter in cli.get_command(None, "train").params
        for option in parameter.opts
        if option.startswith("--")
    }
    assert {option for option in options if option not in README} <= {"--debug"}


def test_every_file_that_the_readme_names_is_there() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert linked
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_every_config_is_in_the_readme() -> None:
    names = {path.name for path in (ROOT / "configs").glob("*.yaml")}
    assert {name for name in names if name not in README} == set()
