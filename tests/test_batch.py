"""Batch training is its definition, added in one order whoever adds; every backend gives the same bits."""

import hashlib
import operator
import tracemalloc
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings
from numpy.typing import NDArray

from ksom import train
from ksom.algorithms import Batch
from ksom.errors import ParameterError
from ksom.kernels import numpy_backend
from ksom.kernels.batch_sums import BatchSums, Samples
from ksom.kernels.node_sums import LEAST_WEIGHT, SUM_ROWS, NodeSums, regrouped
from ksom.kernels.numba import backend as numba_backend
from ksom.kernels.numba import batch
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kernels.spread import spread
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Hexagonal, Rectangular, squared_distances
from ksom.method.neighbourhood import Bubble, Factors, Gaussian, Triangle, whole_factors
from ksom.method.schedules import Geometric, Linear
from ksom.samples import Block
from ksom.trainer import Trainer
from tests.hard_cases import KINDS, Form, forms
from tests.moved import move_to_means
from tests.whole_sums import sum_of_parts

MADE = {"numpy": NumpyBackend, "numba": NumbaBackend}


class Case(NamedTuple):
    """A map, its samples, and how far the neighbourhood reaches in each iteration, lattice steps."""

    weights: NDArray[Any]
    samples: NDArray[Any]
    sigmas: list[float]
    form: Form | None = None
    """The neighbourhood and the lattice: a gaussian on a plane, unless told otherwise."""

    def factors(self, sigma: float) -> Factors:
        return whole_factors(*(self.form or Form(Gaussian(), Rectangular(*self.weights.shape[:2]))), sigma)


@st.composite
def cases(draw: Any, longest: int = 30, features: int = 100, samples: int = 60) -> Case:
    sides = st.sampled_from([1, 2, 10, 17]) | st.integers(1, longest)
    height, width = draw(sides), draw(sides)
    features = draw(st.sampled_from([1, 2, 3, 5]) | st.integers(1, features))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    return Case(
        kind(chance, (height, width, features)).astype(dtype),
        kind(chance, (draw(st.integers(1, samples)), features)).astype(dtype),
        draw(st.lists(st.floats(0.01, 20), min_size=1, max_size=4)),
        draw(forms(height, width)),
    )


def in_phases(table: Factors) -> Factors:
    """Factors as on a lattice whose rows are shifted: two phases, by the parity of the winner's row and Δrow."""
    columns = np.concatenate([table.columns, np.roll(table.columns, 1, axis=1) / 2])
    return Factors(table.rows, columns, np.indices(table.phases.shape).sum(axis=0).astype(np.int32) % 2)


def learned(backend: Any, case: Case, cut: int = 10**9) -> bytes:
    """Train on samples that come in blocks of `cut` rows; return the bits."""
    blocks = [Block(case.samples[start : start + cut], start) for start in range(0, len(case.samples), cut)]
    for sigma in case.sigmas:
        move_to_means(backend, backend.node_sums(iter(blocks)), case.factors(sigma))
    return backend.weights.tobytes()


def sum_rows(patch: pytest.MonkeyPatch, rows: int) -> None:
    for module in (numpy_backend, numba_backend):
        patch.setattr(module, "SUM_ROWS", rows)


@pytest.mark.parametrize("name", MADE)
@given(case=cases(longest=4, features=3, samples=20), rows=st.integers(1, 8))
def test_sums_are_added_block_by_block_in_the_samples_order(name, case, rows):
    backend = MADE[name](case.weights, case.weights.dtype)
    winners = backend.best_matching_nodes(Block(case.samples), 1)[0][:, 0]
    nodes = case.weights[..., 0].size
    sums, counts = np.zeros((nodes, case.samples.shape[1])), np.zeros((nodes, 1))
    for start in range(0, len(winners), rows):
        block_sums = np.zeros_like(sums)
        for sample, node in zip(case.samples[start : start + rows], winners[start : start + rows], strict=True):
            block_sums[node] += sample
            counts[node] += 1
        sums += block_sums
    with pytest.MonkeyPatch.context() as patch:
        sum_rows(patch, rows)
        found = backend.node_sums([Block(case.samples)])
    assert found.sums.dtype == found.counts.dtype == np.float64
    assert np.ascontiguousarray(found.sums).tobytes() == sums.tobytes()
    assert found.counts.tobytes() == counts.tobytes()


def spread_number_by_number(values: NDArray[Any], table: Factors) -> NDArray[Any]:
    """For one Δcolumn after the other along rows, and then that sum: wide rows first, columns of few rows first."""
    height, width, _ = values.shape
    total, downs, rights = np.zeros_like(values), range(2 * height - 1), range(2 * width - 1)
    for row in range(height):
        phases = [table.phases[(row - down + height - 1) % 2, down] for down in downs]
        h = table.rows[:, np.newaxis] * table.columns[phases]
        order = sorted(downs, key=lambda down: -np.count_nonzero(h[down]))
        for right in sorted(rights, key=lambda right: np.flatnonzero(np.append(h[order, right], 0) != 0)[-1:].sum()):
            along = np.zeros_like(values[0])
            for down in order:
                if 0 <= row - (down - height + 1) < height:
                    along += h[down, right] * values[row - (down - height + 1)]
            for column in range(width):
                if 0 <= column - (right - width + 1) < width:
                    total[row, column] += along[column - (right - width + 1)]
    return total


def smoothed_number_by_number(values: NDArray[Any], table: Factors) -> NDArray[Any]:
    """Along rows, then along columns, each source after the other, phase after phase; what is no product otherwise."""
    if not table.is_product:
        return spread_number_by_number(values, table)
    height, width, _ = values.shape
    total = np.zeros_like(values)
    for phase, along in enumerate(table.columns):
        along_rows = np.zeros_like(values)
        for target, source in np.ndindex(height, height):
            if table.phases[source % 2, target - source + height - 1] == phase:
                along_rows[target] += table.rows[target - source + height - 1] * values[source]
        for target, source in np.ndindex(width, width):
            total[:, target] += along[target - source + width - 1] * along_rows[:, source]
    return total


@pytest.mark.parametrize("name", MADE)
@given(case=cases(longest=7, features=3, samples=20), is_in_phases=st.booleans())
def test_means_are_the_sums_weighted_in_order(name, case, is_in_phases):
    backend = MADE[name](case.weights, case.weights.dtype)
    found = backend.node_sums([Block(case.samples)])
    sums, counts = found.sums.copy(), found.counts.copy()
    shape, table = case.weights.shape, case.factors(case.sigmas[0])
    table = in_phases(table) if is_in_phases and len(table.columns) == 1 else table
    weight = smoothed_number_by_number(counts.reshape(*shape[:2], 1), table)
    means = smoothed_number_by_number(sums.reshape(shape), table) / np.where(weight < LEAST_WEIGHT, 1, weight)
    expected = np.where(weight < LEAST_WEIGHT, case.weights, means.astype(case.weights.dtype)) + 0
    move_to_means(backend, found, table)
    assert backend.weights.tobytes() == expected.astype(case.weights.dtype).tobytes()


@settings(max_examples=100)
@given(case=cases(), rows=st.sampled_from([1, 7, SUM_ROWS]))
def test_numba_has_the_bits_of_numpy(case, rows):
    with pytest.MonkeyPatch.context() as patch:
        sum_rows(patch, rows)
        expected = learned(NumpyBackend(case.weights, case.weights.dtype), case)
        assert learned(NumbaBackend(case.weights, case.weights.dtype), case) == expected


@given(case=cases(longest=80, features=4, samples=300))
def test_numba_has_the_bits_of_numpy_on_maps_of_many_tiles(case):
    expected = learned(NumpyBackend(case.weights, case.weights.dtype), case)
    assert learned(NumbaBackend(case.weights, case.weights.dtype), case) == expected


@settings(max_examples=10)
@given(case=cases(longest=12, features=3, samples=8), rows=st.integers(1, 4))
def test_the_kernels_source_has_the_bits_of_numpy(interpreted, case, rows):
    with pytest.MonkeyPatch.context() as patch:
        sum_rows(patch, rows)
        patch.setattr(interpreted["backend"], "SUM_ROWS", rows)
        expected = learned(NumpyBackend(case.weights, case.weights.dtype), case)
        assert learned(interpreted["backend"].NumbaBackend(case.weights, case.weights.dtype), case) == expected


@pytest.mark.parametrize("name", MADE)
@given(
    case=cases(longest=20, features=40, samples=100),
    rows=st.integers(1, 30),
    cut=st.integers(1, 120),
    threads=st.integers(2, 5),
    budget=st.integers(1, 2000),
)
def test_blocks_threads_and_memory_budget_never_change_a_bit(*, name, case, rows, cut, threads, budget):
    dtype = case.weights.dtype
    with pytest.MonkeyPatch.context() as patch:
        sum_rows(patch, rows)
        expected = learned(MADE[name](case.weights, dtype), case)
        patch.setattr(numba_backend, "_PARALLEL_WORK", 0)
        patch.setattr(numba_backend, "SEGMENT_BYTES", budget)
        made = NumbaBackend(case.weights, dtype, threads) if name == "numba" else NumpyBackend(case.weights, dtype)
        assert learned(made, case, cut) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, 1000, 1e6])
def test_many_blocks_of_samples_have_the_same_bits_everywhere(dtype, offset):
    chance = np.random.default_rng(0)
    samples = (offset + chance.normal(size=(3 * SUM_ROWS + 5, 3))).astype(dtype)
    case = Case(samples[:56].reshape(7, 8, 3), samples, [4.0, 1.0, 0.5])
    backends = [NumpyBackend(case.weights, dtype), *(NumbaBackend(case.weights, dtype, threads) for threads in (1, 3))]
    cuts = [10**9, 1000, SUM_ROWS + 1]
    assert len({learned(backend, case, cut) for backend, cut in zip(backends, cuts, strict=True)}) == 1


@pytest.mark.parametrize("name", MADE)
def test_the_order_of_addition_over_many_samples_is_the_one_that_results_depend_on(name):
    samples = (np.arange(30_000).reshape(10_000, 3) * 7919 % 10_007) / 7
    sums = MADE[name](samples[:6].reshape(2, 3, 3), "float64").node_sums([Block(samples)]).sums
    assert hashlib.sha256(sums.tobytes()).hexdigest()[:16] == "ec6f0bee157386b2"


@pytest.mark.parametrize("name", MADE)
def test_samples_may_be_in_any_order_of_memory(name):
    samples = np.random.default_rng(0).random((300, 4))
    samples.flags.writeable = False
    case = Case(samples[:20].reshape(4, 5, 4), samples, [2.0, 1.0])
    others = (np.asfortranarray(samples), np.repeat(samples, 2, axis=0)[::2])
    results = {learned(MADE[name](case.weights, "float64"), case._replace(samples=each)) for each in (samples, *others)}
    assert len(results) == 1


def test_the_kernels_are_compiled_once_for_each_precision():
    of_plain_samples = [each for each in batch.add_samples.signatures if str(each[1]) == str(each[2]) == "none"]
    assert len(of_plain_samples) <= 2  # with gaps, or weights, by whatever tests came before, they are others
    assert len(batch.take_means.signatures) <= 2
    assert len(batch.smooth.signatures) == 1


def test_blocks_that_lie_one_after_another_are_joined_without_a_copy():
    values = np.arange(40.0).reshape(20, 2)
    (joined,) = regrouped((Block(values[start : start + 4], start) for start in range(0, 20, 4)), 20)
    assert np.array_equal(joined.values, values)
    assert np.shares_memory(joined.values, values)


@pytest.mark.parametrize(
    "cut",
    [
        lambda values: [values[4:8], values[:4]],
        lambda values: [values[:4], values[5:9]],
        lambda values: [values[:4, :1], values[4:8, :1]],
        lambda values: [values[:4], values[4:8].copy()],
        lambda values: [values[:4].copy(), values[4:8].copy()],
        lambda values: [values[:8:2], values[8:16:2]],
    ],
)
def test_other_blocks_are_joined_as_they_are(cut):
    blocks = cut(np.arange(40.0).reshape(20, 2))
    (joined,) = regrouped(map(Block, blocks), 20)
    assert np.array_equal(joined.values, np.concatenate(blocks))


@given(st.lists(st.integers(1, 20), max_size=9), st.integers(1, 20))
@example([], 3)
def test_regrouped_blocks_have_all_rows_once_and_one_size_but_for_the_last(sizes, rows):
    values = np.arange(sum(sizes)).reshape(-1, 1)
    starts = np.cumsum([0, *sizes])
    blocks = [Block(values[start : start + size], int(start)) for start, size in zip(starts, sizes, strict=False)]
    found = list(regrouped(blocks, rows))
    assert [value for block in found for value in block.values[:, 0]] == list(range(sum(sizes)))
    assert [block.first_row for block in found] == list(range(0, sum(sizes), rows))
    assert all(len(block.values) == rows for block in found[:-1])
    assert all(1 <= len(block.values) <= rows for block in found[-1:])


@pytest.mark.parametrize("name", MADE)
def test_no_array_of_samples_by_nodes_is_made(name):
    chance = np.random.default_rng(0)
    samples = chance.random((20_000, 2), dtype=np.float32)
    backend = MADE[name](chance.random((50, 50, 2)), np.float32)
    tracemalloc.start()
    move_to_means(backend, backend.node_sums([Block(samples)]), Case(backend.weights, samples, [9.0]).factors(9.0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # 20,000 × 2,500 float32 are 200 MB


# What it learns.


def trained(samples: Any, sigma: Any, som: KohonenSOM | None = None, iterations: int = 1, **arguments: Any) -> Any:
    """Train a 3 × 4 map, or the one that is given; return its weights."""
    if som is None:
        initial = np.random.default_rng(1).normal(size=(3, 4, np.shape(samples)[1]))
        som = KohonenSOM(3, 4, initial=initial, dtype="float64")
    Trainer(som, samples, iterations=iterations, algorithm=Batch(sigma), **arguments).train()
    return som.weights


POINTS = np.random.default_rng(0).normal(size=(50, 2))


def test_a_neighbourhood_of_one_node_is_a_step_of_lloyd_s():
    som = KohonenSOM(3, 4, initial=np.random.default_rng(1).normal(size=(3, 4, 2)), dtype="float64")
    expected, winners = som.weights.reshape(-1, 2).copy(), som.best_matching_nodes(POINTS)
    for node in np.unique(winners):
        expected[node] = POINTS[winners == node].mean(axis=0)
    assert len(np.unique(winners)) < 12
    np.testing.assert_allclose(trained(POINTS, Geometric(1e-3), som).reshape(-1, 2), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("sigma", [Linear(2.0), "exponential"])
def test_data_shown_twice_give_the_same_map(sigma):
    once = trained(POINTS, sigma, iterations=10)
    np.testing.assert_allclose(trained(np.concatenate([POINTS, POINTS]), sigma, iterations=10), once, atol=1e-12)


def test_a_node_that_wins_nothing_gets_the_mean_of_its_neighbourhood():
    som = KohonenSOM(1, 3, initial=[[[0.0], [100.0], [9.0]]], dtype="float64")
    near = np.exp(-1 / 2)
    weights = trained([[0.0], [9.0], [9.0]], Geometric(1.0), som)
    assert weights[0, 1, 0] == pytest.approx(near * (0 + 18) / (near * 3))


@pytest.mark.parametrize("backend", MADE)
@pytest.mark.parametrize(("sigma", "moves"), [(1.345, False), (1.346, True)])
def test_a_node_keeps_its_weights_if_its_samples_weigh_less_than_1e_12(backend, sigma, moves):
    assert (np.exp(-(10**2) / sigma**2 / 2) > LEAST_WEIGHT) == moves
    som = KohonenSOM(1, 11, initial=np.arange(11.0).reshape(1, 11, 1) ** 2, dtype="float32", backend=backend)
    weights = trained([[-0.3]], Geometric(sigma), som)[0, :, 0]
    assert weights[10] == (np.float32(-0.3) if moves else 100)
    np.testing.assert_array_equal(weights[:9], np.float32(-0.3))


@pytest.mark.parametrize("constant", [0.0, 0.3, -7.0, 1e6])
def test_constant_data_make_a_constant_map(constant):
    weights = trained(np.full((9, 2), constant), "exponential", iterations=5)
    np.testing.assert_allclose(weights, constant, rtol=1e-15)


def test_a_mini_batch_is_a_batch_of_its_samples():
    sigma = Geometric(1.5, 1.5)
    som = KohonenSOM(3, 4, initial=np.random.default_rng(1).normal(size=(3, 4, 2)), dtype="float64")
    for part in (POINTS[:20], POINTS[20:40], POINTS[40:], POINTS[:20]):
        trained(part, sigma, som)
    np.testing.assert_array_equal(trained(POINTS, sigma, iterations=4, batch_size=20, shuffle=False), som.weights)


def test_a_map_is_ordered_by_its_batches():
    line = np.linspace(0, 1, 500)[np.random.default_rng(0).permutation(500), np.newaxis]
    weights = train(line, 1, 20, iterations=20, algorithm="batch").weights[0, :, 0]
    steps = np.diff(weights)
    assert (steps > 0).all() or (steps < 0).all()


def test_auto_takes_numba_where_the_neighbourhood_is_much_to_do():
    som = KohonenSOM(100, 100)
    Trainer(som, POINTS[:1], iterations=100, algorithm="batch").train()
    assert som.kernels.name == "numba"


def test_sigma_goes_from_half_of_the_map_to_seven_tenths():
    algorithm = Trainer(KohonenSOM(4, 12), POINTS, iterations=10, algorithm=Batch("linear")).algorithm
    assert [algorithm.parameters(iteration) for iteration in (0, 9)] == [{"sigma": 6.0}, {"sigma": 0.7}]


PART_ROWS = 262_144


def sum_in_blocks(values: NDArray[Any]) -> Any:
    """The sum of numbers in blocks of 4,096, each from its first number to its last, then block by block."""
    return np.cumsum([np.cumsum(block)[-1] for block in np.split(values, range(4096, len(values), 4096))])[-1]


@pytest.mark.parametrize("name", MADE)
def test_sums_are_added_in_parts_of_262144_samples(name):
    values = np.random.default_rng(0).normal(size=2 * PART_ROWS + 5000)
    blocks = (Block(values[start : start + 999, np.newaxis], start) for start in range(0, len(values), 999))
    found = sum_of_parts(MADE[name](np.zeros((1, 1, 1)), np.float64).node_sums, blocks)
    in_parts = [sum_in_blocks(part) for part in np.split(values, [PART_ROWS, 2 * PART_ROWS])]
    assert found.sums[0, 0] == (in_parts[0] + in_parts[1]) + in_parts[2]
    assert found.sums[0, 0] != sum_in_blocks(values)  # or this could not tell
    assert found.counts[0, 0] == len(values)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("at_once", [1, 4096, 3 * 4096, 100_000, PART_ROWS])
def test_sums_made_with_a_pause_after_any_block_have_the_bits_of_those_made_at_once(name, at_once):
    values = np.random.default_rng(0).normal(size=(PART_ROWS + 9000, 2))
    node_sums = MADE[name](np.random.default_rng(1).normal(size=(2, 3, 2)), np.float64).node_sums
    sums, samples = BatchSums(), Samples([Block(values)])
    while not samples.is_over():
        sums.add(node_sums, samples, at_once)
    paused, whole = sums.total(), sum_of_parts(node_sums, [Block(values)])
    assert (sums.rows, sums.parts) == (len(values), 1)
    assert (paused.sums.tobytes(), paused.counts.tobytes()) == (whole.sums.tobytes(), whole.counts.tobytes())


def test_no_samples_have_sums_of_zero():
    found = sum_of_parts(NumpyBackend(np.zeros((1, 2, 3)), np.float64).node_sums, [])
    assert (found.sums.tolist(), found.counts.tolist()) == ([[0.0] * 3] * 2, [[0.0]] * 2)


@pytest.mark.parametrize("add", [operator.add, operator.iadd])
def test_the_sums_of_two_parts_of_the_data_are_added_number_by_number(add):
    one, other = (NodeSums(np.full((2, 3), value), np.full((2, 1), value)) for value in (1.0, 10.0))
    both = add(one, other)
    assert (both.sums.tolist(), both.counts.tolist()) == ([[11.0] * 3] * 2, [[11.0]] * 2)


@pytest.mark.parametrize("iterations", [2, 10, 100])
def test_sigma_ends_at_seven_tenths_by_default(iterations):
    algorithm = Trainer(KohonenSOM(10, 12), POINTS, iterations=iterations, algorithm="batch").algorithm
    assert [algorithm.parameters(iteration)["sigma"] for iteration in (0, iterations - 1)] == [6.0, 0.7]


def test_a_neighbourhood_with_negative_values_is_refused_before_anything_is_learned():
    class Pushing(Gaussian):
        lowest = -1.0

    with pytest.raises(ParameterError, match="neighbourhood must have no negative values for batch training"):
        Trainer(KohonenSOM(3, 3, neighbourhood=Pushing()), POINTS, algorithm="batch")


@given(case=cases(longest=30, features=3, samples=40))
def test_means_are_those_of_the_definition_whatever_the_order(case):
    """Of every pair of nodes, added by matrix products."""
    sigma, weights = case.sigmas[0], case.weights.astype("float64")
    backend = NumbaBackend(weights, "float64")
    found = backend.node_sums([Block(case.samples.astype("float64"))])
    neighbourhood, lattice = case.form
    squared = squared_distances(lattice, *(index.ravel() for index in np.indices((lattice.size,) * 2)))
    h = neighbourhood.of(squared, np.array([[sigma]])).reshape(lattice.size, -1).T
    numerators, denominators, largest = h @ found.sums, h @ found.counts, h @ np.abs(found.sums)
    move_to_means(backend, found, case.factors(sigma))
    moves = denominators[:, 0] > 2 * LEAST_WEIGHT
    means, room = numerators[moves] / denominators[moves], 1e-9 * (largest[moves] / denominators[moves]).max(initial=0)
    np.testing.assert_allclose(backend.weights.reshape(lattice.size, -1)[moves], means, rtol=1e-9, atol=room + 1e-300)


def test_the_sums_of_a_bubble_go_on_from_those_of_the_narrower_column():
    """So that a bubble costs what its width does, not its area."""
    for lattice in (Rectangular(40, 30), Hexagonal(40, 30, "both"), Hexagonal(40, 31)):
        order = spread(whole_factors(Bubble(), lattice, 9.3))
        assert order.goes_on[:, 1:].all()
        assert order.reach.max() <= 2 * 2 * 11  # on a torus there are two ways to each row
        assert not spread(whole_factors(Triangle(), lattice, 9.3)).goes_on[:, 1:].all()
