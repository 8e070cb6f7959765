"""An evaluation has every measure, each with what it means, or why there is none."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import ksom
from ksom.evaluation import evaluate
from ksom.method import topographic_product, trustworthiness


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def som(iris):
    return ksom.train(iris[0], 8, 6)


ONE_BY_ONE = {
    "quantization_error": ksom.quantization_error,
    "relative_error": lambda som, samples: ksom.quantization_error(som, samples) / ksom.error_of_one_node(som, samples),
    "explained_variance": ksom.explained_variance,
    "topographic_error": ksom.topographic_error,
    "kaski_lagus": ksom.kaski_lagus,
    "distortion": ksom.distortion,
    "trustworthiness": ksom.trustworthiness,
    "neighbourhood_preservation": ksom.neighbourhood_preservation,
    "topographic_product": lambda som, _: ksom.topographic_product(som),
    "topographic_function": lambda som, samples: ksom.topographic_function(som, samples).at_zero,
    "dead_nodes": ksom.dead_nodes,
}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_each_value_is_that_of_the_measure_alone(iris, som, name):
    assert evaluate(som, iris[0])[name] == pytest.approx(ONE_BY_ONE[name](som, iris[0]), rel=1e-6)


def test_with_labels_there_are_those_of_classes_too(iris, som):
    measured = evaluate(som, *iris)
    assert {measure.name for measure in measured.measures} == {*ONE_BY_ONE, "purity", "entropy"}
    assert measured["purity"] == ksom.purity(som, *iris)
    assert measured["entropy"] == ksom.entropy(som, *iris)


def test_dead_nodes_are_the_share_that_wins_nothing():
    som = ksom.KohonenSOM(1, 4, initial=[[[0.0], [1.0], [50.0], [60.0]]])
    assert ksom.dead_nodes(som, [[0.1], [0.2], [51.0]]) == 0.5


def test_the_table_tells_what_each_value_means(iris, som):
    table = evaluate(som, *iris).as_table()
    assert table.startswith("150 samples, 48 nodes\nquantization error ")
    for text in (
        "neighbours: the 8 around",
        "at sigma 1;",
        "5 neighbours, all samples",
        "all nodes",
        "lower is better",
    ):
        assert text in table
    hexagonal = ksom.KohonenSOM(3, 3, lattice="hexagonal", initial=np.random.default_rng(0).random((3, 3, 4)))
    assert "neighbours: the 6 around" in evaluate(hexagonal, iris[0]).as_table()


def test_how_many_were_drawn_is_told(iris, som, monkeypatch):
    monkeypatch.setattr(trustworthiness, "MOST_SAMPLES", 100)
    monkeypatch.setattr(topographic_product, "MOST_DISTANCES", 480)
    table = evaluate(som, iris[0]).as_table()
    assert "100 of 150 samples" in table
    assert "10 of 48 nodes" in table


def test_distances_are_in_map_units_where_the_map_scales(iris):
    som = ksom.KohonenSOM(3, 3, scaling="standard")
    ksom.Trainer(som, iris[0], iterations=2).train()
    assert "to its best node, map units" in evaluate(som, iris[0]).as_table()


SAME = "all samples are the same"
FEW = "there must be more than 10 samples"


@pytest.mark.parametrize(
    ("samples", "size", "reasons"),
    [
        (np.ones((1, 2)), (3, 3), {"relative_error": SAME, "explained_variance": SAME, "trustworthiness": FEW,
                                   "neighbourhood_preservation": FEW, "topographic_product": "the same weights"}),
        (np.ones((20, 2)), (1, 1), {"relative_error": SAME, "explained_variance": SAME,
                                    "topographic_product": "at least 3 nodes"}),
        (np.random.default_rng(0).random((20, 2)), (1, 1), {"topographic_product": "at least 3 nodes"}),
        (np.random.default_rng(0).random((3, 2)), (10, 10), {"trustworthiness": FEW,
                                                             "neighbourhood_preservation": FEW}),
        (np.random.default_rng(0).random((30, 2)), (1, 7), {}),
        (np.random.default_rng(0).random((30, 1)), (7, 1), {}),
    ],
    ids=["one sample", "the same samples, one node", "one node", "more nodes than samples", "chain", "one feature"],
)  # fmt: skip
def test_every_value_is_a_number_or_has_a_reason(samples, size, reasons):
    weights = np.random.default_rng(1).random((*size, samples.shape[1])) * (samples.std() > 0) + samples.mean(axis=0)
    measured = evaluate(ksom.KohonenSOM(*size, initial=weights), samples)
    without = {name: meaning for name, value, meaning in measured.measures if value is None}
    assert without.keys() == reasons.keys()
    assert all(reasons[name] in reason for name, reason in without.items())
    assert all(value is None or np.isfinite(value) for _, value, _ in measured.measures)
    assert json.loads(json.dumps(measured.as_dict(), allow_nan=False)) == measured.as_dict()
    assert measured.as_table().count(" – ") == len(reasons)


@pytest.mark.parametrize("how", [{"distance": "cosine"}, {"distance": "manhattan"}, {"missing": "keep"},
                                 {"lattice": "hexagonal"}, {"scaling": "minmax"}])  # fmt: skip
def test_every_kind_of_map_is_measured_whole(iris, how):
    samples = iris[0].copy()
    if "missing" in how:
        samples[::7, 2] = np.nan
    som = ksom.KohonenSOM(6, 6, **how)
    ksom.Trainer(som, samples, algorithm=ksom.Batch(), iterations=10).train()
    measured = evaluate(som, samples, iris[1])
    assert all(value is not None and np.isfinite(value) for _, value, _ in measured.measures)
    assert measured["quantization_error"] == pytest.approx(som.transform(samples).min(axis=1).mean(), rel=1e-5)
    assert measured["explained_variance"] > 0.8
    assert measured["purity"] > 0.8


def test_a_data_frame_is_measured_as_the_table_that_it_is():
    frame = pd.DataFrame({"size": np.arange(20.0), "kind": ["cat", "dog"] * 10, "name": [f"n{i}" for i in range(20)]})
    table = ksom.Table(frame, columns=["size"], categories=["kind"], id="name")
    som = ksom.train(table, 3, 3, scaling="standard", backend="numpy")
    assert evaluate(som, frame).as_dict() == evaluate(som, table).as_dict()


def test_measures_may_be_left_out_and_the_others_stay_the_same():
    samples = np.random.default_rng(0).normal(size=(50, 2))
    som = ksom.KohonenSOM(3, 3, initial=samples[:9].reshape(3, 3, 2))
    every = evaluate(som, samples).measures
    some = evaluate(som, samples, without=("kaski_lagus", "topographic_function")).measures
    assert some == tuple(one for one in every if one.name not in {"kaski_lagus", "topographic_function"})


def test_whoever_wants_to_know_more_is_handed_every_sample_once_with_its_two_best_nodes():
    samples = np.random.default_rng(0).normal(size=(50, 2))
    som = ksom.KohonenSOM(3, 3, initial=samples[:9].reshape(3, 3, 2))
    found = []
    evaluate(som, samples, also=found.append)
    np.testing.assert_array_equal(np.concatenate([one.nodes for one in found]), som.best_matching_nodes(samples, 2))
