"""A map as a table and as safetensors, and `ksom export`."""

import csv
import json
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.numpy import load_file

import ksom
from ksom.encoding import CATEGORY, Column, Encoding
from ksom.entry import cli, main
from ksom.errors import NotInstalled
from ksom.exports.node_table import write_node_table
from ksom.exports.safetensors_file import write_safetensors
from ksom.map_file import Layer


@pytest.fixture
def som():
    samples = np.random.default_rng(0).normal(5, 2, (50, 2))
    som = ksom.train(samples, 2, 3, 3, scaling="standard")
    som.feature_names = ("=cost", "a, b")
    som.layers["hits"] = Layer(np.arange(6).reshape(2, 3), {"samples": 15})
    counts = np.array([[3, 1], [0, 0], [1, 2]] * 2).reshape(2, 3, 2)
    som.layers["labels"] = Layer(counts, {"names": ["@home", "away"], "column": "where"})
    som.layers["clusters"] = Layer(np.array([[0, 0, 1], [-1, 1, 1]]), {"method": "ward", "clusters": 2})
    som.layers["nearest_labelled"] = Layer(np.array([[0, 2, 2], [3, 5, 5]]))
    return som


@pytest.fixture
def file(som, tmp_path):
    som.save(tmp_path / "wine.npz")
    return tmp_path / "wine.npz"


def table(path):
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.reader(text))


def test_the_table_has_a_row_for_each_node(som, tmp_path):
    write_node_table(som, tmp_path / "map.csv")
    header, *rows = table(tmp_path / "map.csv")
    assert header == ["row", "column", "'=cost", "a, b", "hits", "label", "label_share", "cluster"]
    assert [row[:2] for row in rows] == [[str(row), str(column)] for row in range(2) for column in range(3)]
    assert [row[4:] for row in rows[:2]] == [["0", "'@home", "0.75", "0"], ["1", "away", "0.0", "0"]]


def test_the_table_s_weights_are_in_data_units_to_the_last_bit(som, tmp_path):
    write_node_table(som, tmp_path / "map.csv")
    weights = np.array([row[2:4] for row in table(tmp_path / "map.csv")[1:]], dtype=np.float64)
    assert np.array_equal(weights.reshape(2, 3, 2), som.prototypes)


def test_negative_weights_stay_numbers_in_the_table(tmp_path):
    write_node_table(ksom.KohonenSOM(1, 1, initial=[[[-1.5]]]), tmp_path / "map.csv")
    assert (tmp_path / "map.csv").read_text() == "row,column,feature 0\n0,0,-1.5\n"


def test_what_the_map_knows_nothing_of_is_an_empty_cell(tmp_path):
    som = ksom.train(np.random.default_rng(0).random((9, 2)), 1, 1, 1, feature_weights=[0, 1])
    write_node_table(som, tmp_path / "map.csv")
    assert table(tmp_path / "map.csv")[1][2] == ""


def test_encoded_features_are_called_as_the_encoding_calls_them(tmp_path):
    som = ksom.KohonenSOM(1, 1, initial=[[[0.0, 0.5]]])
    som.encoding = Encoding((Column("sex", CATEGORY, ("f", "m")),))
    write_node_table(som, tmp_path / "map.csv")
    assert table(tmp_path / "map.csv")[0] == ["row", "column", "sex=f", "sex=m"]


def test_safetensors_hold_weights_and_layers_to_the_bit(som, tmp_path):
    write_safetensors(som, tmp_path / "map.safetensors")
    tensors = load_file(tmp_path / "map.safetensors")
    assert set(tensors) == {"weights", *(f"layer_{name}" for name in som.layers)}
    assert np.array_equal(tensors["weights"], som.weights)
    assert tensors["weights"].dtype == np.float32
    assert np.array_equal(tensors["layer_labels"], som.layers["labels"].values)


def test_safetensors_tell_what_the_map_is(som, tmp_path):
    write_safetensors(som, tmp_path / "map.safetensors")
    with safe_open(tmp_path / "map.safetensors", "numpy") as kept:
        told = json.loads(kept.metadata()["about"])
    assert told["ksom_version"] == ksom.__version__
    assert told["feature_names"] == ["=cost", "a, b"]
    assert told["scales"]["centre"] == som.intake.scales.centre.tolist()
    assert told["layers"]["labels"] == {"names": ["@home", "away"], "column": "where"}


def test_without_safetensors_one_line_tells_what_to_install(som, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(NotInstalled, match=r"^safetensors is not installed; pip install safetensors$"):
        write_safetensors(som, tmp_path / "map.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("to", ["csv", "onnx", "safetensors"])
def test_export_writes_a_file_named_like_the_map_or_as_told(to, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in ([], ["-o", "other.bin"]):
        result = CliRunner().invoke(cli, ["export", str(file), "--to", to, *words], catch_exceptions=False)
        assert result.output == f"written: {words[-1] if words else f'wine.{to}'}\n"
    assert (tmp_path / f"wine.{to}").read_bytes() == (tmp_path / "other.bin").read_bytes()


@pytest.mark.parametrize("to", ["csv", "onnx", "safetensors"])
def test_export_prints_the_same_bytes_and_nothing_else(to, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(cli, ["export", str(file), "--to", to, "-o", "-"], catch_exceptions=False)
    CliRunner().invoke(cli, ["export", str(file), "--to", to, "-o", "written"], catch_exceptions=False)
    assert printed.stdout_bytes == (tmp_path / "written").read_bytes()
    assert not (tmp_path / "-").exists()


def test_an_exported_graph_labels_samples_without_ksom(som, file, tmp_path):
    made = tmp_path / "wine.onnx"
    subprocess.run([sys.executable, "-m", "ksom", "export", file, "--to", "onnx", "-o", made], check=True)
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    samples = som.prototypes.reshape(-1, 2)
    node, _, label, cluster = session.run(None, {"features": samples})
    assert node.tolist() == list(range(6))
    assert label.tolist() == ["@home", "away", "away"] * 2
    assert cluster.tolist() == [0, 0, 1, -1, 1, 1]
    said = som.predict(samples)
    assert label.tolist() == said.label.tolist()
    assert cluster.tolist() == said.cluster.tolist()


@pytest.mark.parametrize("to", ["csv", "onnx", "safetensors"])
def test_a_link_is_replaced_and_not_followed(to, file, tmp_path, monkeypatch):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    CliRunner().invoke(cli, ["export", str(file), "--to", to, "-o", str(tmp_path / "link")], catch_exceptions=False)
    assert (tmp_path / "precious").read_text() == "kept"
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing", "--to", "csv"], "Error: nothing: there is no such file"),
        (["wine.npz", "--to", "csv", "-o", "no/map.csv"], "Error: no/map.csv: cannot be written"),
        (["wine.npz", "--to", "pdf"], "'pdf' is not one of 'csv', 'onnx', 'safetensors'"),
        (["wine.npz"], "Missing option '--to'"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(words, told, file, monkeypatch, capsys):
    monkeypatch.chdir(file.parent)
    monkeypatch.setattr(sys, "argv", ["ksom", "export", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code != 0
    assert told in capsys.readouterr().err
    assert [path.name for path in file.parent.iterdir()] == ["wine.npz"]
