"""Batch training counts what is there, as often as it weighs."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ksom.kernels.node_sums import LEAST_WEIGHT, NodeSums
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian, whole_factors
from ksom.samples import Block
from tests.moved import move_to_means
from tests.whole_sums import sum_of_parts

MADE = {"numpy": NumpyBackend, "numba": NumbaBackend}
NAN = float("nan")


def block(rows: Any, weights: Any = None) -> Block:
    """Samples; NaN stands for a missing value."""
    values = np.array(rows, dtype=np.float64)
    missing = np.isnan(values)
    weights = None if weights is None else np.array(weights, dtype=np.float64)
    return Block(np.where(missing, 0, values), 0, missing if missing.any() else None, weights)


def sums(backend: str, weights: Any, *blocks: Block) -> NodeSums:
    return MADE[backend](np.array(weights, dtype=np.float64), "float64").node_sums(blocks)


def moved(backend: str, weights: Any, samples: Block, sigma: float = 0.1) -> Any:
    """The map after one iteration, as lists."""
    made = MADE[backend](np.array(weights, dtype=np.float64), "float64")
    height, width, _ = np.shape(weights)
    move_to_means(made, made.node_sums([samples]), whole_factors(Gaussian(), Rectangular(height, width), sigma))
    return made.weights.tolist()


@pytest.mark.parametrize("backend", MADE)
def test_each_feature_is_counted_where_it_is_there(backend):
    found = sums(backend, [[[0, 0], [9, 9]]], block([[1, 2], [NAN, 4], [NAN, 8], [8, NAN]]))
    assert found.sums.tolist() == [[1.0, 6.0], [8.0, 8.0]]
    assert found.counts.tolist() == [[1.0, 2.0], [1.0, 1.0]]


@pytest.mark.parametrize("backend", MADE)
def test_a_sample_counts_as_often_as_it_weighs(backend):
    found = sums(backend, [[[0, 0], [9, 9]]], block([[1, 2], [3, 4], [8, 9]], weights=[0.5, 2, 0.25]))
    assert found.sums.tolist() == [[6.5, 9.0], [2.0, 2.25]]
    assert found.counts.tolist() == [[2.5], [0.25]]


@pytest.mark.parametrize("backend", MADE)
def test_gaps_and_weights_count_together(backend):
    found = sums(backend, [[[0, 0]]], block([[1, NAN], [3, 4]], weights=[0.5, 2]))
    assert (found.sums.tolist(), found.counts.tolist()) == ([[6.5, 8.0]], [[2.5, 2.0]])


@pytest.mark.parametrize("backend", MADE)
def test_the_order_of_addition_is_that_of_values_times_weights(backend):
    chance = np.random.default_rng(0)
    values, weights = chance.normal(size=(9000, 1)), chance.random(9000)
    samples = Block(values.astype(np.float32), weights=weights)
    found = MADE[backend](np.zeros((1, 1, 1)), np.float32).node_sums([samples])
    products = weights * samples.values[:, 0].astype(np.float64)
    for total, of_samples in ((found.sums, products), (found.counts, weights)):
        in_blocks = [np.cumsum(some)[-1] for some in np.split(of_samples, [4096, 8192])]
        assert total[0, 0] == (in_blocks[0] + in_blocks[1]) + in_blocks[2]


@pytest.mark.parametrize("backend", MADE)
@given(
    seed=st.integers(0, 99),
    gaps=st.booleans(),
    cut=st.integers(1, 30),
    counts=st.lists(st.integers(0, 4), min_size=30, max_size=30),
)
def test_a_weight_is_how_often_a_sample_is_there(backend, seed, gaps, cut, counts):
    chance = np.random.default_rng(seed)
    rows, weights = chance.integers(-9, 9, size=(30, 3)).astype(float), np.array(counts)
    rows[(chance.random(rows.shape) < 0.3) & (np.arange(3) > 0) & gaps] = NAN
    rows[0, 0], rows[0, 2], weights[0] = 1, NAN if gaps else 1, 1  # so that both have a gap, and are not empty
    initial = chance.normal(size=(4, 5, 3))
    weighted, repeated = block(rows, weights), block(np.repeat(rows, weights, axis=0))
    parts = [weighted.rows(start, start + cut) for start in range(0, 30, cut)]
    one, other = sums(backend, initial, *parts), sums(backend, initial, repeated)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.counts, other.counts)


@pytest.mark.parametrize("backend", MADE)
def test_a_weight_of_one_for_each_has_the_bits_of_no_weights(backend):
    rows = np.random.default_rng(0).normal(size=(5000, 3))
    one, other = (moved(backend, rows[:20].reshape(4, 5, 3), block(rows, each), 2) for each in (None, np.ones(5000)))
    assert one == other


@pytest.mark.parametrize("backend", MADE)
def test_the_sums_of_parts_with_gaps_and_weights_are_added(backend):
    samples = block([[1, NAN], [2, 3]], weights=[1, 2])
    made = MADE[backend](np.zeros((1, 1, 2)), "float64")
    both = made.node_sums([samples.rows(0, 1)]) + made.node_sums([samples.rows(1, 2)])
    whole = sum_of_parts(made.node_sums, [samples])
    assert both.sums.tolist() == whole.sums.tolist() == [[5.0, 6.0]]
    assert both.counts.tolist() == whole.counts.tolist() == [[3.0, 2.0]]


@pytest.mark.parametrize("backend", MADE)
def test_a_weight_is_the_mean_of_the_values_that_were_there(backend):
    assert moved(backend, [[[0, 0]]], block([[1, NAN], [3, 7]])) == [[[2.0, 7.0]]]


@pytest.mark.parametrize("backend", MADE)
def test_a_feature_of_a_node_that_nothing_counts_for_keeps_its_weight(backend):
    assert moved(backend, [[[0, 5], [99, 98]]], block([[1, NAN], [3, NAN]])) == [[[2.0, 5.0], [99.0, 98.0]]]


@pytest.mark.parametrize("backend", MADE)
@pytest.mark.parametrize(("weight", "expected"), [(LEAST_WEIGHT, 7.0), (LEAST_WEIGHT / 2, 5.0), (0, 5.0)])
def test_a_node_whose_samples_weigh_less_than_1e_12_keeps_its_weight(backend, weight, expected):
    assert moved(backend, [[[5.0]]], block([[7.0]], weights=[weight])) == [[[expected]]]
