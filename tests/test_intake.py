"""Raw samples become what a map computes with, sample by sample: whatever they come together with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ksom import KohonenSOM, train
from ksom.errors import DataError
from ksom.intake import Intake, directions
from ksom.method.distance import Cosine
from ksom.method.scaling import Scales, Standard
from ksom.samples import Range, in_precision
from ksom.trainer import Trainer

FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
SCALES = Scales(np.array([1.0, -2.0, 3.0]), np.array([0.5, 3.0, 7.0]))
VALUES = st.floats(-1e3, 1e3).filter(lambda value: value == 0 or abs(value) > 1e-3)
SAMPLES = arrays.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(3)), elements=VALUES)

INTAKES = [
    Intake(FLOAT32),
    Intake(FLOAT64, missing="keep"),
    Intake(FLOAT32, scaling=Standard(), scales=SCALES),
    Intake(FLOAT32, scaling=Standard(), scales=SCALES, missing="keep"),
    Intake(FLOAT32, Cosine(), scaling=Standard(), scales=SCALES, missing="keep"),
]


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
def test_nothing_asked_for_is_a_cast(dtype):
    samples = np.random.default_rng(0).random((9, 3))
    block = Intake(dtype).block(samples, features=3, first_row=7)
    assert block.values.tobytes() == in_precision(samples, dtype, "samples").tobytes()
    assert block[1:] == (7, None, None)
    in_it = samples.astype(dtype)
    assert Intake(dtype).block(in_it, features=3).values is in_it


@pytest.mark.parametrize("intake", INTAKES, ids=repr)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@given(samples=SAMPLES, cut=st.integers(0, 8))
def test_a_sample_is_taken_the_same_in_any_company(intake, layout, samples, cut):
    samples = layout(samples + 0.5)
    whole = intake.block(samples).values
    for rows in (slice(cut), slice(cut, None)):
        if len(samples[rows]):
            assert intake.block(samples[rows]).values.tobytes() == whole[rows].tobytes()


@given(samples=SAMPLES, scale=st.sampled_from([1e-300, 1e-160, 1.0, 1e160, 1e300]))
def test_directions_have_length_one_whatever_their_size(samples, scale):
    samples = samples[np.abs(samples).max(axis=1) > 0]
    if len(samples):
        found = directions(samples * scale, "samples")
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(found, directions(samples, "samples"), rtol=1e-9, atol=1e-300)


def test_samples_are_scaled_before_they_become_directions():
    intake = Intake(FLOAT64, Cosine(), scaling=Standard(), scales=SCALES)
    sample = np.array([[2.0, 1.0, 4.0]])
    np.testing.assert_allclose(intake.block(sample).values, directions(SCALES.of(sample), ""), rtol=1e-15)


def test_a_direction_is_that_of_the_values_that_are_there():
    block = Intake(FLOAT64, Cosine(), missing="keep").block([[3.0, np.nan, 4.0]])
    np.testing.assert_allclose(block.values, [[0.6, 0, 0.8]])
    assert block.missing.tolist() == [[False, True, False]]


@pytest.mark.parametrize("row", [0, 4])
def test_a_sample_of_zeros_is_named_by_its_row(row):
    samples = np.ones((5, 2))
    samples[row] = 0
    with pytest.raises(
        DataError, match=f"dataset Dataset: row {row} has only zeros, so no direction to compare; leave"
    ):
        train(samples, 2, 2, distance="cosine")
    with pytest.raises(DataError, match=f"samples: row {row} has only zeros"):
        KohonenSOM(1, 1, initial=[[[1.0, 1.0]]], distance="cosine").best_matching_nodes(samples)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_a_map_of_directions_does_not_know_sizes(size, algorithm):
    samples = np.random.default_rng(0).random((60, 3))
    one = train(samples, 3, 3, 5, distance="cosine", algorithm=algorithm, initial="samples")
    sizes = size * np.random.default_rng(1).choice([0.5, 2, 8], (60, 1))
    other = train(samples * sizes, 3, 3, 5, distance="cosine", algorithm=algorithm, initial="samples")
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)


def test_range_is_in_the_map_s_units():
    intake = Intake(FLOAT64, scaling=Standard(), scales=SCALES)
    low, high = intake.range(Range(np.array([1.0, -2.0, 3.0]), np.array([3.0, -1.0, 4.0])))
    assert (low.tolist(), high.tolist()) == ([0, 0, 0], [1, 3, 7])


def test_scaled_values_that_single_precision_cannot_hold_are_refused():
    som = KohonenSOM(2, 2, scaling="minmax")
    Trainer(som, [[0.0], [1e-3]], iterations=1).train()
    with pytest.raises(DataError, match=r"samples: values reach 1e\+23, so .* range of float32; scale them, or use"):
        som.best_matching_nodes([[1e20]])


def test_a_value_that_scaling_makes_infinite_is_told_by_its_row():
    som = KohonenSOM(2, 2, scaling="minmax", dtype="float64")
    Trainer(som, [[0.0], [1e-3]], iterations=1).train()
    with pytest.raises(DataError, match=r"samples: row 1, column 0 is inf"):
        som.best_matching_nodes([[0.0], [1e307]])
