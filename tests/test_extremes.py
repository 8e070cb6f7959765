"""Maps and data at the edges of what is possible train to finite weights, and leave the data as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom import train
from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.errors import DataError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.quality import quality, quantization_error, topographic_error
from ksom.samples import BLOCK_ROWS
from ksom.trainer import Trainer

SAMPLES = np.random.default_rng(0).random((12, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shuffle", [False, True])
@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    size=st.integers(1, 5),
    features=st.integers(1, 5),
    batch_size=st.integers(0, 6),
    iterations=st.integers(1, 4),
    initial=st.sampled_from(["random", "samples"]),
    seed=st.integers(0, 2**63 - 1),
    algorithm=st.sampled_from(["online", "batch"]),
)
def test_any_small_training_stays_in_the_data_s_range(
    *, dtype, shuffle, height, width, size, features, batch_size, iterations, initial, seed, algorithm
):
    samples = np.random.default_rng(seed % 97).normal(size=(size, features))
    som = KohonenSOM(height, width, dtype=dtype, initial=initial)
    how = {"iterations": iterations, "batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    Trainer(som, samples, algorithm=algorithm, **how).train()
    assert som.weights.shape == (height, width, features)
    assert som.weights.dtype == dtype
    room = 1e-5 * np.abs(samples).max()
    assert (som.weights >= samples.min(axis=0) - room).all()
    assert (som.weights <= samples.max(axis=0) + room).all()
    assert all(np.isfinite(quality(som, samples)))


@pytest.mark.parametrize("sides", [(1, 1), (2, 2), (1, 50), (50, 1)])
@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([[3.0]], id="one number"),
        pytest.param(SAMPLES[:1], id="one sample"),
        pytest.param(SAMPLES[:, :1], id="one feature"),
        pytest.param(np.full((9, 4), 7.0), id="constant"),
        pytest.param(np.zeros((9, 4)), id="zeros"),
        pytest.param(np.random.default_rng(0).random((3, 1000)), id="a thousand features"),
        pytest.param(SAMPLES + 1000, id="offset 1000"),
        pytest.param(SAMPLES * 1e18, id="large"),
        pytest.param(SAMPLES * 1e-18, id="small"),
        pytest.param(SAMPLES - 0.5, id="negative"),
    ],
)
@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_map_fits_what_it_has_seen(sides, samples, algorithm):
    som = train(samples, *sides, iterations=30, algorithm=algorithm, initial="random")
    extent = np.ptp(samples, axis=0)
    room = 1e-6 * (extent.max() + np.abs(samples).max())
    assert (som.weights >= np.min(samples, axis=0) - room).all()
    assert (som.weights <= np.max(samples, axis=0) + room).all()
    assert quantization_error(som, samples) <= np.linalg.norm(extent) + 10 * room
    assert 0 <= topographic_error(som, samples) <= 1


def as_memory_map(samples, folder):
    np.save(folder / "samples.npy", samples)
    return np.load(folder / "samples.npy", mmap_mode="r")


def read_only(samples, folder):
    samples.flags.writeable = False
    return samples


KINDS = {
    "float64": lambda samples, folder: samples,
    "float32": lambda samples, folder: samples.astype("float32"),
    "float16": lambda samples, folder: samples.astype("float16"),
    "big endian": lambda samples, folder: samples.astype(">f8"),
    "long double": lambda samples, folder: samples.astype(np.longdouble),
    "int64": lambda samples, folder: (samples * 9).astype("int64"),
    "uint8": lambda samples, folder: (samples * 9).astype("uint8"),
    "int8": lambda samples, folder: (samples * 200 - 100).astype("int8"),
    "bool": lambda samples, folder: samples > 0.5,
    "read-only": read_only,
    "Fortran order": lambda samples, folder: np.asfortranarray(samples),
    "strided": lambda samples, folder: np.repeat(samples, 2, axis=0)[::2, ::-1],
    "memory-mapped": as_memory_map,
    "list": lambda samples, folder: samples.tolist(),
    "unmasked": lambda samples, folder: np.ma.array(samples),
}


@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("wrapped", [np.asanyarray, Dataset, Array])
def test_any_kind_of_array_is_learned_like_its_plain_copy_and_not_modified(
    *, algorithm, kind, dtype, wrapped, tmp_path
):
    samples = KINDS[kind](SAMPLES.copy(), tmp_path)
    before = np.array(samples, dtype=np.float64)

    def learned(data):
        som = KohonenSOM(4, 3, dtype=dtype)
        Trainer(som, data, iterations=7, batch_size=5, shuffle=True, algorithm=algorithm).train()
        return som.weights.tobytes(), som.best_matching_nodes(samples).tobytes(), som.transform(samples).tobytes()

    assert learned(wrapped(samples)) == learned(before.copy())
    np.testing.assert_array_equal(np.array(samples, dtype=np.float64), before)


def test_single_precision_finds_the_nodes_far_from_the_origin():
    rng = np.random.default_rng(0)
    samples = rng.random((500, 8)) + 1000
    low = KohonenSOM(10, 10, initial=samples[:100].reshape(10, 10, 8))
    high = KohonenSOM(10, 10, initial=low.weights, dtype="float64")
    rounded = samples.astype("float32")
    np.testing.assert_array_equal(low.best_matching_nodes(rounded), high.best_matching_nodes(rounded))


def test_huge_values_are_learned_in_double_precision():
    samples = SAMPLES * 1e100
    som = train(samples, 3, 3, dtype="float64")
    np.testing.assert_allclose(som.weights / 1e100, train(SAMPLES, 3, 3, dtype="float64").weights, rtol=1e-9)


LARGEST = float(np.sqrt(np.finfo("f4").max / 2000) / 2)
"""What a value of 2,000 features may be in float32, so that the sum of their squared differences is finite."""


def test_as_many_features_as_there_are_count_in_what_a_value_may_be():
    samples = np.stack([np.full(2000, -0.999 * LARGEST), np.full(2000, 0.999 * LARGEST)])
    som = train(samples, 2, 2, iterations=2)
    assert np.isfinite(som.transform(samples)).all()


@pytest.mark.parametrize("size", [1, BLOCK_ROWS + 1])
def test_a_value_that_is_too_large_for_so_many_features_is_refused(size):
    samples = np.zeros((size, 2000), "f4")
    samples[-1, 7] = 1.001 * LARGEST
    with pytest.raises(DataError, match="leave the range of float32; scale them, or use dtype float64"):
        train(samples, 2, 2, iterations=1)
    with pytest.raises(DataError, match="leave the range of float32; scale them, or use dtype float64"):
        KohonenSOM(1, 1, initial=np.zeros((1, 1, 2000))).best_matching_nodes(samples)


@pytest.mark.parametrize(
    ("offset", "spread", "steps"), [(1e6, 6.0, "50"), (1.7e9, 86_400.0, "426"), (-1e6, 6.0, "50"), (1e6, 1000.0, None)]
)
def test_an_offset_beside_which_samples_coincide_is_a_warning(offset, spread, steps, caplog):
    samples = offset + spread * np.linspace(0, 1, 50).reshape(50, 1) * [[1.0, 0.0]]
    with caplog.at_level("WARNING", logger="ksom"):
        Trainer(KohonenSOM(2, 2), samples)
        Trainer(KohonenSOM(2, 2, dtype="float64"), samples)
    told = [record.getMessage() for record in caplog.records]
    expected = f"feature 0 (of 1 such features) spans only {steps} steps of float32 beside its offset"
    assert len(told) == (steps is not None)
    assert all(expected in message for message in told)
    assert all(message.endswith("so that samples coincide; centre them, or use dtype float64") for message in told)
