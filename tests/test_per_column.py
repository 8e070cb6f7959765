"""Scalings and weights by name: each feature as is said of it, what has a size of its own left alone."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom import Experiment, KohonenSOM, train
from ksom.dataset import Dataset
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.errors import ConfigError, DataError, ParameterError
from ksom.method.scaling import SCALINGS, PerColumn, Scaling, Standard
from ksom.summary import summarise

RNG = np.random.default_rng(0)
RAW = np.column_stack([RNG.lognormal(10, 2, 200), RNG.integers(18, 90, 200), RNG.normal(size=200), RNG.random(200)])
NAMES = ("income", "age", "mood", "luck")
ONE_EACH = [name for name in SCALINGS if name != "per_column"]


def named(samples=RAW, names=NAMES):
    dataset = Dataset(samples)
    dataset.feature_names = names
    return dataset


ENCODING = Encoding((Column("income"), Column("sex", CATEGORY, ("f", "m")), Column("hour", CYCLE, period=24.0)))


def encoded():
    sex, angle = RNG.integers(0, 2, 50), RNG.random(50) * 2 * np.pi
    columns = [RNG.lognormal(10, 2, 50), (sex == 0) * 0.5**0.5, (sex == 1) * 0.5**0.5, np.cos(angle), np.sin(angle)]
    dataset = named(np.column_stack(columns), ENCODING.feature_names)
    dataset.encoding = ENCODING
    return dataset


def fitted(scaling, dataset):
    return scaling.fitted(summarise(dataset, with_log_moments=True, with_quantiles=True), "dataset Dataset")


@given(
    chosen=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ONE_EACH), min_size=1),
    default=st.sampled_from(ONE_EACH),
)
def test_each_feature_is_scaled_as_its_scaling_does_alone(chosen, default):
    scaled = fitted(PerColumn(chosen, default), named()).of(RAW)
    for feature, name in enumerate(NAMES):
        alone = fitted(SCALINGS[chosen.get(name, default)]([1, 1, 1, 1]), named())
        assert scaled[:, feature].tobytes() == alone.of(RAW)[:, feature].tobytes()


@pytest.mark.parametrize("default", ONE_EACH)
def test_every_feature_may_be_named(default):
    assert fitted(PerColumn(dict.fromkeys(NAMES, "minmax"), default), named()).of(RAW).max() == 1


@pytest.mark.parametrize("default", ONE_EACH)
def test_only_what_is_needed_is_measured(default):
    cls: type[Scaling] = SCALINGS[default]
    for need in ("needs_moments", "needs_log_moments", "needs_quantiles"):
        assert getattr(PerColumn({"age": "minmax"}, default), need) is getattr(cls, need)


@pytest.mark.parametrize(
    "scaling", [*(SCALINGS[name]() for name in ONE_EACH if name != "none"), PerColumn({"income": "rank"})], ids=repr
)
def test_what_has_a_size_of_its_own_is_left_alone(scaling):
    dataset = encoded()
    scaled = fitted(scaling, dataset).of(dataset.samples)
    assert scaled[:, 1:].tobytes() == dataset.samples[:, 1:].tobytes()
    assert not np.array_equal(scaled[:, 0], dataset.samples[:, 0])


def test_a_weight_by_a_column_s_name_is_that_of_all_its_features():
    scales = fitted(Standard({"sex": 4, "sin hour": 9}), encoded())
    assert scales.factor[1:].tolist() == [2, 2, 1, 3]


def test_weights_by_name_are_1_for_all_others():
    by_name, in_order = Standard({"age": 2, "luck": 0.5}), Standard([1, 2, 1, 0.5])
    assert fitted(by_name, named()).factor.tobytes() == fitted(in_order, named()).factor.tobytes()


def test_a_table_is_scaled_by_name_in_one_call():
    pandas = pytest.importorskip("pandas")
    som = train(
        pandas.DataFrame(RAW, columns=NAMES), 3, 3, 3, scaling=PerColumn({"income": "log1p+standard"}), dtype="float64"
    )
    assert som.prototypes[..., 0].min() >= RAW[:, 0].min()
    other = train(pandas.DataFrame(RAW, columns=NAMES), 3, 3, 3, feature_weights={"income": 4})
    assert other.intake.scales.factor.tolist() == [2, 1, 1, 1]


def test_a_map_goes_on_with_data_that_have_no_names(tmp_path):
    som = train(named(), 3, 3, 3, scaling=PerColumn({"income": "rank"}))
    som.save(tmp_path / "map.npz")
    loaded = KohonenSOM.load(tmp_path / "map.npz")
    assert repr(loaded.scaling) == repr(som.scaling)
    assert loaded.best_matching_nodes(RAW).tolist() == som.best_matching_nodes(RAW).tolist()


REFUSED = {
    "no name": (PerColumn({"ag": "minmax"}), "no feature is called 'ag'; did you mean 'age'?"),
    "nothing like it": (
        PerColumn({"x": "rank"}),
        "no feature is called 'x'; there are ['income', 'age', 'mood', 'luck']",
    ),
    "no name of a weight": (Standard({"incme": 2}), "no feature is called 'incme'; did you mean 'income'?"),
    "no weight left": (Standard(dict.fromkeys(NAMES, 0)), "the feature weights are 0 for all features"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_data_do_not_have_is_refused(name):
    scaling, message = REFUSED[name]
    with pytest.raises(DataError) as told:
        train(named(), 2, 2, 1, scaling=scaling)
    assert str(told.value).startswith(f"dataset Dataset: {message}")


@pytest.mark.parametrize("scaling", [PerColumn({"age": "rank"}), Standard({"age": 2})], ids=repr)
def test_data_without_names_are_refused(scaling):
    with pytest.raises(
        DataError, match="dataset Dataset: its features have no names, so none is called 'age'; give a ta"
    ):
        train(RAW, 2, 2, 1, scaling=scaling)


@pytest.mark.parametrize("name", ["sex", "sex=f", "hour", "cos hour"])
def test_a_scaling_of_what_has_a_size_of_its_own_is_refused(name):
    with pytest.raises(DataError, match=f"dataset Dataset: '{name}' is of a category or a cycle, .* leave it out"):
        train(encoded(), 2, 2, 1, scaling=PerColumn({name: "minmax"}))


WRONG = {
    "no mapping": (
        lambda: PerColumn(["age"]),
        "columns must be a mapping of names of features to scalings, got ['age']",
    ),
    "no column": (lambda: PerColumn({}), "columns must be a mapping of names of features to scalings, got {}"),
    "a number": (lambda: PerColumn({3: "rank"}), "columns must be a mapping of names of features to scalings"),
    "no scaling": (
        lambda: PerColumn({"age": "minimax"}),
        "columns['age'] must name a scaling (none, standard, minmax, ",
    ),
    "no default": (
        lambda: PerColumn({"age": "rank"}, "zscore"),
        "default must name a scaling (none, standard, minmax, ",
    ),
    "itself": (
        lambda: PerColumn({"age": "per_column"}),
        "columns['age'] must be the scaling of one feature, got 'per_col",
    ),
    "no weight": (lambda: Standard({"age": "much"}), "feature_weights['age'] must be a number >= 0, got 'much'"),
    "no name": (
        lambda: Standard({1: 2}),
        "feature_weights must be a list of numbers, one for each feature, or a mapping",
    ),
    "no weights": (
        lambda: Standard({}),
        "feature_weights must be a list of numbers, one for each feature, or a mapping",
    ),
    "nothing said": (
        lambda: KohonenSOM(scaling="per_column"),
        (
            "scaling must be an object: PerColumn cannot be made by its name alone "
            "(missing a required argument: 'columns')"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_one_clear_line(name):
    made, message = WRONG[name]
    with pytest.raises(ParameterError) as told:
        made()
    assert str(told.value).startswith(message)


def experiment(tmp_path, scaling, *overrides):
    np.save(tmp_path / "data.npy", RAW)
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom ksom import Dataset\n\n\nclass Named(Dataset):\n"
        "    def __init__(self, path):\n        self.path = path\n        super().__init__(np.load(path))\n"
        f"        self.feature_names = {NAMES}\n"
    )
    tree = {
        "DATASET": {"NAME": "mine:Named", "PATH": "data.npy"},
        "MODEL": {"SCALING": scaling, "HEIGHT": 3, "WIDTH": 3},
    }
    (tmp_path / "a.yaml").write_text(json.dumps({**tree, "TRAINER": {"ITERATIONS": 4}}))
    return Experiment(tmp_path / "a.yaml", overrides, tmp_path / "run")


NODE = {"NAME": "per_column", "COLUMNS": {"income": "log1p+standard", "age": "rank"}, "FEATURE_WEIGHTS": {"income": 2}}


def test_an_experiment_tells_it_by_name_and_keeps_it(tmp_path):
    som = experiment(tmp_path, NODE, "MODEL.SCALING.COLUMNS.luck", "minmax").run().som
    expected = PerColumn({**NODE["COLUMNS"], "luck": "minmax"}, feature_weights={"income": 2})
    assert repr(som.scaling) == repr(expected)
    direct = train(named(), 3, 3, 4, scaling=expected)
    assert som.weights.tobytes() == direct.weights.tobytes()
    repeated = Experiment(tmp_path / "run" / "config.yaml", (), tmp_path / "again").run().som
    assert repeated.weights.tobytes() == som.weights.tobytes()


YAML = {
    "MODEL.SCALING.COLUMNS is missing: PerColumn needs it": "per_column",
    "MODEL.SCALING.COLUMNS['age'] must name a scaling": {**NODE, "COLUMNS": {"age": "log"}},
    "MODEL.SCALING.FEATURE_WEIGHTS['age'] must be a number >= 0": {**NODE, "FEATURE_WEIGHTS": {"age": -1}},
    "MODEL.SCALING.COLUMN: PerColumn has no such key; did you mean 'COLUMNS'?": {"NAME": "per_column", "COLUMN": {}},
    "dataset Named: no feature is called 'agee'; did you mean 'age'?": {**NODE, "COLUMNS": {"agee": "rank"}},
}


@pytest.mark.parametrize("message", YAML)
def test_so_it_is_refused_from_a_file(message, tmp_path):
    with pytest.raises((ConfigError, DataError)) as told:
        experiment(tmp_path, YAML[message])
    assert str(told.value).startswith(message)
