"""Clusters of nodes: what each method finds, how many, their numbers, their borders, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris, make_blobs
from sklearn.metrics import adjusted_rand_score

import ksom
from ksom.errors import KsomError, NotInstalled
from ksom.method.basins import basins
from ksom.method.clusters import METHODS, cluster, numbered
from ksom.method.lattice import LATTICES, neighbours
from ksom.method.number_of_clusters import calinski_harabasz, share_of_valleys
from ksom.method.umatrix import neighbouring
from ksom.method.ward import ward

CHANCE = np.random.default_rng(0)


def trained(samples, side=10, **how):
    som = ksom.train(samples, side, side, algorithm="batch", iterations=30, **how)
    som.calibrate(samples)
    return som


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(400, 3, centers=4, random_state=0, cluster_std=0.7)


@pytest.fixture(scope="module")
def blobs_som(blobs):
    return trained(blobs[0])


def on_sphere(count):
    points = CHANCE.normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("method", METHODS)
def test_blobs_are_found_and_so_is_their_number(method, blobs, blobs_som):
    samples, kinds = blobs
    found = blobs_som.cluster(method)
    nodes = blobs_som.best_matching_nodes(samples)
    inside = found.reshape(-1)[nodes] >= 0
    assert blobs_som.layers["clusters"].about["clusters"] == 4
    assert inside.mean() > 0.9
    assert adjusted_rand_score(kinds[inside], found.reshape(-1)[nodes][inside]) > 0.97


@pytest.mark.parametrize("method", ["ward", "kmeans", "umatrix"])
def test_as_many_as_asked_for_are_found(method, blobs_som):
    assert np.unique(blobs_som.cluster(method, 3)).tolist() == [0, 1, 2]
    assert blobs_som.layers["clusters"].about["number"] == "given"


@pytest.mark.parametrize("method", ["ward", "umatrix"])
@pytest.mark.parametrize(
    "samples",
    [on_sphere(1500), CHANCE.random((800, 2)), CHANCE.normal(size=(800, 2))],
    ids=["sphere", "square", "normal"],
)
def test_data_without_clusters_are_one(method, samples):
    assert not trained(samples, 12).cluster(method).any()


def test_the_clusters_of_a_map_are_kept_in_its_file(tmp_path, blobs_som):
    found = blobs_som.cluster("ward", 4)
    blobs_som.save(tmp_path / "map.npz")
    layer = ksom.KohonenSOM.load(tmp_path / "map.npz").layers["clusters"]
    assert layer.values.tolist() == found.tolist()
    about = {"method": "ward", "clusters": 4, "number": "given", "seed": 0, "index": "calinski_harabasz"}
    assert {name: layer.about[name] for name in about} == about


def test_predict_says_the_cluster(blobs, blobs_som):
    found = blobs_som.cluster("ward", 4)
    nodes = blobs_som.best_matching_nodes(blobs[0])
    assert blobs_som.predict(blobs[0]).cluster.tolist() == found.reshape(-1)[nodes].tolist()


def components(clusters, lattice):
    """In how many connected pieces each cluster lies on the map."""
    table, pieces = neighbours(lattice), {}
    left = set(range(lattice.size))
    while left:
        heap = [left.pop()]
        pieces[clusters[heap[0]]] = pieces.get(clusters[heap[0]], 0) + 1
        while heap:
            node = heap.pop()
            for other in table[node]:
                if other in left and clusters[other] == clusters[node]:
                    left.remove(other)
                    heap.append(other)
    return set(pieces.values())


lattices = st.builds(
    lambda name, height, width: LATTICES[name](height, width),
    st.sampled_from(["rectangular", "hexagonal"]),
    st.integers(2, 4),
    st.integers(2, 5),
)


@given(lattice=lattices, seed=st.integers(0, 999))
def test_the_clusters_of_ward_are_connected_and_nested(lattice, seed):
    rng = np.random.default_rng(seed)
    hits = rng.integers(0, 4, lattice.size).astype(float)
    found = ward(rng.normal(size=(lattice.size, 2)), hits, lattice, lattice.size)
    assert sorted(found) == list(range(1, lattice.size + 1))
    for number in range(1, lattice.size + 1, 3):
        clusters = found[number]
        assert len(np.unique(clusters)) == number
        assert components(clusters, lattice) == {1}
        finer = found.get(number + 1, np.arange(lattice.size))
        assert all(len(np.unique(clusters[finer == each])) == 1 for each in np.unique(finer))


@given(lattice=lattices, seed=st.integers(0, 999))
def test_basins_are_connected(lattice, seed):
    heights = np.random.default_rng(seed).integers(0, 5, lattice.size).astype(float)
    for number, found in basins(heights, lattice, 5).items():
        assert len(np.unique(found)) == number
        assert components(found, lattice) == {1}


def test_ward_joins_what_adds_least_to_the_squared_distances():
    weights = np.array([[0.0], [1.0], [1.9], [5.0]])
    lattice = LATTICES["rectangular"](1, 4)
    found = ward(weights, np.array([1.0, 1.0, 9.0, 1.0]), lattice, 3)
    assert numbered(found[3]).tolist() == [0, 0, 1, 2]  # ½ · 1² < 0.9 · 0.9²
    found = ward(weights, np.ones(4), lattice, 3)
    assert numbered(found[3]).tolist() == [0, 1, 1, 2]  # ½ · 0.9² < ½ · 1²


def test_ward_gives_a_node_without_samples_to_the_nearest_cluster_beside_it():
    weights, hits = np.array([[0.0], [4.0], [5.0]]), np.array([9.0, 0.0, 9.0])
    assert numbered(ward(weights, hits, LATTICES["rectangular"](1, 3), 2)[2]).tolist() == [0, 1, 1]


def test_the_deepest_basins_are_kept():
    heights = np.array([0.0, 5, 1, 2, 1.5, 9, 3])
    found = basins(heights, LATTICES["rectangular"](1, 7), 9)
    assert sorted(found) == [1, 2, 3, 4]
    assert found[2].tolist() == [0, 0, 0, 0, 0, 0, 6]
    assert found[3].tolist() == [0, 0, 2, 2, 2, 2, 6]
    assert found[4].tolist() == [0, 0, 2, 2, 4, 4, 6]


@given(clusters=st.lists(st.integers(-1, 5), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_numbers_do_not_depend_on_what_clusters_were_called(clusters, seed):
    clusters = np.array(clusters)
    others = np.r_[np.random.default_rng(seed).permutation(6) + 10, -1]
    assert numbered(others[clusters]).tolist() == numbered(clusters).tolist()


def test_numbers_follow_the_first_nodes_row_by_row():
    assert numbered(np.array([-1, 9, 3, 9, -1, 0, 3])).tolist() == [-1, 0, 1, 0, -1, 2, 1]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_clusters(method):
    som = trained(load_iris().data, 8, scaling="standard")
    number = "auto" if method == "hdbscan" else 3
    assert som.cluster(method, number, seed=3).tolist() == som.cluster(method, number, seed=3).tolist()


@pytest.mark.parametrize("method", ["ward", "kmeans", "hdbscan"])
def test_nodes_that_won_nothing_do_not_decide(method, blobs_som):
    hits = blobs_som.layers["hits"].values
    moved = blobs_som.weights.copy()
    row, column = np.argwhere(hits == 0)[0]
    moved[row, column] += 1000
    other = ksom.KohonenSOM(10, 10, initial=moved)
    number = "auto" if method == "hdbscan" else 5
    before, after = (cluster(som, method, number, hits=hits).values[hits > 0] for som in (blobs_som, other))
    assert numbered(before).tolist() == numbered(after).tolist()


def test_a_map_of_one_node_is_one_cluster():
    for method in ("ward", "kmeans", "umatrix"):
        assert ksom.KohonenSOM(1, 1, initial=[[[1.0]]]).cluster(method).tolist() == [[0]]
    assert ksom.KohonenSOM(1, 1, initial=[[[1.0]]]).cluster("hdbscan").tolist() == [[-1]]


def test_the_index_is_scikit_learn_s_of_the_samples_that_hits_stand_for():
    from sklearn.metrics import calinski_harabasz_score

    weights, hits, clusters = CHANCE.normal(size=(9, 2)), CHANCE.integers(1, 5, 9), np.array([0, 1, 2] * 3)
    of_samples = calinski_harabasz_score(np.repeat(weights, hits, axis=0), np.repeat(clusters, hits))
    ours = calinski_harabasz(weights, hits.astype(float), clusters)
    assert ours / (9 - 3) == pytest.approx(of_samples / (hits.sum() - 3))


def test_clusters_that_do_not_border_on_each_other_are_apart():
    weights, hits = np.array([[0.0], [5.0], [9.0]]), np.array([1.0, 0.0, 1.0])
    pairs = neighbouring(LATTICES["rectangular"](1, 3))
    assert share_of_valleys(weights, hits, np.array([0, -1, 1]), pairs) == 1
    assert share_of_valleys(weights, hits, np.array([0, 0, 0]), pairs) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"method": "wards"}, "method must be one of ward, kmeans, hdbscan, umatrix, got 'wards'"),
        ({"clusters": 0}, "clusters must be an integer of at least 1, got 0"),
        ({"clusters": "many"}, "clusters must be auto or a number, got 'many'"),
        ({"clusters": 5}, "clusters must be at most the number of nodes that won samples, 4, got 5"),
        (
            {"clusters": 5, "method": "kmeans"},
            "clusters must be at most the number of nodes that won samples, 4, got 5",
        ),
        (
            {"clusters": 3, "method": "umatrix"},
            "clusters must be at most the number of valleys of this U-matrix, 2, got 3",
        ),
        ({"clusters": 2, "method": "hdbscan"}, "clusters must be auto for hdbscan, which finds their number, got 2"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, told):
    som = ksom.KohonenSOM(1, 4, initial=[[[0.0], [1.0], [8.0], [9.0]]])
    with pytest.raises(KsomError) as caught:
        som.cluster(**arguments)
    assert str(caught.value) == told


def test_without_scikit_learn_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    som = ksom.KohonenSOM(1, 4, initial=[[[0.0], [1.0], [8.0], [9.0]]])
    assert som.cluster("ward", 2).tolist() == som.cluster("umatrix", 2).tolist() == [[0, 0, 1, 1]]
    with pytest.raises(NotInstalled) as caught:
        som.cluster("kmeans", 2)
    told = "kmeans needs scikit-learn, which is not installed: pip install scikit-learn; ward and umatrix do not"
    assert str(caught.value) == told


def test_ward_loads_no_scikit_learn():
    made = "ksom.KohonenSOM(2, 2, initial=[[[0.0]] * 2] * 2)"
    code = f"import sys, ksom; {made}.cluster(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
