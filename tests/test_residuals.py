"""Explained variance, the error of one node and the distortion are their definitions, without a sum over samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom import (
    Batch,
    Hexagonal,
    KohonenSOM,
    Rectangular,
    Trainer,
    distortion,
    error_of_one_node,
    explained_variance,
    quantization_error,
)
from ksom.errors import ParameterError, Undefined
from ksom.method.lattice import WRAPS, squares_between
from ksom.method.neighbourhood import Bubble, Epanechnikov, Gaussian, MexicanHat
from ksom.method.residuals import residuals


def made(rng, lattice=None, *, away=0.0, **how):
    lattice = lattice or Rectangular(3, 4)
    weights = rng.random((lattice.height, lattice.width, 3)) + away
    return KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=weights, dtype="float64", **how)


@pytest.mark.parametrize("away", [0.0, 1e6])
@given(seed=st.integers(0, 99))
def test_explained_variance_is_its_definition_far_from_the_origin_too(away, seed):
    rng = np.random.default_rng(seed)
    som, samples = made(rng, away=away), rng.random((20, 3)) + away
    left = samples - som.weights.reshape(-1, 3)[som.best_matching_nodes(samples)]
    expected = 1 - np.square(left).sum() / np.square(samples - samples.mean(axis=0)).sum()
    assert explained_variance(som, samples) == pytest.approx(expected, rel=1e-9)


def test_explained_variance_by_hand():
    """Of samples 0, 2, 10, 12 with nodes at 1 and 11: 4 squares of 1, from the mean 36 + 16 + 16 + 36."""
    som = KohonenSOM(1, 2, initial=[[[1.0], [11.0]]])
    assert explained_variance(som, [[0.0], [2.0], [10.0], [12.0]]) == pytest.approx(1 - 4 / 104)
    assert error_of_one_node(som, [[0.0], [2.0], [10.0], [12.0]]) == 5


def test_a_single_node_at_the_mean_explains_nothing_and_has_the_error_of_one_node():
    samples = np.random.default_rng(0).random((30, 3))
    som = KohonenSOM(1, 1, initial=samples.mean(axis=0)[np.newaxis, np.newaxis], dtype="float64")
    assert explained_variance(som, samples) == pytest.approx(0, abs=1e-12)
    assert error_of_one_node(som, samples) == pytest.approx(quantization_error(som, samples))


def test_same_samples_have_no_variance_to_explain():
    with pytest.raises(Undefined, match="all samples are the same, so there is nothing to explain"):
        explained_variance(made(np.random.default_rng(0)), np.full((9, 3), 0.1))


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        ("euclidean", lambda samples, mean: np.linalg.norm(samples - mean, axis=1)),
        ("manhattan", lambda samples, mean: np.abs(samples - mean).sum(axis=1)),
        ("chebyshev", lambda samples, mean: np.abs(samples - mean).max(axis=1)),
    ],
)
def test_the_error_of_one_node_is_by_the_distance_of_the_map(distance, expected):
    rng = np.random.default_rng(0)
    samples = rng.random((40, 3))
    found = error_of_one_node(made(rng, distance=distance), samples)
    assert found == pytest.approx(expected(samples, samples.mean(axis=0)).mean())


def test_of_directions_the_one_node_is_the_mean_direction():
    rng = np.random.default_rng(0)
    samples = rng.random((40, 3)) * rng.random((40, 1))
    directions = samples / np.linalg.norm(samples, axis=1, keepdims=True)
    mean = directions.mean(axis=0) / np.linalg.norm(directions.mean(axis=0))
    assert error_of_one_node(made(rng, distance="cosine"), samples) == pytest.approx((1 - directions @ mean).mean())


def test_directions_that_cancel_out_have_no_one_node():
    som = KohonenSOM(1, 2, initial=[[[1.0, 0.0], [-1.0, 0.0]]], distance="cosine")
    with pytest.raises(Undefined, match="directions cancel out"):
        error_of_one_node(som, [[1.0, 0.0], [-1.0, 0.0]])


def test_a_scaling_is_that_of_the_map():
    """Two features that tell the same count the same once they are scaled, whatever their units."""
    rng = np.random.default_rng(0)
    samples = rng.random((50, 2))
    values = []
    for units in (1.0, 1000.0):
        som = KohonenSOM(3, 3, scaling="standard", dtype="float64")
        Trainer(som, samples * [1.0, units], algorithm=Batch(), iterations=3).train()
        values.append(explained_variance(som, samples * [1.0, units]))
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_of_missing_values_nothing_is_counted():
    som = KohonenSOM(1, 2, initial=[[[1.0, 1.0], [11.0, 1.0]]], missing="keep", dtype="float64")
    found = residuals(som, [[0.0, np.nan], [2.0, 3.0], [np.nan, 1.0]])
    assert found.counts.tolist() == [[2, 2], [0, 0]]
    assert found.squares.sum() == 1 + 1 + 4 + 0
    assert found.mean.tolist() == [1, 2]
    assert found.around(np.array([0.0, 2.0])).sum() == 0 + 4 + 1 + 1


LATTICES = [Rectangular(4, 5, wrap=wrap) for wrap in WRAPS] + [Hexagonal(4, 5, wrap=wrap) for wrap in WRAPS]


@pytest.mark.parametrize(
    ("lattice", "neighbourhood"),
    list(itertools.product(LATTICES, [Gaussian(), Bubble(), Epanechnikov(), MexicanHat()])),
    ids=repr,
)
@pytest.mark.parametrize("sigma", [0.1, 1.0, 2.3])
def test_distortion_is_its_definition_on_every_lattice(lattice, neighbourhood, sigma):
    rng = np.random.default_rng(0)
    som, samples = made(rng, lattice), rng.random((30, 3))
    nodes = np.arange(lattice.size)
    squares = squares_between(lattice, som.best_matching_nodes(samples), nodes)
    expected = (neighbourhood.of(squares, np.array([[sigma]])) * som.transform(samples) ** 2).sum() / 30
    assert distortion(som, samples, sigma, neighbourhood) == pytest.approx(expected, rel=1e-10)


def test_distortion_by_hand():
    """Samples 0 and 4 with nodes at 0 and 3, h = exp(−1/2) between them: (9 h + 1 + 16 h) / 2."""
    som = KohonenSOM(1, 2, initial=[[[0.0], [3.0]]])
    assert distortion(som, [[0.0], [4.0]]) == pytest.approx((1 + 25 * np.exp(-0.5)) / 2)


def test_samples_that_are_weights_have_no_distortion_at_a_small_radius():
    weights = np.random.default_rng(0).random((3, 3, 2)) + 1e3
    assert 0 <= distortion(KohonenSOM(3, 3, initial=weights, dtype="float64"), weights.reshape(9, 2), 0.01) < 1e-14


@pytest.mark.parametrize("sigma", [0, -1, float("nan"), "1"])
def test_a_radius_is_a_number_above_nought(sigma):
    with pytest.raises(ParameterError, match="sigma must be a number > 0 lattice steps, got"):
        distortion(made(np.random.default_rng(0)), np.eye(3), sigma)
