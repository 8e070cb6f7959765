"""First weights come from their own stream, and lie where the data are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom import train
from ksom.dataset import Dataset
from ksom.datasets.colours import RandomColors
from ksom.default_setup import Experiment
from ksom.errors import DataError, ParameterError
from ksom.feed import Feed
from ksom.intake import Intake
from ksom.kohonensom_model import KohonenSOM
from ksom.method.initialisation import INITIALISATIONS
from ksom.method.lattice import Rectangular


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
    with pytest.raises(DataError, match=r"must have the shape \(3, 4, 5\), got \(4, 3, 5\)"):
        first_weights(tmp_path / "weights.npy", SAMPLES)


@pytest.mark.parametrize("path", [5, None, b"weights.npy"])
def test_file_needs_a_path(path):
    with pytest.raises(ParameterError, match="path must be the path of a file"):
        INITIALISATIONS.get("file")(path)


def sheet(samples, *sides, dtype="float64"):
    return first_weights("pca", np.asarray(samples, dtype=np.float64), sides=sides, dtype=dtype)


PLANE = [[1 + 3 * u, 2 + 4 * u, 5 + v] for u in (-1.0, 1.0) for v in (-1.0, 1.0)]
"""5 along (0.6, 0.8, 0) and 1 along the last feature, around (1, 2, 5)."""


@pytest.mark.parametrize("sides", [(3, 5), (4, 4), (5, 3), (2, 3)])
def test_the_sheet_lies_along_the_axes_as_far_as_the_deviations(sides):
    weights = sheet(PLANE, *sides)
    if sides[0] > sides[1]:
        weights = weights.transpose(1, 0, 2)
    short, long = (np.linspace(-1, 1, side) for side in sorted(sides))
    expected = [[[1 + 3 * u, 2 + 4 * u, 5 + v] for u in long] for v in short]
    np.testing.assert_allclose(weights, expected, atol=1e-10)


@pytest.mark.parametrize("sides", [(1, 5), (5, 1)])
def test_a_chain_takes_the_first_axis_only(sides):
    line = [[1 + 3 * u, 2 + 4 * u, 5] for u in np.linspace(-1, 1, 5)]
    np.testing.assert_allclose(sheet(PLANE, *sides).reshape(5, 3), line, atol=1e-10)


def test_one_node_is_the_mean():
    np.testing.assert_allclose(sheet(PLANE, 1, 1), [[[1, 2, 5]]])


@pytest.mark.parametrize(
    "samples", [[[3.0, 4.0]], [[7.0] * 3] * 5, [[1.0], [3.0]]], ids=["one sample", "constant", "one feature"]
)
def test_where_the_data_have_no_extent_neither_has_the_sheet(samples):
    weights = sheet(samples, 3, 4)
    low, high = np.min(samples, axis=0), np.max(samples, axis=0)
    np.testing.assert_allclose(weights, np.clip(weights, low, high), atol=1e-12)
    np.testing.assert_allclose(weights, np.broadcast_to(weights[:1], weights.shape))


@pytest.mark.parametrize(("dtype", "offset", "accuracy"), [("float64", 1e6, 1e-8), ("float32", 1e3, 2e-4)])
def test_the_sheet_moves_with_the_data(dtype, offset, accuracy):
    near, far = sheet(SAMPLES, 4, 5, dtype=dtype), sheet(SAMPLES + offset, 4, 5, dtype=dtype)
    np.testing.assert_allclose(far - offset, near, atol=accuracy)


def test_the_seed_does_not_move_the_sheet():
    assert first_weights("pca", SAMPLES, seed=0).tobytes() == first_weights("pca", SAMPLES, seed=1).tobytes()


def test_first_weights_are_a_sheet_unless_told():
    assert first_weights(KohonenSOM().initial, SAMPLES).tobytes() == first_weights("pca", SAMPLES).tobytes()


@pytest.fixture
def map_file(tmp_path, monkeypatch):
    """An earlier map of 3 × 4 nodes and 3 features."""
    monkeypatch.chdir(tmp_path)
    KohonenSOM(3, 4, initial=np.random.default_rng(1).random((3, 4, 3)), dtype="float64").save("map.npz")
    return tmp_path / "map.npz"


@pytest.mark.parametrize("initial", ["map.npz", "{NAME: file, PATH: map.npz}"])
@pytest.mark.parametrize("how", [{}, {"algorithm": "online"}], ids=["batch", "online"])
def test_a_warm_start_goes_on_from_a_map_with_its_own_schedule(map_file, initial, how):
    data = RandomColors(20)
    algorithm = how.get("algorithm", "batch")
    keys = {"HEIGHT": 3, "WIDTH": 4, "DTYPE": "float64", "INITIAL": initial}
    overrides = [word for key, value in keys.items() for word in (f"MODEL.{key}", value)]
    training = f"{{ITERATIONS: 5, ALGORITHM: {{NAME: {algorithm}, SIGMA: [1.2, 0.5]}}}}"
    map_file.with_name("warm.yaml").write_text(f"TRAINER: {training}")
    experiment = Experiment("warm.yaml", overrides)
    assert experiment.som.weights.tobytes() == KohonenSOM.load(map_file).weights.tobytes()
    assert [experiment.trainer.algorithm.parameters(t)["sigma"] for t in (0, 4)] == [1.2, 0.5]
    by_call = train(data, 3, 4, 5, sigma=(1.2, 0.5), initial="map.npz", dtype="float64", **how)
    assert experiment.run().som.weights.tobytes() == by_call.weights.tobytes()


ANOTHER_MAP = {
    "size": ({"height": 4, "width": 4}, r"map\.npz: first weights must have the shape \(4, 4, 3\), got \(3, 4, 3\)"),
    "features": (
        {"samples": [[0.0], [1.0]]},
        r"map\.npz: first weights must have the shape \(3, 4, 1\), got \(3, 4, 3\)",
    ),
    "lattice": (
        {"lattice": Rectangular(3, 4, wrap="both")},
        r"map\.npz: its map's lattice is .*'WRAP': 'none'.*, the new map's .*'WRAP': 'both'.*; take the same, or give",
    ),
}


@pytest.mark.parametrize("differing", ANOTHER_MAP)
def test_a_warm_start_from_another_kind_of_map_is_refused_in_one_line(map_file, differing):
    arguments, message = ANOTHER_MAP[differing]
    with pytest.raises(DataError, match=message) as caught:
        train(**{"samples": RandomColors(5), "height": 3, "width": 4, "initial": map_file, **arguments})
    assert "\n" not in str(caught.value)


def test_the_weights_of_a_map_on_another_lattice_may_be_given_as_an_array(map_file):
    weights = KohonenSOM.load(map_file).weights
    torus = train(RandomColors(5), 3, 4, 1, lattice=Rectangular(3, 4, wrap="both"), initial=weights)
    assert torus.is_initialised
