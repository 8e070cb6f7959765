"""A distance is a sum of terms: the map is trained, searched and measured by it."""

import numpy as np
import pytest

from ksom import Batch, KohonenSOM, Linear, Online, Trainer
from ksom.errors import BackendUnavailable, ParameterError
from ksom.method.distance import DISTANCES, Distance
from ksom.method.neighbourhood import Gaussian

SAMPLES = np.random.default_rng(0).random((50, 3))
WEIGHTS = np.random.default_rng(1).random((4, 5, 3))


class Magnitudes(Distance):
    """Σ |w − x|."""

    def term(self, difference):
        return np.abs(difference)


class Pushing(Gaussian):
    """Says that it may be negative."""

    lowest = -1.0


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
def test_the_node_that_learns_is_the_nearest_by_a_distance_of_ones_own(algorithm):
    corner, edge = [0.5, 0.5], [0.8, 0.0]  # by squares the corner is nearer to the origin, by magnitudes the edge
    som = KohonenSOM(1, 2, initial=[[corner, edge]], distance=Magnitudes(), dtype="float64")
    Trainer(som, [[0.0, 0.0]], iterations=1, algorithm=algorithm).train()
    assert som.weights.tolist() == [[corner, [0.0, 0.0]]]


def test_euclidean_reports_the_root_of_the_sum_of_squares():
    distance = DISTANCES["euclidean"]()
    assert distance.reported(distance.term(np.array([3.0, -4.0])).sum(keepdims=True)).tolist() == [5.0]


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"distance": Magnitudes()}, "the distance Magnitudes is not the euclidean one"),
        ({"neighbourhood": Pushing()}, "the neighbourhood Pushing has negative values"),
    ],
)
def test_a_backend_that_leaves_nodes_out_refuses_what_its_bounds_do_not_hold_for(backend, how, why):
    with pytest.raises(BackendUnavailable, match=f"backend {backend}: {why}; take the backend numpy"):
        KohonenSOM(4, 5, initial=WEIGHTS, backend=backend, **how)


def test_auto_takes_numpy_for_it_however_much_there_is_to_do():
    som = KohonenSOM(4, 5, distance=Magnitudes())
    Trainer(som, SAMPLES, iterations=10**9)
    assert som.kernels.name == "numpy"


@pytest.mark.parametrize("distance", ["euclid", 5, None, Magnitudes])
def test_what_is_no_distance_is_refused(distance):
    with pytest.raises(ParameterError, match="distance must name a distance"):
        KohonenSOM(2, 2, distance=distance)
