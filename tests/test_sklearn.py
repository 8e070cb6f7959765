"""The estimators: scikit-learn's own checks, each use that is named, and what they promise beyond."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import ksom
from ksom.errors import one_line
from ksom.method.clusters import kmeans
from ksom.sklearn import SOM, SOMClassifier, SOMRegressor

FLOWERS, KINDS = load_iris(return_X_y=True)

CHECKED = [  # not with the distance cosine: one check has a sample of zeros, which has no direction
    SOM(),
    SOM(5, 5, output="coordinates", iterations=10),
    SOM(5, 5, n_clusters=3, iterations=10),
    SOM(5, 5, missing="keep", iterations=10),
    SOM(4, 6, lattice=ksom.Hexagonal(4, 6, wrap="both"), neighbourhood="epanechnikov", iterations=20),
    SOM(1, 8, distance="manhattan", dtype="float32", iterations=10),
    SOMClassifier(),
    SOMClassifier(missing="keep", iterations=10),
    SOMRegressor(),
    SOMRegressor(missing="keep", iterations=10),
]


@parametrize_with_checks(CHECKED)
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


# what they learn


def test_a_som_is_the_map_that_train_trains():
    drawn = SOM(4, 5, initial="samples", random_state=3, iterations=7).fit(FLOWERS).som_
    same = ksom.train(FLOWERS, 4, 5, 7, seed=3, initial="samples", dtype="float64")
    assert_array_equal(drawn.weights, same.weights)
    assert_array_equal(SOM().fit(FLOWERS).som_.weights, ksom.train(FLOWERS, dtype="float64").weights)


def test_a_size_may_be_left_to_the_data():
    size = ksom.train(FLOWERS, "auto", "auto", 1).lattice
    som = SOM("auto", "auto", iterations=1).fit(FLOWERS)
    assert (som.som_.height, som.som_.width) == (size.height, size.width)
    assert som.transform(FLOWERS).shape == (150, size.size)


def test_nothing_is_left_to_chance_by_default():
    first, second = (SOM(random_state=seed).fit(FLOWERS) for seed in (1, 2))
    assert_array_equal(first.som_.weights, second.som_.weights)


@pytest.mark.parametrize("estimator", [SOM(4, 4), SOMClassifier(4, 4), SOMRegressor(4, 4)], ids=repr)
def test_the_map_of_a_table_knows_its_features(estimator, tmp_path):
    table = load_wine(as_frame=True)
    fitted = estimator.fit(table.data, table.target)
    fitted.som_.save(tmp_path / "map.npz")
    assert ksom.KohonenSOM.load(tmp_path / "map.npz").feature_names == tuple(table.data.columns)


def test_predict_names_the_best_matching_node():
    som = SOM(4, 5).fit(FLOWERS)
    assert_array_equal(som.predict(FLOWERS), som.transform(FLOWERS).argmin(axis=1))
    assert_array_equal(som.labels_, som.predict(FLOWERS))
    assert_array_equal(som.hits_, np.bincount(som.labels_, minlength=20))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", ["distances", "coordinates"])
def test_the_inverse_of_a_transform_is_the_best_matching_nodes_weights(output, dtype):
    som = SOM(4, 5, output=output).fit(FLOWERS)
    weights = som.som_.weights.reshape(20, 4)
    assert_array_equal(som.inverse_transform(som.transform(FLOWERS.astype(dtype))), weights[som.labels_])


def test_score_is_minus_the_quantization_error():
    som = SOM(4, 5).fit(FLOWERS)
    assert som.score(FLOWERS) == pytest.approx(-ksom.quantization_error(som.som_, FLOWERS))


def test_score_weighs_the_samples():
    som = SOM(4, 5).fit(FLOWERS)
    weights = np.arange(150.0) % 3
    repeated = FLOWERS.repeat(weights.astype(int), axis=0)
    assert som.score(FLOWERS, sample_weight=weights) == pytest.approx(som.score(repeated))


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_counts_like_as_many_as_it_weighs_in_any_order(seed):
    chance = np.random.default_rng(seed)
    samples = chance.random((chance.integers(5, 40), chance.integers(2, 8)))  # of one feature, whole rows of nodes tie
    weights, order = chance.integers(0, 4, len(samples)), chance.permutation(len(samples))
    som = SOM(*chance.integers(1, 7, 2).tolist(), iterations=20)
    weighted = som.fit(samples[order], sample_weight=weights[order]).som_.weights
    assert_allclose(weighted, som.fit(samples.repeat(weights, axis=0)).som_.weights, rtol=1e-9)


# clusters


def test_clusters_of_nodes_find_the_blobs():
    samples, blobs = make_blobs(300, centers=4, cluster_std=0.6, random_state=0)
    assert adjusted_rand_score(SOM(8, 8, n_clusters=4).fit_predict(samples), blobs) > 0.9


def test_clusters_are_numbered_in_the_order_of_their_first_nodes():
    samples, _ = make_blobs(300, centers=4, cluster_std=0.6, random_state=0)
    clusters = [SOM(8, 8, n_clusters=4, random_state=seed).fit(samples).clusters_ for seed in range(5)]
    assert_array_equal(
        np.unique(clusters[0], return_index=True)[1], sorted(np.unique(clusters[0], return_index=True)[1])
    )
    assert all((each == clusters[0]).all() for each in clusters)


@pytest.mark.parametrize(
    ("weights", "hits", "clusters"),
    [
        ([0, 4, 10], [1, 1, 1], [0, 0, 1]),
        ([0, 4, 10], [10, 10, 1], [0, 1, 1]),
        ([0, 1, 100], [1, 1, 0], [0, 1, 1]),
    ],
    ids=["alike", "by their hits", "not at all"],
)
def test_nodes_count_in_clusters_by_their_hits(weights, hits, clusters):
    assert kmeans(np.array(weights, float)[:, np.newaxis], np.array(hits, float), 2, seed=0).tolist() == clusters


# further parts


def test_the_first_part_is_learned_as_by_fit():
    assert_array_equal(SOM(4, 5).partial_fit(FLOWERS).som_.weights, SOM(4, 5).fit(FLOWERS).som_.weights)


def winners(samples, weights):
    return ((samples[:, np.newaxis] - weights.reshape(-1, weights.shape[-1])) ** 2).sum(axis=2).argmin(axis=1)


def test_a_further_part_moves_each_node_to_the_mean_of_all_that_was_learned():
    first, second = np.random.default_rng(0).random((2, 60, 3))
    initial = np.random.default_rng(1).random((3, 4, 3))
    som = SOM(3, 4, iterations=1, sigma=1.0, initial=initial).fit(first)
    won = np.concatenate([winners(first, initial), winners(second, som.som_.weights)])
    rows, columns = divmod(np.arange(12), 4)
    squares = (rows[:, np.newaxis] - rows) ** 2 + (columns[:, np.newaxis] - columns) ** 2
    factors = np.exp(-squares[won] / 2)
    means = factors.T @ np.concatenate([first, second]) / factors.sum(axis=0)[:, np.newaxis]
    assert_allclose(som.partial_fit(second).som_.weights.reshape(12, 3), means, rtol=1e-12)


def test_a_part_counts_as_much_as_its_samples_weigh():
    weighted, repeated = SOM(3, 4), SOM(3, 4)
    for part, weight in [(FLOWERS[::3], 4), (FLOWERS[1::3], 3), (FLOWERS[2::3], 1)]:
        weighted.partial_fit(part, sample_weight=np.full(50, weight))
        repeated.partial_fit(part.repeat(weight, axis=0))
    assert_allclose(weighted.som_.weights, repeated.som_.weights, rtol=1e-12)
    assert_array_equal(weighted.hits_, repeated.hits_)


def test_a_handful_of_new_samples_moves_a_map_by_a_little():
    som = SOM(4, 5).fit(FLOWERS)
    before = som.som_.weights
    som.partial_fit(FLOWERS[:3] + 0.5)
    assert 0 < np.abs(som.som_.weights - before).max() < 0.3
    assert (som.n_iter_, som.hits_.sum(), len(som.labels_)) == (101, 153, 3)


# classes and values on nodes

TWO_NODES = np.array([[[0.0], [10.0]]])


def test_the_majority_is_a_class_and_not_its_place():
    samples = [[0.0], [0.1], [0.2], [10.0], [10.1]]
    kinds = ["red", "red", "blue", "green", "green"]
    classifier = SOMClassifier(1, 2, initial=TWO_NODES).fit(samples, kinds)
    assert classifier.predict([[0.0], [9.0]]).tolist() == ["red", "green"]
    assert_allclose(classifier.predict_proba([[0.0]]), [[1 / 3, 0, 2 / 3]])
    assert classifier.classes_.tolist() == ["blue", "green", "red"]


def test_a_vote_counts_as_much_as_the_sample_weighs():
    samples, kinds = [[0.0], [0.1], [0.2], [10.0]], [7, 7, 5, 9]
    classifier = SOMClassifier(1, 2, initial=TWO_NODES).fit(samples, kinds, sample_weight=[1, 1, 3, 1])
    assert classifier.predict([[0.0]]) == 5
    assert_allclose(classifier.predict_proba([[0.0]]), [[0.6, 0.4, 0]])


def test_a_node_that_won_nothing_has_the_class_and_the_value_of_the_nearest_that_did():
    samples, targets = [[0.0], [10.0]], [4, 8]
    how = {"initial": [[[0.0], [2.0], [7.0], [10.0]]], "sigma": 1e-3, "iterations": 1}
    assert SOMClassifier(1, 4, **how).fit(samples, targets).predict([[2.1], [6.9]]).tolist() == [4, 8]
    assert SOMRegressor(1, 4, **how).fit(samples, targets).predict([[2.1], [6.9]]).tolist() == [4.0, 8.0]


def test_a_value_is_the_weighted_mean_of_the_nodes_samples():
    samples, values = [[0.0], [0.1], [10.0]], [[1.0, -1.0], [4.0, -4.0], [6.0, 0.0]]
    regressor = SOMRegressor(1, 2, initial=TWO_NODES).fit(samples, values, sample_weight=[1, 2, 1])
    assert_allclose(regressor.predict([[0.0], [9.0]]), [[3.0, -3.0], [6.0, 0.0]])
    assert regressor.node_means_.shape == (2, 2)


def test_wine_is_told_apart_and_iris_widths_are_estimated():
    samples, kinds = load_wine(return_X_y=True)
    assert cross_val_score(make_pipeline(StandardScaler(), SOMClassifier(6, 6)), samples, kinds).mean() > 0.9
    order = np.random.default_rng(0).permutation(150)
    assert cross_val_score(SOMRegressor(6, 6), FLOWERS[order, :3], FLOWERS[order, 3]).mean() > 0.85


# missing values

GAPS = np.where(np.random.default_rng(0).random(FLOWERS.shape) < 0.1, np.nan, FLOWERS)


@pytest.mark.parametrize("cls", [SOM, SOMClassifier, SOMRegressor])
def test_missing_values_are_learned_from_where_that_is_asked_for(cls):
    gaps = GAPS[~np.isnan(GAPS).all(axis=1)]
    kinds = KINDS[~np.isnan(GAPS).all(axis=1)]
    estimator = cls(4, 4, missing="keep").fit(gaps, kinds)
    assert np.isfinite(estimator.som_.weights).all()
    assert len(estimator.predict(gaps)) == len(gaps)
    if cls is not SOM:
        assert estimator.score(gaps, kinds) > 0.8


# with the rest of scikit-learn


def test_a_grid_of_sizes_is_searched():
    pipeline = make_pipeline(StandardScaler(), SOM())
    search = GridSearchCV(pipeline, {"som__height": [2, 6], "som__width": [2, 6]}, cv=3).fit(FLOWERS)
    assert search.best_params_ == {"som__height": 6, "som__width": 6}


@pytest.mark.parametrize(("name", "library"), [("pandas", pd), ("polars", pl)])
@pytest.mark.parametrize(
    ("output", "columns"), [("distances", ["som0", "som1", "som2", "som3"]), ("coordinates", ["som_row", "som_column"])]
)
def test_a_transform_can_be_a_table(name, library, output, columns):
    table = library.DataFrame({"length": FLOWERS[:, 0], "width": FLOWERS[:, 1]})
    shown = SOM(2, 2, output=output).set_output(transform=name).fit_transform(table)
    assert isinstance(shown, library.DataFrame)
    assert list(shown.columns) == columns


def test_counts_of_words_stay_sparse_through_a_pipeline():
    texts = ["a map of nodes", "nodes on a map", "bread and butter", "butter on bread"] * 5
    model = make_pipeline(TfidfVectorizer(), SOM(2, 2, n_clusters=2, distance="cosine", iterations=10))
    groups = model.fit(texts).predict(texts)
    assert groups[0] == groups[1] != groups[2] == groups[3]
    words = model[0].transform(texts)
    assert_allclose(model.transform(texts), model[1].transform(words.toarray()), atol=1e-12)


def test_sample_weights_find_their_way_through_a_pipeline():
    weights = np.arange(150.0) % 4
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        routed = make_pipeline(scaler, SOM(3, 3).set_fit_request(sample_weight=True))
        routed.fit(FLOWERS, sample_weight=weights)
    scaled = StandardScaler().fit(FLOWERS, sample_weight=weights).transform(FLOWERS)
    assert_array_equal(routed[-1].som_.weights, SOM(3, 3).fit(scaled, sample_weight=weights).som_.weights)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_samples_may_be_mapped_from_a_file_that_is_only_read(tmp_path, backend):
    np.save(tmp_path / "samples.npy", FLOWERS)
    mapped = np.load(tmp_path / "samples.npy", mmap_mode="r")
    som = SOM(3, 3, backend=backend).fit(mapped)
    assert_array_equal(som.transform(mapped), SOM(3, 3).fit_transform(FLOWERS))


def writeable_and_labels(estimator, samples):
    return samples.flags.writeable, estimator.fit_predict(samples)


@pytest.mark.slow
def test_processes_share_read_only_samples():
    samples = np.random.default_rng(0).random((40_000, 4))  # 1.3 MB: joblib maps them from a file
    job = delayed(writeable_and_labels)
    results = Parallel(n_jobs=2)(job(SOM(3, 3, iterations=2), samples) for _ in range(2))
    expected = SOM(3, 3, iterations=2).fit_predict(samples)
    assert [writeable for writeable, _ in results] == [False, False]
    assert all((labels == expected).all() for _, labels in results)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_pickled_map_goes_on_as_it_was(backend):
    som = SOM(3, 3, backend=backend).fit(FLOWERS)
    loaded = pickle.loads(pickle.dumps(som))
    assert_array_equal(loaded.partial_fit(FLOWERS).transform(FLOWERS), som.partial_fit(FLOWERS).transform(FLOWERS))


def test_a_clone_has_the_parts_that_were_given():
    parts = {
        "lattice": ksom.Rectangular(4, 4, wrap="both"),
        "sigma": ksom.Linear(2.0, 0.5),
        "distance": ksom.Euclidean(),
    }
    copied = clone(SOM(4, 4, **parts))
    assert repr(copied) == repr(SOM(4, 4, **parts))
    assert copied.fit(FLOWERS).som_.lattice.wrap == "both"


# bad input


@pytest.mark.parametrize(
    ("estimator", "told"),
    [
        (SOM(0, 3), "height must be an integer of at least 1, got 0"),
        (SOM(iterations=0), "iterations must be an integer of at least 1, got 0"),
        (SOM(sigma=-1), "sigma must be a number > 0, got -1"),
        (SOM(initial="pcs"), "did you mean 'pca'?, got 'pcs'"),
        (SOM(dtype="float16"), "dtype must be one of float32, float64, got 'float16'"),
        (SOM(2, 2, n_clusters=5), "n_clusters must be at most the number of nodes that won samples, 4, got 5"),
        (SOM(n_clusters=0), "n_clusters must be an integer of at least 1, got 0"),
        (SOM(output="distance"), "output must be one of distances, coordinates, got 'distance'"),
        (SOM(random_state=-1), "seed must be an integer of at least 0, got -1"),
    ],
    ids=repr,
)
def test_an_argument_outside_its_domain_is_told_in_one_line(estimator, told):
    with pytest.raises(ksom.KsomError) as caught:
        estimator.fit(FLOWERS)
    message = str(caught.value)
    assert told in message
    assert message == one_line(message)


@pytest.mark.parametrize(
    ("output", "rows", "told"),
    [
        ("distances", [[1.0, 2.0]], "X must have 6 columns, as of transform, got 2"),
        ("coordinates", np.ones((1, 6)), "X must have 2 columns, as of transform, got 6"),
        ("coordinates", [[0, 0], [2, 0]], "X must tell row and column of nodes, but its row 1 is [2, 0]"),
        ("coordinates", [[0.5, 0]], "X must tell row and column of nodes, but its row 0 is [0.5, 0.0]"),
        ("coordinates", [[0, -1]], "X must tell row and column of nodes, but its row 0 is [0, -1]"),
    ],
)
def test_the_inverse_of_what_is_no_transform_is_refused(output, rows, told):
    with pytest.raises(ksom.KsomError) as caught:
        SOM(2, 3, output=output).fit(FLOWERS).inverse_transform(rows)
    assert str(caught.value) == f"inverse_transform: {told}"


@pytest.mark.parametrize("use", ["predict", "transform", "score", "inverse_transform", "get_feature_names_out"])
def test_a_map_that_is_not_fitted_says_so(use):
    with pytest.raises(NotFittedError):
        getattr(SOM(), use)(FLOWERS)


def test_a_fit_that_fails_leaves_no_map_of_an_earlier_one():
    som = SOM(2, 2).fit(FLOWERS)
    with pytest.raises(ksom.KsomError):
        som.fit(FLOWERS, sample_weight=np.zeros(150))
    with pytest.raises(NotFittedError):
        som.predict(FLOWERS)


def test_scikit_learn_that_is_missing_is_named_with_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import ksom.sklearn"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = failed.stderr.splitlines()[-1]
    assert "ksom.sklearn needs scikit-learn 1.6 or later" in last
    assert last.endswith("pip install 'kohonen2[sklearn]'")
