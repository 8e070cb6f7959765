"""Ranks on the map agree with ranks in the data as far as scikit-learn says, and ties are broken in every order."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.manifold import trustworthiness as of_sklearn

import ksom
from ksom.errors import ParameterError, Undefined
from ksom.method import trustworthiness as module
from ksom.method.trustworthiness import agreement, rank_agreement

RULER = np.array([0, 1, 4, 9, 15, 22, 32, 34])
"""A Golomb ruler: no two distances between its marks are the same."""


def on_ruler(samples):
    """A chain that has a sample at each mark of the ruler, so that nothing is tied."""
    weights = np.full((1, 35, samples.shape[1]), 99.0)
    weights[0, RULER] = samples
    return ksom.KohonenSOM(1, 35, initial=weights, dtype="float64")


def by_definition(ranked_by, near_by, k):
    """1 − 2/(nk(2n − 3k − 1)) Σ (r − k) over the k nearest by one distance, with r by the other; mean over orders."""
    size, total = len(near_by), 0.0
    for one in range(size):
        others = [other for other in range(size) if other != one]
        orders = [np.array(order) for order in itertools.permutations(others)]
        ranks, nears = (
            [order for order in orders if (np.diff(table[one, order]) >= 0).all()] for table in (ranked_by, near_by)
        )
        costs = [sum(max(0, list(rank).index(other) + 1 - k) for other in near[:k]) for rank in ranks for near in nears]
        total += np.mean(costs)
    return 1 - 2 / (size * k * (2 * size - 3 * k - 1)) * total


@pytest.mark.parametrize("k", [1, 2, 3])
@given(seed=st.integers(0, 99))
def test_without_ties_both_are_what_scikit_learn_says(k, seed):
    samples = np.random.default_rng(seed).random((8, 3))
    found = rank_agreement(on_ruler(samples), samples, k)
    places = RULER[:, np.newaxis].astype(float)
    assert found.trustworthiness == pytest.approx(of_sklearn(samples, places, n_neighbors=k), rel=1e-12)
    assert found.neighbourhood_preservation == pytest.approx(of_sklearn(places, samples, n_neighbors=k), rel=1e-12)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_ties_are_broken_in_every_order(k, seed):
    """Six samples on a map of 2 × 2 nodes, two of them the same."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 3, size=(6, 2)).astype(float)
    samples[1] = samples[0]
    som = ksom.KohonenSOM(2, 2, initial=rng.random((2, 2, 2)) * 3, dtype="float64")
    found = rank_agreement(som, samples, k)
    places = som.lattice.positions()[som.best_matching_nodes(samples)]
    in_data, on_map = (np.linalg.norm(points[:, None] - points, axis=2) for points in (samples, places))
    assert found.trustworthiness == pytest.approx(by_definition(in_data, on_map, k), rel=1e-12)
    assert found.neighbourhood_preservation == pytest.approx(by_definition(on_map, in_data, k), rel=1e-12)


def test_with_ties_scikit_learn_is_met_in_the_mean_over_small_movements():
    samples = load_iris().data
    som = ksom.train(samples, 6, 6, seed=1)
    places, rng = som.lattice.positions()[som.best_matching_nodes(samples)], np.random.default_rng(0)
    moved = [
        of_sklearn(samples + rng.normal(size=samples.shape) * 1e-9, places + rng.normal(size=places.shape) * 1e-6)
        for _ in range(20)
    ]
    assert ksom.trustworthiness(som, samples) == pytest.approx(np.mean(moved), abs=3 * np.std(moved) / np.sqrt(20))


def test_neither_the_order_of_the_samples_nor_the_pieces_matter(monkeypatch):
    samples = load_iris().data
    som = ksom.train(samples, 6, 6)
    found = rank_agreement(som, samples)
    assert rank_agreement(som, samples[::-1]) == pytest.approx(found, rel=1e-12)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 1000)
    assert rank_agreement(som, samples) == pytest.approx(found, rel=1e-12)


def test_on_a_torus_the_edges_are_close():
    """A ring in the data on a closed chain: cut open, the chain's ends are far apart, and neighbours are lost."""
    angles = np.arange(12) * np.pi / 6
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    closed, cut = (
        rank_agreement(
            ksom.KohonenSOM(1, 12, lattice=ksom.Rectangular(1, 12, wrap=wrap), initial=ring[np.newaxis]), ring, 2
        )
        for wrap in ("columns", "none")
    )
    assert closed[:2] == pytest.approx((1, 1))
    assert cut.trustworthiness < 1
    assert cut.neighbourhood_preservation < closed.neighbourhood_preservation


def test_the_distance_in_the_data_is_the_map_s():
    """By directions the third sample is next to the first, by differences the second."""
    samples = np.array([[1.0, 0.0], [1.0, 0.4], [9.0, 0.0]])
    weights = np.array([[[1.0, 0.0], [1.0, 0.4]]])
    by_direction, by_difference = (
        ksom.trustworthiness(ksom.KohonenSOM(1, 2, initial=weights, distance=distance), samples, 1)
        for distance in ("cosine", "euclidean")
    )
    assert by_difference < by_direction


def test_of_many_samples_as_many_are_drawn_as_is_told(monkeypatch):
    samples = np.random.default_rng(0).random((500, 2))
    som = ksom.train(samples, 5, 5)
    exact = rank_agreement(som, samples)
    assert exact.samples == 500
    monkeypatch.setattr(module, "MOST_SAMPLES", 200)
    drawn = [rank_agreement(som, ksom.Dataset(samples), seed=seed) for seed in (0, 0, 1)]
    assert drawn[0].samples == 200
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].trustworthiness == pytest.approx(exact.trustworthiness, abs=0.05)


def test_of_samples_of_many_features_fewer_are_drawn(monkeypatch):
    samples = np.random.default_rng(0).random((50, 30))
    som = ksom.KohonenSOM(2, 2, initial=samples[:4].reshape(2, 2, 30))
    monkeypatch.setattr(module, "MOST_TERMS", 30 * 40**2)
    assert rank_agreement(som, samples).samples == 40


def test_too_few_samples_have_no_such_ranks():
    som = ksom.KohonenSOM(2, 2, initial=np.eye(4).reshape(2, 2, 4))
    with pytest.raises(Undefined, match="there must be more than 4 samples to rank 2 neighbours, got 4"):
        ksom.trustworthiness(som, np.eye(4), 2)
    with pytest.raises(ParameterError, match="neighbours must be an integer of at least 1, got 0"):
        ksom.neighbourhood_preservation(som, np.eye(4), 0)


COLOURS = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.5, 0.5], [1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=float
)


def test_the_documented_example_of_somperf():
    """Eight colours on the map that MiniSom trains, ranked as SOMperf does it: not by the places of the nodes on the
    map, but by their weights. Its documentation has a preservation of 0.9375.

    Its trustworthiness of 1 gives all equals the lowest rank; in the mean over their orders it is 0.9375 as well. Its
    topographic product of 0.300 comes from weights that no released MiniSom gives.
    """
    minisom = pytest.importorskip("minisom")
    trained = minisom.MiniSom(10, 10, 3, sigma=1.0, learning_rate=1.0, random_seed=42)
    trained.random_weights_init(COLOURS)
    trained.train_random(COLOURS, 10000)
    weights = trained.get_weights().reshape(100, 3)
    projected = weights[[np.square(weights - colour).sum(axis=1).argmin() for colour in COLOURS]]
    in_data, of_weights = (np.linalg.norm(points[:, None] - points, axis=2) for points in (COLOURS, projected))
    found = agreement([(np.arange(8), in_data, of_weights)], 8, 1)
    assert found.neighbourhood_preservation == pytest.approx(0.9375)
    assert found.trustworthiness == pytest.approx(0.9375)
