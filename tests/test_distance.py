"""A distance is a sum of terms: the map is trained, searched and measured by it."""

import numpy as np
import pytest

from ksom import Batch, KohonenSOM, Linear, Online, Trainer
from ksom.errors import BackendUnavailable, ParameterError
from ksom.kernels import get_backend
from ksom.kernels.backend import OnlineStep
from ksom.method.distance import DISTANCES, Distance, Manhattan, reported_distances
from ksom.method.neighbourhood import Factors, Gaussian
from ksom.samples import Block
from tests.moved import move_to_means

SAMPLES = np.random.default_rng(0).random((50, 3))
WEIGHTS = np.random.default_rng(1).random((4, 5, 3))
COMPILED = ["numpy", "numba"]


class Magnitudes(Distance):
    """Σ |w − x|."""

    def term(self, difference):
        return np.abs(difference)


class OwnManhattan(Manhattan):
    """Σ √|w − x|."""

    def term(self, difference):
        return np.sqrt(np.abs(difference))


class Pushing(Gaussian):
    """Says that it may be negative."""

    lowest = -1.0


def alone(rate=1.0):
    """Factors of a map of one row and two columns, where the winner learns alone."""
    return Factors(np.ones(1), np.array([[0, rate, 0]]), np.zeros((2, 1), dtype=np.int32))


def test_a_map_of_ones_own_distance_is_searched_by_it():
    som = KohonenSOM(4, 5, initial=WEIGHTS, distance=Magnitudes(), dtype="float64")
    expected = np.abs(WEIGHTS.reshape(-1, 1, 3) - SAMPLES).sum(axis=2).T
    nodes, distances = som.best_matching_nodes(SAMPLES, return_distances=True)
    np.testing.assert_array_equal(nodes, expected.argmin(axis=1))
    np.testing.assert_allclose(distances, expected.min(axis=1), rtol=1e-14)
    np.testing.assert_allclose(som.transform(SAMPLES), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "algorithm", [Online(sigma=Linear(0.01), learning_rate=Linear(1.0)), Batch(sigma=Linear(0.01))]
)
@pytest.mark.parametrize("distance", [Magnitudes(), "manhattan"])
def test_the_node_that_learns_is_the_nearest_by_the_distance(distance, algorithm):
    corner, edge = [0.5, 0.5], [0.8, 0.0]  # by squares the corner is nearer to the origin, by magnitudes the edge
    som = KohonenSOM(1, 2, initial=[[corner, edge]], distance=distance, dtype="float64")
    Trainer(som, [[0.0, 0.0]], iterations=1, algorithm=algorithm).train()
    assert som.weights.tolist() == [[corner, [0.0, 0.0]]]


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize(
    ("distance", "to_each"),
    [
        ("euclidean", [5.0, np.sqrt(32), 5.5]),
        ("manhattan", [7.0, 8.0, 5.5]),
        ("chebyshev", [4.0, 4.0, 5.5]),
        ("cosine", [1 - 0.6, 1 - np.sqrt(0.5), 1.0]),
    ],
)
def test_distances_are_those_worked_out_by_hand(backend, distance, to_each):
    initial = [[[3.0, 4.0], [4.0, 4.0], [0.0, 5.5]]]
    sample = [[1.0, 0.0]] if distance == "cosine" else [[0.0, 0.0]]
    som = KohonenSOM(1, 3, initial=initial, distance=distance, dtype="float64", backend=backend)
    np.testing.assert_allclose(som.transform(sample), [to_each], rtol=1e-15)
    nodes, distances = som.best_matching_nodes(sample, return_distances=True)
    assert nodes.tolist() == [np.argmin(to_each)]
    np.testing.assert_allclose(distances, [min(to_each)], rtol=1e-15)


@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_permuted_features_permute_the_columns_of_the_weights(distance, algorithm):
    order = [2, 0, 1]
    maps = [
        KohonenSOM(4, 5, initial=WEIGHTS[..., columns], distance=distance, dtype="float64")
        for columns in ([0, 1, 2], order)
    ]
    for som, samples in zip(maps, (SAMPLES, SAMPLES[:, order]), strict=True):
        Trainer(som, samples, iterations=5, algorithm=algorithm).train()
    np.testing.assert_allclose(maps[1].weights, maps[0].weights[..., order], rtol=1e-12)


# Values that are missing.

GAPS = Block(np.array([[3.0, 0.0, 4.0, 0.0]]), 0, np.array([[False, True, False, True]]))
ORIGIN_AND_FAR = np.array([[[0.0, 9.0, 0.0, 9.0], [3.0, 0.0, 5.0, 99.0]]])


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize(
    ("distance", "expected"),
    [("euclidean", [np.sqrt(50), np.sqrt(2)]), ("manhattan", [14.0, 2.0]), ("chebyshev", [4.0, 1.0])],
)
def test_samples_with_gaps_are_compared_over_what_is_there_and_as_if_all_were(backend, distance, expected):
    made = get_backend(backend, ORIGIN_AND_FAR, "float64", distance=DISTANCES[distance]())
    np.testing.assert_allclose(made.distances(GAPS), [expected], rtol=1e-15)
    nodes, totals = made.best_matching_nodes(GAPS, 2)
    assert nodes.tolist() == [[1, 0]]
    found = reported_distances(DISTANCES[distance](), totals, GAPS.missing)
    np.testing.assert_allclose(found, [expected[::-1]], rtol=1e-15)


@pytest.mark.parametrize("backend", COMPILED)
def test_an_update_moves_the_features_that_are_there(backend):
    made = get_backend(backend, ORIGIN_AND_FAR, "float64")
    made.show([OnlineStep([GAPS], alone(), 0.5)])
    assert made.weights.tolist() == [[[0.0, 9.0, 0.0, 9.0], [3.0, 0.0, 4.5, 99.0]]]


# Directions.


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_first_weights_are_put_on_the_sphere_and_zeros_stay(backend, dtype):
    made = get_backend(backend, np.array([[[3.0, 4.0], [0.0, 0.0]]]), dtype, distance=DISTANCES["cosine"]())
    assert made.weights.tolist() == np.array([[[0.6, 0.8], [0.0, 0.0]]], dtype).tolist()


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("how", ["online", "batch"])
def test_what_moves_a_node_puts_it_back_on_the_sphere(backend, how):
    made = get_backend(backend, np.array([[[1.0, 0.0], [0.0, -1.0]]]), "float64", distance=DISTANCES["cosine"]())
    samples = Block(np.array([[0.6, 0.8], [1.0, 0.0]]))
    if how == "online":
        made.show([OnlineStep([samples.rows(0, 1)], alone(), 0.5)])
    else:
        move_to_means(made, made.node_sums([samples]), alone())
    np.testing.assert_allclose(made.weights, [[np.array([0.8, 0.4]) / np.sqrt(0.8), [0, -1]]], rtol=1e-15)
    assert made.weights[0, 1].tolist() == [0, -1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_weights_on_the_sphere_keep_their_bits_when_a_map_takes_them_again(algorithm, dtype):
    samples = SAMPLES - 0.5
    samples /= np.linalg.norm(samples, axis=1, keepdims=True)
    som = KohonenSOM(4, 5, distance="cosine", dtype=dtype)
    Trainer(som, samples, iterations=3, algorithm=algorithm).train()
    weights = som.weights
    assert not np.array_equal(weights, weights / np.linalg.norm(weights, axis=2, keepdims=True))  # or this is too easy
    som.weights = weights
    assert som.weights.tobytes() == weights.tobytes()


def test_a_map_of_directions_does_not_mind_how_long_its_first_weights_are():
    samples = SAMPLES / np.linalg.norm(SAMPLES, axis=1, keepdims=True)
    maps = [KohonenSOM(4, 5, initial=WEIGHTS * size, distance="cosine", dtype="float64") for size in (1, 1024)]
    for som in maps:
        Trainer(som, samples, iterations=2).train()
    np.testing.assert_allclose(maps[1].weights, maps[0].weights, rtol=1e-12)


# Which backend can do what.


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("distance", [Magnitudes(), OwnManhattan()])
def test_a_distance_of_ones_own_is_for_numpy(backend, distance):
    told = f"backend {backend}: the distance {type(distance).__name__} is known to Python only; take the backend numpy"
    with pytest.raises(BackendUnavailable, match=told):
        KohonenSOM(4, 5, initial=WEIGHTS, backend=backend, distance=distance)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"distance": "manhattan"}, "the distance Manhattan is not the euclidean one"),
        ({"distance": "cosine"}, "the distance Cosine is not the euclidean one"),
        ({"neighbourhood": Pushing()}, "the neighbourhood Pushing has negative values"),
    ],
)
def test_jax_refuses_what_it_cannot_do(how, why):
    with pytest.raises(BackendUnavailable, match=f"backend jax: {why}; take the backend numba or numpy"):
        KohonenSOM(4, 5, initial=WEIGHTS, backend="jax", **how)


@pytest.mark.parametrize(
    ("block", "what"),
    [(GAPS, "missing values"), (Block(np.ones((1, 4)), weights=np.ones(1)), "sample weights")],
)
def test_jax_refuses_samples_that_it_cannot_take(block, what):
    made = get_backend("jax", ORIGIN_AND_FAR, "float64")
    for use in (
        lambda: made.best_matching_nodes(block, 1),
        lambda: made.distances(block),
        lambda: made.node_sums([block]),
        lambda: made.show([OnlineStep([block], alone(), 0.5)]),
    ):
        with pytest.raises(BackendUnavailable, match=f"jax cannot take {what}; take the backend numba or numpy"):
            use()


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"distance": Magnitudes()}, "numpy"),
        ({"distance": "chebyshev"}, "numba"),
        ({"neighbourhood": Pushing()}, "numba"),
    ],
)
def test_auto_takes_numpy_only_for_what_is_known_to_python_only(how, name):
    som = KohonenSOM(4, 5, **how)
    Trainer(som, SAMPLES, iterations=10**9, algorithm="online")
    assert som.kernels.name == name


@pytest.mark.parametrize("distance", ["euclid", 5, None, Magnitudes])
def test_what_is_no_distance_is_refused(distance):
    with pytest.raises(ParameterError, match="distance must name a distance"):
        KohonenSOM(2, 2, distance=distance)
