"""A folder of arrays is read as the one array that they would be together."""

import gc
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.datasets.arrays import Array
from ksom.datasets.shards import MAPPED_AT_ONCE, Shards
from ksom.default_setup import Experiment
from ksom.errors import DataError
from ksom.summary import summarise
from ksom.testing import check_dataset

WHOLE = np.random.default_rng(0).random((9000, 3)).astype(np.float32)
CUTS = (0, 1, 1, 4500, 4501, 9000)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts").mkdir()
    for number, (start, stop) in enumerate(itertools.pairwise(CUTS)):
        np.save(tmp_path / f"parts/{number}.npy", WHOLE[start:stop])
    return tmp_path


def test_the_data_are_those_of_the_array_bit_for_bit(folder):
    parts = Array(folder / "parts")
    assert summarise(parts).digest == summarise(Array(WHOLE)).digest
    check_dataset(parts)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.data())
def test_rows_are_those_of_the_array_for_any_index(lengths, data):
    arrays = [np.arange(length * 2).reshape(length, 2) + 100 * number for number, length in enumerate(lengths)]
    whole = np.concatenate(arrays)
    shards = Shards(arrays, "parts")
    index = np.array(data.draw(st.lists(st.integers(0, len(whole) - 1))) if len(whole) else [], dtype=np.int64)
    np.testing.assert_array_equal(shards[index], whole[index])
    bounds = st.integers(-len(whole) - 1, len(whole) + 1)
    some = slice(data.draw(bounds), data.draw(bounds), data.draw(st.sampled_from([None, 1, 2, -1])))
    np.testing.assert_array_equal(shards[some], whole[some])


def test_an_experiment_names_a_folder_beside_it(folder):
    (folder / "parts.yaml").write_text("DATASET: {NAME: Array, PATH: 'parts/*.npy'}\nTRAINER: {ITERATIONS: 2}\n")
    experiment = Experiment(folder / "parts.yaml", output_dir=folder / "run")
    assert experiment.run().status == "completed"
    again = Experiment(folder / "run/config.yaml", output_dir=folder / "again")
    assert again.trainer.feed.digest == experiment.trainer.feed.digest


def test_more_files_than_may_be_open_are_read(tmp_path):
    for number in range(MAPPED_AT_ONCE + 3):
        np.save(tmp_path / f"{number:04}.npy", np.full((1, 2), number))
    assert Array(tmp_path).rows(np.array([MAPPED_AT_ONCE + 2, 0, 1])).tolist() == [[130, 130], [0, 0], [1, 1]]


def test_no_more_than_so_many_files_are_open_at_once(folder, monkeypatch):
    monkeypatch.setattr("ksom.datasets.shards.MAPPED_AT_ONCE", 2)
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    parts = Array(folder / "parts")
    parts.rows(slice(None))
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


def test_an_experiment_names_files_beside_it_one_by_one(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (folder / "parts.yaml").write_text("DATASET: {NAME: Array, PATH: [parts/4.npy, parts/0.npy]}\n")
    dataset = Experiment(folder / "parts.yaml", output_dir=folder / "run").dataset
    np.testing.assert_array_equal(dataset.rows(slice(None)), np.concatenate([WHOLE[4501:], WHOLE[:1]]))


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (np.zeros((2, 4), np.float32), r"9.npy: holds float32 of the shape \(2, 4\), .*0.npy float32 of the shape"),
        (np.zeros((2, 3)), r"9.npy: holds float64 of the shape \(2, 3\), .*0.npy float32 of the shape \(1, 3\)"),
        (np.zeros(3, np.float32), r"9.npy: holds float32 of the shape \(3,\)"),
        (np.float32(3), r"9.npy: holds a single number"),
    ],
)
def test_the_odd_one_is_named(folder, odd, message):
    np.save(folder / "parts/9.npy", odd)
    with pytest.raises(DataError, match=message):
        Array(folder / "parts")


def test_a_missing_value_is_told_by_its_row_in_its_file(folder):
    np.save(folder / "parts/3.npy", np.array([[0, np.nan, 0]], np.float32))
    with pytest.raises(DataError, match=r"row 0 of .*parts/3.npy, column 1 is nan; drop or fill it"):
        summarise(Array(folder / "parts"))


def test_damage_is_told_with_the_file(folder):
    (folder / "parts/2.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match=r"2.npy: cannot be read as an .npy or .npz file"):
        Array(folder / "parts")


@pytest.mark.parametrize("change", ["written to", "replaced", "removed"])
def test_a_file_that_does_not_stay_is_told(folder, change):
    parts, file = Array(folder / "parts"), folder / "parts/2.npy"
    if change != "written to":
        file.unlink()
    if change == "written to":
        with file.open("r+b") as opened:
            opened.seek(200)
            opened.write(b"1")
        os.utime(file, (1, 1))
    elif change == "replaced":
        np.save(file, WHOLE[:10])
    with pytest.raises(DataError, match=r"2.npy: (is not any more what it was when|there is no such)"):
        parts.rows(slice(0, 100))


def test_sample_weights_count_for_all_of_them(folder):
    np.save(folder / "weights.npy", np.arange(9000.0))
    (folder / "weights").mkdir()
    (folder / "weights.npy").rename(folder / "weights/all.npy")
    weighted = Array(folder / "parts", weights_path=folder / "weights")
    assert len(weighted) == 8999
    np.testing.assert_array_equal(weighted.rows(slice(0, 5000)), WHOLE[1:5001])
