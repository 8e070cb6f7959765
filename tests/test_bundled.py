"""The data sets of scikit-learn by their names."""

import sys

import numpy as np
import pytest
from sklearn import datasets

from ksom.datasets.bundled import SETS, Bundled
from ksom.default_setup import Experiment
from ksom.errors import NotInstalled, ParameterError
from ksom.testing import check_dataset


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_as_scikit_learn_has_it(name):
    bunch, ours = getattr(datasets, f"load_{name}")(), Bundled(name)
    np.testing.assert_array_equal(ours.samples, bunch.data)
    assert ours.feature_names == tuple(bunch.feature_names)
    check_dataset(ours)


@pytest.mark.parametrize(("name", "classes"), [("iris", 3), ("wine", 3), ("digits", 10), ("breast_cancer", 2)])
def test_classes_are_known_by_their_names(name, classes):
    labels = Bundled(name).labels
    assert labels.dtype.kind == "U"
    assert len(set(labels)) == classes


def test_diabetes_has_no_classes():
    assert Bundled("diabetes").labels is None


def test_an_experiment_names_one(tmp_path):
    (tmp_path / "iris.yaml").write_text("DATASET: {NAME: Bundled, SET: iris}\nTRAINER: {ITERATIONS: 2}\n")
    experiment = Experiment(tmp_path / "iris.yaml", output_dir=tmp_path / "run")
    assert experiment.run().som.feature_names[0] == "sepal length (cm)"
    assert experiment.config["DATASET"] == {"NAME": "Bundled", "SET": "iris"}


def test_an_unknown_set_is_refused():
    with pytest.raises(ParameterError, match="set must be one of iris, wine, digits, breast_cancer, diabetes, got"):
        Bundled("california")


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(NotInstalled, match=r"needs scikit-learn \(.*\); pip install scikit-learn"):
        Bundled()
