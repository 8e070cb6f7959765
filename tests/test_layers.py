"""A known layer means what its name says, or is refused with one line; any other is kept as it is."""

import numpy as np
import pytest

from ksom.errors import DataError
from ksom.layers import require_meaning
from ksom.map_file import Layer, MapFile, read, write

COUNTS, NODES = np.array([[[3, 0], [1, 2]]]), np.array([[0, -1]])
QUANTILES = np.array([[[0.5, 1.0], [0.25, np.nan]]])
GOOD = {
    "hits": (NODES + 1, {"samples": 3}),
    "labels": (COUNTS, {"names": ["a", "b"], "column": None}),
    "clusters": (NODES, {"method": "kmeans", "clusters": 1, "index": "silhouette"}),
    "distances": (
        QUANTILES,
        {"levels": [0.5, 0.99], "threshold": 1.5, "quantile": 0.99, "calibrated_on": 4, "held_out": True},
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_known_layer_is_kept(name, tmp_path):
    values, about = GOOD[name]
    weights, layers = np.zeros((1, 2, 3), "f4"), {name: Layer(values, about)}
    write(tmp_path / "map.npz", MapFile(weights, "rectangular", "gaussian", layers=layers))
    found = read(tmp_path / "map.npz").layers[name]
    np.testing.assert_array_equal(found.values, values)
    assert (found.values.dtype, found.about) == (values.dtype, about)


def test_a_layer_of_another_name_may_mean_anything():
    require_meaning("mine", np.full((1, 2), -0.5), {"samples": "many"})


@pytest.mark.parametrize(
    ("name", "values", "changed", "message"),
    [
        ("hits", NODES + 1.0, {}, "hold how many samples each node won, integers >= 0"),
        ("hits", NODES, {}, "hold how many samples each node won, integers >= 0"),
        ("hits", COUNTS, {}, "hold how many samples each node won, integers >= 0"),
        ("hits", None, {"samples": -1}, "tell in `samples` how many samples there were, an integer >= 0, got -1"),
        ("hits", None, {"samples": True}, "tell in `samples` how many samples there were, an integer >= 0, got True"),
        ("hits", None, {"samples": None}, "tell in `samples` how many samples there were, an integer >= 0, got None"),
        ("labels", NODES + 1, {}, "hold how often each node won each label, integers >= 0"),
        ("labels", -COUNTS, {}, "hold how often each node won each label, integers >= 0"),
        ("labels", None, {"names": ["a"]}, r"tell in `names` what its 2 labels are called, got \['a'\]"),
        ("labels", None, {"names": ["a", 2]}, r"tell in `names` what its 2 labels are called, got \['a', 2\]"),
        ("labels", None, {"names": "ab"}, "tell in `names` what its 2 labels are called, got 'ab'"),
        ("labels", None, {"column": 3}, "tell in `column` which column they were in, a text or null, got 3"),
        ("clusters", NODES.astype(float), {}, "hold the cluster of each node, an integer, -1 for none"),
        ("clusters", NODES - 1, {}, "hold clusters from 0 to 0, or -1"),
        ("clusters", NODES + 1, {}, "hold clusters from 0 to 0, or -1"),
        ("clusters", None, {"clusters": 1.5}, "tell in `clusters` how many clusters there are, an integer >= 0"),
        ("clusters", None, {"method": None}, "tell in `method` how they were found, a text, got None"),
        ("distances", QUANTILES.astype("f4"), {}, "hold quantiles of each node's distances, float64, >= 0"),
        ("distances", -QUANTILES, {}, "hold quantiles of each node's distances, float64, >= 0"),
        ("distances", QUANTILES + np.inf, {}, "hold quantiles of each node's distances, float64, >= 0"),
        ("distances", NODES + 1.0, {}, "hold quantiles of each node's distances, float64, >= 0"),
        ("distances", None, {"levels": [0.5]}, r"tell in `levels` the levels of its 2 quantiles, rising, in \[0, 1\]"),
        ("distances", None, {"levels": [0.9, 0.5]}, "tell in `levels` the levels of its 2 quantiles, rising"),
        ("distances", None, {"levels": [0.5, 1.5]}, "tell in `levels` the levels of its 2 quantiles, rising"),
        ("distances", None, {"threshold": -1.0}, "tell in `threshold` above which score a sample is new, got -1.0"),
        ("distances", None, {"threshold": np.nan}, "tell in `threshold` above which score a sample is new, got nan"),
        ("distances", None, {"quantile": 2}, r"tell in `quantile` a share of samples in \[0, 1\], got 2"),
        ("distances", None, {"calibrated_on": "4"}, "tell in `calibrated_on` a number of samples, an integer >= 0"),
        ("distances", None, {"held_out": 1}, "tell in `held_out` whether the map learned without them, got 1"),
    ],
)
def test_a_known_layer_that_means_something_else_is_refused(name, values, changed, message):
    good, about = GOOD[name]
    with pytest.raises(DataError, match=f"^its layer '{name}' must {message}"):
        require_meaning(name, good if values is None else values, {**about, **changed})


def test_a_file_with_such_a_layer_is_named(tmp_path):
    map_file = MapFile(np.zeros((1, 2, 3), "f4"), "rectangular", "gaussian", layers={"hits": Layer(NODES, {})})
    write(tmp_path / "map.npz", map_file)
    with pytest.raises(DataError, match=r"map.npz: its layer 'hits' must hold how many samples each node won"):
        read(tmp_path / "map.npz")
