"""Sparse samples make the map that the same samples in full make, without ever being made full."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from numpy.typing import NDArray

import ksom
from ksom.errors import BackendUnavailable, DataError, KsomError
from ksom.evaluation import evaluate
from ksom.feed import Feed
from ksom.kernels.node_sums import NodeSums
from ksom.kernels.numba import backend as numba_backend
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.method.principal_axes import principal_axes
from ksom.method.quality import quality
from ksom.samples import Block
from ksom.sparse_rows import SparseRows, as_sparse_rows
from ksom.summary import summarise
from ksom.tasks.past_run import examine
from tests.hard_cases import DTYPES, KINDS, maps
from tests.whole_sums import sum_of_parts


def with_zeros(array: NDArray[Any], share: float, seed: int) -> NDArray[Any]:
    """The same values, of which only a share is left; some rows and columns without any."""
    chance = np.random.default_rng(seed)
    left = (chance.random(array.shape) < share) & (chance.random((len(array), 1)) < 0.9)
    return np.where(left & (chance.random(array.shape[1]) < 0.9), array, 0)


def sparse(array: NDArray[Any]) -> SparseRows:
    return as_sparse_rows(scipy.sparse.csr_array(array), "samples")


def counts(seed: int = 0, size: int = 300, features: int = 40) -> NDArray[np.float64]:
    """Small whole numbers, mostly 0, with some structure."""
    chance = np.random.default_rng(seed)
    return chance.poisson(chance.gamma(0.3, 1.0, size=(5, features))[chance.integers(5, size=size)]).astype(np.float64)


class Hard:
    """A map, hard samples with many zeros, and how they come."""

    def __init__(self, shape: tuple[int, int, int], dtype: Any, kind: str, share: float, seed: int) -> None:
        chance = np.random.default_rng(seed)
        self.weights = KINDS[kind](chance, shape).astype(dtype)
        samples = with_zeros(KINDS[kind](chance, (int(chance.integers(1, 80)), shape[2])), share, seed)
        self.samples = sparse(samples.astype(dtype))
        self.sample_weights = chance.choice([0.5, 1.0, 2.0], size=len(samples)) if seed % 2 else None
        self.k = min(1 + seed % 2, shape[0] * shape[1])

    def block(self, samples: Any = None) -> Block:
        return Block(self.samples if samples is None else samples, 0, None, self.sample_weights)

    def answers(self, backend: Any, block_rows: int = 4096) -> list[bytes]:
        """All that a backend tells of the samples, to the bit."""
        blocks = [self.block().rows(first, first + block_rows) for first in range(0, len(self.samples), block_rows)]
        sums = sum_of_parts(backend.node_sums, blocks)
        found = [backend.best_matching_nodes(block, self.k) for block in blocks]
        nodes, totals = (np.concatenate([each[i] for each in found]) for i in range(2))
        return [a.tobytes() for a in (nodes, totals, sums.sums, sums.counts, backend.distances(self.block()))]


hard = st.builds(
    Hard,
    maps(),
    st.sampled_from(DTYPES),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    st.integers(0, 2**16),
)


@settings(max_examples=100)
@given(hard, st.integers(1, 3), st.integers(1, 90))
def test_the_kernels_have_the_reference_s_bits(case: Hard, threads: int, block_rows: int) -> None:
    dtype = case.weights.dtype
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_backend, "_PARALLEL_WORK", 0)
        patch.setattr("ksom.kernels.numba.sparse.SHARE_ROWS", 7)
        compiled = case.answers(NumbaBackend(case.weights, dtype, threads), block_rows)
    assert compiled == case.answers(NumpyBackend(case.weights, dtype))


@settings(max_examples=20)
@given(hard)
def test_so_has_their_source(interpreted: dict[str, ModuleType], case: Hard) -> None:
    backend = interpreted["backend"].NumbaBackend(case.weights, case.weights.dtype)
    assert case.answers(backend) == case.answers(NumpyBackend(case.weights, case.weights.dtype))


@given(hard)
def test_distances_are_those_in_full_but_for_rounding(case: Hard) -> None:
    backend = NumpyBackend(case.weights.astype(np.float64), np.float64)
    samples = case.samples.astype(np.float64)
    found, expected = backend.distances(Block(samples)), backend.distances(Block(samples.toarray()))
    largest = max(1e-300, float(np.abs(case.weights).max()), float(np.abs(samples.toarray()).max()))
    assert np.allclose(found / largest, expected / largest, rtol=0, atol=1e-7 * case.weights.shape[2])


@pytest.mark.parametrize("backend", [NumpyBackend, NumbaBackend])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_have_the_bits_of_those_in_full(backend: Any, weighted: bool) -> None:
    array = with_zeros(np.random.default_rng(0).normal(size=(9000, 30)), 0.2, 0)
    weights = np.random.default_rng(1).uniform(0.5, 2, size=9000) if weighted else None
    node_sums = backend(array[:20].reshape(4, 5, 30), np.float64).node_sums

    def summed(samples: Any) -> NodeSums:
        blocks = [Block(samples, 0, None, weights).rows(start, start + 1000) for start in range(0, 9000, 1000)]
        return sum_of_parts(node_sums, blocks)

    found, expected = summed(sparse(array)), summed(array)
    assert found.sums.tobytes() == expected.sums.tobytes()
    assert found.counts.tobytes() == expected.counts.tobytes()


def test_a_sample_that_is_a_node_s_weights_is_at_distance_0() -> None:
    chance = np.random.default_rng(0)
    array = with_zeros(chance.normal(size=(100, 50)), 0.3, 0)
    for backend in (NumpyBackend(array[:, np.newaxis], np.float64), NumbaBackend(array[:, np.newaxis], np.float64)):
        nodes, totals = backend.best_matching_nodes(Block(sparse(array)), 1)
        assert (totals >= 0).all()
        assert np.abs(totals).max() < 1e-13
        assert np.array_equal(array[nodes[:, 0]], array)


WAYS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "samples first": {"initial": "samples"},
    "a sheet first": {"initial": "pca"},
    "shuffled mini-batches": {"batch_size": 70, "shuffle": True},
    "weighted": {"sample_weights": np.arange(300) % 4},
    "scaled": {"scaling": "minmax"},
    "some features count more": {"feature_weights": [1 + i % 3 for i in range(40)]},
    "on a torus": {"lattice": ksom.Hexagonal(6, 5, wrap="both")},
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_batch_training_makes_the_map_of_the_samples_in_full(way: dict[str, Any], backend: str) -> None:
    def trained(samples: Any) -> ksom.KohonenSOM:
        how = {"initial": "random", **way}
        return ksom.train(samples, 6, 5, 10, 3, algorithm="batch", dtype="float64", backend=backend, **how)

    matrix = scipy.sparse.csr_matrix(counts())
    som, expected = trained(matrix), trained(counts())
    assert np.abs(som.weights - expected.weights).max() <= 1e-12
    assert np.array_equal(som.best_matching_nodes(matrix, 2), expected.best_matching_nodes(counts(), 2))
    assert np.allclose(som.transform(matrix), expected.transform(counts()), rtol=0, atol=1e-9)
    assert np.allclose(quality(som, matrix), quality(expected, counts()), rtol=1e-12)


def test_nothing_need_be_said_to_train_on_them() -> None:
    som, expected = (ksom.train(each, dtype="float64") for each in (scipy.sparse.csr_array(counts()), counts()))
    assert np.abs(som.weights - expected.weights).max() <= 1e-12


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_so_does_it_of_directions(backend: str) -> None:
    array = counts() + np.eye(300, 40)
    array = array[array.any(axis=1)]

    def trained(samples: Any) -> ksom.KohonenSOM:
        som = ksom.KohonenSOM(5, 4, distance="cosine", initial="random", dtype="float64", backend=backend)
        ksom.Trainer(som, samples, iterations=10, algorithm="batch").train()
        return som

    som, expected = trained(scipy.sparse.csr_matrix(array)), trained(array)
    assert np.abs(som.weights - expected.weights).max() <= 1e-12
    assert np.allclose(quality(som, scipy.sparse.csr_matrix(array)), quality(expected, array), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_form_is_one_map(dtype: str) -> None:
    """Zeros that are stored, the order of what is stored, and the kind of matrix change no bit, nor the digest."""
    matrix = scipy.sparse.csr_matrix(counts())
    stored = matrix.tolil()
    with_stored_zeros = scipy.sparse.csr_matrix(
        (
            np.append(matrix.data, [0.0]),
            np.append(matrix.indices, [39]),
            np.append(matrix.indptr[:-1], len(matrix.data) + 1),
        ),
        shape=matrix.shape,
    )
    backwards = matrix[:, ::-1][:, ::-1]
    forms = [matrix, stored, with_stored_zeros, backwards, scipy.sparse.csc_array(matrix)]
    soms = [ksom.train(form, 5, 5, 5, algorithm="batch", dtype=dtype) for form in forms]
    assert len({som.weights.tobytes() for som in soms}) == 1
    assert len({Feed(ksom.Dataset(form)).digest for form in forms}) == 1


def test_every_measure_is_that_of_the_samples_in_full() -> None:
    som = ksom.train(counts(), 5, 4, 5, dtype="float64")
    labels = np.arange(300) % 3
    found, expected = (evaluate(som, each, labels) for each in (scipy.sparse.csr_matrix(counts()), counts()))
    assert [name for name, *_ in found.measures] == [name for name, *_ in expected.measures]
    for one, other in zip(found.measures, expected.measures, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9), one.name


def test_other_samples_have_another_digest() -> None:
    matrix = scipy.sparse.csr_matrix(counts())
    moved = scipy.sparse.csr_matrix((matrix.data, np.roll(matrix.indices, 1), matrix.indptr), shape=matrix.shape)
    turned = matrix[::-1]
    assert len({Feed(ksom.Dataset(each)).digest for each in (matrix, 2 * matrix, moved, turned, counts())}) == 5


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("features", [30, 1100])
def test_principal_axes_are_those_in_full(features: int, weighted: bool) -> None:
    array = counts(size=4500, features=features)
    weights = np.random.default_rng(0).uniform(0.5, 2, size=4500) if weighted else None
    matrix = scipy.sparse.csr_matrix(array)
    found, expected = (principal_axes(Feed(ksom.Dataset(each, weights)).blocks) for each in (matrix, array))
    assert all(np.allclose(*pair, rtol=1e-9, atol=1e-12) for pair in zip(found, expected, strict=True))


def test_the_feed_tells_what_it_tells_of_the_samples_in_full() -> None:
    weights = np.random.default_rng(0).uniform(0.5, 2, size=5000)
    array = counts(size=5000)
    datasets = [ksom.Dataset(each, weights) for each in (scipy.sparse.csr_matrix(array), array)]
    found, expected = map(summarise, datasets)
    for name in ("low", "high", "mean", "deviation"):
        assert np.allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-12), name
    found, expected = map(Feed, datasets)
    assert found.is_sparse
    assert isinstance(found.probe, SparseRows)
    assert np.array_equal(found.probe.toarray(), expected.probe)


class Slices(ksom.Dataset):
    """Samples that a user reads from somewhere, as matrices of scipy."""

    def __init__(self) -> None:
        self.matrix = scipy.sparse.csc_matrix(counts())

    def __len__(self) -> int:
        return 300

    @property
    def features(self) -> int:
        return 40

    def rows(self, index: Any) -> Any:
        return self.matrix.tocsr()[index]


def test_a_data_set_of_one_s_own_may_hand_out_matrices() -> None:
    som = ksom.train(Slices(), 4, 4, 5, algorithm="batch")
    assert np.array_equal(som.weights, ksom.train(counts(), 4, 4, 5, algorithm="batch", dtype="float32").weights)


def test_an_experiment_takes_a_file_of_scipy_s_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    """With a film and a picture of 40 features, and all hooks that there are by default."""
    scipy.sparse.save_npz(tmp_path / "words.npz", scipy.sparse.csr_matrix(counts()))
    (tmp_path / "words.yaml").write_text(
        "DATASET: {NAME: Array, PATH: words.npz}\n"
        "MODEL: {HEIGHT: 4, WIDTH: 5, INITIAL: random}\n"
        "TRAINER: {ITERATIONS: 12, ALGORITHM: batch}\n"
        "HOOKS: {PICTURE: {}}\n"
    )
    whole = ksom.Experiment(tmp_path / "words.yaml", output_dir=tmp_path / "whole").run()
    assert (tmp_path / "whole" / "map.png").exists()
    stops = ["HOOKS.TIMELIMIT.SECONDS", "1e-9"]
    assert ksom.Experiment(tmp_path / "words.yaml", stops, tmp_path / "stopped").run().status == "stopped"
    resumed = ksom.Experiment(tmp_path / "words.yaml", output_dir=tmp_path / "stopped").run(resume=True)
    assert np.array_equal(resumed.som.weights, whole.som.weights)
    assert np.array_equal(
        whole.som.weights, ksom.train(counts(), 4, 5, 12, algorithm="batch", initial="random").weights
    )


def test_a_run_with_sparse_data_is_examined(tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "words.npz", scipy.sparse.csr_matrix(counts()))
    asked = ["DATASET.NAME", "Array", "DATASET.PATH", str(tmp_path / "words.npz"), "TRAINER.ALGORITHM", "batch"]
    ksom.Experiment(overrides=asked, output_dir=tmp_path / "run").run()
    assert examine(tmp_path / "run").notes == []


def trains(matrix: Any, **how: Any) -> Callable[[], Any]:
    return lambda: ksom.train(scipy.sparse.csr_matrix(matrix), 3, 3, 2, **{"algorithm": "batch", **how})


def measures(distance: str, matrix: Any) -> Callable[[], Any]:
    som = ksom.KohonenSOM(2, 2, distance=distance, initial=np.ones((2, 2, 40)))
    return lambda: som.best_matching_nodes(scipy.sparse.csr_matrix(matrix))


def changed(value: float) -> NDArray[np.float64]:
    array = counts()
    array[7, 5] = value
    return array


REFUSED: dict[str, tuple[Callable[[], Any], type[KsomError], str]] = {
    "a missing value": (
        trains(changed(np.nan)),
        DataError,
        "dataset Dataset: row 7, column 5 is nan; sparse samples must be finite, and cannot have missing values: drop",
    ),
    "even where they may be missing": (
        trains(changed(np.nan), missing="keep"),
        DataError,
        "row 7, column 5 is nan; sparse",
    ),
    "infinity": (trains(changed(-np.inf)), DataError, "row 7, column 5 is -inf; sparse samples must be finite"),
    "too large for float32": (trains(changed(1e30)), DataError, r"values reach 1e\+30, .* use dtype float64"),
    "online training": (
        trains(counts(), algorithm="online"),
        DataError,
        "its samples are sparse, but Online shows samples one by one and moves every feature by each; train batch",
    ),
    "a scaling that moves 0": (
        trains(counts(), scaling="standard"),
        DataError,
        "the scaling Standard moves 0, so that sparse samples would become dense; take none, or give the samples as an",
    ),
    "a scaling that bends": (
        trains(counts(), scaling="log1p+standard"),
        DataError,
        "the scaling LogStandard moves 0, so that sparse samples would become dense",
    ),
    "even about 0": (
        trains(np.concatenate([np.eye(40), -np.eye(40)]), scaling="log1p+standard"),
        DataError,
        "the scaling LogStandard moves 0, so that sparse samples would become dense",
    ),
    "a scaling by quantiles": (
        trains(counts(), scaling="rank"),
        DataError,
        "dataset Dataset: the scaling goes by quantiles, for which sparse samples would become dense; take none, or",
    ),
    "another distance": (
        measures("manhattan", counts()),
        DataError,
        "samples: sparse samples are compared by the distances euclidean and cosine, not Manhattan; take one of them",
    ),
    "no direction": (
        measures("cosine", np.zeros((3, 40))),
        DataError,
        "samples: row 0 has only zeros, so no direction",
    ),
    "other features": (
        measures("euclidean", np.ones((3, 4))),
        DataError,
        "samples: the samples must have 40 features, got 4",
    ),
    "no sample": (
        trains(np.ones((0, 4))),
        DataError,
        r"must have at least one sample and one feature, got the shape \(0, 4\)",
    ),
    "jax": (
        trains(counts(), backend="jax"),
        BackendUnavailable,
        "backend jax cannot take sparse samples; take the backend numba or numpy",
    ),
}


@pytest.mark.parametrize(("call", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_told_in_one_line(call: Callable[[], Any], error: type[KsomError], told: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert re.search(told, str(raised.value))
    assert "\n" not in str(raised.value)


def test_another_distance_is_refused_before_anything_is_learned() -> None:
    som = ksom.KohonenSOM(2, 2, distance="chebyshev", initial="random")
    with pytest.raises(DataError, match="euclidean and cosine, not Chebyshev"):
        ksom.Trainer(som, scipy.sparse.csr_matrix(counts()), algorithm="batch")
    assert not som.is_initialised


TRAINS = """
import sys
import numpy as np, scipy.sparse
from pathlib import Path
import ksom
size, features, each = map(int, sys.argv[2:])

def matrix(size):
    chance = np.random.default_rng(0)
    columns = chance.integers(features, size=(size, 1)) + np.arange(each) * (features // each)
    columns = np.sort(columns % features, axis=1).astype(np.int32)
    begins = np.arange(0, size * each + 1, each)
    return scipy.sparse.csr_matrix((np.ones(size * each, np.float32), columns.ravel(), begins), (size, features))

def train(samples):
    som = ksom.KohonenSOM(5, 5, backend=sys.argv[1], threads=1)
    ksom.Trainer(som, samples, iterations=2, algorithm="batch", shuffle=True).train()
    som.best_matching_nodes(samples)
    return som

def resident(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

train(matrix(50))
samples = matrix(size)
before = resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
som = train(samples)
stored = samples.data.nbytes + samples.indices.nbytes + samples.indptr.nbytes
print(resident("VmHWM") - before, som.peak_memory(features), stored)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell what is resident")
@pytest.mark.parametrize("backend", ["numba"])
def test_memory_is_that_of_the_map_and_of_what_is_stored(backend: str) -> None:
    """In full, these samples would take 40 GB."""
    command = [sys.executable, "-c", TRAINS, backend, "200000", "50000", "8"]
    peak, stated, stored = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())
    assert peak <= stated + 4 * stored
    assert peak < 200e6
