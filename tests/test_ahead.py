"""Looking ahead finds the winners that the reference finds, and its bound on rounding is a bound."""

from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ksom.kernels.backend import OnlineStep
from ksom.kernels.numba import ahead, backend, look_ahead
from ksom.kernels.numba.ahead import learn_ahead, score_groups
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numba.boxes import make_room
from ksom.kernels.numba.segment import segments
from ksom.kernels.numba.tiles import as_tiles, tile_nodes
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.samples import Block
from tests.hard_cases import DTYPES, KINDS, Case, cases, gaussian, learned, maps
from tests.moved import move_to_means


@settings(max_examples=100)
@given(case=cases(maps(longest=40)), pieces=st.integers(1, 3), threads=st.integers(1, 3))
def test_looking_ahead_has_the_reference_s_bits(case: Case, pieces: int, threads: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "is_worth_it", lambda *_: True)
        patch.setattr(backend, "_PARALLEL_WORK", 0)
        expected = learned(NumpyBackend(case.weights, case.weights.dtype), case.steps)
        assert learned(NumbaBackend(case.weights, case.weights.dtype, threads), case.steps, pieces) == expected


@settings(max_examples=10)
@given(case=cases(maps(longest=9, features=9), samples=4))
def test_so_has_its_source(interpreted: dict[str, ModuleType], case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interpreted["backend"], "is_worth_it", lambda *_: True)
        for module in ("products", "ahead", "look_ahead"):
            patch.setattr(interpreted[module], "BLOCK_FEATURES", 4)
        expected = learned(NumpyBackend(case.weights, case.weights.dtype), case.steps)
        assert learned(interpreted["backend"].NumbaBackend(case.weights, case.weights.dtype), case.steps) == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_many_features_and_several_blocks_of_samples_have_the_reference_s_bits(kind: str, dtype: Any) -> None:
    chance = np.random.default_rng(1)
    weights, samples = (KINDS[kind](chance, shape).astype(dtype) for shape in ((18, 19, 130), (150, 130)))
    steps = [
        OnlineStep([Block(samples[start : start + 10])], gaussian(18, 19, dtype, 150 / (start + 10)), 0.3)
        for start in range(0, 150, 10)
    ]
    assert learned(NumbaBackend(weights, dtype, 2), steps) == learned(NumpyBackend(weights, dtype), steps)


@settings(max_examples=100)
@given(case=cases(maps(longest=20, features=200), samples=12))
def test_the_reference_s_distances_are_within_the_bound_of_those_carried_forward(
    interpreted: dict[str, ModuleType], case: Case
) -> None:
    bounds = interpreted["ahead"]
    tiles, reference = as_tiles(case.weights, case.weights.dtype), NumpyBackend(case.weights, case.weights.dtype)
    [segment], looked, room = segments(case.steps), look_ahead.make_ahead(tiles), make_room(tiles)
    count = len(segment.samples)
    look_ahead.look_at(segment.samples, looked)
    score_groups(
        0, len(looked.squared), tiles, room, look_ahead.make_ahead_room(tiles), looked, segment, 0, ahead.SAMPLES
    )
    error = look_ahead.carried_error(tiles, looked, float(segment.row_rates.max()))
    learn_ahead(0, count, tiles, room, looked, error, segment)
    nodes, places = np.unique(tile_nodes(tiles), return_index=True)
    shown = [(sample, step) for step in case.steps for sample in step.blocks[0].values]
    for t, (sample, step) in enumerate(shown):
        carried = np.maximum(looked.squared[:, t].ravel()[places], 0)
        measured = reference._totals(sample[np.newaxis])[0, nodes]
        assert np.all(abs(measured - carried) <= bounds.doubt(carried, bounds.drift_at(t, error), error))
        reference.show([OnlineStep([Block(sample[np.newaxis])], step.factors, step.learning_rate)])


@given(
    nearest=st.floats(0, 1e6),
    beyond=st.floats(0, 1e6),
    drift=st.floats(0, 10),
    relative=st.floats(0, 0.0099),
    absolute=st.floats(0, 10),
)
def test_what_is_beyond_the_limit_is_farther_than_the_nearest_whatever_rounding_did(
    interpreted: dict[str, ModuleType], *, nearest: float, beyond: float, drift: float, relative: float, absolute: float
) -> None:
    error = ahead.CarriedError(relative, 0.0, 0.0, absolute)
    bounds = interpreted["ahead"]
    farther = bounds.limit(nearest, drift, error) * (1 + 1e-12) + beyond
    doubt_then, doubt_now = bounds.doubt(farther, drift, error), bounds.doubt(nearest, drift, error)
    assert farther - doubt_then >= (nearest + doubt_now) * (1 - 1e-12)


def test_online_training_after_batch_training_has_the_reference_s_bits() -> None:
    chance = np.random.default_rng(0)
    weights, samples = chance.normal(size=(40, 40, 3)), 5 + chance.normal(size=(500, 3))
    steps, results = [OnlineStep([Block(samples)], gaussian(40, 40, np.float64, 3.0), 0.1)], set()
    for made in (NumpyBackend, NumbaBackend):
        backend = made(weights, np.float64)
        move_to_means(backend, backend.node_sums([Block(samples)]), gaussian(40, 40, np.float64, 5.0))
        results.add(learned(backend, steps))
    assert len(results) == 1
