"""Which features are strange: those whose terms of the distance are larger than they use to be."""

import numpy as np
import pytest

from ksom import train
from ksom.errors import ParameterError

CHANCE = np.random.default_rng(0)
SAMPLES = CHANCE.normal(size=(600, 4)) * [0.2, 1.0, 1.0, 1.0] + [5.0, 0.0, 0.0, 0.0]


def calibrated(**options):
    som = train(SAMPLES, 4, 4, iterations=10, **options)
    som.calibrate(SAMPLES)
    return som


def off(feature, by):
    samples = SAMPLES[:40].copy()
    samples[:, feature] += by
    return samples


@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize(("feature", "by"), [(0, 2.0), (1, 10.0), (2, 10.0), (3, 10.0)])
def test_the_feature_that_is_off_is_the_strange_one(distance, feature, by):
    som = calibrated(distance=distance)
    assert (som.strange_features(off(feature, by))[0][:, 0] == feature).mean() > 0.9


def test_a_feature_is_strange_by_what_is_usual_for_it_and_not_by_its_size():
    som = calibrated()
    samples = off(0, 1.0)  # five deviations of its own, but one of the others
    nodes, weights = som.best_matching_nodes(samples), som.weights.reshape(16, 4)
    largest = (np.abs(samples - weights[nodes]).argmax(axis=1) == 0).mean()
    assert (som.strange_features(samples)[0][:, 0] == 0).mean() > largest + 0.1


def test_shares_are_those_of_the_formula():
    som = calibrated(dtype="float64")
    squares = (SAMPLES - som.weights.reshape(16, 4)[som.best_matching_nodes(SAMPLES)]) ** 2
    ratios = squares / squares.mean(axis=0)
    features, shares = som.strange_features(SAMPLES, 4)
    expected = ratios / ratios.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, -np.sort(-expected, axis=1), rtol=1e-9)
    np.testing.assert_array_equal(features, np.argsort(-expected, axis=1))
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_a_feature_that_is_missing_is_not_strange():
    som = calibrated(missing="keep")
    samples = off(2, 8.0)
    samples[:, 1] = np.nan
    features, shares = som.strange_features(samples, 4)
    assert 1 not in features
    assert features[:, 3].tolist() == [-1] * 40
    assert shares[:, 3].tolist() == [0.0] * 40


def test_a_feature_that_never_varied_is_strange_when_it_does():
    constant = np.where([False, False, False, True], 1.0, SAMPLES)
    som = train(constant, 4, 4, iterations=10)
    som.calibrate(constant)
    features, shares = som.strange_features([[5.0, 5.0, 5.0, 1.5]])
    assert features[0, 0] == 3
    assert shares[0, 0] > 0.99


def test_a_sample_that_is_its_nodes_weights_has_no_strange_feature():
    som = calibrated()
    features, shares = som.strange_features(som.weights[0, :2])
    assert features.tolist() == [[-1] * 3] * 2
    assert shares.tolist() == [[0.0] * 3] * 2


def test_a_direction_has_no_strange_features():
    with pytest.raises(ParameterError, match=r"^distance must compare feature by feature, .*, got Cosine"):
        calibrated(distance="cosine").strange_features(SAMPLES)


@pytest.mark.parametrize("count", [0, 5, 2.5, "three"])
def test_there_must_be_so_many_features(count):
    with pytest.raises(ParameterError, match=r"^count must be an integer of at (least 1|most 4), got"):
        calibrated().strange_features(SAMPLES, count)
