"""What a training is fed with: every value looked at, whatever becomes of the data set."""

import numpy as np
import pytest

from ksom.dataset import Dataset
from ksom.datasets.colours import RandomColors
from ksom.errors import DataError
from ksom.feed import PROBE_SIZE, Feed, summarise
from ksom.kohonensom_model import KohonenSOM
from ksom.method.random_streams import stream
from ksom.samples import BLOCK_ROWS
from ksom.trainer import Trainer


@pytest.mark.parametrize("size", [1, PROBE_SIZE, PROBE_SIZE + 1, 5000])
def test_probe_is_a_bounded_sample(size):
    dataset = Dataset(np.arange(float(size)).reshape(size, 1))
    probe = Feed(dataset, seed=3).probe
    assert len(probe) == len(np.unique(probe)) == min(size, PROBE_SIZE)
    np.testing.assert_array_equal(probe, Feed(dataset, seed=3).probe)


def test_probe_is_drawn_from_a_stream_of_its_own():
    samples = np.arange(5000.0).reshape(5000, 1)
    expected = np.sort(stream(3, "probe").choice(5000, size=PROBE_SIZE, replace=False))
    np.testing.assert_array_equal(Feed(Dataset(samples), seed=3).probe.ravel(), expected)


@pytest.mark.parametrize("how", [{}, {"batch_size": 3}, {"shuffle": True}, {"batch_size": 3, "shuffle": True}])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blocks_are_those_of_the_data_set_in_the_working_precision(how, dtype):
    dataset = RandomColors(7)
    feed = Feed(dataset, **how, seed=1, dtype=dtype)
    for iteration in range(4):
        handed, own = list(feed.batch(iteration)), list(dataset.batch(iteration, **how, seed=1))
        assert [block.dtype for block in handed] == [np.dtype(dtype)] * len(own)
        assert [block.tolist() for block in handed] == [block.astype(dtype).tolist() for block in own]


@pytest.mark.parametrize(("batch_size", "shown"), [(0, 9), (4, 4), (9, 9), (100, 9)])
def test_an_iteration_shows_a_batch_or_all(batch_size, shown):
    feed = Feed(Dataset(np.zeros((9, 2))), batch_size)
    assert feed.samples_per_iteration == shown == sum(map(len, feed.batch(0)))


def test_a_small_data_set_shown_whole_is_cast_once():
    feed = Feed(RandomColors(20))
    assert feed.batch(0)[0] is feed.batch(1)[0]


def test_summary_finds_the_range_across_blocks():
    samples = np.random.default_rng(0).normal(size=(2 * BLOCK_ROWS + 5, 3))
    summary = summarise(Dataset(samples))
    np.testing.assert_array_equal([summary.low, summary.high], [samples.min(axis=0), samples.max(axis=0)])


def test_digest_tells_data_apart():
    base = np.zeros((4, 6))
    others = [
        base,
        base + 1,
        base.reshape(6, 4),
        base.astype("float32"),
        base.astype(int),
        base[:3],
        np.asfortranarray(base),
    ]
    digests = [summarise(Dataset(samples)).digest for samples in others]
    assert len(set(digests)) == 6
    assert digests[0] == digests[-1]


@pytest.mark.parametrize("row", [0, BLOCK_ROWS + 3])
def test_bad_value_is_named_by_row_and_column(row):
    samples = np.zeros((BLOCK_ROWS + 9, 3))
    samples[row, 2] = np.nan
    with pytest.raises(DataError, match=f"row {row}, column 2 is nan"):
        summarise(Dataset(samples))


def test_a_subclass_without_samples_is_refused():
    class Nothing(Dataset):
        def __len__(self):
            return 0

    with pytest.raises(DataError, match="Nothing must have at least one sample and one feature, got 0 × 1"):
        summarise(Nothing([[0.0]]))


@pytest.mark.parametrize(("dtype", "offset"), [("float32", 1e9), ("float64", 1e18)])
def test_differences_that_are_lost_beside_an_offset_are_refused(dtype, offset):
    with pytest.raises(DataError, match=f"less than {dtype} can tell apart beside their offset; centre them"):
        Trainer(
            KohonenSOM(dtype=dtype), np.array([[offset], [offset + 256]]) if dtype == "float64" else [[1e9], [1e9 + 1]]
        )


def test_one_feature_lost_beside_its_offset_is_a_warning(caplog):
    with caplog.at_level("WARNING", logger="ksom"):
        Trainer(KohonenSOM(), [[0.0, 1e9], [1.0, 1e9 + 1]])
    assert "the values of feature 1 (of 1 such features) differ by less than float32 can tell apart" in caplog.text


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_an_offset_that_leaves_the_differences_is_welcome(offset):
    assert Trainer(KohonenSOM(), [[offset], [offset + 1.0]]).feed.digest
