"""`ksom label` and `ksom cluster`: from files of a map and of samples to a map that knows more, and a table."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import ksom
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.tasks.map_and_data import map_of

KINDS = ["=1+1", "b", "c"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    rng = np.random.default_rng(0)
    kinds = np.repeat(KINDS, 60)
    frame = pd.DataFrame(rng.normal(size=(180, 2)) + 10 * np.eye(3)[np.repeat(range(3), 60)][:, :2], columns=["x", "y"])
    frame["kind"], frame["town"] = kinds, rng.choice(["Rome", "Oslo"], 180)
    frame.to_csv(folder / "table.csv", index=False)
    gaps = frame.copy()
    gaps.loc[[3, 5], "x"], gaps.loc[[7, 8, 9], "kind"] = np.nan, None
    gaps.to_csv(folder / "gaps.csv", index=False)
    np.save(folder / "samples.npy", frame[["x", "y"]].to_numpy())
    np.save(folder / "kinds.npy", kinds)
    np.save(folder / "few.npy", kinds[:9])
    (folder / "quick.yaml").write_text(
        "DATASET: {NAME: Table, PATH: table.csv, COLUMNS: [x, y], LABEL: kind}\n"
        "MODEL: {HEIGHT: 6, WIDTH: 6}\nTRAINER: {ALGORITHM: batch, ITERATIONS: 20}\nHOOKS: {VLOG: null}\n"
    )
    Experiment(folder / "quick.yaml", output_dir=folder / "run").run()
    return folder


@pytest.fixture
def there(made, tmp_path, monkeypatch):
    """A run folder of one's own beside the data."""
    monkeypatch.chdir(made)
    som = map_of("run")
    som.save(tmp_path / "map.npz")
    return tmp_path / "map.npz"


def asked(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    "words",
    [["table.csv", "--column", "kind"], ["samples.npy", "--labels", "kinds.npy"], ["quick.yaml"]],
    ids=["a column", "a file of labels", "the data's own"],
)
def test_a_map_is_labelled_wherever_the_labels_are(there, words):
    told = asked("label", there, *words)
    assert told.splitlines()[1].split() == ["60", told.splitlines()[1].split()[1], "100.0%", "=1+1"]
    assert told.splitlines()[-1] == f"written: {there}"
    som = ksom.KohonenSOM.load(there)
    assert som.layers["labels"].about["names"] == KINDS
    assert som.predict([[10.0, 0.0], [0.0, 0.0]]).label.tolist() == ["=1+1", "c"]


def test_a_run_folder_is_labelled_by_what_it_has_learned_from(there):
    asked("label", "run", "-o", there)
    assert ksom.KohonenSOM.load(there).layers["labels"].about["names"] == KINDS


def test_rows_without_a_label_or_a_value_are_left_out(there):
    asked("label", there, "gaps.csv", "--column", "kind")
    assert ksom.KohonenSOM.load(there).layers["hits"].about["samples"] == 175


def test_clusters_are_told_with_rules_and_kept_in_the_map(there):
    told = asked("cluster", "run", "-o", there)
    assert told.startswith(
        "ward: 3 clusters, number found; at 100% of their borders samples are rarer than on both sides"
    )
    assert told.count("rule: ") == 3
    assert "cluster 0: 60 of 180 rows, 33.3%" in told
    assert ksom.KohonenSOM.load(there).layers["clusters"].about["clusters"] == 3


@pytest.mark.parametrize("words", [[], ["table.csv"], ["samples.npy"]])
def test_json_has_the_same_and_is_json(there, words):
    told = json.loads(asked("cluster", there, *words, "--clusters", "2", "--json"))
    assert (told["clusters"], told["number"]) == (2, "given")
    assert told["checked_on"] == ("samples" if words else "nodes")
    assert sum(profile["samples"] for profile in told["profiles"]) == 180
    assert told["written"] == str(there)


def test_what_was_checked_on_nodes_alone_is_said(there):
    assert "rules were checked on the nodes alone; name the data to check them on samples" in asked("cluster", there)


def test_one_cluster_is_said_to_be_one(tmp_path):
    np.save(tmp_path / "square.npy", np.random.default_rng(0).random((500, 2)))
    ksom.train(np.load(tmp_path / "square.npy"), 8, 8, algorithm="batch").save(tmp_path / "map.npz")
    told = asked("cluster", tmp_path / "map.npz", tmp_path / "square.npy")
    assert told.startswith("ward: one cluster; samples are nowhere rarer")
    told = asked("cluster", tmp_path / "map.npz", tmp_path / "square.npy", "--clusters", "4")
    assert "unless they wind around each other, they are rather parts of one mass" in told.splitlines()[0]


def test_a_map_without_hits_gets_those_of_the_data(tmp_path):
    np.save(tmp_path / "samples.npy", np.array([[0.0], [0.1], [9.0]]))
    ksom.KohonenSOM(1, 3, initial=[[[0.0], [5.0], [9.0]]]).save(tmp_path / "map.npz")
    asked("cluster", tmp_path / "map.npz", tmp_path / "samples.npy")
    assert ksom.KohonenSOM.load(tmp_path / "map.npz").layers["hits"].values.tolist() == [[2, 0, 1]]


REFUSED = {
    "no labels told": (
        ["label", "MAP", "samples.npy"],
        "samples.npy: do not tell what their samples are; name a column",
    ),
    "no such column": (
        ["label", "MAP", "table.csv", "--column", "knid"],
        "table.csv: has no column 'knid'; did you mean",
    ),
    "no table": (
        ["label", "MAP", "samples.npy", "--column", "x"],
        "samples.npy: is no table, so it has no column 'x'; ",
    ),
    "few labels": (
        ["label", "MAP", "samples.npy", "--labels", "few.npy"],
        "labels: there must be one for each sample, go",
    ),
    "a checkpoint": (
        ["label", "run/checkpoints/last.npz", "quick.yaml"],
        "run/checkpoints/last.npz: is a checkpoint, wh",
    ),
    "cluster a checkpoint": (
        ["cluster", "run/checkpoints/last.npz"],
        "run/checkpoints/last.npz: is a checkpoint, which ",
    ),
    "column without data": (["label", "MAP", "--column", "kind"], "--column is of a table: name it, as DATA"),
    "two places": (
        ["label", "MAP", "table.csv", "--column", "kind", "--labels", "kinds.npy"],
        "the labels are in one pl",
    ),
    "a word": (["cluster", "MAP", "--clusters", "many"], "clusters must be auto or a number, got 'many'"),
    "too many": (
        ["cluster", "MAP", "--clusters", "99"],
        "clusters must be at most the number of nodes that won samples,",
    ),
}


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_one_line_and_the_map_stays_as_it_was(there, capsys, monkeypatch, words, told):
    before = there.read_bytes()
    monkeypatch.setattr("sys.argv", ["ksom", *[str(there) if word == "MAP" else word for word in words]])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code != 0
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].removeprefix("Error: ").startswith(told)
    assert there.read_bytes() == before
