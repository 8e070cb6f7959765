"""Every backend gives, bit for bit, what the definition gives, computed here node by node and number by number.

jax takes part where there are few shapes, because it compiles for each: with others in tests/test_jax_backend.py.
"""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ksom.errors import ParameterError
from ksom.kernels import BACKENDS, get_backend
from ksom.kernels.backend import OnlineStep, cut
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian, Tables, factors_of_all
from ksom.samples import Block

MADE = ["numpy", "numba"]
ALL = [*MADE, "jax"]
DTYPES = ["float32", "float64"]
SIDES = st.integers(1, 6)


def drawn(seed, *shape, dtype, coarse=False):
    """Random numbers; coarse ones are often equal, so that there are ties."""
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 3, shape) if coarse else rng.normal(size=shape)).astype(dtype)


def squared_distance(weight, sample):
    total = weight.dtype.type(0)
    for w, x in zip(weight, sample, strict=True):
        total += (w - x) * (w - x)
    return total


def ranked(weights, sample):
    """Squared distances and nodes, nearest first, the lower index of equals first."""
    flat = weights.reshape(-1, weights.shape[2])
    return sorted((squared_distance(weight, sample), node) for node, weight in enumerate(flat))


def shown(weights, sample, table, learning_rate):
    """The update, node by node: w ← w + (alpha · h_row · h_column) · (x − w)."""
    height, width, features = weights.shape
    winner_row, winner_column = divmod(ranked(weights, sample)[0][1], width)
    alpha = weights.dtype.type(learning_rate)
    after = weights.copy()
    for row in range(height):
        for column in range(width):
            down, right = row - winner_row + height - 1, column - winner_column + width - 1
            rate = (alpha * table.rows[down]) * table.columns[table.phases[winner_row % 2, down], right]
            for feature in range(features):
                w = weights[row, column, feature]
                after[row, column, feature] = w + rate * (sample[feature] - w)
    return after


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("dtype", DTYPES)
@given(height=SIDES, width=SIDES, features=st.integers(1, 100), seed=st.integers(0, 99), coarse=st.booleans())
@example(height=1, width=1, features=1, seed=0, coarse=False)
@example(height=1, width=6, features=100, seed=1, coarse=False)
@example(height=6, width=1, features=2, seed=2, coarse=True)
def test_search_is_the_definition(*, name, dtype, height, width, features, seed, coarse):
    weights = drawn(seed, height, width, features, dtype=dtype, coarse=coarse)
    samples = drawn(seed + 100, 4, features, dtype=dtype, coarse=coarse)
    k = min(2, height * width)
    nodes, squared = get_backend(name, weights, dtype).best_matching_nodes(Block(samples), k)
    expected = [ranked(weights, sample)[:k] for sample in samples]
    assert nodes.tolist() == [[node for _, node in row] for row in expected]
    assert squared.tobytes() == np.array([[distance for distance, _ in row] for row in expected], dtype).tobytes()


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("dtype", DTYPES)
@given(
    height=SIDES,
    width=SIDES,
    features=st.integers(1, 8),
    seed=st.integers(0, 99),
    sigma=st.floats(0.05, 8),
    learning_rate=st.floats(0.001, 1),
)
@example(height=1, width=1, features=1, seed=0, sigma=1.0, learning_rate=1.0)
@example(height=1, width=6, features=3, seed=0, sigma=0.2, learning_rate=0.5)
def test_update_is_the_definition(*, name, dtype, height, width, features, seed, sigma, learning_rate):
    weights = drawn(seed, height, width, features, dtype=dtype)
    samples = drawn(seed + 100, 5, features, dtype=dtype)
    table = next(factors_of_all(Gaussian(), Rectangular(height, width), [sigma], dtype))
    backend = get_backend(name, weights, dtype)
    backend.show([OnlineStep([Block(samples[:2]), Block(samples[2:])], table, learning_rate)])
    for sample in samples:
        weights = shown(weights, sample, table, learning_rate)
    assert backend.weights.tobytes() == weights.tobytes()


@pytest.mark.parametrize("name", ALL)
def test_first_of_equally_near_nodes_wins(name):
    backend = get_backend(name, np.ones((3, 4, 2)), "float32")
    assert backend.best_matching_nodes(Block(np.zeros((1, 2), np.float32)), 2)[0].tolist() == [[0, 1]]


@pytest.mark.parametrize("name", ALL)
def test_nodes_beyond_reach_keep_their_bits(name):
    weights = drawn(0, 1, 40, 3, dtype="float32")
    backend = get_backend(name, weights, "float32")
    sample = weights[:1, 0]
    [table] = factors_of_all(Gaussian(), Rectangular(1, 40), [1.0], "float32")
    backend.show([OnlineStep([Block(sample + 1)], table, 0.5)])
    moved = (backend.weights != weights).any(axis=(0, 2))
    assert moved.sum() <= 11  # 5 steps to either side


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks_of_the_search_do_not_change_a_bit(name, dtype):
    weights, samples = drawn(0, 30, 30, 7, dtype=dtype), drawn(1, 5000, 7, dtype=dtype)
    backend = get_backend(name, weights, dtype)
    nodes, squared = backend.best_matching_nodes(Block(samples), 2)
    parts = [backend.best_matching_nodes(Block(samples[start : start + 333]), 2) for start in range(0, 5000, 333)]
    assert np.concatenate([part[0] for part in parts]).tobytes() == nodes.tobytes()
    assert np.concatenate([part[1] for part in parts]).tobytes() == squared.tobytes()


@pytest.mark.parametrize("name", ALL)
def test_weights_come_out_as_a_copy(name):
    backend = get_backend(name, np.zeros((2, 2, 1)), "float32")
    backend.weights[:] = 7
    assert not backend.weights.any()


@pytest.mark.parametrize("name", ALL)
def test_first_weights_are_copied(name):
    weights = np.zeros((2, 2, 1), np.float32)
    backend = get_backend(name, weights, "float32")
    weights[:] = 7
    assert not backend.weights.any()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_offset_data_find_their_own_nodes(name, dtype):
    """‖x‖² − 2x·w + ‖w‖² picks wrong nodes for 97 % of float32 samples at an offset of 1,000."""
    weights = drawn(0, 20, 20, 8, dtype=dtype) + np.dtype(dtype).type(1000)
    backend = get_backend(name, weights, dtype)
    assert backend.best_matching_nodes(Block(weights.reshape(400, 8)), 1)[0][:, 0].tolist() == list(range(400))


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_makes_maps(name):
    assert KohonenSOM(1, 2, initial=[[[0.0], [1.0]]], backend=name).best_matching_nodes([[0.9]]).tolist() == [1]


def test_unknown_backend_is_refused():
    with pytest.raises(ParameterError, match="backend must be one of auto, numpy, numba"):
        get_backend("abacus", np.zeros((1, 1, 1)), "float32")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("rows", [1, 3, 7, 20])
def test_iterations_together_learn_what_they_learn_one_by_one(name, rows, monkeypatch):
    monkeypatch.setattr("ksom.method.neighbourhood.FACTORS_AT_ONCE", 40)  # two iterations'
    lattice, weights, samples = Rectangular(5, 6), drawn(0, 5, 6, 3, dtype="float32"), drawn(1, 20, 3, dtype="float32")
    count = -(-len(samples) // rows)
    sigmas, rates = list(np.linspace(3, 0.5, count)), list(np.linspace(0.5, 0.1, count))
    one, other = (get_backend(name, weights, "float32") for _ in range(2))
    factors = factors_of_all(Gaussian(), lattice, sigmas, "float32")
    blocks = [[Block(samples[start : start + rows])] for start in range(0, len(samples), rows)]
    one.show([OnlineStep(*each) for each in zip(blocks, factors, rates, strict=True)])
    other.show(cut(Block(samples), rows, Tables(Gaussian(), lattice, sigmas, "float32"), rates))
    np.testing.assert_array_equal(other.weights, one.weights)
