"""`ksom show`: what a map's file tells, for a person and as JSON, whoever made the file."""

import json
import sys

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from ksom.default_setup import Experiment
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.entry import cli, main
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import Layer, MapFile, write
from ksom.tasks.map_contents import COLUMNS
from ksom.training import train

RNG = np.random.default_rng(0)
NOVELTY = (
    "new is a score above 1.25 (quantile 0.99 of 40 samples held out); quantiles 0.5, 0.99 of each node's distances"
)


def shown(*words):
    result = CliRunner().invoke(cli, ["show", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def full(path):
    """Write a map of which everything is known."""
    som = train(RNG.random((40, 6)) * 100, 3, 4, 2, scaling="standard", lattice="hexagonal", missing="keep")
    som.encoding = Encoding(
        (Column("age"), Column("sex", CATEGORY, ("f", "m"), True), Column("hour", CYCLE, period=24))
    )
    som.name_features(som.encoding.feature_names, units={"age": "years"})
    hits = np.array([[0, 1, 2, 3]] * 3)
    som.layers["hits"] = Layer(hits, {"samples": 18})
    som.layers["labels"] = Layer(np.stack([hits, hits * 2], axis=2), {"names": ["cat", "dog"], "column": "animal"})
    som.layers["clusters"] = Layer(hits - 1, {"method": "kmeans", "clusters": 3, "index": "silhouette"})
    quantiles = {"levels": [0.5, 0.99], "quantile": 0.99, "calibrated_on": 40, "held_out": True}
    som.layers["distances"] = Layer(RNG.random((3, 4, 2)), {**quantiles, "threshold": 1.25})
    som.layers["mine"] = Layer(np.ones((3, 4)), {"what": "anything"})
    som.save(path)
    return som


def rows(text):
    """Return what is told, by what it is told of, on one line each."""
    unwrapped = text.replace("\n" + " " * 18, " ")
    return {line[2:18].strip(): line[18:] for line in unwrapped.splitlines()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weights", "float32, 288 bytes"),
        ("lattice", "hexagonal, open at all edges"),
        ("neighbourhood", "gaussian"),
        ("distance", "euclidean"),
        ("missing values", "kept"),
        ("scaling", "standard: mean 0, deviation 1"),
        ("encoding", "1 column as numbers; sex one of f, m, other; hour a circle of 24"),
        ("hits", "18 samples; 3 of 12 nodes won none"),
        ("labels", "animal: dog 36, cat 18; 3 of 12 nodes won none"),
        ("clusters", "3 by kmeans, number by silhouette; 3 nodes in none"),
        ("distances", NOVELTY),
        ("mine", "3 × 4 numbers, float64; tells what"),
        ("iterations", "2"),
        ("batch size", "all samples"),
        ("shuffle", "no"),
    ],
)
def test_a_person_is_told_everything(name, expected, tmp_path):
    full(tmp_path / "map.npz")
    assert rows(shown(tmp_path / "map.npz"))[name] == expected


def test_features_have_their_range_in_data_units_and_their_unit(tmp_path):
    som = full(tmp_path / "map.npz")
    low, high = som.prototypes[:, :, 0].min(), som.prototypes[:, :, 0].max()
    (line,) = (line.split() for line in shown(tmp_path / "map.npz").splitlines() if line.startswith("  age "))
    assert line == ["age", f"{low:.4g}", f"{high:.4g}", "years"]


def test_json_has_all_of_it(tmp_path):
    som = full(tmp_path / "map.npz")
    told = json.loads(shown(tmp_path / "map.npz", "--json"))
    assert (told["height"], told["width"], told["features"], told["dtype"]) == (3, 4, 6, "float32")
    assert told["bytes"] == (tmp_path / "map.npz").stat().st_size
    assert told["units"] == ["years", None, None, None, None, None]
    assert told["high"] == pytest.approx(som.prototypes.max(axis=(0, 1)))
    assert told["layers"]["clusters"] == {
        "shape": [3, 4],
        "dtype": "int64",
        "about": {"method": "kmeans", "clusters": 3, "index": "silhouette"},
    }
    assert told["training"] == som.about_training
    assert told["encoding"] == som.encoding.as_plain()


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("TRAINER: {ITERATIONS: 4}\nSEED: 3\n")
    Experiment(tmp_path / "a.yaml", output_dir=tmp_path / "run").run()
    return tmp_path


@pytest.mark.parametrize("name", ["run", "run/map.npz", "run/checkpoints/last.npz"])
@pytest.mark.usefixtures("there")
def test_a_map_is_found_by_the_name_of_its_run_its_file_or_a_checkpoint(name):
    assert "a map of 10 × 10 nodes, 3 features" in shown(name)


@pytest.mark.usefixtures("there")
def test_quality_is_told_if_it_was_measured():
    assert rows(shown("run"))["quality"].startswith("measured on 20 of 20 samples, quantization error 0.")


def test_the_configuration_is_printed_as_yaml_that_trains_the_map_again(there):
    (there / "again.yaml").write_text(shown("run", "--config"))
    Experiment(there / "again.yaml", output_dir=there / "again").run()
    assert yaml.safe_load((there / "again.yaml").read_text())["SEED"] == 3
    assert (there / "again/map.npz").read_bytes() == (there / "run/map.npz").read_bytes()


def test_a_thousand_features_are_told_on_a_page(tmp_path):
    som = KohonenSOM(2, 2, initial=RNG.random((2, 2, 1000)))
    som.name_features(tuple(f"{'long name ' * 9}{number}" for number in range(1000)))
    som.layers = {f"layer {number}": Layer(np.ones((2, 2)), {"a" * 90: 3}) for number in range(50)}
    som.save(tmp_path / "map.npz")
    lines = shown(tmp_path / "map.npz").splitlines()
    assert "  … and 988 more" in lines
    assert len(lines) < 60
    assert max(map(len, lines[1:])) <= COLUMNS


HOSTILE = "a\x1b[2J\x9b31m\u202e\nb"


@pytest.mark.parametrize("option", [None, "--json", "--config"])
def test_nothing_in_a_file_steers_the_terminal(option, tmp_path):
    som = KohonenSOM(1, 2, initial=[[[0.0], [1.0]]])
    som.feature_names, som.units = (HOSTILE,), (HOSTILE,)
    som.encoding = Encoding((Column(HOSTILE, CATEGORY, (HOSTILE,)),))
    som.layers = {
        HOSTILE: Layer(np.ones((1, 2)), {HOSTILE: HOSTILE}),
        "labels": Layer(np.ones((1, 2, 1), int), {"names": [HOSTILE], "column": HOSTILE}),
        "clusters": Layer(np.zeros((1, 2), int), {"method": HOSTILE, "clusters": 1, "index": HOSTILE}),
    }
    som.about_training = {
        HOSTILE: HOSTILE,
        "seed": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
        "config": {HOSTILE: HOSTILE},
    }
    som.save(tmp_path / "map.npz")
    text = shown(tmp_path / "map.npz", *filter(None, [option]))
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("value", [None, True, 10**400, "x", [], [[1]], {}, {"NAME": ["x"]}, {"a": {"b": [None]}}])
@pytest.mark.parametrize("key", ["quality", "config", "seed", "batch_size", "algorithm", "versions"])
def test_a_training_that_tells_anything_is_shown(key, value, tmp_path):
    som = KohonenSOM(1, 2, initial=[[[0.0], [1.0]]])
    som.about_training = {key: value}
    som.save(tmp_path / "map.npz")
    assert "a map of 1 × 2 nodes, 1 feature" in shown(tmp_path / "map.npz")


def test_a_map_of_classes_of_one_s_own_is_shown_without_them(tmp_path):
    node = {"NAME": "my_module:Bent", "BEND": 3, "OF": [1, 2.5]}
    write(tmp_path / "map.npz", MapFile(np.zeros((2, 2, 1), "f4"), lattice=node, neighbourhood="gaussian"))
    assert rows(shown(tmp_path / "map.npz"))["lattice"] == "my_module:Bent, bend 3, of 1, 2.5"


def test_a_feature_of_weight_0_has_no_range(tmp_path):
    train(RNG.random((9, 2)), 2, 2, 2, scaling="standard", feature_weights=[1, 0]).save(tmp_path / "map.npz")
    assert json.loads(shown(tmp_path / "map.npz", "--json"))["low"][1] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere"], "nowhere: there is no such file"),
        (["a.yaml"], "a.yaml: is no map; name a run folder, or its map.npz"),
        (["cut.npz"], "cut.npz: cannot be read as an .npy or .npz file (File is not a zip file)"),
        (["plain.npz"], "plain.npz: is not a map that ksom wrote"),
        (["bare.npz", "--config"], "bare.npz: does not tell by which configuration; `ksom train` writes it into a map"),
    ],
)
def test_what_is_no_map_gets_one_line(words, line, there, monkeypatch, capsys):
    KohonenSOM(1, 2, initial=[[[0.0], [1.0]]]).save(there / "bare.npz")
    (there / "cut.npz").write_bytes((there / "run/map.npz").read_bytes()[:-30])
    np.savez(there / "plain.npz", weights=np.zeros((2, 2, 2)))
    monkeypatch.setattr(sys, "argv", ["ksom", "show", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out, told.err) == (1, "", f"Error: {line}\n")


@pytest.mark.usefixtures("there")
def test_one_kind_of_output_at_a_time():
    result = CliRunner().invoke(cli, ["show", "run", "--json", "--config"])
    assert result.exit_code == 2
    assert "--json prints all of it, --config its configuration alone: give one of them" in result.stderr
