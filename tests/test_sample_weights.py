"""A sample of weight 2 counts like the sample twice, one of weight 0 is not there."""

import numpy as np
import pytest

from ksom import Experiment, KohonenSOM, train
from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.errors import DataError, ParameterError
from ksom.feed import PROBE_SIZE, Feed
from ksom.samples import BLOCK_ROWS, Block
from ksom.summary import summarise
from ksom.trainer import Trainer

RNG = np.random.default_rng(0)
SAMPLES = RNG.random((150, 3)) * [1, 2, 30]
COUNTS = RNG.integers(0, 4, 150)
BATCH = {"height": 4, "width": 4, "iterations": 10, "algorithm": "batch", "dtype": "float64"}


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax"])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_whole_weights_are_repeated_rows(scaling, backend):
    weighted = train(SAMPLES, **BATCH, scaling=scaling, backend=backend, sample_weights=COUNTS)
    repeated = train(np.repeat(SAMPLES, COUNTS, axis=0), **BATCH, scaling=scaling, backend=backend)
    np.testing.assert_allclose(weighted.prototypes, repeated.prototypes, rtol=1e-9)


@pytest.mark.parametrize("initial", ["pca", "random", "samples"])
@pytest.mark.parametrize("how", [{}, {"batch_size": 7, "shuffle": True}])
@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_samples_of_weight_zero_are_not_there_to_the_bit(initial, how, scaling):
    samples = np.vstack([SAMPLES, np.full((9, 3), 1e9), np.full((9, 3), np.nan)])
    order, weights = RNG.permutation(len(samples)), np.concatenate([np.full(150, 2.5), np.zeros(18)])
    samples, weights = samples[order], weights[order]
    weights[weights > 0] = RNG.random(150) + 0.1
    arguments = {**BATCH, **how, "initial": initial, "scaling": scaling}
    one = train(samples, **arguments, sample_weights=weights)
    other = train(samples[weights > 0], **arguments, sample_weights=weights[weights > 0])
    assert one.weights.tobytes() == other.weights.tobytes()


def test_a_sample_of_weight_zero_is_nowhere():
    samples = np.arange(3.0 * PROBE_SIZE)[:, np.newaxis]
    weights = (np.arange(len(samples)) % 3 > 0).astype(float)
    feed = Feed(Dataset(samples, weights), shuffle=True)
    assert len(feed) == feed.samples_per_iteration == 2 * PROBE_SIZE
    for shown in (feed.probe, feed.rows(np.arange(len(feed))), next(iter(feed.batch(3))).values):
        assert (shown % 3 > 0).all()
    assert (feed.summary.low[0], feed.summary.high[0]) == (1, 3 * PROBE_SIZE - 1)


@pytest.mark.parametrize("factor", [1e-20, 1.0, 3.0, 1e20])
@pytest.mark.parametrize("shuffle", [False, True])
def test_weights_that_blocks_carry_have_a_mean_of_one(factor, shuffle):
    weights = (RNG.random(BLOCK_ROWS + 9) + 0.1) * factor
    feed = Feed(Dataset(np.arange(len(weights))[:, np.newaxis], weights), shuffle=shuffle)
    blocks = list(feed.batch(0))
    carried = np.concatenate([block.weights for block in blocks])
    rows = np.concatenate([block.values[:, 0] for block in blocks]).astype(int)
    np.testing.assert_allclose(carried, weights[rows] / weights.mean(), rtol=1e-12)


def test_scaled_weights_are_the_same_weights():
    one, other = (train(SAMPLES, **BATCH, sample_weights=weights) for weights in (COUNTS, COUNTS * 1e6))
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12)


def test_equal_weights_are_none():
    weighted = train(SAMPLES, **BATCH, sample_weights=np.full(150, 7))
    assert weighted.weights.tobytes() == train(SAMPLES, **BATCH).weights.tobytes()


def test_digest_tells_weights_apart():
    weights = [None, np.ones(150), COUNTS + 1, np.arange(150) + 1, COUNTS]
    assert len({summarise(Dataset(SAMPLES, given)).digest for given in weights}) == 5


def test_online_training_refuses_them_before_anything_starts():
    class Looked(Dataset):
        def batch(self, iteration, **how):
            raise AssertionError

    told = "dataset Looked: its samples have weights, but Online shows samples one by one and cannot weigh them; train"
    with pytest.raises(DataError, match=told):
        Trainer(KohonenSOM(2, 2), Looked(SAMPLES, COUNTS), algorithm="online")


class InNoArray(Dataset):
    """Samples and weights that are computed."""

    features = 2
    lowest = 1.0

    def __init__(self):
        """No samples."""

    def __len__(self):
        return 2 * BLOCK_ROWS

    def rows(self, index):
        return np.stack([np.arange(len(self))[index] % 17, np.arange(len(self))[index] % 5], axis=1).astype(float)

    def weights_of(self, index):
        return self.lowest + np.arange(len(self))[index] % 3


def test_samples_in_no_array_may_have_weights():
    dataset = InNoArray()
    every = slice(None)
    one = train(dataset, **BATCH)
    other = train(dataset.rows(every), **BATCH, sample_weights=dataset.weights_of(every))
    assert one.weights.tobytes() == other.weights.tobytes()


def test_one_that_has_no_array_leaves_out_weight_zero_itself():
    dataset = InNoArray()
    dataset.lowest = 0.0
    with pytest.raises(DataError, match="dataset InNoArray: the weight of row 0 is 0; leave such a sample out"):
        train(dataset, **BATCH)


@pytest.mark.parametrize("first", [True, False])
def test_all_samples_have_weights_or_none(first):
    class Some(InNoArray):
        def weights_of(self, index):
            is_first = index.start in {None, 0}
            return super().weights_of(index) if is_first is first else None

    with pytest.raises(DataError, match="dataset Some: some of its samples have weights, others none; give all of"):
        train(Some(), **BATCH)


def test_a_class_with_rows_of_its_own_never_mixes_up_samples_and_weights():
    class Own(Dataset):
        def rows(self, index):
            return self.samples[index]

    one = train(Own(SAMPLES, COUNTS + 1), **BATCH)
    assert one.weights.tobytes() == train(SAMPLES, **BATCH, sample_weights=COUNTS + 1).weights.tobytes()
    with pytest.raises(DataError, match=r"dataset Own.*: the weight of row [0-9]+ is 0; leave such a sample out"):
        train(Own(SAMPLES, COUNTS), **BATCH)


@pytest.mark.parametrize("of_all", [COUNTS + 1.0, None], ids=["weighted", "unweighted"])
def test_batches_that_are_made_have_weights_as_the_data_set_has(of_all):
    class Making(Dataset):
        def batch(self, iteration, **how):
            return [Block(SAMPLES, weights=COUNTS + 1.0) if (iteration < 3) is (of_all is not None) else SAMPLES]

    with pytest.raises(DataError, match="the batch of iteration 3: it must have weights if the samples of the"):
        train(Making(SAMPLES, of_all), **BATCH)


REFUSED = {
    "too few": ([1.0, 2.0], r"one number for each of the 150 samples, got float64 of the shape \(2,\)"),
    "two-dimensional": (np.ones((150, 1)), r"got float64 of the shape \(150, 1\)"),
    "one": (1.0, r"got float64 of the shape \(\)"),
    "ragged": ([[1], [1, 2]], "the weights must be numbers, one for each sample"),
    "text": (["a"] * 150, "the weights must be numbers, one for each sample"),
    "dates": (np.zeros(150, "M8[s]"), "one number for each of the 150 samples, got datetime64"),
    "negative": (
        np.where(np.arange(150) == 4, -1, 1),
        "the weight of row 4 is -1; weights must be 0, or from 1e-30",
    ),
    "NaN": (np.where(np.arange(150) == 4, np.nan, 1), "the weight of row 4 is nan"),
    "infinite": (np.where(np.arange(150) == 4, np.inf, 1), "the weight of row 4 is inf"),
    "tiny": (np.where(np.arange(150) == 4, 1e-31, 1), "the weight of row 4 is 1e-31"),
    "all zero": (np.zeros(150), "dataset Dataset: all weights are zero, so there is nothing to learn from"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_weights_that_are_none_are_one_clear_line(name):
    weights, message = REFUSED[name]
    with pytest.raises(DataError, match=f"^dataset Dataset: .*{message.removeprefix('dataset Dataset: ')}"):
        train(SAMPLES, **BATCH, sample_weights=weights)


def test_a_data_set_has_its_weights_itself():
    with pytest.raises(ParameterError, match=r"sample_weights must be given to the data set itself, as in Dataset"):
        train(Dataset(SAMPLES), **BATCH, sample_weights=COUNTS)


def test_a_bad_value_among_those_that_count_is_told_by_its_number_there():
    samples = SAMPLES.copy()
    samples[5, 1] = np.nan
    weights = np.where(np.arange(150) < 2, 0, 1)
    with pytest.raises(DataError, match="dataset Dataset, rows of weight 0 left out: row 3, column 1 is nan"):
        train(samples, **BATCH, sample_weights=weights)


@pytest.mark.parametrize(
    "files",
    ["PATH: a.npy, WEIGHTS_PATH: w.npy", "PATH: a.npz, KEY: samples, WEIGHTS_PATH: a.npz, WEIGHTS_KEY: weights"],
)
def test_an_experiment_names_the_file_of_weights(files, tmp_path):
    np.save(tmp_path / "a.npy", SAMPLES)
    np.save(tmp_path / "w.npy", COUNTS)
    np.savez(tmp_path / "a.npz", samples=SAMPLES, weights=COUNTS)
    (tmp_path / "a.yaml").write_text(f"DATASET: {{NAME: Array, {files}}}\n")
    overrides = ["TRAINER.ALGORITHM", "batch", "TRAINER.ITERATIONS", "5"]
    experiment = Experiment(tmp_path / "a.yaml", overrides, tmp_path / "run")
    assert "with weights" in experiment.plan()
    by_hand = train(Array(SAMPLES, weights_path=COUNTS), iterations=5, algorithm="batch")
    assert experiment.run().som.weights.tobytes() == by_hand.weights.tobytes()
    with pytest.raises(DataError, match="its samples have weights, but Online shows samples one by one"):
        Experiment(tmp_path / "a.yaml", ["TRAINER.ALGORITHM", "online"], tmp_path / "run")


YAML = {
    "[1]": r"dataset Array: the weights must be one number for each of the 2 samples, got int64 of the shape \(1,\)",
    "[1, -2]": "dataset Array: the weight of row 1 is -2; weights must be 0, or from 1e-30 to 1e\\+30",
    "[0, 0]": "dataset Array: all weights are zero, so there is nothing to learn from",
    "[a, b]": "a: there is no such file",
    "nowhere.npy": "nowhere.npy: there is no such file",
}


@pytest.mark.parametrize("weights", YAML)
def test_what_weights_must_be_is_told_from_a_file_too(weights, tmp_path):
    node = f"{{NAME: Array, PATH: [[1, 2], [3, 4]], WEIGHTS_PATH: {weights}}}"
    (tmp_path / "a.yaml").write_text(f"DATASET: {node}\nTRAINER: {{ALGORITHM: batch}}\n")
    with pytest.raises(DataError, match=YAML[weights]):
        Experiment(tmp_path / "a.yaml", output_dir=tmp_path / "run")
