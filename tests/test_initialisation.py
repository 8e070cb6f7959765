"""First weights come from their own stream, and lie where the data are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.dataset import Dataset
from ksom.datasets.colours import RandomColors
from ksom.errors import DataError, ParameterError
from ksom.feed import Feed
from ksom.intake import Intake
from ksom.kohonensom_model import KohonenSOM
from ksom.method.initialisation import INITIALISATIONS


def first_weights(initial, samples, seed=0, sides=(3, 4), dtype="float64"):
    som = KohonenSOM(*sides, initial=initial, dtype=dtype)
    feed = Feed(
        samples if isinstance(samples, Dataset) else Dataset(samples), seed=seed, intake=Intake(np.dtype("float64"))
    )
    som.initialise(feed, feed.range, seed)
    return som.weights


SAMPLES = np.random.default_rng(0).normal(size=(50, 5))


@pytest.mark.parametrize("initial", ["random", "samples", "Random", INITIALISATIONS.get("samples")()])
def test_same_seed_gives_same_first_weights(initial):
    assert first_weights(initial, SAMPLES).tobytes() == first_weights(initial, SAMPLES).tobytes()
    assert first_weights(initial, SAMPLES).tobytes() != first_weights(initial, SAMPLES, seed=1).tobytes()


@given(low=st.floats(-1e3, 1e3), extent=st.floats(0, 1e3), seed=st.integers(0, 9))
def test_random_weights_lie_in_the_range_of_each_feature(low, extent, seed):
    weights = first_weights("random", [[low, 0.0], [low + extent, 1.0]], seed)
    assert low <= weights[..., 0].min() <= weights[..., 0].max() <= low + extent
    assert 0 <= weights[..., 1].min() <= weights[..., 1].max() <= 1


def test_random_colours_fill_the_unit_cube_whatever_the_samples():
    weights = first_weights("random", RandomColors(1), sides=(20, 20))
    assert weights.min() < 0.05
    assert weights.max() > 0.95


def test_random_weights_are_drawn_in_float64():
    low, high = (first_weights("random", SAMPLES, dtype=dtype) for dtype in ("float32", "float64"))
    assert low.tobytes() == high.astype("float32").tobytes()


@pytest.mark.parametrize("sides", [(3, 4), (10, 10)])
def test_sample_weights_are_samples(sides):
    weights = first_weights("samples", SAMPLES, sides=sides).reshape(-1, 5)
    assert {row.tobytes() for row in weights} <= {row.tobytes() for row in SAMPLES}


def test_no_sample_is_used_twice_where_there_are_enough():
    weights = first_weights("samples", SAMPLES).reshape(-1, 5)
    assert len({row.tobytes() for row in weights}) == 12


@pytest.mark.parametrize("given_as", [str, lambda path: path, INITIALISATIONS.get("file")])
def test_weights_of_an_earlier_map_may_be_the_first(tmp_path, given_as):
    som = KohonenSOM(3, 4, initial=np.random.default_rng(1).random((3, 4, 5)), dtype="float64")
    som.save(tmp_path / "map.npz")
    assert first_weights(given_as(tmp_path / "map.npz"), SAMPLES).tobytes() == som.weights.tobytes()


def test_weights_may_be_given_as_a_list():
    assert KohonenSOM(1, 2, initial=[[[1], [2]]]).weights.tolist() == [[[1.0], [2.0]]]


def test_file_with_weights_of_another_shape_is_refused(tmp_path):
    np.save(tmp_path / "weights.npy", np.zeros((4, 3, 5)))
    with pytest.raises(DataError, match=r"must have the shape \(3, 4, features\), got \(4, 3, 5\)"):
        first_weights(tmp_path / "weights.npy", SAMPLES)


@pytest.mark.parametrize("path", [5, None, b"weights.npy"])
def test_file_needs_a_path(path):
    with pytest.raises(ParameterError, match="path must be the path of a file"):
        INITIALISATIONS.get("file")(path)
