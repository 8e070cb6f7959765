"""The compiled kernels give the reference's bits; what they leave out cannot matter; every line of them runs here."""

import copy
import importlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from ksom import train
from ksom.errors import BackendUnavailable
from ksom.kernels import get_backend
from ksom.kernels.backend import OnlineStep
from ksom.kernels.effort import Work
from ksom.kernels.numba import backend as numba_backend
from ksom.kernels.numba import (
    boxes,
    centred,
    online,
    product_search,
    search,
    shadow_search,
    tile_search,
    tiles,
    vectors,
)
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numba.segment import segments
from ksom.kernels.numba.ways import PRODUCTS, TILES, Way
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kernels.rounding import score_margin
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import WRAPS, Hexagonal, Rectangular
from ksom.method.neighbourhood import Bubble, Gaussian, factors_of_all
from ksom.samples import Block
from tests.hard_cases import DTYPES, KINDS, Case, cases, gaussian, learned, maps

MANY = settings(max_examples=100)

WAYS = [TILES, PRODUCTS, Way("shadows", 1), Way("shadows", 3), Way("shadows", 30), Way("shadows", 70)]


@MANY
@given(cases(maps()), st.integers(1, 3))
def test_online_training_has_the_reference_s_bits(case: Case, pieces: int) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype), case.steps)
    assert learned(NumbaBackend(case.weights, dtype), case.steps, pieces) == expected


@given(cases(maps(longest=120, features=4), samples=60))
def test_so_has_that_of_maps_of_many_tiles(case: Case) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype), case.steps)
    assert learned(NumbaBackend(case.weights, dtype), case.steps) == expected


@given(cases(maps(longest=60, features=4)), st.integers(1, 5), st.integers(1, 5000))
def test_threads_and_memory_budget_never_change_a_bit(case: Case, threads: int, budget: int) -> None:
    dtype = case.weights.dtype
    with pytest.MonkeyPatch.context() as patch:
        expected = learned(NumbaBackend(case.weights, dtype), case.steps)
        patch.setattr(numba_backend, "_PARALLEL_WORK", 0)
        patch.setattr("ksom.kernels.numba.segment.SEGMENT_BYTES", budget)
        assert learned(NumbaBackend(case.weights, dtype, threads), case.steps) == expected


@given(cases(maps(longest=24, features=3), samples=4))
def test_the_kernels_source_has_the_reference_s_bits(interpreted: dict[str, ModuleType], case: Case) -> None:
    dtype = case.weights.dtype
    expected = learned(NumpyBackend(case.weights, dtype), case.steps)
    assert learned(interpreted["backend"].NumbaBackend(case.weights, dtype), case.steps) == expected


@MANY
@given(cases(maps(longest=60)), st.integers(1, 3), st.integers(1, 2), st.sampled_from(WAYS))
def test_the_search_has_the_reference_s_bits(case: Case, threads: int, k: int, way: Way) -> None:
    assert_same_answers(NumbaBackend(case.weights, case.weights.dtype, threads), case, k, search.Search, way)


@pytest.mark.parametrize("way", [TILES, PRODUCTS, Way("shadows", 3), Way("shadows", 30)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(50, 60, 2), (7, 8, 30), (5, 6, 300)])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_so_has_that_of_hard_maps(kind: str, shape: tuple[int, int, int], dtype: Any, way: Way) -> None:
    for weights, samples, expected in hard_maps(kind, shape, dtype):
        backend = NumbaBackend(weights, dtype)
        for k in (1, 2):
            found = backend.search().best_matching_nodes(samples, k, way=fitting(way, shape[2]))
            assert bits(found) == bits([answer[:, :k] for answer in expected])
        found = backend.search().winners(samples, way=fitting(way, shape[2]))
        assert np.array_equal(found, expected[0][:, 0])


@cache
def hard_maps(kind: str, shape: tuple[int, int, int], dtype: Any) -> list[Any]:
    """Three maps of a kind, samples, and what the reference answers."""
    made = []
    for seed in range(3):
        chance = np.random.default_rng(seed)
        weights, samples = (KINDS[kind](chance, size).astype(dtype) for size in (shape, (300, shape[2])))
        made.append((weights, samples, NumpyBackend(weights, dtype).best_matching_nodes(Block(samples), 2)))
    return made


@given(cases(maps(longest=24, features=9), samples=4), st.integers(1, 2), st.sampled_from(WAYS))
def test_the_search_s_source_has_the_reference_s_bits(
    interpreted: dict[str, ModuleType], case: Case, k: int, way: Way
) -> None:
    backend = interpreted["backend"].NumbaBackend(case.weights, case.weights.dtype)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("products", "shadows"):
            patch.setattr(interpreted[module], "BLOCK_FEATURES", 4)
        patch.setattr(interpreted["product_search"], "CANDIDATES", 3)
        patch.setattr(interpreted["shadow_search"], "PAIRS", 3)
        assert_same_answers(backend, case, k, interpreted["search"].Search, way)


def fitting(way: Way, features: int) -> Way:
    """Shadows have no more axes than there are features."""
    return way._replace(axes=min(way.axes, features))


def assert_same_answers(backend: Any, case: Case, k: int, kind: Any, way: Way) -> None:
    """Search before and after training, in one thread and in several."""
    reference = NumpyBackend(case.weights, case.weights.dtype)
    k = min(k, case.weights[..., 0].size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_backend, "_PARALLEL_WORK", 0)
        patch.setattr(kind, "_way_so_far", lambda *_: fitting(way, case.weights.shape[2]))
        for _ in range(2):
            for block in (block for step in case.steps for block in step.blocks):
                expected, found = reference.best_matching_nodes(block, k), backend.best_matching_nodes(block, k)
                assert bits(found) == bits(expected)
                found = backend.search().winners(block.values, block.missing)
                assert np.array_equal(found, expected[0][:, 0])
            backend.show(case.steps)
            reference.show(case.steps)


def bits(arrays: Sequence[NDArray[Any]]) -> list[bytes]:
    return [array.tobytes() for array in arrays]


@given(cases(maps(longest=60)), st.integers(1, 2), st.integers(0, 2**16))
def test_a_map_centred_in_parts_gives_the_same_answers(case: Case, k: int, budget: int) -> None:
    block, k = case.steps[0].blocks[0], min(k, case.weights[..., 0].size)
    expected = NumpyBackend(case.weights, case.weights.dtype).best_matching_nodes(block, k)
    with pytest.MonkeyPatch.context() as patch:
        for module in (centred, search):
            patch.setattr(module, "GROUP_BYTES", budget)
        patch.setattr(search.Search, "way", lambda *_: PRODUCTS)
        assert bits(NumbaBackend(case.weights, case.weights.dtype).best_matching_nodes(block, k)) == bits(expected)


@pytest.mark.parametrize("width", [17, 33, 65])
def test_a_part_of_one_node_has_no_second_best(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (centred, search):
        monkeypatch.setattr(module, "GROUP_BYTES", 0)
    weights, samples = (np.random.default_rng(0).normal(size=shape) for shape in ((1, width, 2), (200, 2)))
    expected = NumpyBackend(weights, np.float64).best_matching_nodes(Block(samples), 2)
    found = NumbaBackend(weights, np.float64).search().best_matching_nodes(samples, 2, way=PRODUCTS)
    assert bits(found) == bits(expected)


@MANY
@given(cases(maps(longest=24, features=300)))
def test_scores_farther_apart_than_the_margin_are_in_the_order_of_the_distances(case: Case) -> None:
    """Summed in whatever order a matrix product has, and rounded as the working precision does."""
    dtype, samples = case.weights.dtype, case.steps[0].blocks[0].values
    [group] = centred.centred(tiles.as_tiles(case.weights, dtype))
    margin = score_margin(group.weights.shape[2], dtype)
    features, nodes = case.weights.shape[2], case.weights[..., 0].size
    norms = group.norms.reshape(-1)[:nodes]
    columns = group.weights.transpose(2, 0, 1, 3).reshape(features, -1)[:, :nodes]
    distances = NumpyBackend(case.weights, dtype)._totals(samples)[:, group.nodes]
    for sample, measured in zip(samples - group.centre, distances, strict=True):
        scores = norms - (2 * sample) @ columns
        radius = float(np.sqrt(np.sum(sample.astype(float) ** 2))) + group.reach
        apart = radius * (margin.for_radius * radius + margin.for_reach * group.reach) + margin.underflow
        order = np.argsort(scores)
        farthest = np.maximum.accumulate(measured[order])
        nearer = np.searchsorted(scores[order], scores[order] - dtype.type(apart)) - 1
        assert np.all(farthest[nearer[nearer >= 0]] <= measured[order][nearer >= 0])


@pytest.mark.parametrize("nodes", [63, 64, 256, 1024, 1025])
def test_products_leave_few_samples_to_the_tiles(nodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = []
    monkeypatch.setattr(search, "search_failed", lambda *arrays: left.append(arrays[-1].sum()))
    monkeypatch.setattr(search.Search, "_way_so_far", lambda *_: PRODUCTS)
    weights = np.random.default_rng(0).normal(size=(1, nodes, 20)).astype(np.float32)
    NumbaBackend(weights, np.float32).best_matching_nodes(Block(weights[0]), 2)
    assert not left


@pytest.mark.parametrize(("features", "apart", "products"), [(2, 100, False), (64, 0, True), (16, 100, False)])
def test_products_are_taken_where_many_tiles_would_be_looked_into(features: int, apart: float, products: bool) -> None:
    chance = np.random.default_rng(0)
    rows = np.arange(64)[:, np.newaxis, np.newaxis] // 4 * apart
    weights = (chance.normal(size=(64, 64, features)) + rows).astype(np.float32)
    way = search.Search(tiles.as_tiles(weights, np.float32), NumbaBackend(weights, np.float32)._share_out)
    assert (way.way(weights[::2, ::2].reshape(-1, features), 1) != TILES) == products


@pytest.mark.parametrize("dtype", DTYPES)
def test_784_features_have_the_reference_s_bits(dtype: Any) -> None:
    chance = np.random.default_rng(0)
    samples = chance.normal(size=(40, 784)).astype(dtype)
    weights = chance.normal(size=(17, 18, 784)).astype(dtype)
    steps = [OnlineStep([Block(samples)], gaussian(17, 18, dtype, sigma), 0.1) for sigma in (9.0, 1.0)]
    assert learned(NumbaBackend(weights, dtype), steps) == learned(NumpyBackend(weights, dtype), steps)


@given(cases(maps(longest=24, features=5), samples=6))
def test_a_box_holds_its_tile_s_weights_whatever_was_learned(interpreted: dict[str, ModuleType], case: Case) -> None:
    dtype = case.weights.dtype
    backend = interpreted["backend"].NumbaBackend(case.weights, dtype)
    held, room = backend._tiles, backend._room
    for segment in importlib.import_module("ksom.kernels.numba.segment").segments(case.steps):
        chance = np.random.default_rng(0)
        for sample in range(len(segment.samples)):
            segment.winners[sample] = chance.integers(held.height), chance.integers(held.width)
            interpreted["online"]._rate_tiles(sample, held, segment, room)
            interpreted["boxes"].move_boxes(
                held.low, held.high, room.least, room.most, segment.samples, None, sample, held.leeway, held.underflow
            )
        interpreted["online"].catch_up(0, len(held.weights), held, room, segment)
        count = len(held.weights)
        assert np.all(held.weights.min(axis=2) >= held.low[:, :count].T)
        assert np.all(held.weights.max(axis=2) <= held.high[:, :count].T)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_box_holds_weights_whose_order_rounding_reverses(interpreted: dict[str, ModuleType], dtype: Any) -> None:
    """Neighbouring numbers just below 1 that learn from samples just beyond −1: differences have two bits less."""
    chance, features = np.random.default_rng(0), 2000
    lower = chance.uniform(0.98, 1, features).astype(dtype)
    weights = np.array([[lower, np.nextafter(lower, dtype(1))]])
    sample = chance.uniform(-1.02, -1, (1, features)).astype(dtype)
    held = tiles.as_tiles(weights, dtype)
    rate = np.full(held.low.shape[1], 0.9999, dtype=dtype)
    interpreted["boxes"].move_boxes(held.low, held.high, rate, rate, sample, None, 0, held.leeway, held.underflow)
    learned_weights = weights + rate[0] * (sample[0] - weights)
    assert np.any(learned_weights[0, 1] < learned_weights[0, 0])
    assert np.all(learned_weights.min(axis=(0, 1)) >= held.low[:, 0])
    assert np.all(learned_weights.max(axis=(0, 1)) <= held.high[:, 0])


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("shape", [Rectangular, Hexagonal])
@pytest.mark.parametrize("kind", [Gaussian, Bubble])
@pytest.mark.parametrize("sigma", [0.7, 3.0, 20.0])
def test_no_node_of_a_tile_has_a_rate_beyond_the_tile_s(
    interpreted: dict[str, ModuleType], wrap: str, shape: Any, kind: Any, sigma: float
) -> None:
    kernels, chance = interpreted["online"], np.random.default_rng(0)
    held = tiles.as_tiles(np.zeros((34, 70, 1)), np.float64)
    [factors] = factors_of_all(kind(), shape(34, 70, wrap), [sigma], np.float64)
    [segment] = segments([OnlineStep([Block(np.zeros((20, 1)))], factors, 0.3)])
    segment.winners[:] = np.stack([chance.integers(34, size=20), chance.integers(70, size=20)], axis=1)
    room = boxes.make_room(held)
    for sample in range(20):
        kernels._rate_tiles(sample, held, segment, room)
        for tile in range(len(held.weights)):
            reached = kernels.rate_tile(tile, sample, held, segment, room)
            least, most = (room.rate.min(), room.rate.max()) if reached else (0.0, 0.0)
            assert room.least[tile] <= least <= most <= room.most[tile]


@MANY
@given(cases(maps(longest=24, features=40), samples=6))
def test_no_node_is_nearer_than_its_tile_s_box(interpreted: dict[str, ModuleType], case: Case) -> None:
    held = tiles.as_tiles(case.weights, case.weights.dtype)
    bounds = np.empty(held.low.shape[1], dtype=case.weights.dtype)
    squared = np.empty(held.weights.shape[2], dtype=case.weights.dtype)
    for samples in (block.values for step in case.steps for block in step.blocks):
        for sample in range(min(len(samples), 2)):
            interpreted["boxes"].bound_boxes(held, samples, None, sample, bounds)
            for tile in range(len(held.weights)):
                interpreted["boxes"].measure_distances(held, tile, samples, None, sample, squared)
                assert bounds[tile] <= squared.min()


@given(cases(maps(longest=24, features=5)))
def test_a_measured_box_is_the_smallest(interpreted: dict[str, ModuleType], case: Case) -> None:
    held = tiles.as_tiles(case.weights, case.weights.dtype)
    for tile in range(len(held.weights)):
        interpreted["boxes"].measure_box(held.weights_bits, tile, held.low_bits, held.high_bits, held.least_integer)
        assert np.array_equal(held.low[:, tile], held.weights[tile].min(axis=1))
        assert np.array_equal(held.high[:, tile], held.weights[tile].max(axis=1))


@given(maps(longest=300, features=100), st.sampled_from(DTYPES))
def test_tiles_hold_every_node_once_and_give_the_map_back(shape: tuple[int, int, int], dtype: Any) -> None:
    weights = np.arange(np.prod(shape)).reshape(shape) % 1000
    held = tiles.as_tiles(weights, dtype)
    assert held.weights.ctypes.data % 64 == 0
    assert held.weights.shape[2] % vectors.LANES == 0
    assert np.array_equal(tiles.as_map(held), weights)


@pytest.mark.parametrize("dtype", DTYPES)
def test_smallest_and_first_are_those_of_numpy(interpreted: dict[str, ModuleType], dtype: Any) -> None:
    values = np.random.default_rng(0).integers(0, 20, size=100).astype(dtype)
    bits = vectors.integers(values)
    least = interpreted["vectors"].smallest(bits)
    assert interpreted["vectors"].first(bits, least) == values.argmin()
    assert values[values.argmin()] == np.array([least]).view(dtype)[0]


def test_samples_may_be_in_any_order_of_memory() -> None:
    chance = np.random.default_rng(0)
    samples = chance.random((30, 4)).astype(np.float32)
    samples.flags.writeable = False
    weights = chance.random((20, 20, 4))
    results = {
        learned(NumbaBackend(weights, np.float32), [OnlineStep([Block(block)], gaussian(20, 20, np.float32, 3.0), 0.1)])
        for block in (samples, np.asfortranarray(samples), np.repeat(samples, 2, axis=0)[::2])
    }
    assert len(results) == 1


def test_weights_are_a_new_array_every_time() -> None:
    backend = NumbaBackend(np.zeros((3, 4, 2)), np.float32)
    backend.weights[:] = 1
    assert backend.weights.flags.c_contiguous
    assert not backend.weights.any()


def test_first_weights_are_copied() -> None:
    weights = np.zeros((3, 4, 2), dtype=np.float32)
    backend = NumbaBackend(weights, np.float32)
    backend.show([OnlineStep([Block(np.ones((1, 2), dtype=np.float32))], gaussian(3, 4, np.float32, 1.0), 0.5)])
    assert not weights.any()


def test_the_kernels_are_compiled_for_two_precisions_only() -> None:
    for kernel in (online.learn, online.catch_up):
        assert len(kernel.signatures) <= len(DTYPES)


def test_samples_in_memory_of_any_kind_are_searched_by_the_same_compiled_kernels(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    np.save(tmp_path / "samples.npy", samples)
    read_only = samples.view()
    read_only.flags.writeable = False
    mapped = np.load(tmp_path / "samples.npy", mmap_mode="r")
    unaligned = np.frombuffer(b"." + samples.tobytes(), dtype=np.float32, offset=1).reshape(samples.shape)
    backend = NumbaBackend(samples[:100].reshape(10, 10, 3), np.float32)
    searches = (tile_search.search, product_search.search_products, shadow_search.search_shadows)
    kernels = (*searches, tile_search.all_distances)
    known = []
    for kind in (samples, read_only, mapped, unaligned, np.asfortranarray(samples), samples[::2]):
        backend.distances(Block(kind))
        for way in (TILES, PRODUCTS, Way("shadows", 1)):
            backend.search().best_matching_nodes(kind, 2, way=way)
        known.append([list(kernel.signatures) for kernel in kernels])
    assert all(each == known[0] for each in known)


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba is not installed, and nothing has loaded it yet."""
    loaded = dict(sys.modules)
    for name in [name for name in loaded if name.startswith("ksom.kernels.")]:
        package, _, module = name.rpartition(".")
        monkeypatch.setattr(loaded[package], module, loaded[name])  # to be put back: another one takes its place
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)


@pytest.mark.usefixtures("without_numba")
def test_numba_asked_for_by_name_and_not_there_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(BackendUnavailable, match=r"backend numba cannot be loaded .*; pip install numba"):
        get_backend("numba", np.zeros((2, 2, 1)), np.float32)


@pytest.mark.usefixtures("without_numba")
def test_auto_without_numba_is_numpy_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        assert get_backend("auto", np.zeros((100, 100, 3)), np.float32, numpy_seconds=10).name == "numpy"
    assert "backend: numpy (auto: backend numba cannot be loaded" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "name", "level", "why"),
    [(0.3, "numpy", "DEBUG", "little to do"), (12.9, "numba", "INFO", "numpy would take about 13 s")],
)
def test_auto_loads_numba_where_it_is_worth_it(
    seconds: float, name: str, level: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        assert get_backend("auto", np.zeros((100, 100, 3)), np.float32, numpy_seconds=seconds).name == name
    assert [record.levelname for record in caplog.records if why in record.message] == [level]


def test_a_map_that_is_asked_much_changes_to_the_compiled_backend() -> None:
    som = KohonenSOM(100, 100, initial=np.zeros((100, 100, 3)))
    assert som.kernels.name == "numpy"
    som.expect(Work(searched=10**6), 3)
    assert som.kernels.name == "numba"


def test_a_map_that_was_trained_and_searched_can_be_copied() -> None:
    samples = np.random.default_rng(0).random((300, 40))
    som = train(samples, 6, 6, 2, algorithm="batch", backend="numba")
    copied = copy.deepcopy(som)
    np.testing.assert_array_equal(copied.best_matching_nodes(samples), som.best_matching_nodes(samples))


def test_distances_are_those_of_the_reference() -> None:
    weights, samples = np.random.default_rng(0).random((20, 21, 5)), np.random.default_rng(1).random((3, 5))
    expected = NumpyBackend(weights, np.float64).distances(Block(samples))
    assert NumbaBackend(weights, np.float64).distances(Block(samples)).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_score_is_off_by_no_more_than_half_the_margin_and_by_more_than_a_third_of_that(dtype: Any) -> None:
    """Of one feature, so that rounding adds up to much of the bound; off from the squared distance less ‖x − c‖²."""
    chance = np.random.default_rng(0)
    centre, sample, weight = (chance.normal(size=10**6).astype(dtype) for _ in range(3))
    measured = (weight - sample) ** 2
    from_centre, of_node = sample - centre, weight - centre
    score = of_node**2 - 2 * from_centre * of_node
    apart, margin = np.abs(from_centre.astype(np.longdouble)), score_margin(1, dtype)
    reach = np.abs(of_node.astype(np.longdouble))
    half = (apart + reach) * (margin.for_radius * (apart + reach) + margin.for_reach * reach) / 2 + margin.underflow
    off = np.abs(measured.astype(np.longdouble) - apart**2 - score)
    assert 1 / 3 < np.max(off / half) < 1
