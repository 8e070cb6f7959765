"""A map tells where it comes from, the same for whoever trains it again, and nothing that is nobody's business."""

import json

import numpy as np
import pytest

from ksom.datasets import Array
from ksom.default_setup import Experiment
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import Layer
from ksom.trainer import Trainer
from ksom.training import train

SAMPLES = np.random.default_rng(0).random((30, 3))


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("TRAINER: {ITERATIONS: 5}\nDATASET: {SIZE: 30}\nSEED: 3\n")
    return tmp_path


def told(experiment):
    experiment.run()
    return KohonenSOM.load(experiment.folder.path / "map.npz").about_training


def test_the_map_of_an_experiment_tells_its_data_its_configuration_and_its_quality(there):
    experiment = Experiment(there / "a.yaml")
    about = told(experiment)
    environment = json.loads((experiment.folder.path / "environment.json").read_text())
    summary = json.loads((experiment.folder.path / "summary.json").read_text())
    assert {name: about[name] for name in ("seed", "iteration", "iterations", "samples")} == {
        "seed": 3,
        "iteration": 5,
        "iterations": 5,
        "samples": 30,
    }
    assert about["data_digest"] == environment["data_digest"]
    assert about["config"] == {key: experiment.config[key] for key in ("SEED", "DATASET", "MODEL", "TRAINER")}
    assert about["quality"] == {name: summary[name] for name in about["quality"]}
    assert set(about["quality"]) == {"quantization_error", "topographic_error", "measured_on"}
    assert about["versions"]["numpy"] == np.__version__


def test_the_configuration_that_a_map_tells_trains_it_again_to_the_byte(there):
    first = Experiment(there / "a.yaml")
    (there / "again.yaml").write_text(json.dumps(told(first)["config"]))
    again = Experiment(there / "again.yaml")
    again.run()
    first_map, again_map = (experiment.folder.path / "map.npz" for experiment in (first, again))
    assert first_map.read_bytes() == again_map.read_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        ("HOOKS.QUALITY.EVERY", "2", "HOOKS.VLOG", "null"),
        ("BACKEND", "numba", "THREADS", "2"),
        ("OUTPUT_DIR", "x"),
        ("CALLBACK_PERIOD", "1"),
    ],
)
def test_what_changes_nothing_that_is_learned_changes_no_byte_of_the_map(changed, there):
    files = []
    for overrides in ((), changed):
        experiment = Experiment(there / "a.yaml", overrides, there / f"run{len(files)}")
        experiment.run()
        files.append((experiment.folder.path / "map.npz").read_bytes())
    assert files[0] == files[1]


def test_no_secret_of_the_environment_is_told(there, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "swordfish-17")
    np.save("swordfish-17.npy", SAMPLES)
    experiment = Experiment(there / "a.yaml", ["DATASET", "{NAME: Array, PATH: swordfish-17.npy}"])
    assert told(experiment)["config"]["DATASET"]["PATH"] == "….npy"
    assert b"s\0\0\0w\0\0\0o\0\0\0r\0\0\0d" not in (experiment.folder.path / "map.npz").read_bytes()


def test_a_map_trained_by_one_call_tells_how():
    about = train(SAMPLES, 3, 4, 7, seed=2, algorithm="online", sigma=1.5).about_training
    assert about["algorithm"]["NAME"] == "online"
    assert about["algorithm"]["SIGMA"]["START"] == 1.5
    assert (about["seed"], about["iteration"], about["samples"]) == (2, 7, 30)
    assert "config" not in about


def test_what_a_function_of_one_s_own_is_does_not_keep_a_map_from_being_saved(tmp_path):
    som = train(SAMPLES, 3, 3, 2, sigma=lambda progress: 2 - progress, neighbourhood=lambda d2, sigma: np.exp(-d2))
    som.save(tmp_path / "map.npz")
    assert som.about_training["iteration"] == 2


def test_other_weights_come_from_elsewhere():
    som = train(SAMPLES, 3, 3, 2)
    som.weights = np.zeros((3, 3, 3))
    assert som.about_training == {}


def test_a_map_that_goes_on_learning_forgets_its_layers_and_where_it_came_from():
    som = train(SAMPLES, 3, 3, 2, seed=1)
    som.layers["hits"] = Layer(np.ones((3, 3), int), {"samples": 9})
    Trainer(som, SAMPLES, iterations=4, seed=5).train()
    assert som.layers == {}
    assert (som.about_training["seed"], som.about_training["iterations"]) == (5, 4)


def test_a_checkpoint_tells_it_too(there):
    experiment = Experiment(there / "a.yaml")
    about = told(experiment)
    kept = KohonenSOM.load(experiment.folder.path / "checkpoints/last.npz").about_training
    assert kept == {name: value for name, value in about.items() if name not in {"quality", "iteration"}}


def test_units_of_the_data_are_those_of_the_map(tmp_path):
    np.save(tmp_path / "a.npy", SAMPLES)
    data = Array(tmp_path / "a.npy")
    data.feature_names, data.units = ("a", "b", "c"), {"a": "cm", "c": "kg"}
    som = train(data, 3, 3, 2)
    assert som.units == ("cm", None, "kg")
