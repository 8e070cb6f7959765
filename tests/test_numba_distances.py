"""The compiled kernels have the reference's bits for every distance, with gaps, weights, and nodes that are pushed."""

from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.kernels.node_sums import SUM_ROWS
from ksom.kernels.numba import backend as numba_backend
from ksom.kernels.numba import tiles
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numba.terms import TERMS
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.method.distance import Distance
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian, whole_factors
from ksom.samples import Block
from tests.hard_cases import COMPILED, DTYPES, KINDS, Varied, directions, gaussian, learned, maps, varied, with_gaps
from tests.moved import move_to_means

MANY = settings(max_examples=100)


@pytest.fixture(autouse=True)
def _small_work_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba_backend, "_PARALLEL_WORK", 0)


@MANY
@given(varied(maps()), st.integers(1, 3), st.integers(1, 3))
def test_online_training_has_the_reference_s_bits(case: Varied, pieces: int, threads: int) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype, case.distance), case.steps)
    assert learned(NumbaBackend(case.weights, dtype, threads, case.distance), case.steps, pieces) == expected


@given(varied(maps(longest=120, features=4), samples=60))
def test_so_has_that_of_maps_of_many_tiles(case: Varied) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype, case.distance), case.steps)
    assert learned(NumbaBackend(case.weights, dtype, 1, case.distance), case.steps) == expected


@pytest.mark.parametrize("distance", COMPILED)
@pytest.mark.parametrize("gaps", [0, 0.3])
def test_so_has_that_of_many_features(distance: type[Distance], gaps: float) -> None:
    chance = np.random.default_rng(0)
    weights, samples = chance.normal(size=(18, 19, 130)), directions(chance.normal(size=(60, 130)))
    block = with_gaps(samples, chance, gaps) if gaps else Block(samples)
    steps = [OnlineStep([block], gaussian(18, 19, np.float64, sigma), 0.3) for sigma in (9, 3, 1)]
    made = [backend(weights, np.float64, distance=distance()) for backend in (NumbaBackend, NumpyBackend)]
    assert learned(made[0], steps) == learned(made[1], steps)


@settings(max_examples=20)
@given(varied(maps(longest=20, features=3), samples=4))
def test_the_kernels_source_has_the_reference_s_bits(interpreted: dict[str, ModuleType], case: Varied) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype, case.distance), case.steps)
    assert learned(interpreted["backend"].NumbaBackend(case.weights, dtype, 1, case.distance), case.steps) == expected


@MANY
@given(varied(maps(longest=60)), st.integers(1, 3), st.integers(1, 2))
def test_the_search_has_the_reference_s_bits(case: Varied, threads: int, k: int) -> None:
    reference = NumpyBackend(case.weights, case.weights.dtype, case.distance)
    backend = NumbaBackend(case.weights, case.weights.dtype, threads, case.distance)
    k = min(k, case.weights[..., 0].size)
    for _ in range(2):
        for block in (block for step in case.steps for block in step.blocks):
            assert answers(backend, block, k) == answers(reference, block, k)
        backend.show(case.steps)
        reference.show(case.steps)


def answers(backend: Any, block: Block, k: int) -> list[bytes]:
    found = *backend.best_matching_nodes(block, k), backend.distances(block)
    return [array.tobytes() for array in found]


@pytest.mark.parametrize("distance", COMPILED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gaps", [0, 0.1, 0.9])
def test_so_has_that_of_many_samples(distance: type[Distance], dtype: Any, gaps: float) -> None:
    for kind in KINDS.values():
        chance = np.random.default_rng(0)
        weights, samples = (kind(chance, shape).astype(dtype) for shape in ((30, 40, 12), (200, 12)))
        values = directions(samples) if distance.on_sphere else samples
        block = with_gaps(values, chance, gaps) if gaps else Block(values)
        backends = NumbaBackend(weights, dtype, 2, distance()), NumpyBackend(weights, dtype, distance())
        assert answers(backends[0], block, 2) == answers(backends[1], block, 2)


@MANY
@given(
    case=varied(maps(longest=30), samples=60),
    rows=st.sampled_from([1, 7, SUM_ROWS]),
    cut=st.integers(1, 40),
    threads=st.integers(1, 3),
    weighted=st.booleans(),
)
def test_batch_training_has_the_reference_s_bits(
    case: Varied, rows: int, cut: int, threads: int, weighted: bool
) -> None:
    block, dtype = some_samples(case, weighted), case.weights.dtype
    with pytest.MonkeyPatch.context() as patch:
        for module in ("numpy_backend", "numba.backend"):
            patch.setattr(f"ksom.kernels.{module}.SUM_ROWS", rows)
        expected = learned_in_batches(NumpyBackend(case.weights, dtype, case.distance), block)
        assert learned_in_batches(NumbaBackend(case.weights, dtype, threads, case.distance), block, cut) == expected


@settings(max_examples=20)
@given(case=varied(maps(longest=9, features=3), samples=6), weighted=st.booleans())
def test_so_has_its_source(interpreted: dict[str, ModuleType], case: Varied, weighted: bool) -> None:
    block, dtype = some_samples(case, weighted), case.weights.dtype
    expected = learned_in_batches(NumpyBackend(case.weights, dtype, case.distance), block)
    made = interpreted["backend"].NumbaBackend(case.weights, dtype, 1, case.distance)
    assert learned_in_batches(made, block) == expected


def some_samples(case: Varied, weighted: bool) -> Block:
    block = case.steps[0].blocks[0]
    weights = np.random.default_rng(0).choice([0, 1e-13, 0.3, 1, 2.5], size=len(block.values))
    return block._replace(weights=weights) if weighted else block


def learned_in_batches(backend: Any, block: Block, cut: int = 10**9) -> bytes:
    """Train on samples that come in blocks of `cut` rows; return the bits."""
    height, width, _ = backend.weights.shape
    for sigma in (5.0, 1.0, 0.2):
        blocks = (block.rows(start, start + cut) for start in range(0, len(block.values), cut))
        factors = whole_factors(Gaussian(), Rectangular(height, width), sigma)
        move_to_means(backend, backend.node_sums(blocks), factors)
    return backend.weights.tobytes()


@MANY
@given(varied(maps(longest=24, features=40), samples=6))
def test_no_node_is_nearer_than_its_tile_s_box(interpreted: dict[str, ModuleType], case: Varied) -> None:
    held = tiles.as_tiles(case.weights, case.weights.dtype, terms=TERMS[type(case.distance)])
    bounds = np.empty(held.low.shape[1], dtype=case.weights.dtype)
    totals: NDArray[Any] = np.empty(held.weights.shape[2], dtype=case.weights.dtype)
    for values, _, missing, _ in (block for step in case.steps for block in step.blocks):
        for sample in range(min(len(values), 2)):
            interpreted["boxes"].bound_boxes(held, values, missing, sample, bounds)
            for tile in range(len(held.weights)):
                interpreted["boxes"].measure_distances(held, tile, values, missing, sample, totals)
                assert bounds[tile] <= totals.min()
