"""Labels of nodes: counted, ties, nodes without samples, too many, what the layers hold, and what predict says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ksom
from ksom.datasets import Table
from ksom.errors import DataError
from ksom.method.labels import MOST_LABELS, LabelCounts, as_table, node_labels, text_of
from ksom.method.lattice import Rectangular

SAMPLES = [[0.0], [0.1], [0.2], [10.0], [10.1], [9.9]]


def three_nodes():
    return ksom.KohonenSOM(1, 3, initial=[[[0.0], [10.0], [7.0]]])


def test_a_node_has_the_most_frequent_label_of_its_samples():
    som = three_nodes()
    assert som.label(SAMPLES, ["a", "b", "b", "c", "c", "b"])[0, :2].tolist() == ["b", "c"]


@pytest.mark.parametrize(
    ("labels", "first"), [(["b", "a"], "a"), ([10, 9], "9"), ([2.0, 1.0], "1"), ([True, False], "False")]
)
def test_of_equals_the_first_in_order_is_a_node_s_label(labels, first):
    assert ksom.KohonenSOM(1, 1, initial=[[[0.0]]]).label([[0.0], [0.1]], labels).tolist() == [[first]]


def test_a_node_without_samples_has_the_label_of_the_nearest_by_weights_and_the_share_0():
    som = three_nodes()
    som.label(SAMPLES, ["a"] * 3 + ["c"] * 3)
    known = node_labels(som.layers)
    assert known.labels.tolist() == ["a", "c", "c"]
    assert known.shares.tolist() == [1, 1, 0]


def test_the_layers_are_counts_hits_and_whose_label_a_node_takes():
    som = three_nodes()
    som.label(SAMPLES, ["a", "b", "b", "c", "c", "b"], column="kind")
    labels, hits = som.layers["labels"], som.layers["hits"]
    assert labels.values.tolist() == [[[1, 2, 0], [0, 1, 2], [0, 0, 0]]]
    assert labels.about == {"names": ["a", "b", "c"], "column": "kind"}
    assert hits.values.tolist() == [[3, 3, 0]]
    assert hits.about == {"samples": 6}
    assert som.layers["nearest_labelled"].values.tolist() == [[0, 1, 1]]


def test_labels_are_in_the_file_of_the_map(tmp_path):
    som = three_nodes()
    som.label(SAMPLES, ["=1+1", "a, b", "a, b", "\N{SNOWMAN}", "\N{SNOWMAN}", "x"])
    som.save(tmp_path / "map.npz")
    again = ksom.KohonenSOM.load(tmp_path / "map.npz")
    assert again.layers["labels"].about["names"] == ["=1+1", "a, b", "x", "\N{SNOWMAN}"]
    np.testing.assert_array_equal(node_labels(again.layers).labels, node_labels(som.layers).labels)


def test_predict_says_the_label_of_new_samples_and_its_share():
    som = three_nodes()
    som.label(SAMPLES, ["a", "b", "b", "c", "c", "c"])
    said = som.predict([[9.0], [-1.0], [6.5]])
    assert said.label.tolist() == ["c", "b", "c"]
    assert said.label_share.tolist() == [1, 2 / 3, 0]


def test_a_sample_whose_label_is_empty_is_left_out():
    som = three_nodes()
    assert som.label(SAMPLES, ["a", "", "", "c", "", "c"])[0, :2].tolist() == ["a", "c"]
    assert som.layers["hits"].about == {"samples": 3}


@given(seed=st.integers(0, 99), pieces=st.integers(1, 5))
def test_pieces_of_samples_count_as_all_of_them_do(seed, pieces):
    rng = np.random.default_rng(seed)
    nodes, labels = rng.integers(0, 6, 40), rng.choice(["x", "y", "z"], 40)
    whole, parts = LabelCounts(Rectangular(2, 3)), LabelCounts(Rectangular(2, 3))
    whole.add(nodes, labels)
    for some in np.array_split(np.arange(40), pieces):
        parts.add(nodes[some], labels[some])
    expected = [[((nodes == node) & (labels == name)).sum() for name in np.unique(labels)] for node in range(6)]
    for counted in (whole, parts):
        assert counted.layers()["labels"].values.reshape(6, -1).tolist() == expected


def test_labels_are_in_order_however_they_came():
    counted = LabelCounts(Rectangular(1, 1))
    for label in ("b", "c", "a"):
        counted.add(np.array([0]), np.array([label]))
    assert counted.layers()["labels"].about["names"] == ["a", "b", "c"]


def test_a_data_frame_with_categories_is_labelled_as_it_was_learned():
    frame = pd.DataFrame({"age": [1.0, 2.0, 50.0, 51.0], "sex": ["f", "f", "m", "m"], "kind": ["a", "a", "b", "b"]})
    som = ksom.train(Table(frame, columns=["age"], categories=["sex"]), 2, 2, algorithm="batch", iterations=5)
    som.label(frame, frame["kind"])
    assert som.predict(frame)["label"].tolist() == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["a"] * 5, "labels: there must be one for each sample, got 5 for more samples"),
        (["a"] * 7, "labels: there must be one for each sample, got 7 for 6 samples"),
        ([""] * 6, "labels: no sample has one, all are empty"),
        ([[1]] * 6, "labels must be numbers or texts, one for each sample, got int64 of shape (6, 1)"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, told):
    with pytest.raises(DataError) as caught:
        three_nodes().label(SAMPLES, labels)
    assert str(caught.value) == told


def test_a_column_that_tells_rows_apart_is_no_label():
    rows = np.zeros((MOST_LABELS + 1, 1))
    with pytest.raises(
        DataError, match=r"^labels: there must be at most 4,096 different ones, and there are more; what t"
    ):
        three_nodes().label(rows, np.arange(len(rows)))


def test_labels_that_no_memory_holds_are_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr("ksom.method.labels.available_memory", lambda: 100)
    with pytest.raises(
        DataError, match=r"^labels: 3 at 3 nodes need 1\.44e-07 GB, there are 1e-07 GB; take fewer kinds$"
    ):
        three_nodes().label(SAMPLES, ["a", "b", "c"] * 2)


def test_the_table_of_labels_is_short_and_on_lines_of_its_own():
    som = three_nodes()
    som.label(SAMPLES, ["evil\n\x1b[31mred", "b", "b", "c", "c", "b"])
    assert as_table(som.layers).splitlines() == [
        "  samples  nodes  purity  label",
        "        3      1   66.7%  b",
        "        2      1   66.7%  c",
        "        1      0       –  evil \\x1b[31mred",
        "purity 66.7%; 1 of 3 nodes won no sample and take the nearest node's label",
    ]
    many = ksom.KohonenSOM(1, 2, initial=[[[0.0], [1.0]]])
    many.label(np.zeros((30, 1)), np.arange(30))
    assert len(as_table(many.layers).splitlines()) == 23
    assert "10 more labels" in as_table(many.layers)


@pytest.mark.parametrize(("label", "text"), [(3.0, "3"), (0.5, "0.5"), (7, "7"), ("x", "x"), (True, "True")])
def test_a_label_is_kept_as_text(label, text):
    assert text_of(label) == text
