"""The jax backend learns what the reference learns, compiles once, and says so in one line when it cannot."""

import functools
import hashlib
import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from ksom.algorithms import Batch, Online
from ksom.errors import BackendUnavailable, DataError
from ksom.hooks.hook import Hook
from ksom.kernels import get_backend, numpy_backend
from ksom.kernels.backend import OnlineStep
from ksom.kernels.jax import backend as jax_backend
from ksom.kernels.jax import batch, devices, online, search
from ksom.kernels.jax.backend import JaxBackend
from ksom.kernels.jax.planes import Shape
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.method.neighbourhood import Bubble, Epanechnikov, Factors, Gaussian, factors_of_all, whole_factors
from ksom.method.quality import quality
from ksom.samples import Block
from ksom.trainer import Trainer
from tests import hard_cases
from tests.moved import move_to_means

DTYPES = ["float32", "float64"]

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
"""What is promised of an iteration, relative to the data; on a processor the bits themselves are the reference's."""

SHAPES = [(1, 1, 1), (2, 3, 2), (10, 13, 3), (17, 20, 18)]
"""Few, because each is compiled: of one group of nodes, of few, of many; of one block of features and of two."""

KINDS = {
    **{name: kind for name, kind in hard_cases.KINDS.items() if name not in ("far off", "subnormal")},
    "tiny": lambda chance, shape: chance.normal(size=shape) * 1e-15,  # devices take squares below 1e-38 for 0
    "huge": lambda chance, shape: chance.normal(size=shape) * 1e18,  # scores overflow
}
"""Values for which scores by products are wrong in one way or another."""

EVERYTHING = [pytest.param(kind, id=name) for name, kind in KINDS.items()]


class Pair(NamedTuple):
    """The reference and the backend, with the same weights, and samples for them."""

    reference: NumpyBackend
    backend: JaxBackend
    samples: NDArray[Any]

    def show(self, steps: list[OnlineStep]) -> None:
        self.reference.show(steps)
        self.backend.show(steps)

    def assert_same_weights(self) -> None:
        expected = self.reference.weights
        expected[np.abs(expected) < np.finfo(expected.dtype).tiny] = 0  # devices take what is below the normal for 0
        assert_same(self.backend.weights, expected)


def assert_same(found: NDArray[Any], expected: NDArray[Any]) -> None:
    """On a processor to the bit, elsewhere within the tolerance."""
    assert found.dtype == expected.dtype
    if jax.default_backend() == "cpu":
        assert np.ascontiguousarray(found).tobytes() == np.ascontiguousarray(expected).tobytes()
    else:
        room = TOLERANCE[expected.dtype.name]
        np.testing.assert_allclose(found, expected, rtol=room, atol=room * np.abs(expected).max())


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=DTYPES)
def dtype(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=EVERYTHING)
def pair(request: pytest.FixtureRequest, shape: Any, dtype: str) -> Pair:
    chance = np.random.default_rng(sum(shape))
    weights, samples = (request.param(chance, size).astype(dtype) for size in (shape, (50, shape[2])))
    return Pair(NumpyBackend(weights, dtype), JaxBackend(weights, dtype), samples)


def gaussian(shape: Any, dtype: str, sigma: float) -> Factors:
    return next(factors_of_all(Gaussian(), Rectangular(*shape[:2]), [sigma], dtype))


def whole_gaussian(shape: Any, sigma: float) -> Factors:
    return whole_factors(Gaussian(), Rectangular(*shape[:2]), sigma)


def digest(*arrays: NDArray[Any]) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


# The reference's results.


def test_the_nearest_nodes_are_the_reference_s(pair: Pair, shape: Any) -> None:
    k = min(2, shape[0] * shape[1])
    expected = pair.reference.best_matching_nodes(Block(pair.samples), k)
    nodes, squared = pair.backend.best_matching_nodes(Block(pair.samples), k)
    np.testing.assert_array_equal(nodes, expected[0])
    assert_same(squared, expected[1])


def test_online_training_is_the_reference_s(pair: Pair, shape: Any, dtype: str) -> None:
    blocks = np.split(pair.samples, [20, 25])
    tables = [gaussian(shape, dtype, sigma) for sigma in (9.0, 1.5, 0.1)]
    pair.show([OnlineStep([Block(block)], *how) for block, *how in zip(blocks, tables, (0.5, 0.1, 1.0), strict=True)])
    pair.assert_same_weights()


def test_batch_training_is_the_reference_s(pair: Pair, shape: Any) -> None:
    for sigma in (9.0, 0.7):
        expected, found = (each.node_sums([Block(pair.samples)]) for each in (pair.reference, pair.backend))
        assert_same(found.sums, expected.sums)
        assert_same(found.counts, expected.counts)
        for backend in (pair.reference, pair.backend):
            move_to_means(backend, expected, whole_gaussian(shape, sigma))
        pair.assert_same_weights()


@pytest.mark.parametrize("lattice", [Rectangular(6, 7), Hexagonal(6, 7), Hexagonal(6, 7, "both")], ids=str)
@pytest.mark.parametrize("neighbourhood", [Gaussian(), Bubble(), Epanechnikov()], ids=str)
def test_training_on_any_lattice_with_any_neighbourhood_is_the_reference_s(
    lattice: Any, neighbourhood: Any, dtype: str
) -> None:
    chance = np.random.default_rng(0)
    weights, samples = chance.random((6, 7, 3)).astype(dtype), chance.random((50, 3)).astype(dtype)
    pair = Pair(NumpyBackend(weights, dtype), JaxBackend(weights, dtype), samples)
    tables = factors_of_all(neighbourhood, lattice, [3.0, 1.2], dtype)
    pair.show([OnlineStep([Block(samples)], table, 0.3) for table in tables])
    pair.assert_same_weights()
    sums = pair.reference.node_sums([Block(samples)])
    for backend in (pair.reference, pair.backend):
        move_to_means(backend, sums, whole_factors(neighbourhood, lattice, 2.3))
    pair.assert_same_weights()


def test_distances_are_the_reference_s(pair: Pair) -> None:
    samples = pair.samples[:3]
    assert_same(pair.backend.distances(Block(samples)), pair.reference.distances(Block(samples)))


def test_many_samples_and_many_steps_are_learned_piece_by_piece(dtype: str) -> None:
    chance, shape = np.random.default_rng(0), (10, 13, 3)
    weights, samples = chance.random(shape), chance.random((2500, 3)).astype(dtype)
    pair = Pair(NumpyBackend(weights, dtype), JaxBackend(weights, dtype), samples)
    assert online.PIECE_ITEMS < 1500
    one_each = [OnlineStep([Block(sample[np.newaxis])], gaussian(shape, dtype, 1.0), 0.1) for sample in samples[:1500]]
    pair.show([OnlineStep([Block(samples[:700]), Block(samples[700:])], gaussian(shape, dtype, 3.0), 0.1), *one_each])
    pair.assert_same_weights()


@pytest.mark.parametrize("cut", [10**6, 7])
def test_blocks_of_a_batch_are_added_in_order(dtype: str, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    weights, samples = chance.normal(size=(10, 13, 3)), chance.normal(size=(333, 3)).astype(dtype)
    for module in (numpy_backend, jax_backend):
        monkeypatch.setattr(module, "SUM_ROWS", 64)
    monkeypatch.setattr(jax_backend, "SENT_BYTES", 2000)  # two or one of them in one call
    blocks = [Block(samples[start : start + cut]) for start in range(0, len(samples), cut)]
    made = NumpyBackend(weights, dtype), JaxBackend(weights, dtype)
    assert_same(made[1].node_sums(blocks).sums, made[0].node_sums(blocks).sums)
    nodes, _ = made[1].best_matching_nodes(Block(samples), 1)
    np.testing.assert_array_equal(nodes, made[0].best_matching_nodes(Block(samples), 1)[0])


def test_the_shortlist_settles_nearly_all_samples() -> None:
    chance = np.random.default_rng(0)
    centres = 3 * chance.normal(size=(64, 18))
    weights, samples = ((centres[chance.integers(64, size=n)] + chance.normal(size=(n, 18))) for n in (340, 1024))
    backend = JaxBackend(weights.reshape(17, 20, 18), "float32")
    with jax.enable_x64(True):
        shortlisted = jax.jit(functools.partial(search._shortlisted, shape=Shape(17, 20, 18), k=2))
        ready = search.scored(backend._planes)
        *_, is_settled = shortlisted(ready, samples.astype(np.float32), infinity=backend._infinity)
    assert np.asarray(is_settled).mean() > 0.99


@pytest.mark.parametrize("algorithm", [Online, Batch])
def test_a_whole_training_is_the_reference_s(algorithm: Any, dtype: str) -> None:
    samples = np.random.default_rng(0).random((300, 3))
    soms = []
    for backend in ("numpy", "jax"):
        som = KohonenSOM(10, 13, dtype=dtype, backend=backend)
        Trainer(som, samples, iterations=10, batch_size=64, shuffle=True, algorithm=algorithm()).train()
        soms.append(som)
    np.testing.assert_allclose(soms[1].weights, soms[0].weights, rtol=0, atol=10 * TOLERANCE[dtype])
    assert quality(soms[1], samples) == pytest.approx(quality(soms[0], samples), rel=1e-3)


def test_samples_may_be_in_any_order_of_memory() -> None:
    samples = np.random.default_rng(0).random((50, 3))
    samples.flags.writeable = False
    found = {
        digest(*JaxBackend(samples[:12].reshape(3, 4, 3), "float64").best_matching_nodes(Block(each), 1))
        for each in (samples, np.asfortranarray(samples), np.repeat(samples, 2, axis=0)[::2])
    }
    assert len(found) == 1


def test_without_samples_nothing_changes() -> None:
    weights = np.random.default_rng(0).random((2, 3, 2))
    backend = JaxBackend(weights, "float64")
    backend.show([OnlineStep([], gaussian((2, 3), "float64", 1.0), 0.1)])
    move_to_means(backend, backend.node_sums([]), whole_gaussian((2, 3), 1.0))
    assert_same(backend.weights, weights)


# Compilation and memory.


class Compiled(Hook):
    """Counts what has been compiled, after every iteration."""

    every = 1

    def __init__(self) -> None:
        self.counts: list[int] = []

    def after_step(self, run: Any) -> None:
        quality(run, run.probe)
        kernels = (
            online.learn,
            batch.add_blocks,
            batch.moved_to_means,
            search.best_matching_nodes,
            search.scored,
        )
        self.counts.append(sum(kernel._cache_size() for kernel in kernels))


@pytest.mark.parametrize("algorithm", [Online, Batch])
def test_nothing_is_compiled_after_the_first_iteration(algorithm: Any) -> None:
    """Not for a smaller batch at the end of an epoch, nor for another reach of the neighbourhood."""
    samples, hook = np.random.default_rng(0).random((107, 5)), Compiled()
    som = KohonenSOM(9, 11, backend="jax")
    trainer = Trainer(som, samples, iterations=12, batch_size=20, shuffle=True, algorithm=algorithm(), hooks=[hook])
    trainer.train()
    assert len(hook.counts) == 12
    assert len(set(hook.counts)) == 1


def test_nothing_is_compiled_for_a_call_of_other_length() -> None:
    backend, sizes = JaxBackend(np.zeros((10, 13, 3)), "float32"), set()
    samples = np.ones((2000, 3), np.float32)
    for count in (1, 2000, 30):
        backend.show([OnlineStep([Block(samples[:count])], gaussian((10, 13), "float32", 2.0), 0.1)])
        sizes.add(online.learn._cache_size())
    assert len(sizes) == 1


def test_no_array_of_samples_by_nodes_is_made() -> None:
    backend = JaxBackend(np.random.default_rng(0).random((50, 50, 2)), "float32")
    samples = np.random.default_rng(1).random((20_000, 2), dtype=np.float32)
    with jax.enable_x64(True):
        sums = batch.Sums(np.zeros((2500, 2)), np.zeros((2500, 1)))
        sent = backend._sent(samples, "sums")
        lowered = batch.add_blocks.lower(
            sums,
            search.scored(backend._planes),
            sent,
            backend._infinity,
            mesh=backend._mesh,
            shape=backend._shape,
        )
    assert lowered.compile().memory_analysis().temp_size_in_bytes < 20e6  # 20,000 × 2,500 float32 are 200 MB


def test_float64_is_switched_on_for_ksom_alone() -> None:
    """Not for a program that uses it, nor for a data set that makes its samples with JAX."""
    backend, switched_on = JaxBackend(np.zeros((2, 3, 2)), "float64"), []

    def samples() -> Any:
        switched_on.append(jax.config.jax_enable_x64)
        yield Block(np.ones((3, 2)))

    backend.show([OnlineStep(samples(), gaussian((2, 3), "float64", 1.0), 0.1)])
    backend.node_sums(samples())
    assert switched_on == [False, False]
    assert jnp.ones(1).dtype == np.float32


# Runs.


def test_a_training_resumed_from_its_state_equals_one_never_stopped() -> None:
    samples = np.random.default_rng(0).random((64, 3))

    def trainer() -> Trainer:
        return Trainer(KohonenSOM(10, 13, backend="jax"), samples, iterations=9, batch_size=20, shuffle=True)

    whole, stopped, resumed = trainer(), trainer(), trainer()
    whole.train()
    stopped._learn(4)
    resumed.load_state(stopped.state(), stopped.som.weights)
    resumed.train()
    assert digest(resumed.som.weights) == digest(whole.som.weights)


TRAINING = """
    import numpy as np
    from ksom.kohonensom_model import KohonenSOM
    from ksom.trainer import Trainer
    samples = np.random.default_rng(0).normal(size=(1000, 3))
    som = KohonenSOM(10, 13, backend="jax")
    Trainer(som, samples, iterations=3, algorithm="batch").train()
    Trainer(som, samples[:50], iterations=2, algorithm="online").train()
    nodes = som.best_matching_nodes(samples, 2)
"""

ON_FOUR_DEVICES = f"""
    import hashlib, jax
    from ksom.kernels.jax import backend as jax_backend
    assert len(jax.devices()) == 4
    jax_backend.SUM_ROWS = 64
    {TRAINING}
    print(hashlib.sha256(som.weights.tobytes() + nodes.tobytes()).hexdigest())
"""


def test_four_devices_give_the_bits_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_backend, "SUM_ROWS", 64)
    one: dict[str, Any] = {}
    exec(textwrap.dedent(TRAINING), one)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    command = [sys.executable, "-c", textwrap.dedent(ON_FOUR_DEVICES)]
    four = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    assert four == digest(one["som"].weights, one["nodes"])


# What goes wrong.


@pytest.fixture
def without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX is not installed, and nothing has loaded it yet."""
    for name in [name for name in sys.modules if name.startswith("ksom.kernels.") and "jax" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delattr("ksom.kernels.jax.backend")


@pytest.mark.usefixtures("without_jax")
def test_jax_asked_for_and_not_there_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(BackendUnavailable, match=r"backend jax cannot be loaded .*; pip install 'kohonen2\[jax\]'"):
        get_backend("jax", np.zeros((2, 2, 1)), "float32")


@pytest.mark.parametrize("platform", ["cuda", "abacus"])
def test_a_device_that_is_not_there_is_one_line_and_no_run(platform: str, tmp_path: Any) -> None:
    command = [sys.executable, "-m", "ksom", "train", "--output-dir", "run", "BACKEND", "jax"]
    environment = {**os.environ, "JAX_PLATFORMS": platform}
    process = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
    assert process.returncode == 1
    [line] = process.stderr.splitlines()
    assert f"backend jax: JAX_PLATFORMS must name devices that JAX can use here, got {platform}" in line
    assert not (tmp_path / "run").exists()


def test_a_map_too_large_for_the_device_says_how_much_is_needed_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_free_bytes", lambda device: 20_000)
    told = r"backend jax: 50 × 60 nodes × 2 features of float32 need 7.2e-05 GB on every device, .* has 2e-05 GB"
    with pytest.raises(DataError, match=told):
        Trainer(KohonenSOM(50, 60, backend="jax"), [[0.0, 1.0]])


def test_a_batch_needs_room_for_sums_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_free_bytes", lambda device: 80_000)
    som = KohonenSOM(50, 60, initial=np.zeros((50, 60, 2)), backend="jax")
    with pytest.raises(DataError, match=r"need 0\.000312 GB on every device"):
        som.kernels.node_sums([Block(np.zeros((1, 2), np.float32))])


@pytest.mark.parametrize(
    ("platform", "told", "free"),
    [("gpu", {"bytes_limit": 100, "bytes_in_use": 30}, 70), ("gpu", None, None), ("gpu", {"peak": 1}, None)],
)
def test_a_device_tells_how_much_memory_it_has_left(platform: str, told: Any, free: int | None) -> None:
    assert devices._free_bytes(SimpleNamespace(platform=platform, memory_stats=lambda: told)) == free


def test_an_exhausted_device_is_one_clear_line() -> None:
    told = r"too little memory for a map .*; make the map smaller"
    with pytest.raises(DataError, match=told) as caught, devices.computing("a map"):
        jnp.zeros(2**50).block_until_ready()
    assert "\n" not in str(caught.value)


def test_other_errors_of_jax_keep_their_names() -> None:
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"), devices.computing("a map"):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")
