"""What a training is fed with: every value looked at, whatever becomes of the data set."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.datasets.colours import RandomColors
from ksom.errors import DataError
from ksom.feed import PROBE_SIZE, Feed
from ksom.hooks.hook import Hook
from ksom.intake import Intake
from ksom.kohonensom_model import KohonenSOM
from ksom.method.random_streams import stream
from ksom.samples import BLOCK_ROWS
from ksom.summary import summarise
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
    feed = Feed(dataset, **how, seed=1, intake=Intake(np.dtype(dtype)))
    for iteration in range(4):
        handed, own = [block.values for block in feed.batch(iteration)], list(dataset.batch(iteration, **how, seed=1))
        assert [block.dtype for block in handed] == [np.dtype(dtype)] * len(own)
        assert [block.tolist() for block in handed] == [block.astype(dtype).tolist() for block in own]


@given(
    size=st.integers(1, 40),
    batch_size=st.integers(0, 12),
    shuffle=st.booleans(),
    first=st.integers(0, 30),
    count=st.integers(1, 60),
)
def test_batches_that_are_read_together_are_those_that_are_read_one_by_one(size, batch_size, shuffle, first, count):
    feed = Feed(Dataset(np.arange(2.0 * size).reshape(size, 2)), batch_size, shuffle, seed=2)
    iterations = range(first, first + count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ksom.batches.BLOCK_ROWS", 16)
        together = [(some, [block.values for block in blocks]) for some, blocks in feed.runs(iterations)]
    assert [iteration for some, _ in together for iteration in some] == list(iterations)
    for some, blocks in together:
        expected = [block.values for iteration in some for block in feed.batch(iteration)]
        assert np.concatenate(blocks).tolist() == np.concatenate(expected).tolist()
        assert len(some) == 1 or len(blocks) == 1


def test_a_value_gone_wrong_is_told_by_its_iteration_though_batches_are_read_together():
    feed = Feed(Array(np.arange(40.0).reshape(20, 2)), 2)
    feed.dataset.samples = np.where(np.arange(40).reshape(20, 2) == 13, np.nan, feed.dataset.samples)
    with pytest.raises(DataError, match="the batch of iteration 3: row 0, column 1 is nan"):
        [list(blocks) for _, blocks in feed.runs(range(10))]


@pytest.mark.parametrize(("batch_size", "shown"), [(0, 9), (4, 4), (9, 9), (100, 9)])
def test_an_iteration_shows_a_batch_or_all(batch_size, shown):
    feed = Feed(Dataset(np.zeros((9, 2))), batch_size)
    assert feed.samples_per_iteration == shown == sum(len(block.values) for block in feed.batch(0))


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


class Writes(Hook):
    """Writes to the file that is learned from, at iteration 2."""

    def __init__(self, path, change):
        super().__init__(2)
        self.path, self.change = path, change

    def after_step(self, run):
        if run.iteration == 2:
            self.change(self.path)


def with_nan(path):
    mapped = np.load(path, mmap_mode="r+")
    mapped[1000, 1] = np.nan
    mapped.flush()


def shorter(path):
    os.truncate(path, 4096)


def with_another_time(path):
    os.utime(path, (0, 0))


@pytest.mark.parametrize("change", [with_nan, shorter, with_another_time])
@pytest.mark.parametrize("how", [{}, {"batch_size": 500}, {"shuffle": True}])
@pytest.mark.parametrize("rows", [2000, 9000])
def test_a_file_that_changes_under_way_is_not_learned_from(change, how, rows, tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((rows, 3), dtype="f4"))
    trainer = Trainer(
        KohonenSOM(2, 2, backend="numpy"),
        Array(tmp_path / "a.npy"),
        iterations=9,
        hooks=[Writes(tmp_path / "a.npy", change)],
        **how,
    )
    with pytest.raises(DataError, match=r"a.npy: was written to while it was read; let nothing change it"):
        trainer.train()
    assert trainer.run.iteration == 2
    assert np.isfinite(trainer.som.weights).all()


def test_a_file_that_ends_too_early_is_told_before_the_system_kills_the_process(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((100_000, 3)))
    code = """if True:
        import os, sys, numpy as np
        from ksom import Dataset, train
        samples = np.load(sys.argv[1], mmap_mode="r")
        os.truncate(sys.argv[1], 4096)
        train(Dataset(samples))
    """
    run = [sys.executable, "-c", code, str(tmp_path / "a.npy")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert "DataError" in done.stderr
    assert "a.npy: was written to while it was read" in done.stderr


def test_another_file_of_the_same_name_does_no_harm(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((5000, 3)))
    dataset = Array(tmp_path / "a.npy")
    before = np.concatenate(list(dataset.blocks()))
    np.save(tmp_path / "b.npy", np.zeros((1, 1)))
    (tmp_path / "b.npy").replace(tmp_path / "a.npy")
    np.testing.assert_array_equal(np.concatenate(list(dataset.blocks())), before)


def test_samples_in_a_file_that_shrinks_are_not_searched_for(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((10, 3)))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    os.truncate(tmp_path / "a.npy", 200)
    with pytest.raises(DataError, match=r"a.npy: was written to while it was read"):
        KohonenSOM(1, 1, initial=[[[0.0] * 3]]).best_matching_nodes(mapped)


def test_a_data_set_that_shows_something_new_in_the_same_memory_is_looked_at_each_time():
    class Changing(Dataset):
        def batch(self, iteration, **how):
            self.samples[0] = np.nan if iteration == 2 else iteration
            return [self.samples[:2]]

    feed = Feed(Changing(np.zeros((3, 2), np.float32)))
    assert [block.values[0, 0] for iteration in (0, 1) for block in feed.batch(iteration)] == [0, 1]
    with pytest.raises(DataError, match="the batch of iteration 2: row 0, column 0 is nan"):
        list(feed.batch(2))
