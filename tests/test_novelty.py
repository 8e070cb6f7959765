"""Novelty: quantiles of each node's distances, the distance that is usual there, scores, thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ksom import Dataset, KohonenSOM, train
from ksom.errors import DataError, NotCalibrated
from ksom.map_file import Layer
from ksom.method import matches
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.method.matches import Found
from ksom.method.novelty import NodeDistances, quantile, usual_distances
from ksom.samples import Block

CHANCE = np.random.default_rng(0)
SAMPLES = CHANCE.normal(size=(400, 3))
LEVELS = (0.01, 0.5, 0.9, 1.0)
SMALL = Rectangular(1, 3)


def node_distances(lattice, nodes, distances):
    made = NodeDistances(lattice)
    made.add(found(nodes, distances))
    return made


def found(nodes, distances):
    return Found(Block(np.empty((len(nodes), 1))), np.array(nodes)[:, np.newaxis], np.array(distances)[:, np.newaxis])


def calibrated(samples=SAMPLES, held_out=None, **options):
    som = train(samples, 5, 6, iterations=10, **options)
    som.calibrate(samples, held_out)
    return som


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1e300)), st.sampled_from(LEVELS))
def test_a_quantile_of_a_node_is_that_of_its_distances_rounded_up_by_two_in_a_thousand(distances, level):
    made = node_distances(SMALL, np.ones(len(distances), dtype=int), distances).of_nodes((level,))[0, 1, 0]
    exact = np.quantile(distances, level, method="inverted_cdf")
    assert exact <= made <= exact * (1 + 2**-9) or made == 0 >= exact - np.finfo(np.float64).tiny


def test_a_node_without_samples_has_no_quantiles():
    assert np.isnan(node_distances(SMALL, [1], [2.0]).of_nodes(LEVELS)[0, [0, 2]]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances_are_the_same_however_the_samples_are_divided(dtype):
    nodes, distances = CHANCE.integers(3, size=500), CHANCE.random(500).astype(dtype)
    whole, parts = node_distances(SMALL, nodes, distances), NodeDistances(SMALL)
    for start in range(0, 500, 7):
        parts.add(found(nodes[start : start + 7], distances[start : start + 7]))
    np.testing.assert_array_equal(whole.of_nodes(LEVELS), parts.of_nodes(LEVELS))
    np.testing.assert_array_equal(whole.hits, parts.hits)


def test_distances_take_no_memory_for_each_sample():
    made = NodeDistances(SMALL)
    for _ in range(20):
        made.add(found(CHANCE.integers(3, size=10_000), CHANCE.uniform(1, 2, size=10_000)))
    assert len(made._counts) <= 3 * 513


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), st.sampled_from(LEVELS), st.integers(1, 4))
def test_a_quantile_of_counted_values_is_that_of_so_many_values(values, level, times):
    values = np.array(values)
    expected = np.quantile(np.repeat(values, times), level, method="inverted_cdf")
    assert quantile(values, np.full(len(values), times), level) == expected


def test_a_node_with_many_samples_has_their_median_and_one_without_that_of_its_neighbours():
    made = node_distances(SMALL, [0] * 3000 + [2] * 3000, [1.0] * 3000 + [1.1] * 3000)
    usual = usual_distances(made, 1e-30)[0]
    np.testing.assert_allclose(usual, [1.0, 1.05, 1.1], rtol=4e-3)


def test_the_usual_distance_is_what_its_formula_says():
    nodes, distances = [0, 0, 1, 3, 3, 3, 3], [1.0, 1.0, 8.0, 2.0, 2.0, 2.0, 2.0]
    around = [(1 * 8 + 3 * 2) / 4, (2 * 1 + 3 * 2) / 5, (1 * 8 + 4 * 2 + 3 * 2) / 8, 2.0]
    own = [(2 * 1 + 3 * around[0]) / 5, (8 + 3 * around[1]) / 4, around[2], (4 * 2 + 3 * around[3]) / 7]
    made = usual_distances(node_distances(Rectangular(1, 4), nodes, distances), 1e-30)[0]
    np.testing.assert_allclose(made, own, rtol=4e-3)


def test_a_node_of_oddities_does_not_excuse_them():
    made = node_distances(Rectangular(1, 9), [0] * 95 + [8] * 5, [1.0] * 95 + [50.0] * 5)
    assert usual_distances(made, 1e-30).max() < 1.1


@pytest.mark.parametrize("lattice", [Rectangular(1, 1), Hexagonal(2, 2), Rectangular(3, 3, wrap="both")])
def test_one_sample_is_enough_on_any_lattice(lattice):
    usual = usual_distances(node_distances(lattice, [0], [2.0]), 1e-30)
    np.testing.assert_allclose(usual, 2.0, rtol=4e-3)


def test_samples_that_are_their_nodes_weights_leave_a_score_finite():
    som = KohonenSOM(1, 2, initial=[[[0.0], [1.0]]])
    som.calibrate([[0.0], [1.0]])
    assert som.is_novel([[0.0], [1.0], [1.5]]).tolist() == [False, False, True]
    assert np.isfinite(som.novelty([[1e6]])).all()


def test_a_score_is_the_distance_in_units_of_the_usual_one_and_has_no_largest():
    som = calibrated()
    nodes, distances = som.best_matching_nodes(SAMPLES * 100, return_distances=True)
    expected = distances / som.layers["usual_distance"].values.ravel()[nodes]
    np.testing.assert_array_equal(som.novelty(SAMPLES * 100), expected)
    assert som.novelty([[1e6, 0, 0]]) > som.novelty([[1e5, 0, 0]]) > 1000


@pytest.mark.parametrize("unit", [1e-6, 1000.0])
def test_scores_have_no_unit(unit):
    first = train(SAMPLES, 4, 4, iterations=5, dtype="float64").weights
    one, other = (KohonenSOM(4, 4, initial=first * size, dtype="float64") for size in (1, unit))
    one.calibrate(SAMPLES)
    other.calibrate(SAMPLES * unit)
    np.testing.assert_allclose(one.novelty(SAMPLES), other.novelty(SAMPLES * unit), rtol=5e-3)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99, 1.0])
def test_no_more_than_the_rest_of_the_samples_are_above_a_quantile(quantile):
    som = calibrated()
    som.calibrate(SAMPLES, quantile=quantile)
    share = som.is_novel(SAMPLES).mean()
    assert share <= 1 - quantile + 1e-12
    assert share >= 1 - quantile - 0.02


def test_held_out_samples_give_the_threshold_and_the_others_the_rest():
    other = 3 * CHANCE.normal(size=(50, 3))
    some, both = calibrated(), calibrated(held_out=other)
    np.testing.assert_array_equal(some.layers["usual_distance"].values, both.layers["usual_distance"].values)
    assert both.layers["hits"].values.sum() == 400
    assert both.layers["distances"].about["calibrated_on"] == 50
    assert both.layers["distances"].about["held_out"] is True
    assert both.is_novel(other).sum() == 0 < some.is_novel(other).sum()


def test_layers_say_what_they_are_of():
    layers = calibrated().layers
    about = layers["distances"].about
    assert layers["hits"].about == {"samples": 400}
    assert (about["quantile"], about["calibrated_on"], about["held_out"]) == (0.99, 400, False)
    assert layers["distances"].values.shape == (5, 6, len(about["levels"]))


def test_layers_are_the_same_however_many_samples_are_looked_at_at_a_time(monkeypatch):
    whole = calibrated().layers
    monkeypatch.setattr(matches, "WALK_BYTES", 12 * 13)
    parts = calibrated().layers
    assert {name: layer.about for name, layer in whole.items()} == {name: layer.about for name, layer in parts.items()}
    for name, layer in whole.items():
        np.testing.assert_array_equal(layer.values, parts[name].values)


def test_a_map_that_was_saved_says_the_same(tmp_path):
    som = calibrated(held_out=SAMPLES[:50])
    som.save(tmp_path / "map.npz")
    again = KohonenSOM.load(tmp_path / "map.npz")
    np.testing.assert_array_equal(som.novelty(SAMPLES), again.novelty(SAMPLES))
    np.testing.assert_array_equal(som.is_novel(SAMPLES), again.is_novel(SAMPLES))
    np.testing.assert_array_equal(som.strange_features(SAMPLES)[1], again.strange_features(SAMPLES)[1])


@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev", "cosine"])
def test_any_distance_can_be_calibrated(distance):
    som = calibrated(distance=distance)
    assert 0.9 < np.median(som.novelty(SAMPLES)) < 1.1


def test_samples_with_gaps_are_calibrated_on():
    holes = np.where(CHANCE.random(SAMPLES.shape) < 0.2, np.nan, SAMPLES)
    holes = holes[~np.isnan(holes).all(axis=1)]
    assert calibrated(holes, missing="keep").is_novel(holes).mean() <= 0.01


def test_a_data_set_can_be_calibrated_on():
    arrays_, data_set = calibrated(), train(Dataset(SAMPLES), 5, 6, iterations=10)
    data_set.calibrate(Dataset(SAMPLES), Dataset(SAMPLES))
    np.testing.assert_array_equal(arrays_.novelty(SAMPLES), data_set.novelty(SAMPLES))


@pytest.mark.parametrize("ask", ["novelty", "is_novel", "strange_features"])
def test_a_map_that_is_not_calibrated_says_what_to_do(ask):
    som = train(SAMPLES, 3, 3, iterations=2)
    with pytest.raises(NotCalibrated, match=r"^this map has no layer `\w+`, so .*: som.calibrate\(samples\) makes it$"):
        getattr(som, ask)(SAMPLES)


def test_a_map_whose_layers_lack_a_part_says_which():
    som = calibrated()
    som.layers["distances"] = som.layers["distances"]._replace(about={})
    with pytest.raises(NotCalibrated, match=r"^this map has no threshold"):
        som.is_novel(SAMPLES)
    with pytest.raises(NotCalibrated, match=r"^this map has no usual terms"):
        som.strange_features(SAMPLES)


@pytest.mark.parametrize("terms", [None, "many", [1.0, 2.0], [1.0, -1.0, 2.0], [1.0, np.nan, 2.0], [1, "2", 3.0]])
def test_usual_terms_that_a_file_made_up_are_refused(terms):
    som = calibrated()
    about = {**som.layers["distances"].about, "usual_terms": terms}
    som.layers["distances"] = som.layers["distances"]._replace(about=about)
    with pytest.raises(NotCalibrated, match=r"^this map has no usual terms of its features"):
        som.strange_features(SAMPLES)


BAD = {
    "zero": np.zeros((5, 6)),
    "infinite": np.full((5, 6), np.inf),
    "many": np.ones((5, 6, 2)),
    "int": np.ones((5, 6), int),
}


@pytest.mark.parametrize("values", BAD.values(), ids=BAD)
def test_usual_distances_that_a_file_made_up_are_refused(tmp_path, values):
    som = calibrated()
    som.layers["usual_distance"] = Layer(values)
    som.save(tmp_path / "map.npz")
    with pytest.raises(DataError, match=r"its layer 'usual_distance' must hold .* float64, finite and > 0"):
        KohonenSOM.load(tmp_path / "map.npz")


def test_other_weights_have_to_be_calibrated_anew():
    som = calibrated()
    som.weights = som.weights
    with pytest.raises(NotCalibrated):
        som.novelty(SAMPLES)


def test_predictions_tell_the_novelty():
    som = calibrated()
    said = som.predict(SAMPLES * 2)
    np.testing.assert_array_equal(said.novelty, som.novelty(SAMPLES * 2))
    np.testing.assert_array_equal(said.is_novel, som.is_novel(SAMPLES * 2))
