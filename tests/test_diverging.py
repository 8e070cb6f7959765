"""A neighbourhood with negative values may push weights away without end: that is told, and ends the training."""

from contextlib import nullcontext

import numpy as np
import pytest

from ksom import KohonenSOM, Online, Trainer
from ksom.algorithms import require_bounded
from ksom.errors import TrainingFailed
from ksom.method.neighbourhood import Gaussian

SAMPLES = np.random.default_rng(0).random((100, 3))
BACKENDS = ["numpy", "numba"]


class Hat(Gaussian):
    """(1 − d²/σ²) · exp(−d²/2σ²)."""

    is_product = False
    lowest = -2 * np.exp(-1.5)

    def of(self, squares, sigma):
        return (1 - squares / sigma**2) * super().of(squares, sigma)


def trainer(backend, learning_rate, iterations=20, dtype="float32", samples=SAMPLES):
    som = KohonenSOM(8, 8, neighbourhood=Hat(), backend=backend, dtype=dtype)
    algorithm = Online(sigma=(3.0, 1.0), learning_rate=(learning_rate, learning_rate / 10))
    return Trainer(som, samples, iterations=iterations, algorithm=algorithm)


@pytest.mark.filterwarnings("error")  # numpy would tell of overflows
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, -50])
def test_a_map_that_diverges_ends_the_training_and_says_what_to_do(backend, dtype, offset):
    told = r"weights are more than 100 times the data's width away from the data after iteration \d+; "
    advice = r"Hat\(\) pushes nodes away faster than samples draw them back: take a lower learning rate or a smaller"
    training = trainer(backend, 0.9, dtype=dtype, samples=SAMPLES + offset)
    with pytest.raises(TrainingFailed, match=told + advice):
        training.train()


@pytest.mark.parametrize(
    ("value", "diverges"), [(np.nan, True), (np.inf, True), (102, True), (-101, True), (98, False), (-98, False)]
)
def test_weights_diverge_that_are_not_finite_or_far_away(value, diverges):
    training = trainer("numpy", 0.1)
    weights = training.som.weights.copy()
    weights[3, 4, 1] = value
    training.som._hold(weights)
    with pytest.raises(TrainingFailed, match="iteration 7") if diverges else nullcontext():
        require_bounded(training.som, training.feed.range, 7)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_map_that_is_pushed_gently_is_trained(backend):
    training = trainer(backend, 0.01)
    training.train()
    assert np.abs(training.som.weights).max() < 10


def test_both_backends_push_alike():
    maps = [trainer(backend, 0.02) for backend in BACKENDS]
    for each in maps:
        each.train()
    assert maps[0].som.weights.tobytes() == maps[1].som.weights.tobytes()


def test_data_that_are_all_the_same_do_not_diverge():
    training = trainer("numba", 0.1, samples=np.full((9, 2), 0.3))
    training.train()
    np.testing.assert_allclose(training.som.weights, 0.3, rtol=1e-5)
