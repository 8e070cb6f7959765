"""A map as an ONNX graph: onnxruntime's answers are ksom's, to the bit."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ksom
from ksom.encoding import CATEGORY, Column, Encoding
from ksom.errors import DataError, NotInstalled, NotTrained
from ksom.exports import onnx_graph
from ksom.exports.onnx_graph import FEW_NODES, SHORTLIST, onnx_model, write_onnx
from ksom.map_file import Layer

MANY = (20, 15)
assert MANY[0] * MANY[1] > FEW_NODES


def session(som):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnx_model(som).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(som, samples):
    return session(som).run(["node", "distance"], {"features": np.asarray(samples, dtype=np.float64)})


def assert_same(som, samples):
    node, distance = answers(som, samples)
    expected = som.best_matching_nodes(samples, return_distances=True)
    assert np.array_equal(node, expected[0])
    assert distance.dtype == expected[1].dtype
    assert np.array_equal(distance, expected[1])


def a_map(weights, **options):
    return ksom.KohonenSOM(*weights.shape[:2], initial=weights, backend="numpy", **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, 1e2, 1e4, 1e6])
@pytest.mark.parametrize(
    ("features", "size"), [(1, (1, 1)), (1, MANY), (3, (6, 8)), (3, MANY), (16, (50, 50)), (784, MANY)]
)
def test_nodes_and_distances_have_the_bits_of_the_map(features, size, offset, dtype):
    rng = np.random.default_rng(features)
    samples = rng.random((60, features)) + offset
    assert_same(a_map(rng.random((*size, features)) + offset, dtype=dtype), samples)


@pytest.mark.parametrize("distance", ["euclidean", "cosine", "manhattan", "chebyshev"])
@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", "robust"])
@pytest.mark.parametrize("size", [(4, 5), MANY], ids=["few", "many"])
def test_distances_and_scalings_are_in_the_graph(distance, scaling, size):
    rng = np.random.default_rng(1)
    samples = rng.normal(3, [1, 20, 0.1], (500, 3))
    som = ksom.train(samples, *size, 2, distance=distance, scaling=scaling, backend="numpy")
    assert_same(som, samples)
    assert_same(som, samples.astype(np.float32))


def test_logarithms_are_in_the_graph_but_for_their_last_bits():
    rng = np.random.default_rng(8)
    samples = rng.normal(size=(400, 3)) * 10.0 ** rng.integers(-12, 6, (400, 3))
    som = ksom.train(samples, *MANY, 2, scaling="log1p+standard", backend="numpy")
    node, distance = answers(som, samples)
    expected = som.best_matching_nodes(samples, return_distances=True)
    assert np.array_equal(node, expected[0])
    assert distance == pytest.approx(expected[1], rel=1e-5, abs=1e-7)


def test_ranks_are_refused():
    som = ksom.train(np.random.default_rng(0).random((50, 2)), 2, 2, 1, scaling="rank")
    with pytest.raises(
        DataError, match=r"^the map's scaling ranks cannot be written in ONNX; take another scaling, or"
    ):
        onnx_model(som)


def test_feature_weights_are_in_the_graph():
    samples = np.random.default_rng(1).random((100, 3))
    assert_same(ksom.train(samples, 4, 5, 2, feature_weights=[1, 0, 7]), samples)


@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_missing_values_are_left_out_as_the_map_does(distance, scaling):
    rng = np.random.default_rng(2)
    samples = np.where(rng.random((300, 5)) < 0.3, np.nan, rng.random((300, 5)))
    samples[np.isnan(samples).all(axis=1), 0] = 0.5
    assert_same(ksom.train(samples, *MANY, 2, distance=distance, scaling=scaling, missing="keep"), samples)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_of_more_equals_than_the_shortlist_holds_the_first_wins(offset):
    rng = np.random.default_rng(3)
    few = rng.random((10, 4)) + offset
    weights = few[rng.permutation(np.arange(300) % 10)].reshape(*MANY, 4)
    assert len(weights.reshape(-1, 4)) / len(few) > SHORTLIST
    assert_same(a_map(weights), rng.random((200, 4)) + offset)


def test_samples_in_doubt_do_not_change_those_that_are_sure():
    rng = np.random.default_rng(4)
    weights = rng.random((*MANY, 4))
    weights[:10] = weights[0, 0]
    samples = np.concatenate([rng.random((50, 4)), np.repeat(weights[0, :1], 5, axis=0)])
    rng.shuffle(samples)
    assert_same(a_map(weights), samples)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nodes_that_only_rounding_tells_apart_are_all_compared(dtype):
    around = np.random.default_rng(6).normal(size=(*MANY, 16))
    around /= np.linalg.norm(around, axis=2, keepdims=True)
    samples = np.random.default_rng(7).normal(0, 1e-9 if dtype == "float32" else 1e-17, (50, 16))
    assert_same(a_map(around, dtype=dtype), samples)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 6), st.sampled_from([0.0, 0.1, 1e5, 1e7]))
def test_on_grids_full_of_ties_the_graph_finds_the_map_s_nodes(seed, features, steps, offset):
    rng = np.random.default_rng(seed)
    weights, samples = (rng.integers(0, steps + 1, (*shape, features)) / steps + offset for shape in (MANY, (40,)))
    assert_same(a_map(weights), samples)


@pytest.mark.parametrize("size", [(2, 2), MANY], ids=["few", "many"])
def test_a_row_that_the_map_refuses_has_no_node(size):
    rng = np.random.default_rng(5)
    som = a_map(rng.random((*size, 2)))
    som.layers["clusters"] = Layer(np.ones(size, dtype=np.int64))
    som.layers["labels"] = Layer(np.ones((*size, 1), dtype=np.int64), {"names": ["a"]})
    rows = [[np.nan, 0], [np.inf, 0], [0, -1e30], [0.5, 0.5]]
    node, distance, label, cluster = session(som).run(None, {"features": np.array(rows)})
    assert node[:3].tolist() == cluster[:3].tolist() == [-1, -1, -1]
    assert np.isnan(distance[:3]).all()
    assert label.tolist() == ["", "", "", "a"]
    assert node[3] == som.best_matching_nodes([[0.5, 0.5]])[0]


def test_of_gaps_a_row_without_any_value_has_no_node():
    som = a_map(np.random.default_rng(0).random((2, 2, 2)), missing="keep")
    assert answers(som, [[np.nan, np.nan]])[0].tolist() == [-1]


def test_a_direction_of_zeros_has_no_node():
    som = a_map(np.random.default_rng(0).random((2, 2, 2)), distance="cosine")
    assert answers(som, [[0, 0]])[0].tolist() == [-1]


@pytest.mark.parametrize("size", [(2, 2), MANY], ids=["few", "many"])
def test_no_rows_have_no_answers(size):
    node, distance = answers(a_map(np.random.default_rng(0).random((*size, 2))), np.empty((0, 2)))
    assert node.shape == distance.shape == (0,)


def test_labels_and_clusters_are_those_of_the_node():
    som = a_map(np.arange(3.0).reshape(1, 3, 1))
    som.layers["labels"] = Layer(np.array([[[0, 4], [0, 0], [2, 2]]]), {"names": ["cat", "dög"]})
    som.layers["nearest_labelled"] = Layer(np.array([[0, 0, 2]]))
    som.layers["clusters"] = Layer(np.array([[7, -1, 0]]))
    label, cluster = session(som).run(["label", "cluster"], {"features": np.array([[0.0], [1.0], [2.0]])})
    assert label.tolist() == ["dög", "dög", "cat"]
    assert cluster.tolist() == [7, -1, 0]


def test_a_map_without_labels_and_clusters_promises_none():
    assert [output.name for output in onnx_model(a_map(np.zeros((1, 1, 2)))).graph.output] == ["node", "distance"]


def test_only_standard_operators_of_opset_18_are_used():
    model = onnx_model(a_map(np.random.default_rng(0).random((*MANY, 2))))
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 18)]
    assert {node.domain for node in model.graph.node} == {""}


def test_the_metadata_tell_what_the_graph_is_of():
    som = a_map(np.zeros((1, 2, 2)))
    som.encoding = Encoding((Column("sex", CATEGORY, ("f", "m")),))
    about = {prop.key: prop.value for prop in onnx_model(som).metadata_props}
    assert about["ksom_version"] == ksom.__version__
    assert json.loads(about["feature_names"]) == ["sex=f", "sex=m"]
    assert json.loads(about["encoding"]) == som.encoding.as_plain()
    assert len(about["digest"]) == 64


def test_the_file_is_the_model_and_equal_maps_give_equal_files(tmp_path):
    som = a_map(np.zeros((1, 2, 2)))
    for name in ("a.onnx", "b.onnx"):
        write_onnx(som, tmp_path / name)
    assert onnx.load(tmp_path / "a.onnx") == onnx_model(som)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_a_distance_of_one_s_own_is_refused():
    class Mine(ksom.Euclidean):
        pass

    som = a_map(np.zeros((1, 1, 2)), distance=Mine())
    with pytest.raises(DataError, match=r"only euclidean, cosine, manhattan, chebyshev can be written in ONNX"):
        onnx_model(som)


def test_weights_that_the_format_cannot_hold_are_refused(monkeypatch):
    monkeypatch.setattr(onnx_graph, "MOST_BYTES", 7)
    with pytest.raises(DataError, match=r"8e-09 GB, and an ONNX file ends at 2 GB; export it as safetensors"):
        onnx_model(a_map(np.zeros((1, 1, 2))))


def test_a_scaling_that_saw_no_data_is_refused():
    with pytest.raises(NotTrained, match="has not seen the data"):
        onnx_model(a_map(np.zeros((1, 1, 2)), scaling="standard"))


def test_without_onnx_one_line_tells_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(NotInstalled, match=r"^onnx is not installed; pip install onnx$"):
        onnx_model(a_map(np.zeros((1, 1, 2))))
