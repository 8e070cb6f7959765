"""The map answers questions about samples, in any chunks, and comes back from its file as it was."""

import json
import zipfile

import numpy as np
import pytest

from ksom.errors import DataError, NotTrained, ParameterError
from ksom.kernels.effort import Work
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import FORMAT_VERSION
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian
from ksom.samples import BLOCK_ROWS
from ksom.trainer import Trainer

RNG = np.random.default_rng(0)
WEIGHTS = RNG.random((4, 5, 3))
SAMPLES = RNG.random((2 * BLOCK_ROWS + 9, 3))


@pytest.fixture(params=["float32", "float64"])
def som(request):
    return KohonenSOM(4, 5, initial=WEIGHTS, dtype=request.param)


def test_weights_have_the_shape_of_the_map_and_cannot_be_changed_in_place(som):
    assert som.weights.shape == (4, 5, 3)
    with pytest.raises(ValueError, match="read-only"):
        som.weights[:] = 0


def test_a_backend_that_is_changed_for_much_work_keeps_what_was_learned():
    som = KohonenSOM(4, 5, backend="auto")
    Trainer(som, SAMPLES[:20], iterations=3).train()
    before, name = som.weights, som.kernels.name
    som.expect(Work(shown=10**9), som.features)
    assert (name, som.kernels.name) == ("numpy", "numba")
    assert som.weights.tobytes() == before.tobytes()


@pytest.mark.parametrize("initial", ["sheet", "sample", "file"])
def test_an_initialisation_that_does_not_exist_is_refused_at_once(initial):
    with pytest.raises(ParameterError, match=r"initial must (name an initialisation \(random, samples|be the path)"):
        KohonenSOM(initial=initial)


@pytest.mark.parametrize(
    ("samples", "features", "advice"),
    [
        ([1.0, 2.0, 3.0], 3, r"got \(3,\); one sample is values.reshape\(1, -1\)$"),
        ([1.0, 2.0, 3.0], 1, r"got \(3,\); a single feature is values.reshape\(-1, 1\)$"),
        ([1.0], 1, r"got \(1,\); a single feature is values.reshape\(-1, 1\)$"),
        ([1.0, 2.0], 3, r"got \(2,\)$"),
        (1.0, 3, r"got \(\)$"),
    ],
)
@pytest.mark.parametrize("call", ["best_matching_nodes", "transform"])
def test_samples_of_one_dimension_are_answered_with_how_they_are_meant(call, samples, features, advice):
    with pytest.raises(DataError, match=advice):
        getattr(KohonenSOM(1, 1, initial=np.zeros((1, 1, features))), call)(samples)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("rows", [1, 7, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_chunks_of_samples_do_not_change_a_bit(som, k, rows):
    whole = som.best_matching_nodes(SAMPLES, k, return_distances=True)
    starts = range(0, len(SAMPLES), rows) if rows > 1 else range(20)
    parts = [som.best_matching_nodes(SAMPLES[i : i + rows], k, return_distances=True) for i in starts]
    for index in (0, 1):
        joined = np.concatenate([part[index] for part in parts])
        assert joined.tobytes() == whole[index][: len(joined)].tobytes()


def test_second_best_is_next_in_distance(som):
    nodes, distances = som.best_matching_nodes(SAMPLES, 2, return_distances=True)
    ordered = np.argsort(som.transform(SAMPLES), axis=1, kind="stable")[:, :2]
    np.testing.assert_array_equal(nodes, ordered)
    assert (distances[:, 0] <= distances[:, 1]).all()
    np.testing.assert_array_equal(nodes[:, 0], som.best_matching_nodes(SAMPLES))


def test_distances_are_those_to_all_nodes(som):
    distances = som.transform(SAMPLES)
    expected = np.linalg.norm(SAMPLES[:, None] - WEIGHTS.reshape(20, 3), axis=2)
    assert distances.dtype == som.dtype
    np.testing.assert_allclose(distances, expected, rtol=1e-4 if som.dtype == np.float32 else 1e-12)


def test_coordinates_are_row_and_column_of_the_best_node(som):
    places = som.transform(SAMPLES, "coordinates")
    np.testing.assert_array_equal(places @ [5, 1], som.best_matching_nodes(SAMPLES))
    assert places.dtype == np.float64


@pytest.mark.parametrize("call", ["best_matching_nodes", "transform"])
def test_a_map_without_weights_says_so(call):
    with pytest.raises(NotTrained, match="this map has no weights yet"):
        getattr(KohonenSOM(), call)([[0.0]])
    assert not KohonenSOM().is_initialised


@pytest.mark.parametrize("k", [0, 3, -1, 1.0, 2.0, True, "1", None, [1], float("nan"), 10**400])
def test_only_the_best_or_the_two_best_are_found(som, k):
    with pytest.raises(ParameterError, match="k must be 1 or 2 and at most the number of nodes, 20"):
        som.best_matching_nodes(SAMPLES, k)


def test_a_map_of_one_node_has_no_second_best():
    with pytest.raises(ParameterError, match="at most the number of nodes, 1"):
        KohonenSOM(1, 1, initial=[[[0.0]]]).best_matching_nodes([[0.0]], 2)


@pytest.mark.parametrize("given_as", [str, lambda path: path])
def test_map_comes_back_from_its_file(som, tmp_path, given_as):
    som.save(given_as(tmp_path / "map.npz"))
    loaded = KohonenSOM.load(given_as(tmp_path / "map.npz"))
    assert (loaded.height, loaded.width, loaded.dtype, loaded.about()) == (4, 5, som.dtype, som.about())
    assert loaded.weights.tobytes() == som.weights.tobytes()


def test_same_map_gives_same_bytes(som, tmp_path):
    som.save(tmp_path / "one.npz")
    KohonenSOM.load(tmp_path / "one.npz").save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_file_holds_plain_arrays(som, tmp_path):
    som.save(tmp_path / "map.npz")
    with np.load(tmp_path / "map.npz", allow_pickle=False) as file:
        assert (file["weights"].shape, file["weights"].dtype) == ((4, 5, 3), som.dtype)
        assert json.loads(str(file["about"])) == {"format_version": FORMAT_VERSION, **som.about()}
    assert all(not info.filename.endswith(".pkl") for info in zipfile.ZipFile(tmp_path / "map.npz").filelist)


def test_map_of_a_newer_ksom_is_refused(som, tmp_path, monkeypatch):
    monkeypatch.setattr("ksom.map_file.FORMAT_VERSION", 99)
    som.save(tmp_path / "map.npz")
    monkeypatch.undo()
    with pytest.raises(DataError, match="was written by a newer ksom"):
        KohonenSOM.load(tmp_path / "map.npz")


@pytest.mark.parametrize(
    "about", ["", "nonsense", "{}", "[]", "3", '{"format_version": "1"}', '{"format_version": null}']
)
def test_file_of_somebody_else_is_refused(tmp_path, about):
    np.savez(tmp_path / "map.npz", weights=WEIGHTS, about=np.array(about))
    with pytest.raises(DataError, match="is not a map that ksom wrote"):
        KohonenSOM.load(tmp_path / "map.npz")


def test_file_with_weights_of_another_shape_is_refused(som, tmp_path):
    np.savez(tmp_path / "map.npz", weights=WEIGHTS[0], about=np.array('{"format_version": 1}'))
    with pytest.raises(DataError, match=r"`weights` must have the shape \(height, width, features\), got \(5, 3\)"):
        KohonenSOM.load(tmp_path / "map.npz")


def test_weights_may_be_given_anew(som):
    som.weights = WEIGHTS * 2
    np.testing.assert_allclose(som.weights, WEIGHTS * 2, rtol=1e-6)
    with pytest.raises(DataError, match=r"must have the shape \(4, 5, features\), got \(5, 4, 3\)"):
        som.weights = WEIGHTS.reshape(5, 4, 3)


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
def test_dtype_may_be_numpys(dtype):
    assert KohonenSOM(dtype=dtype).dtype == np.float32


def test_memory_of_the_weights_is_told():
    assert KohonenSOM(10, 20, dtype="float64").memory(3) == 10 * 20 * 3 * 8


def test_lattice_and_neighbourhood_may_be_objects():
    lattice, neighbourhood = Rectangular(4, 5), Gaussian()
    som = KohonenSOM(4, 5, lattice=lattice, neighbourhood=neighbourhood, initial=WEIGHTS)
    assert som.lattice is lattice
    assert som.neighbourhood is neighbourhood


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("lattice", Rectangular(5, 4), "lattice must have the map's size, 4 × 5 nodes, got"),
        ("lattice", Rectangular, "lattice must name a lattice"),
        ("neighbourhood", Gaussian, "neighbourhood must name a neighbourhood"),
        ("neighbourhood", Rectangular(4, 5), "neighbourhood must name a neighbourhood"),
    ],
)
def test_a_lattice_of_another_size_and_a_class_are_refused(argument, value, message):
    with pytest.raises(ParameterError, match=f"^{message}"):
        KohonenSOM(4, 5, **{argument: value})
