"""Other packages' maps, from the same first weights and the same samples in the same order: the same map."""

from collections.abc import Callable

import numpy as np
import pytest
from minisom import MiniSom
from numpy.typing import NDArray
from python_som import SOM
from sklearn.cluster import KMeans

from ksom import Batch, KohonenSOM, Online, Rectangular, Trainer

CHANCE = np.random.default_rng(0)
SAMPLES, WEIGHTS = CHANCE.normal(size=(400, 5)), CHANCE.normal(size=(7, 9, 5))


class At:
    """A schedule that is a function of the iteration, in ksom as in the other package."""

    def __init__(self, value: Callable[[int], float]) -> None:
        self.value, self.start = value, value(0)

    def chosen(self, start: float, end: float) -> "At":
        return self

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        return self.value


def trained(**how) -> NDArray[np.float64]:
    lattice = how.pop("lattice", "rectangular")
    som = KohonenSOM(7, 9, initial=WEIGHTS, lattice=lattice, dtype="float64", backend=how.pop("backend", "numpy"))
    Trainer(som, SAMPLES, **how).train()
    return som.weights


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_online_training_is_minisom_s(backend):
    other = MiniSom(7, 9, 5, sigma=4.0, learning_rate=0.3, sigma_decay_function="linear_decay_to_one",
                    decay_function=lambda rate, t, total: rate * (1 - t / total))  # fmt: skip
    other._weights = WEIGHTS.copy()
    other.train(SAMPLES, 800)
    online = Online(sigma=At(lambda t: 4.0 + t * (1.0 - 4.0) / 800), learning_rate=At(lambda t: 0.3 * (1 - t / 800)))
    ours = trained(algorithm=online, iterations=800, batch_size=1, shuffle=False, backend=backend)
    np.testing.assert_allclose(ours, other.get_weights(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("wrap", "cyclic"), [("none", (False, False)), ("both", (True, True)), ("rows", (True, False))]
)
def test_batch_training_is_python_som_s_on_a_plane_a_cylinder_and_a_torus(wrap, cyclic, backend):
    def sigma(t: int) -> float:
        return 3.0 * (0.7 / 3.0) ** (t / 9)

    other = SOM(7, 9, 5, neighborhood_radius=3.0, neighborhood_radius_decay=lambda _, t, _total: sigma(t),
                cyclic_x=cyclic[0], cyclic_y=cyclic[1], random_seed=0)  # fmt: skip
    other._weights = WEIGHTS.copy()
    other.train(SAMPLES, 10, mode="batch")
    lattice = Rectangular(7, 9, wrap=wrap)
    ours = trained(algorithm=Batch(sigma=At(sigma)), iterations=10, lattice=lattice, backend=backend)
    np.testing.assert_allclose(ours, other.get_weights(), rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*converge")
@pytest.mark.parametrize("iterations", [1, 5])
def test_batch_training_without_a_neighbourhood_is_scikit_learn_s_k_means(iterations):
    first = SAMPLES[:63]  # every node wins a sample: scikit-learn would move an empty one elsewhere
    som = KohonenSOM(7, 9, initial=first.reshape(7, 9, 5), dtype="float64")
    Trainer(som, SAMPLES, algorithm=Batch(sigma=At(lambda _: 0.01)), iterations=iterations).train()
    other = KMeans(63, init=first, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(SAMPLES)
    np.testing.assert_allclose(som.weights.reshape(63, 5), other.cluster_centers_, rtol=0, atol=1e-12)
