"""What is typed after `ksom`: files and pairs in any form, completion, any place described, streams that are closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ksom.commands import COMMANDS
from ksom.config import load_config
from ksom.default_setup import Experiment
from ksom.describe import describe_all, describe_one, keys, names
from ksom.entry import cli
from ksom.errors import ConfigError, ParameterError

KSOM = Path(sys.executable).with_name("ksom")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.yaml").write_text("TRAINER: {ITERATIONS: 5}\n")
    return tmp_path


def ksom(*words, shell=""):
    command = f'"{KSOM}" "$@" {shell}'
    return subprocess.run(["sh", "-c", command, "ksom", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ["quick.yaml", "MODEL.WIDTH=4"],
        ["MODEL.WIDTH", "4", "quick.yaml"],
        ["--config-file", "quick.yaml", "MODEL.WIDTH=4"],
    ],
)
def test_a_file_and_pairs_are_taken_in_any_form(folder, words):
    planned = ksom("train", *words, "--dry-run")
    config = yaml.safe_load(planned.stdout.partition("\n\n")[0])
    assert (config["MODEL"]["WIDTH"], config["TRAINER"]["ITERATIONS"]) == (4, 5)


def test_one_experiment_at_a_time(folder):
    refused = ksom("train", "quick.yaml", "other.yml")
    assert refused.returncode == 2
    assert "one experiment at a time, got quick.yaml and other.yml" in refused.stderr


def test_a_value_may_be_the_name_of_a_yaml_file():
    assert load_config(overrides=["DATASET.PATH", "x.yaml"]).DATASET.PATH == "x.yaml"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_obstacle(folder, closed):
    assert ksom("train", "quick.yaml", shell=closed).returncode == 0
    assert (folder / "logs/quick/vlog.gif").read_bytes().startswith(b"GIF")


def test_the_end_of_a_file_is_not_an_interruption(folder):
    (folder / "ends.py").write_text(
        "import ksom\nclass Ends(ksom.Dataset):\n    def __init__(self): raise EOFError('no more samples')\n"
    )
    failed = ksom("train", "DATASET", "ends:Ends")
    assert failed.returncode == 1
    assert "EOFError: no more samples (--debug shows where); in making DATASET (Ends)" in failed.stderr


@pytest.mark.parametrize("words", [["train", "\x1b[31m", "1"], ["train", "--\x1b[31m"], ["describe", "\x1b[31m"]])
def test_control_characters_are_shown_and_not_sent_to_the_terminal(folder, words):
    shown = ksom(*words).stderr
    assert "\x1b" not in shown
    assert "\\x1b[31m" in shown


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_has_its_examples_line_by_line(command):
    shown = CliRunner().invoke(cli, [*command, "--help"]).output
    examples = shown.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(line.strip().startswith("ksom ") for line in examples)
    assert "\\b" not in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "MODEL.W"], "plain,MODEL.WIDTH"),
        (["train", "quick.yaml", "HOOKS.VLOG.F"], "plain,HOOKS.VLOG.FPS"),
        (["train", "--dry"], "plain,--dry-run"),
        (["train", "quick"], "file,quick"),
        (["describe", "vl"], "plain,Vlog"),
        (["describe", "trainer.a"], "plain,TRAINER.ALGORITHM"),
    ],
)
def test_the_shell_completes_options_keys_and_names(words, expected):
    asked = {"_KSOM_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["ksom", *words]), "COMP_CWORD": str(len(words))}
    told = subprocess.run([KSOM], env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert expected in told.stdout.splitlines()


@pytest.mark.parametrize("name", [*names(), *keys()])
def test_whatever_completion_offers_can_be_described(name):
    assert describe_one(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MODEL", "HEIGHT: default 10"),
        ("trainer.algorithm", "batch: The batch map"),
        ("MODEL.WIDTH", "Rows and columns of the map"),
        ("HOOKS.VLOG", "Vlog (hook)"),
        ("SEED", "SEED: default 0"),
        ("mine:Ring", "A ring of samples."),
    ],
)
def test_any_place_and_a_class_of_the_users_own_are_described(folder, name, text):
    code = 'import ksom\nclass Ring(ksom.Dataset):\n    """A ring of samples."""\n'
    (folder / "mine.py").write_text(code)
    assert text in describe_one(name)


def test_what_nothing_is_called_gets_the_nearest_name():
    with pytest.raises(ParameterError, match=r"did you mean 'MODEL\.WIDTH'"):
        describe_one("MODEL.WIDHT")


def test_a_hook_that_says_itself_when_it_acts_has_no_period_by_default():
    assert "EVERY: default about 100 frames in all" in describe_one("Vlog")
    assert "EVERY: default CALLBACK_PERIOD" in describe_one("Quality")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["quick"], "did you mean 'quick.yaml'?"),
        (["./quick"], "did you mean './quick.yaml'?"),
        (["./quick", "SEED", "1"], "did you mean './quick.yaml'?"),
        (["./" + 300 * "x", "1"], "write KEY VALUE or KEY=VALUE, such as MODEL.WIDTH 40\n"),
        (["quick.txt"], "the experiment's file is given by --config-file 'quick.txt'"),
        (["points.npy"], "'points.npy' is no experiment: `ksom init points.npy -o mine.yaml` writes one"),
    ],
)
def test_a_file_that_is_taken_for_a_key_is_recognised(folder, words, advice):
    (folder / "quick.txt").touch()
    (folder / "points.npy").touch()
    refused = ksom("train", *words)
    assert refused.returncode == 1
    assert advice in refused.stderr


def test_a_suffix_may_be_in_capitals(folder):
    (folder / "quick.yaml").rename(folder / "QUICK.YAML")
    assert ksom("train", "QUICK.YAML", "--dry-run").returncode == 0


@pytest.mark.parametrize("option", ["--output-dir", "--config-file"])
def test_an_empty_path_is_not_the_current_folder(folder, option):
    refused = ksom("train", option, "")
    assert refused.returncode == 1
    assert f"{option[2:].replace('-', '_')} must be the path of a file or folder, got ''" in refused.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("words", [["train", "quick.yaml"], ["train", "--dry-run"], ["describe"]])
def test_an_output_that_cannot_be_written_is_named(folder, words):
    failed = ksom(*words, shell=">/dev/full")
    assert failed.returncode == 1
    assert "Error: standard output: cannot be written (No space left on device)\n" in failed.stderr


@pytest.mark.parametrize("overrides", [{"SEED": 1}, "SEED 1", 5])
def test_overrides_that_are_no_list_are_refused(overrides):
    with pytest.raises(ParameterError, match="overrides must be a list of keys and values"):
        Experiment(None, overrides)


def test_an_experiment_shows_its_name_and_size(folder):
    size = "10 × 10 nodes, 20 samples of 3 features, 5 iterations, backend numpy"
    assert repr(Experiment("quick.yaml")) == f"Experiment(quick: {size})"


def test_what_comes_from_elsewhere_is_not_described():
    assert "CALLBACK_PERIOD: default 10" in describe_all()
    assert "SOM: required" not in describe_all()


def test_a_resolved_config_repeats_the_experiment_under_its_own_name(folder):
    Experiment("quick.yaml", ["HOOKS.VLOG", "null"]).run()
    again = Experiment("logs/quick/config.yaml")
    assert str(again.folder.path) == "logs/quick"
    assert "VLOG" not in again.trainer.hooks
    assert again.run().status == "completed"
    assert Experiment("logs/quick.1/config.yaml").name == "quick"


def test_a_config_yaml_that_is_no_runs_has_the_name_of_its_file(folder):
    (folder / "config.yaml").write_text("SEED: 1")
    (folder / "environment.json").write_text('{"packages": {}, "experiment": "../elsewhere"}')
    assert Experiment("config.yaml").name == "config"


def test_an_experiment_comes_with_ksom(folder):
    assert Experiment("ksom:exp1").name == "exp1"
    with pytest.raises(ConfigError, match=r"^ksom:exp0: no such experiment comes with ksom; there are cluster, exp1"):
        Experiment("ksom:exp0")


def test_a_path_given_to_a_data_set_of_the_users_own_is_found_beside_the_yaml_file(folder):
    (folder / "deep").mkdir()
    (folder / "deep/mine_paths.py").write_text(
        "from pathlib import Path\nimport ksom\nclass Lines(ksom.Dataset):\n"
        "    def __init__(self, path, labels_path='none'):\n"
        "        self.given = path, labels_path\n        super().__init__([[float(len(Path(path).read_text()))]])\n"
    )
    (folder / "deep/data.txt").write_text("abc")
    (folder / "deep/exp.yaml").write_text("DATASET: {NAME: 'mine_paths:Lines', PATH: data.txt, LABELS_PATH: data.txt}")
    experiment = Experiment("deep/exp.yaml")
    assert experiment.dataset.given == ("deep/data.txt", "deep/data.txt")
    assert experiment.config["DATASET"]["PATH"] == "deep/data.txt"
