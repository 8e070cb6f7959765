"""A scaled map takes raw samples for ever after, and learns what an unscaled map learns from scaled ones."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ksom import Experiment, KohonenSOM, quantization_error, train
from ksom.dataset import Dataset
from ksom.errors import ConfigError, DataError, NotTrained, ParameterError
from ksom.map_file import read
from ksom.method.moments import Moments
from ksom.method.scaling import SCALINGS, LogStandard, MinMax, NoScaling, Rank, Robust, Standard
from ksom.samples import BLOCK_ROWS
from ksom.summary import summarise
from ksom.trainer import Trainer

RNG = np.random.default_rng(0)
RAW = RNG.random((300, 4)) * [1, 10, 0.1, 1000] + [0, 5, -3, 1e5]

LOGS = np.sign(RAW) * np.log(1 + np.abs(RAW))
LOWER, MEDIAN, UPPER = np.quantile(RAW, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")

SCALED = {
    "none": RAW,
    "standard": (RAW - RAW.mean(axis=0)) / RAW.std(axis=0),
    "minmax": (RAW - RAW.min(axis=0)) / (RAW.max(axis=0) - RAW.min(axis=0)),
    "robust": (RAW - MEDIAN) / (UPPER - LOWER),
    "log1p+standard": (LOGS - LOGS.mean(axis=0)) / LOGS.std(axis=0),
    "rank": (RAW.argsort(axis=0).argsort(axis=0) + 0.5) / len(RAW),
}

NEW = ["robust", "log1p+standard", "rank"]

VALUES = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
SAMPLES = arrays.arrays(np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=VALUES)


def summary_of(samples, **others):
    return summarise(Dataset(samples), with_log_moments=True, with_quantiles=True, **others)


def trained(samples, **arguments):
    return train(samples, 4, 4, 10, algorithm="batch", dtype="float64", **arguments)


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("weights", [None, [1, 2, 0.5, 3]])
def test_scaling_is_what_its_name_says(name, weights):
    scales = SCALINGS[name](weights).fitted(summary_of(RAW), "data")
    expected = SCALED[name] * np.sqrt(np.ones(4) if weights is None else weights)
    scaled = RAW if scales is None else scales.of(RAW)
    np.testing.assert_allclose(scaled, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in SCALED if name != "none"])
@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_scaled_map_of_raw_samples_is_the_map_of_scaled_samples_to_the_bit(name, algorithm, dtype):
    scaled = SCALINGS[name]().fitted(summary_of(RAW), "data").of(RAW)
    one = train(RAW, 4, 4, 5, algorithm=algorithm, scaling=name, dtype=dtype)
    other = train(scaled, 4, 4, 5, algorithm=algorithm, dtype=dtype)
    assert one.weights.tobytes() == other.weights.tobytes()
    for asked in ("best_matching_nodes", "transform"):
        assert getattr(one, asked)(RAW).tobytes() == getattr(other, asked)(scaled).tobytes()
    assert quantization_error(one, RAW) == quantization_error(other, scaled)


@pytest.mark.parametrize("initial", ["random", "samples"])
def test_first_weights_are_in_the_map_s_units(initial):
    som = KohonenSOM(5, 5, scaling="minmax", initial=initial)
    Trainer(som, RAW)
    assert (som.weights.min(), som.weights.max()) >= (0, 0.5)
    assert som.weights.max() <= 1
    assert (som.prototypes[..., 3] >= 1e5).all()


@given(samples=SAMPLES, name=st.sampled_from([name for name in SCALED if name != "none"]), weight=st.floats(0.1, 10))
def test_prototypes_undo_the_scaling(samples, name, weight):
    som = train(samples, 2, 2, 1, scaling=SCALINGS[name]([weight] * samples.shape[1]), dtype="float64")
    som.weights = som.intake.scaled(np.resize(samples, (2, 2, samples.shape[1])))
    spread = np.abs(samples).max() or 1
    np.testing.assert_allclose(som.prototypes, np.resize(samples, som.weights.shape), atol=1e-9 * spread)


def test_prototypes_are_the_weights_where_nothing_is_scaled():
    som = trained(RAW)
    assert som.prototypes.tobytes() == som.weights.tobytes()


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8, -1e12])
@pytest.mark.parametrize("size", [5, BLOCK_ROWS + 1, 3 * BLOCK_ROWS])
def test_moments_are_right_far_from_the_origin(offset, size):
    centred = np.round(RNG.normal(size=(size, 2)) * 1024) / 1024  # exact beside the offset
    summary = summarise(Dataset(centred + offset))
    np.testing.assert_allclose(summary.mean - offset, centred.mean(axis=0), atol=1e-15 * abs(offset) + 1e-12)
    np.testing.assert_allclose(summary.deviation, centred.std(axis=0), rtol=1e-9 if abs(offset) < 1e12 else 1e-6)


@given(samples=SAMPLES, cut=st.integers(0, 9), data=st.data())
def test_moments_are_those_of_the_values_that_are_there_by_weight(samples, cut, data):
    size, features = samples.shape
    missing = data.draw(arrays.arrays(np.bool_, samples.shape))
    weights = data.draw(arrays.arrays(np.float64, size, elements=st.integers(1, 5)))
    moments = Moments(features)
    for rows in (slice(cut), slice(cut, None)):
        if len(samples[rows]):
            moments.add(np.where(missing, np.nan, samples)[rows], missing[rows], weights[rows])
    for feature in range(features):
        there = np.repeat(samples[:, feature], np.where(missing[:, feature], 0, weights).astype(int))
        if there.size:
            scale = np.abs(there).max() or 1
            assert moments.mean[feature] == pytest.approx(there.mean(), abs=1e-12 * scale)
            assert moments.deviation[feature] == pytest.approx(there.std(), abs=1e-9 * scale)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9 / 3])
@pytest.mark.parametrize("name", ["standard", "minmax", "robust", "log1p+standard"])
def test_a_constant_feature_keeps_its_unit(name, value):
    samples = np.column_stack([np.full(9000, value), RNG.random(9000)])
    som = train(samples, 2, 2, 1, scaling=name)
    assert som.intake.scales.factor[0] == 1
    np.testing.assert_allclose(som.prototypes[..., 0], value, atol=1)


@pytest.mark.parametrize("name", ["none", "standard", "minmax", "robust"])
@given(order=st.permutations(range(4)))
def test_permuted_features_permute_what_is_fitted(name, order):
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    one = SCALINGS[name](weights).fitted(summary_of(RAW), "data")
    other = SCALINGS[name](weights[order]).fitted(summary_of(RAW[:, order]), "data")
    for before, after in zip(one[:2], other[:2], strict=True):
        assert before[order].tobytes() == after.tobytes()


def test_a_feature_of_weight_four_counts_like_itself_twice_as_wide():
    one = trained(RAW, feature_weights=[4, 1, 1, 1])
    other = trained(RAW * [2, 1, 1, 1])
    assert one.weights.tobytes() == other.weights.tobytes()


def test_of_a_feature_of_weight_zero_the_map_knows_nothing():
    som = trained(RAW, scaling="standard", feature_weights=[1, 1, 1, 0])
    changed = RAW.copy()
    changed[:, 3] = 7
    assert som.best_matching_nodes(changed).tolist() == som.best_matching_nodes(RAW).tolist()
    assert np.isnan(som.prototypes[..., 3]).all()
    assert np.isfinite(som.prototypes[..., :3]).all()


def test_all_values_of_a_constant_feature_have_the_rank_one_half():
    samples = np.column_stack([np.full(9, -3.0), RNG.random(9)])
    som = train(samples, 2, 2, 3, scaling="rank", dtype="float64")
    assert som.intake.scaled(samples)[:, 0].tolist() == [0.5] * 9
    assert som.intake.scaled(np.array([[-4.0, 0.5], [-2.0, 0.5]]))[:, 0].tolist() == [0, 1]
    assert (som.prototypes[..., 0] == -3).all()


def test_a_feature_whose_quartiles_coincide_is_divided_by_its_deviation():
    values = np.array([[0.0]] * 8 + [[5.0], [-3.0]])
    assert Robust().fitted(summary_of(values), "data").factor[0] == pytest.approx(1 / values.std())


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("samples", [[[7.0]], [[7.0, -1e9]], [[1.0], [2.0]]], ids=str)
def test_the_fewest_samples_are_scaled(name, samples):
    som = train(samples, 2, 2, 2, scaling=name, dtype="float64")
    assert np.isfinite(som.intake.scaled(np.array(samples))).all()
    assert (som.prototypes >= np.min(samples, axis=0) - 1e-6).all()


@pytest.mark.parametrize("name", NEW)
@given(samples=SAMPLES)
def test_the_scaling_s_way_back_leads_to_the_samples(name, samples):
    scales = SCALINGS[name]().fitted(summary_of(samples), "data")
    size = np.abs(samples).max() or 1
    np.testing.assert_allclose(scales.undone(scales.of(samples)), samples, rtol=1e-9, atol=1e-9 * size)


@pytest.mark.parametrize("name", [name for name in SCALED if name != "none"])
def test_a_sample_of_weight_two_scales_like_the_sample_twice(name):
    weights = RNG.integers(1, 3, len(RAW))
    weighted = summarise(Dataset(RAW, weights), with_log_moments=True, with_quantiles=True)
    one = SCALINGS[name]().fitted(weighted, "data").of(RAW)
    other = SCALINGS[name]().fitted(summary_of(np.repeat(RAW, weights, axis=0)), "data").of(RAW)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NEW)
def test_a_sample_of_weight_zero_is_as_if_it_were_not_there(name):
    weights = RNG.integers(0, 3, len(RAW)).astype(float)
    one = train(Dataset(RAW, weights), 3, 3, 3, scaling=name)
    other = train(Dataset(RAW[weights > 0], weights[weights > 0]), 3, 3, 3, scaling=name)
    assert one.weights.tobytes() == other.weights.tobytes()


@pytest.mark.parametrize("name", NEW)
def test_gaps_are_filled_in_in_data_units(name):
    holed = np.where(RNG.random(RAW.shape) < 0.2, np.nan, RAW)
    holed = holed[~np.isnan(holed).all(axis=1)]
    filled = train(holed, 4, 4, 10, scaling=name, missing="keep").fill_in(holed)
    assert ((filled >= RAW.min(axis=0) - 1e-3) & (filled <= RAW.max(axis=0) + 1e-3)).all()
    assert (filled == holed)[~np.isnan(holed)].all()


@pytest.mark.parametrize("name", NEW)
def test_one_sample_is_scaled_as_among_others_to_the_bit(name):
    scales = SCALINGS[name]().fitted(summary_of(RAW), "data")
    assert scales.of(RAW).tobytes() == np.concatenate([scales.of(RAW[i : i + 1]) for i in range(len(RAW))]).tobytes()


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_seed_and_the_backend_change_nothing_of_what_is_fitted(name, backend):
    one = train(RAW, 3, 3, 1, scaling=name, seed=5, backend=backend)
    assert one.intake.scales.as_plain() == SCALINGS[name]().fitted(summary_of(RAW), "data").as_plain()


@pytest.mark.parametrize("name", NEW)
def test_infinity_is_refused_by_row_and_column(name):
    with pytest.raises(DataError, match="dataset Dataset: row 1, column 0 is inf; drop or fill it before training"):
        train([[1.0], [np.inf]], scaling=name)


def test_a_feed_does_not_hold_the_rows_that_quantiles_came_from():
    assert Trainer(KohonenSOM(2, 2, scaling="rank"), RAW).feed.summary.some is None


def test_values_that_single_precision_cannot_tell_apart_are_scaled_before_they_are_cast():
    far = RNG.random((50, 2)) + 1e12
    som = train(far, 3, 3, 20, algorithm="batch", scaling="minmax")
    assert quantization_error(som, far) < 0.3


@pytest.mark.parametrize(
    "scaling", ["standard", Standard([1, 2, 3, 4]), NoScaling([1, 0, 0, 0]), MinMax(), *NEW], ids=repr
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_file_keeps_the_scaling_to_the_bit(scaling, dtype, tmp_path):
    som = train(RAW, 3, 3, 2, scaling=scaling, dtype=dtype)
    som.save(tmp_path / "map.npz")
    loaded = KohonenSOM.load(tmp_path / "map.npz")
    assert repr(loaded.scaling) == repr(som.scaling)
    assert loaded.transform(RAW).tobytes() == som.transform(RAW).tobytes()
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "map.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_numpy_alone_can_read_the_scaling(tmp_path):
    som = train(RAW, 3, 3, 2, scaling="standard")
    som.save(tmp_path / "map.npz")
    with np.load(tmp_path / "map.npz", allow_pickle=False) as file:
        scales = json.loads(str(file["about"]))["scales"]
        prototypes = file["weights"] / np.array(scales["factor"]) + np.array(scales["centre"])
    np.testing.assert_array_equal(prototypes, som.prototypes)


def test_a_map_goes_on_with_the_scaling_that_it_has():
    som = train(RAW, 3, 3, 2, scaling="standard")
    before = som.intake.scales
    Trainer(som, RAW * 2, iterations=1).train()
    assert som.intake.scales is before


def test_data_of_other_features_are_refused_and_leave_the_scaling_alone():
    som = train(RAW, 3, 3, 2, scaling="standard")
    with pytest.raises(DataError, match="dataset Dataset: the map scales 4 features, the data have 3"):
        Trainer(som, RAW[:, :3])
    given = KohonenSOM(1, 1, scaling="standard", initial=[[[0.0, 0.0]]])
    with pytest.raises(DataError, match="the map's weights have 2 features, the data 3"):
        Trainer(given, RAW[:, :3])
    assert given.intake.scales is None


@pytest.mark.parametrize("before", [NoScaling(), Standard(), MinMax([1, 2, 3, 4]), LogStandard(), Rank()], ids=repr)
@pytest.mark.parametrize("now", [NoScaling(), Standard(), MinMax([4, 3, 2, 1]), LogStandard(), Rank()], ids=repr)
def test_a_warm_start_from_a_map_s_file_is_in_the_units_of_the_new_map(before, now, tmp_path):
    old = train(RAW, 3, 3, 5, scaling=before, dtype="float64")
    old.save(tmp_path / "map.npz")
    som = KohonenSOM(3, 3, initial=tmp_path / "map.npz", scaling=now, dtype="float64")
    Trainer(som, RAW)
    np.testing.assert_allclose(som.prototypes, old.prototypes, rtol=1e-10)
    if repr(before) == repr(now):
        assert som.weights.tobytes() == old.weights.tobytes()


def test_a_warm_start_without_a_feature_s_value_begins_at_its_centre(tmp_path):
    train(RAW, 3, 3, 5, feature_weights=[1, 1, 1, 0]).save(tmp_path / "map.npz")
    som = KohonenSOM(3, 3, initial=tmp_path / "map.npz", scaling="standard", dtype="float64")
    Trainer(som, RAW)
    np.testing.assert_allclose(som.prototypes[..., 3], RAW[:, 3].mean())


def test_a_scaling_that_is_fitted_to_nothing_yet_is_told():
    som = KohonenSOM(1, 1, scaling="standard", initial=[[[0.0, 0.0]]])
    for asked in (lambda: som.best_matching_nodes([[1.0, 2.0]]), lambda: som.prototypes):
        with pytest.raises(NotTrained, match="has not seen the data yet that its scaling is fitted to; train it"):
            asked()


REFUSED = {
    "unknown": (
        {"scaling": "zscore"},
        ParameterError,
        r"scaling must name a scaling \(none, standard, minmax, robust, ",
    ),
    "class": ({"scaling": Standard}, ParameterError, "scaling must name a scaling"),
    "negative": ({"feature_weights": [1, -1, 0, 0]}, ParameterError, r"feature_weights\[1\] must be a number >= 0"),
    "NaN": ({"feature_weights": [1, np.nan, 0, 0]}, ParameterError, r"feature_weights\[1\] must be a number >= 0"),
    "all zero": ({"feature_weights": [0, 0, 0, 0]}, ParameterError, "feature_weights must not be 0 for all features"),
    "none": ({"feature_weights": []}, ParameterError, "feature_weights must be a list of numbers, one for each"),
    "ragged": ({"feature_weights": [[1], [1, 2]]}, ParameterError, r"feature_weights\[0\] must be a number"),
    "text": ({"feature_weights": "1234"}, ParameterError, "feature_weights must be a list of numbers"),
    "too few": ({"feature_weights": [1, 1]}, DataError, "a feature weight for each of the 4 features, got 2"),
    "twice": (
        {"scaling": Standard(), "feature_weights": [1, 1, 1, 1]},
        ParameterError,
        r"be given to the scaling itself, as in Standard\(feature_weights=…\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_one_clear_line(name):
    arguments, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        train(RAW, **arguments)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("minmax", [0, 1e-310]),
        ("minmax", [1e308, -1e308]),
        ("standard", [0, 1e-200]),
        ("standard", [0, 1e200]),
        ("robust", [0, 1e-310]),
        ("robust", [1e308, -1e308]),
        ("rank", [1e308, -1e308]),
    ],
)
def test_a_spread_beyond_double_precision_is_refused(name, values):
    with pytest.raises(DataError, match=r"feature 0 goes from .* which float64 cannot scale; take another unit"):
        train(np.column_stack([values, [0, 1]]), scaling=name, dtype="float64")


YAML = {
    "SCALING: zscore": r"MODEL.SCALING.NAME: no scaling is called 'zscore'",
    "SCALING: {NAME: standard, WEIGHTS: [1]}": "MODEL.SCALING.WEIGHTS: Standard has no such key",
    "SCALING: {FEATURE_WEIGHTS: [1, 1, -1]}": r"MODEL.SCALING.FEATURE_WEIGHTS\[2\] must be a number >= 0",
    "SCALING: {FEATURE_WEIGHTS: 3}": "MODEL.SCALING.FEATURE_WEIGHTS must be a list of numbers",
    "SCALING: {FEATURE_WEIGHTS: [1, 1]}": "a feature weight for each of the 3 features, got 2",
}


@pytest.mark.parametrize("line", YAML)
def test_so_it_is_from_a_file(line, tmp_path):
    (tmp_path / "a.yaml").write_text(f"MODEL: {{{line}}}\n")
    with pytest.raises((ConfigError, DataError), match=YAML[line]):
        Experiment(tmp_path / "a.yaml", output_dir=tmp_path / "run")


@pytest.mark.parametrize("node", ["standard", {"NAME": "minmax", "FEATURE_WEIGHTS": [1, 2, 3]}, "rank"], ids=str)
def test_a_run_is_resumed_with_its_scaling(node, tmp_path):
    def experiment(name, *overrides):
        (tmp_path / "a.yaml").write_text(json.dumps({"MODEL": {"SCALING": node, "HEIGHT": 3}}))
        return Experiment(tmp_path / "a.yaml", ["TRAINER.ITERATIONS", "20", *overrides], tmp_path / name)

    whole = experiment("whole").run().som
    halted = experiment("halted", "HOOKS.TIME_LIMIT.SECONDS", "1e-9")
    assert halted.run().status == "stopped"
    resumed = experiment("halted").run(resume=True)
    assert resumed.status == "completed"
    assert resumed.som.weights.tobytes() == whole.weights.tobytes()
    kept = [read(tmp_path / name / "map.npz").scales for name in ("whole", "halted")]
    assert str(kept[0]) == str(kept[1])
    assert kept[0] is not None


def test_the_film_is_coloured_by_what_the_map_sees(tmp_path):
    som = KohonenSOM(3, 3, scaling="standard")
    run = Trainer(som, RAW, iterations=1).run
    np.testing.assert_allclose(run.seen_probe.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(run.probe, RAW)
