"""What the page of a report is told of a run or a map, against numpy."""

import base64
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

import ksom
from ksom.entry import cli
from ksom.map_file import Layer
from ksom.method.umatrix import umatrix
from ksom.runs.history import OF_THE_CLOCK, History
from ksom.tasks.report.report import Asked, report_of
from ksom.tasks.sight import Sight, sight_of
from tests.report_runs import as_sight, run_on_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on iris."""
    return run_on_iris(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def told(iris: Path) -> dict[str, Any]:
    """What the page of that run is told."""
    return report_of(sight_of(iris)).data


def decoded(text: str, dtype: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), f"<{dtype}")


def panel(told: dict[str, Any], key: str) -> NDArray[Any]:
    found = next(panel for panel in told["panels"] if panel["key"] == key)
    return decoded(found["values"], "i4" if found["kind"] == "categorical" else "f4")


def best(som: ksom.KohonenSOM, samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return nodes and distances by plain numpy."""
    scaled = som.intake.block(samples, features=som.features).values
    distances = np.linalg.norm(scaled[:, None] - som.weights.reshape(-1, som.features), axis=2)
    return distances.argmin(axis=1), distances.min(axis=1)


KEYS = "title path about status words lattice panels reduce colours pies pictures features quality curves rows clusters"
KEYS += " film provenance commands notes"


def test_every_key_of_the_page_is_there(told):
    assert set(told) == set(KEYS.split())
    assert told["lattice"] == {"name": "hexagonal", "height": 6, "width": 5, "wrap": "none"}


def test_panels_are_umatrix_hits_distances_labels_clusters_and_a_plane_for_each_feature(told):
    keys = [panel["key"] for panel in told["panels"]]
    assert keys == ["umatrix", "hits", "distances", "labels", "clusters", *(f"plane:{n}" for n in range(4))]
    assert told["panels"][5]["title"] == "sepal length (cm)"


def test_planes_are_the_prototypes_in_data_units(iris, told):
    som = ksom.KohonenSOM.load(iris / "map.npz")
    for feature in range(4):
        np.testing.assert_allclose(panel(told, f"plane:{feature}"), som.prototypes[:, :, feature].ravel(), rtol=1e-6)


def test_umatrix_hits_and_median_distances_are_those_of_the_map(iris, told):
    som = ksom.KohonenSOM.load(iris / "map.npz")
    nodes, distances = best(som, ksom.Bundled("iris").samples)
    medians = [np.sort(distances[nodes == node]) for node in range(30)]
    expected = [of[max(0, -(-len(of) // 2) - 1)] if len(of) else np.nan for of in medians]
    np.testing.assert_allclose(panel(told, "umatrix"), umatrix(som).ravel(), rtol=1e-6)
    np.testing.assert_array_equal(panel(told, "hits"), np.bincount(nodes, minlength=30))
    np.testing.assert_allclose(panel(told, "distances"), expected, rtol=5e-3)


def test_pies_count_the_classes_of_each_node(iris, told):
    data = ksom.Bundled("iris")
    nodes, _ = best(ksom.KohonenSOM.load(iris / "map.npz"), data.samples)
    names, of = np.unique(data.labels, return_inverse=True)
    expected = np.zeros((30, 3), int)
    np.add.at(expected, (nodes, of), 1)
    assert told["pies"]["names"] == names.tolist()
    np.testing.assert_array_equal(decoded(told["pies"]["counts"], "u4").reshape(30, 3), expected)
    won = expected.sum(axis=1) > 0
    np.testing.assert_array_equal(panel(told, "labels")[won], expected.argmax(axis=1)[won])


def test_rows_are_all_of_few_samples_with_node_and_distance(iris, told):
    nodes, distances = best(ksom.KohonenSOM.load(iris / "map.npz"), ksom.Bundled("iris").samples)
    assert told["rows"]["ids"] == [str(row) for row in range(150)]
    assert told["rows"]["total"] == 150
    np.testing.assert_array_equal(decoded(told["rows"]["nodes"], "i4"), nodes)
    np.testing.assert_allclose(decoded(told["rows"]["distances"], "f4"), distances, rtol=1e-5)


def test_of_many_samples_some_are_named_and_of_every_node_the_nearest():
    random = np.random.default_rng(0)
    samples = random.normal(size=(5000, 2))
    som = ksom.train(samples, 5, 5, 5)
    nodes, distances = best(som, samples)
    told = report_of(as_sight(som, samples), Asked("named", most_rows=100)).data
    ids, total = np.array(told["rows"]["ids"], int), told["rows"]["total"]
    nearest = {np.flatnonzero(nodes == node)[distances[nodes == node].argmin()] for node in np.unique(nodes)}
    assert total == 5000
    assert len(ids) <= 100
    assert nearest <= set(ids.tolist())
    np.testing.assert_array_equal(decoded(told["rows"]["nodes"], "i4"), nodes[ids])


def test_quality_is_evaluated_and_each_number_has_a_definition(iris, told):
    measured = ksom.evaluate(ksom.KohonenSOM.load(iris / "map.npz"), ksom.Bundled("iris"))
    of = {one["name"]: one["value"] for one in told["quality"]}
    assert of["topographic error"] == measured["topographic_error"]
    assert "purity" in of
    assert all(len(one["definition"]) > 20 for one in told["quality"])


def test_clusters_have_a_profile_and_a_rule(told):
    clusters, of_node = told["clusters"], panel(told, "clusters")
    assert [cluster["nodes"] for cluster in clusters] == np.bincount(of_node).tolist()
    assert sum(cluster["samples"] for cluster in clusters) == 150
    assert clusters[0]["name"].startswith("cluster 0: 100% setosa, low petal")
    assert clusters[0]["rule"].startswith("petal ")
    scores = [abs(part["score"]) for part in clusters[0]["profile"]]
    assert scores == sorted(scores, reverse=True)


def test_clusters_that_the_map_has_are_shown_and_none_is_looked_for(iris):
    seen = sight_of(iris)
    seen.som.cluster(clusters=5)
    told = report_of(seen).data
    assert len(told["clusters"]) == 5
    np.testing.assert_array_equal(panel(told, "clusters"), seen.som.layers["clusters"].values.ravel())


def test_a_map_without_clusters_is_cut_into_parts_and_that_is_said():
    samples = np.random.default_rng(0).uniform(size=(500, 2))
    told = report_of(as_sight(ksom.train(samples, 6, 6, 10), samples), Asked("named")).data
    assert len(told["clusters"]) == 4
    assert any("one mass" in note for note in told["notes"])


def test_film_curves_provenance_and_commands_are_those_of_the_run(iris, told):
    assert told["film"]["frames"][0].startswith("data:image/png;base64,")
    assert "quantization_error" in [curve["name"] for curve in told["curves"]]
    assert {"eta_seconds", "seconds_per_iteration"} < History.of(iris).curves.keys()
    assert not {curve["name"] for curve in told["curves"]} & set(OF_THE_CLOCK)
    provenance = dict(map(tuple, told["provenance"]))
    about = ksom.KohonenSOM.load(iris / "map.npz").about_training
    assert provenance["data digest"] == about["data_digest"]
    assert (provenance["seed"], provenance["MODEL.HEIGHT"]) == ("0", "6")
    assert told["commands"][0].startswith("ksom train --config-file ")


def test_the_first_command_trains_the_same_map(iris, told, tmp_path):
    words = told["commands"][0].split()[1:]
    words[-1] = str(tmp_path / "again")
    assert CliRunner().invoke(cli, words, standalone_mode=False).exception is None
    assert (tmp_path / "again" / "map.npz").read_bytes() == (iris / "map.npz").read_bytes()


def test_layers_that_the_map_holds_are_told_without_data(iris, tmp_path):
    shutil.copy(iris / "map.npz", tmp_path / "alone.npz")
    told = report_of(sight_of(tmp_path / "alone.npz")).data
    assert panel(told, "hits").sum() == 150
    assert {one["name"] for one in told["quality"]} == {"quantization error", "topographic error"}
    assert told["rows"] is told["film"] is told["pies"] is told["status"] is None
    assert told["curves"] == []


def test_data_that_are_named_are_counted_instead_of_what_the_map_has_learned_from(iris, tmp_path):
    np.save(tmp_path / "some.npy", ksom.Bundled("iris").samples[:40])
    told = report_of(sight_of(iris, tmp_path / "some.npy"), Asked("some.npy")).data
    assert panel(told, "hits").sum() == told["rows"]["total"] == 40


@pytest.mark.parametrize("before", ["", "x" * 480 + " ", "x" * 1990 + " "])
def test_secrets_are_masked_wherever_a_long_text_is_cut(before, iris):
    seen = sight_of(iris)
    config = {**seen.config, "DATASET": {"NAME": "Array", "PATH": f"{before}https://me:sesame-open@host/data.npy"}}
    page = report_of(Sight(**{**vars(seen), "config": config})).as_bytes()
    assert b"sesame" not in page


@pytest.mark.parametrize("key", ["TOKEN", "PASSWORD", "api_key"])
def test_what_is_called_as_a_secret_is_not_shown(key, iris):
    seen = sight_of(iris)
    page = report_of(Sight(**{**vars(seen), "config": {**seen.config, "MINE": {key: "sesame-open"}}})).as_bytes()
    assert key.encode() in page
    assert b"sesame" not in page


@pytest.mark.parametrize(("height", "width", "features"), [(1, 1, 1), (1, 1, 3), (1, 40, 2), (7, 7, 1), (4, 4, 500)])
def test_maps_of_any_shape_have_a_page(height, width, features):
    samples = np.random.default_rng(0).normal(size=(60, features))
    som = ksom.train(samples, height, width, 3)
    for given in (None, samples):
        report = report_of(as_sight(som, given), Asked(None if given is None else "named"))
        assert report.as_bytes()
        assert len(report.data["features"]) == features


def test_missing_values_and_features_of_no_weight_are_shown_as_nothing():
    samples = np.random.default_rng(0).normal(size=(60, 3))
    samples[::3, 1] = np.nan
    som = ksom.train(samples, 4, 4, 3, missing="keep", feature_weights=[1, 1, 0])
    told = report_of(as_sight(som, samples), Asked("named")).data
    assert np.isnan(panel(told, "plane:2")).all()
    assert told["features"][2]["low"] is None
    assert np.isfinite(panel(told, "plane:1")).all()


def test_the_plane_of_a_category_is_the_share_of_samples_that_belong_to_it():
    table = pa.table({"size": [0.0, 0.1, 5.0, 5.1], "sex": ["f", "f", "m", "m"]})
    som = ksom.train(ksom.Table(table, categories=["sex"]), 1, 2, 20, sigma=(1, 0.1))
    told = report_of(as_sight(som)).data
    np.testing.assert_allclose(sorted(panel(told, "plane:1")), [0, 1], atol=1e-6)
    assert told["features"][1]["high"] == pytest.approx(1)


def test_prototypes_of_digits_are_pictures():
    som = ksom.train(ksom.Bundled("digits"), 3, 3, 1)
    assert report_of(as_sight(som)).data["pictures"] == {"height": 8, "width": 8, "channels": 1}


@pytest.mark.parametrize("names", [["pixel_0_0", "pixel_1_1"], ["pixel_99999999_99999999", "b"], ["a", "pixel_0_1"]])
def test_features_that_are_no_grid_of_pixels_are_no_pictures(names):
    som = ksom.KohonenSOM(2, 2, initial=np.zeros((2, 2, 2)))
    som.feature_names = tuple(names)
    assert report_of(as_sight(som)).data["pictures"] is None


def test_a_large_map_is_written_in_blocks_of_nodes_and_close_to_what_it_was():
    height, width, features = 300, 310, 150
    rows, columns = np.mgrid[:height, :width]
    weights = np.stack([np.sin(rows / 40 + n) + columns / 100 for n in range(features)], axis=2)
    som = ksom.KohonenSOM(height, width, initial=weights)
    won = np.random.default_rng(0).integers(0, 9, (height, width))
    som.layers["hits"] = Layer(won, {"samples": int(won.sum())})
    report = report_of(as_sight(som))
    step = report.data["reduce"]
    assert step > 1
    assert len(report.as_bytes()) < 20e6

    def values(key):
        told = next(panel for panel in report.data["panels"] if panel["key"] == key)
        assert told["values"] is None
        return told["low"] + (decoded(told["codes"], "u2") - 1.0) / 65534 * (told["high"] - told["low"])

    np.testing.assert_allclose(values("plane:3"), weights[::step, ::step, 3].ravel(), atol=1e-4)
    assert values("hits").sum() == pytest.approx(won.sum(), rel=1e-3)


def test_a_map_of_100_by_100_nodes_and_20_features_takes_less_than_3_mb():
    random = np.random.default_rng(0)
    som = ksom.KohonenSOM(100, 100, initial=random.normal(size=(100, 100, 20)))
    report = report_of(as_sight(som, random.normal(size=(500, 20))), Asked("named", most_work=0))
    assert len(report.as_bytes()) < 3e6 - 1.2e6  # beside a film of its greatest size
    assert report.data["reduce"] == 1


def test_what_takes_minutes_on_a_map_of_many_nodes_is_left_out_and_said():
    random = np.random.default_rng(0)
    som = ksom.KohonenSOM(51, 50, initial=random.normal(size=(51, 50, 3)))
    told = report_of(as_sight(som, random.normal(size=(200, 3))), Asked("named", most_work=0)).data
    assert "topographic product" not in {measure["name"] for measure in told["quality"]}
    assert any("more than 2,500 nodes these are not measured" in note for note in told["notes"])
