"""Defects that packages of this field have had, one by one: none of them is here."""

import numpy as np
import pytest

from ksom import Batch, KohonenSOM, Online, Trainer, quantization_error, topographic_error, train
from ksom.errors import KsomError, ParameterError
from ksom.method.schedules import SCHEDULES

CHANCE = np.random.default_rng(0)
SAMPLES = CHANCE.normal(size=(60, 3))


def test_a_node_whose_neighbourhood_wins_nothing_is_not_wiped():
    weights = np.concatenate([np.zeros((1, 1, 3)), np.full((1, 29, 3), 9.0)], axis=1)
    som = KohonenSOM(1, 30, initial=weights, dtype="float64")
    Trainer(som, SAMPLES, algorithm=Batch(sigma=0.1), iterations=1).train()
    np.testing.assert_array_equal(som.weights[0, 10:], weights[0, 10:])


@pytest.mark.parametrize(("batch_size", "shown"), [(0, 7 * 60), (1, 7), (25, 25 + 25 + 10 + 25 + 25 + 10 + 25)])
def test_iterations_count_batches_however_many_samples_there_are(batch_size, shown):
    counted = []

    class Counting(Online):
        def train(self, som, batches, start, stop):
            for t in range(start, stop):
                counted.extend(row for block in batches(t) for row in block.values)

    Trainer(KohonenSOM(2, 2), SAMPLES, algorithm=Counting(), iterations=7, batch_size=batch_size).train()
    assert len(counted) == shown


def test_first_weights_may_be_more_than_the_samples_they_are_drawn_from():
    assert train(SAMPLES[:5], 10, 10, initial="samples", iterations=1).weights.shape == (10, 10, 3)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("algorithm", [Online, Batch])
def test_sigma_never_comes_near_zero_by_default(algorithm, name):
    made = algorithm(sigma=name)
    made.prepare(KohonenSOM(8, 8), 50)
    assert min(made.parameters(t)["sigma"] for t in range(50)) >= 0.69


@pytest.mark.parametrize(("name", "end"), [("linear", 0.5), ("geometric", 0.5)])
def test_the_last_iteration_has_the_end_of_sigma_and_of_the_learning_rate(name, end):
    made = Online(sigma=SCHEDULES[name](4.0, end), learning_rate=SCHEDULES[name](0.5, 0.02))
    made.prepare(KohonenSOM(8, 8), 50)
    assert made.parameters(49) == pytest.approx({"sigma": end, "learning_rate": 0.02}, rel=1e-15)


def test_nobody_touches_numpy_s_own_random_numbers():
    np.random.seed(1)  # noqa: NPY002  it is what must stay as it is
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    train(SAMPLES, 4, 4, initial="random", iterations=3, shuffle=True, seed=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("backend", ["numpy", "numba", "jax"])
def test_best_matching_nodes_are_right_a_billion_away_from_the_origin(backend):
    weights, samples = 1e9 + CHANCE.normal(size=(20, 20, 8)), 1e9 + CHANCE.normal(size=(500, 8))
    nodes = KohonenSOM(20, 20, initial=weights, dtype="float64", backend=backend).best_matching_nodes(samples)
    nearest = ((samples[:, np.newaxis] - weights.reshape(400, 8)) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nodes, nearest)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5, np.nan, np.inf])
def test_a_learning_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(ParameterError, match="learning_rate"):
        train(SAMPLES, 3, 3, algorithm="online", learning_rate=rate)


def test_the_quantization_error_is_a_mean_of_roots_of_squares():
    som = KohonenSOM(1, 1, initial=[[[0.0, 0.0]]])
    assert quantization_error(som, [[3.0, 4.0], [0.0, 1.0]]) == 3.0


def test_the_quantization_error_follows_the_distance_of_the_map():
    som = KohonenSOM(1, 1, initial=[[[0.0, 0.0]]], distance="manhattan")
    assert quantization_error(som, [[3.0, 4.0], [0.0, 1.0]]) == 4.0


def test_diagonal_nodes_of_a_rectangular_map_are_neighbours():
    som = KohonenSOM(2, 2, initial=[[[0.0], [9.0]], [[-9.0], [1.0]]])
    assert topographic_error(som, [[0.4]]) == 0.0


def test_weights_are_not_rounded_on_the_way():
    som = train(SAMPLES, 4, 4, dtype="float64", iterations=5)
    assert np.all(som.weights != np.round(som.weights, 12))


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_a_training_takes_nothing_over_from_the_one_before(algorithm):
    def again():
        return train(SAMPLES, 4, 4, algorithm=algorithm, iterations=5, shuffle=True).weights.tobytes()

    first = again()
    train(SAMPLES * 2, 4, 4, algorithm=algorithm, iterations=3, seed=9)
    assert again() == first


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_does_not_spread_in_silence(value):
    samples = SAMPLES.copy()
    samples[7, 1] = value
    with pytest.raises(KsomError, match="row 7, column 1"):
        train(samples, 3, 3)


def test_measures_hold_no_array_of_samples_by_nodes():
    import tracemalloc

    som = KohonenSOM(100, 100, initial=CHANCE.normal(size=(100, 100, 2)))
    samples = CHANCE.normal(size=(5000, 2))
    topographic_error(som, samples)
    tracemalloc.start()
    topographic_error(som, samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 10_000 * 4 / 4
