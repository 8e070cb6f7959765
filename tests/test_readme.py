"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from ksom.config import DEFAULTS
from ksom.default_setup import Experiment
from ksom.entry import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

COMMANDS = re.findall(r"^    (ksom (?!track|.*--mlflow)[^#\n]*[^#\n ])", README, flags=re.MULTILINE)
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
        option for parameter in cli.commands["train"].params for option in parameter.opts if option.startswith("--")
    }
    assert {option for option in options if option not in README} <= {"--debug"}


def test_every_file_that_the_readme_names_is_there() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert linked
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_every_config_is_in_the_readme() -> None:
    names = {path.name for path in (ROOT / "configs").glob("*.yaml")}
    assert {name for name in names if name not in README} == set()
