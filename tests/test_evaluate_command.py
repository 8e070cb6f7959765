"""`ksom evaluate`: a map and data by the names of their files, in a table or as JSON, or one clear line."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import ksom
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.evaluation import evaluate
from ksom.tasks.map_and_data import map_and_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "quick.yaml").write_text("TRAINER: {ITERATIONS: 5}\nDATASET: {SIZE: 30}\nSEED: 3\n")
    Experiment(folder / "quick.yaml", output_dir=folder / "run").run()
    rng = np.random.default_rng(0)
    samples = rng.random((40, 3))
    np.save(folder / "samples.npy", samples)
    np.savez(folder / "two.npz", a=samples, b=samples[:20])
    np.save(folder / "labels.npy", np.array(["red", "blue"])[rng.integers(0, 2, 40)])
    np.save(folder / "few.npy", np.arange(3))
    np.save(folder / "wide.npy", rng.random((5, 4)))
    samples[7, 2] = np.nan
    np.save(folder / "gaps.npy", samples)
    Image.fromarray(rng.integers(0, 255, (6, 5, 3)).astype(np.uint8)).save(folder / "image.png")
    (folder / "notes.md").write_text("a,b,c\n1,2,3\n")
    (folder / "nothing").mkdir()
    return folder


@pytest.fixture
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def asked(*words):
    result = CliRunner().invoke(cli, ["evaluate", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    ("words", "samples"),
    [
        (["run"], 30),
        (["run/map.npz", "run"], 30),
        (["run/checkpoints/last.npz", "quick.yaml"], 30),
        (["run", "samples.npy"], 40),
        (["run", "two.npz", "--key", "b"], 20),
        (["run", "image.png"], 30),
        (["run", "ksom:exp1"], 20),
    ],
)
@pytest.mark.usefixtures("there")
def test_map_and_data_are_found_by_their_names(words, samples):
    assert json.loads(asked(*words, "--json"))["samples"] == samples


def test_the_data_of_a_run_are_those_that_it_has_learned_from(there):
    summary = json.loads((there / "run/summary.json").read_text())
    measured = json.loads(asked("run", "--json"))
    for name in ("quantization_error", "topographic_error"):
        assert measured[name] == pytest.approx(summary[name])


def test_the_table_has_a_line_for_each_measure_and_json_their_values(there):
    expected = evaluate(*map_and_data("run", "samples.npy"), np.load(there / "labels.npy"))
    words = ("run", "samples.npy", "--labels", "labels.npy")
    assert asked(*words) == f"{expected.as_table()}\n"
    assert json.loads(asked(*words, "--json")) == expected.as_dict()


@pytest.mark.parametrize(("kinds", "measured"), [("a b a", True), ("a NA b", False)])
def test_classes_are_measured_if_each_row_of_a_table_tells_its_own(kinds, measured, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = "\n".join(f"{row},{row % 2},{kind}" for row, kind in enumerate(kinds.split() * 4))
    (tmp_path / "table.csv").write_text(f"x,y,kind\n{table}\n")
    (tmp_path / "table.yaml").write_text(
        "DATASET: {NAME: Table, PATH: table.csv, COLUMNS: [x, y], LABEL: kind}\nTRAINER: {ITERATIONS: 3}\n"
    )
    Experiment(tmp_path / "table.yaml", output_dir=tmp_path / "run").run()
    assert ("purity" in json.loads(asked("run", "--json"))) is measured


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere"], "nowhere: there is no such file"),
        (["nothing"], "nothing: there is no map.npz in this folder"),
        (["samples.npy", "samples.npy"], "samples.npy: is an .npy file, not an .npz file"),
        (["two.npz", "samples.npy"], "two.npz: is not a map that ksom wrote"),
        (["run/map.npz"], "run/map.npz: is a map without data; name the data as well"),
        (["run", "nowhere.npy"], "nowhere.npy: there is no such file"),
        (["run", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["run", "wide.npy"], "wide.npy: has 4 features, the map has 3"),
        (["run", "gaps.npy"], "dataset Array: row 7, column 2 is nan"),
        (["run", "notes.md"], "notes.md: is not of a kind that is read as data: a table (.csv, .parquet, …), an array"),
        (["run", "labels.npy"], "dataset Array: the samples must"),
        (["run", "nothing"], "nothing: there is no config.yaml that tells its data; name the data"),
        (["run", "two.npz"], "two.npz: holds the arrays a, b; name the one that is meant"),
        (["run", "samples.npy", "--labels", "few.npy"], "labels: there must be one for each sample, got 3 for more"),
        (["run", "--labels", "labels.npy"], "labels: there must be one for each sample, got 40 for 30 samples"),
        (["run", "samples.npy", "--labels", "samples.npy"], "samples.npy: labels must be numbers or texts, one for"),
        (["run", "samples.npy", "--labels", "none.npy"], "none.npy: there is no such file"),
    ],
)
@pytest.mark.usefixtures("there")
def test_what_does_not_fit_gets_one_line(words, line, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ksom", "evaluate", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert shown.out == ""
    assert shown.err.startswith(f"Error: {line}")
    assert shown.err.count("\n") == 1


def test_a_run_that_has_not_ended_has_a_checkpoint(there):
    (there / "begun/checkpoints").mkdir(parents=True)
    (there / "begun/checkpoints/last.npz").write_bytes((there / "run/map.npz").read_bytes())
    with pytest.raises(ksom.KsomError, match=r"in this folder; its newest checkpoint is begun/checkpoints/last.npz"):
        map_and_data("begun")


def test_nothing_is_imported_for_a_run_folder_but_for_an_experiment_that_is_named(there, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/map.npz").write_bytes((there / "run/map.npz").read_bytes())
    (tmp_path / "run/strange_data.py").write_text(
        "import pathlib, ksom\npathlib.Path(__file__).with_name('was_imported').touch()\n"
        "class Mine(ksom.Dataset):\n    def __init__(self): super().__init__([[1.0, 0.0, 0.5]] * 12)\n"
    )
    (tmp_path / "run/config.yaml").write_text("DATASET: 'strange_data:Mine'\n")
    with pytest.raises(ksom.KsomError, match="of the class strange_data:Mine, and nothing is imported for a run fold"):
        map_and_data(tmp_path / "run")
    assert not (tmp_path / "run/was_imported").exists()
    assert len(map_and_data(tmp_path / "run", tmp_path / "run/config.yaml")[1]) == 12


def test_a_run_is_not_measured_on_other_data_under_the_name_of_its_own(there, tmp_path):
    np.save(tmp_path / "samples.npy", np.load(there / "samples.npy"))
    (tmp_path / "own.yaml").write_text("DATASET: {NAME: Array, PATH: samples.npy}\nTRAINER: {ITERATIONS: 2}\n")
    Experiment(tmp_path / "own.yaml", output_dir=tmp_path / "run").run()
    (tmp_path / "samples.npy").unlink()
    np.save(tmp_path / "samples.npy", np.load(there / "samples.npy")[::-1])
    with pytest.raises(ksom.KsomError, match="its data are not any more those that it learned from; name the data"):
        map_and_data(tmp_path / "run")
    assert len(map_and_data(tmp_path / "run", tmp_path / "samples.npy")[1]) == 40
