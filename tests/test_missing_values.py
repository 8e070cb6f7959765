"""Missing values are refused, or kept where that is asked for: then nothing of them is learned or compared."""

import numpy as np
import pytest

from ksom import Experiment, KohonenSOM, quantization_error, topographic_error, train
from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.errors import ConfigError, DataError, ParameterError
from ksom.feed import Feed
from ksom.hooks import Picture, Quality, StopOnNaN, Vlog
from ksom.intake import Intake
from ksom.map_file import read
from ksom.samples import BLOCK_ROWS, Block
from ksom.summary import summarise
from ksom.trainer import Trainer

pandas = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
WHOLE = RNG.random((120, 4)) * [1, 1, 1, 10] + [1, 2, -5, 20]  # what stands for a gap in a block, 0, is no value here
GAPS = RNG.random(WHOLE.shape) < 0.2
GAPS[GAPS.all(axis=1)] = False
HOLED = np.where(GAPS, np.nan, WHOLE)
KEEPING = Intake(np.dtype("float32"), missing="keep")


@pytest.fixture(scope="module")
def som():
    return train(HOLED, 4, 4, 30, algorithm="batch", missing="keep", scaling="standard")


@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("scaling", ["none", "standard", "minmax"])
@pytest.mark.parametrize("initial", ["pca", "random", "samples"])
@pytest.mark.parametrize("how", [{}, {"batch_size": 7, "shuffle": True}])
def test_what_is_missing_leaves_no_trace_in_the_map(algorithm, scaling, initial, how):
    arguments = {"algorithm": algorithm, "scaling": scaling, "initial": initial, "missing": "keep", **how}
    som = train(HOLED, 3, 3, 20, **arguments)
    low, high = np.nanmin(HOLED, axis=0), np.nanmax(HOLED, axis=0)
    assert ((som.prototypes >= low - 1e-5) & (som.prototypes <= high + 1e-5)).all()


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax"])
def test_the_mean_stands_for_what_is_missing_in_first_weights_and_pictures(scaling):
    som = KohonenSOM(12, 12, initial="samples", missing="keep", scaling=scaling, dtype="float64")
    run = Trainer(som, HOLED).run
    expected = np.where(GAPS, np.nanmean(HOLED, axis=0), WHOLE)
    np.testing.assert_allclose(som.intake.undone(run.seen_probe), expected)
    found = {tuple(np.round(sample, 9)) for sample in som.prototypes.reshape(-1, 4)}
    assert found <= {tuple(np.round(sample, 9)) for sample in expected}


@pytest.mark.parametrize("algorithm", ["online", "batch"])
@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_complete_data_give_the_bits_that_they_always_gave(algorithm, scaling):
    arguments = {"algorithm": algorithm, "scaling": scaling}
    kept = train(WHOLE, 3, 3, 5, missing="keep", **arguments)
    assert kept.weights.tobytes() == train(WHOLE, 3, 3, 5, **arguments).weights.tobytes()
    assert kept.transform(WHOLE).tobytes() == train(WHOLE, 3, 3, 5, **arguments).transform(WHOLE).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blocks_carry_a_mask_only_if_the_data_have_a_gap(dtype):
    keeping = Intake(np.dtype(dtype), missing="keep")
    late = np.zeros((BLOCK_ROWS + 3, 2))
    assert [block.missing for block in Feed(Dataset(late), intake=keeping).batch(0)] == [None, None]
    late[-1, 1] = np.nan
    masks = [block.missing.sum() for block in Feed(Dataset(late), intake=keeping).batch(0)]
    assert masks == [0, 1]


def test_samples_that_are_made_in_every_iteration_may_get_gaps():
    class Making(Dataset):
        def batch(self, iteration, **how):
            return [HOLED if iteration else WHOLE]

    feed = Feed(Making(WHOLE), intake=KEEPING)
    assert [next(iter(feed.batch(iteration))).missing.sum() for iteration in (0, 1)] == [0, GAPS.sum()]


def test_a_mask_of_a_block_stands_for_gaps_too():
    class Masking(Dataset):
        def batch(self, iteration, **how):
            return [Block(np.where(GAPS, 7.0, WHOLE), missing=GAPS)]

    block = next(iter(Feed(Masking(WHOLE), intake=KEEPING).batch(0)))
    assert (block.missing == GAPS).all()
    assert not block.values[GAPS].any()


def test_summary_is_of_what_is_there():
    summary = summarise(Dataset(HOLED), keep_missing=True)
    assert summary.missing.tolist() == GAPS.sum(axis=0).tolist()
    for found, told in zip(summary, (np.nanmin, np.nanmax, np.nanmean, np.nanstd), strict=False):
        np.testing.assert_allclose(found, told(HOLED, axis=0))


def test_permuted_features_permute_the_map():
    order = [2, 0, 3, 1]
    initial = RNG.random((3, 3, 4))
    one = train(HOLED, 3, 3, 10, algorithm="batch", missing="keep", initial=initial)
    other = train(HOLED[:, order], 3, 3, 10, algorithm="batch", missing="keep", initial=initial[..., order])
    np.testing.assert_allclose(one.weights[..., order], other.weights, rtol=1e-5)


def masked(samples):
    return np.ma.masked_invalid(samples)


def table(samples):
    return pandas.DataFrame(samples, columns=list("abcd"))


def nullable(samples):
    return table(samples).convert_dtypes()


def objects(samples):
    return table(samples).astype(object).where(~np.isnan(samples), None)


def polars(samples):
    return pytest.importorskip("polars").DataFrame(samples, schema=list("abcd"), nan_to_null=True)


@pytest.mark.parametrize("given_as", [masked, table, nullable, objects, polars, Dataset, Array])
def test_all_kinds_of_gaps_are_gaps(given_as):
    plain = train(HOLED, 3, 3, 3, missing="keep")
    other = train(given_as(HOLED), 3, 3, 3, missing="keep")
    assert other.weights.tobytes() == plain.weights.tobytes()
    if given_as not in {Dataset, Array}:
        assert other.best_matching_nodes(given_as(HOLED)).tolist() == plain.best_matching_nodes(HOLED).tolist()


def test_masked_integers_are_missing():
    samples = np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    np.testing.assert_array_equal(Dataset(samples).samples, [[1, np.nan], [3, 4]])


@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev"])
def test_the_best_node_is_the_nearest_by_what_is_there(distance):
    weights = RNG.random((3, 4, 4))
    som = KohonenSOM(3, 4, initial=weights, distance=distance, missing="keep", dtype="float64")
    for sample, gaps in zip(HOLED, GAPS, strict=True):
        there = som.weights.reshape(12, 4)[:, ~gaps]
        apart = np.abs(there - sample[~gaps])
        totals = {"manhattan": apart.sum(axis=1), "chebyshev": apart.max(axis=1)}
        expected = totals.get(distance, (apart**2).sum(axis=1)).argmin()
        assert som.best_matching_nodes(sample[np.newaxis])[0] == expected


def test_filling_in_takes_the_winner_s_values_and_touches_no_other(som):
    filled = som.fill_in(HOLED)
    nodes = som.best_matching_nodes(HOLED)
    expected = np.where(GAPS, som.prototypes.reshape(-1, 4)[nodes], WHOLE)
    np.testing.assert_array_equal(filled, expected)


def test_filling_in_is_better_than_the_mean():
    angles = RNG.random(500) * 2 * np.pi
    ring = np.column_stack([np.cos(angles), np.sin(angles), 5 * np.cos(angles), np.sin(2 * angles)])
    gaps = np.zeros(ring.shape, bool)
    gaps[np.arange(0, 500, 5), RNG.integers(0, 4, 100)] = True
    holed = np.where(gaps, np.nan, ring)
    som = train(holed, 8, 8, 40, algorithm="batch", missing="keep")
    means = np.broadcast_to(np.nanmean(holed, axis=0), ring.shape)
    error, error_of_means = (np.abs(filled - ring)[gaps].mean() for filled in (som.fill_in(holed), means))
    assert error < error_of_means / 3


def test_a_map_of_complete_data_fills_in_too():
    som = train(WHOLE, 4, 4, 10)
    assert np.isfinite(som.fill_in(HOLED)).all()
    with pytest.raises(DataError, match="drop or fill it before training, or keep NaN"):
        som.best_matching_nodes(HOLED)


def test_directions_cannot_be_filled_in():
    with pytest.raises(ParameterError, match="distance must tell how large values are, to fill some in"):
        train(WHOLE, 2, 2, 1, distance="cosine").fill_in(HOLED)


def test_a_file_keeps_what_the_map_keeps(som, tmp_path):
    som.save(tmp_path / "map.npz")
    assert read(tmp_path / "map.npz").missing == "keep"
    loaded = KohonenSOM.load(tmp_path / "map.npz")
    assert loaded.best_matching_nodes(HOLED).tolist() == som.best_matching_nodes(HOLED).tolist()
    assert loaded.fill_in(HOLED).tobytes() == som.fill_in(HOLED).tobytes()


def test_quality_is_measured_by_what_is_there(som):
    assert 0 < quantization_error(som, HOLED) < 2
    assert 0 <= topographic_error(som, HOLED) <= 1


@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_hooks_and_pictures_work_with_gaps(scaling, tmp_path):
    hooks = [Quality(1), StopOnNaN(1), Vlog(1), Picture()]
    trainer = Trainer(
        KohonenSOM(3, 3, missing="keep", scaling=scaling), HOLED, iterations=4, hooks=hooks, folder=tmp_path
    )
    trainer.train()
    assert np.isfinite(trainer.run.seen_probe).all()
    assert np.isnan(trainer.run.probe).any()
    assert trainer.run.metrics.latest("quantization_error") > 0
    assert (tmp_path / "vlog.gif").stat().st_size > 500


def hole(samples, rows=(), columns=(), value=np.nan):
    holed = samples.copy()
    holed[list(rows)] = value
    holed[:, list(columns)] = value
    return holed


REFUSED = {
    "without permission": ({}, HOLED, r"is nan; drop or fill it before training, or keep NaN \(MODEL.MISSING keep\)$"),
    "infinite": ({"missing": "keep"}, hole(WHOLE, [5], value=np.inf), "row 5, column 0 is inf; drop or fill it"),
    "sample": ({"missing": "keep"}, hole(HOLED, [7]), "dataset Dataset: row 7 has no value at all; leave it out"),
    "feature": ({"missing": "keep"}, hole(WHOLE, (), [2]), "dataset Dataset: feature 2 has no value at all; leave"),
    "named feature": (
        {"missing": "keep"},
        table(hole(WHOLE, (), [2])),
        r"dataset Dataset: feature 2 \('c'\) has no value at all; leave it out",
    ),
    "named column": ({}, table(hole(WHOLE, [3])), "column 'a' is nan in row 3; drop or fill it before training, or"),
    "directions": ({"missing": "keep", "distance": "cosine"}, WHOLE, "missing must be refuse where directions are"),
    "word": ({"missing": "drop"}, WHOLE, "missing must be one of refuse, keep, got 'drop'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_one_clear_line(name):
    arguments, samples, message = REFUSED[name]
    with pytest.raises((DataError, ParameterError), match=message):
        train(samples, 2, 2, 1, **arguments)


def test_a_sample_without_any_value_is_not_searched_for(som):
    with pytest.raises(DataError, match="samples: row 7 has no value at all; leave it out"):
        som.best_matching_nodes(hole(HOLED, [7]))


@pytest.mark.parametrize(("value", "told"), [(np.inf, "column 1 is inf"), (np.nan, "has no value at all")])
def test_a_row_is_named_by_its_number_in_the_data_set(value, told):
    samples = np.ones((BLOCK_ROWS + 9, 2))
    samples[BLOCK_ROWS + 3] = [np.nan, value]
    with pytest.raises(DataError, match=rf"row {BLOCK_ROWS + 3}.* {told}"):
        train(samples, 1, 1, 1, missing="keep")
    with pytest.raises(DataError, match=rf"samples: row {BLOCK_ROWS + 3}.* {told}"):
        KohonenSOM(8, 8, initial=np.ones((8, 8, 2)), missing="keep").transform(samples)


YAML = {
    "MODEL: {MISSING: drop}": "MODEL.MISSING must be one of refuse, keep, got 'drop'",
    "MODEL: {MISSING: keep, DISTANCE: cosine}": "MODEL.MISSING must be refuse where directions are compared",
    "MODEL: {MISSING: true}": "MODEL.MISSING must be one of refuse, keep, got True",
    "DATASET: {NAME: Array, PATH: [[1, .nan]]}": r"dataset Array: row 0, column 1 is nan; .* \(MODEL.MISSING keep\)$",
    "{DATASET: {NAME: Array, PATH: [[1, 2], [.nan, .nan]]}, MODEL: {MISSING: keep}}": "row 1 has no value at all",
    "{DATASET: {NAME: Array, PATH: [[1, .nan], [2, .nan]]}, MODEL: {MISSING: keep}}": "feature 1 has no value at all",
    "{DATASET: {NAME: Array, PATH: [[1, .inf]]}, MODEL: {MISSING: keep}}": "row 0, column 1 is inf; drop or fill it",
}


@pytest.mark.parametrize("text", YAML)
def test_so_it_is_from_a_file(text, tmp_path):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises((ConfigError, DataError), match=YAML[text]):
        Experiment(tmp_path / "a.yaml", output_dir=tmp_path / "run")


def test_an_experiment_keeps_missing_values(tmp_path):
    np.save(tmp_path / "a.npy", HOLED)
    (tmp_path / "a.yaml").write_text("DATASET: {NAME: Array, PATH: a.npy}\nMODEL: {SCALING: standard}\n")
    with pytest.raises(
        DataError, match=r"dataset Array: row \d+, column \d is nan; .* keep NaN \(MODEL.MISSING keep\)"
    ):
        Experiment(tmp_path / "a.yaml", output_dir=tmp_path / "run")
    experiment = Experiment(tmp_path / "a.yaml", ["MODEL.MISSING", "keep", "TRAINER.ITERATIONS", "5"], tmp_path / "run")
    assert f"{GAPS.sum()} values missing" in experiment.plan()
    assert experiment.run().status == "completed"
    assert np.isfinite(KohonenSOM.load(tmp_path / "run" / "map.npz").fill_in(HOLED)).all()
