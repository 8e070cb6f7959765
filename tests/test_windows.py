"""Windows over time series are cut on the fly, and none spans two series."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.datasets.windows import Windows, scaled
from ksom.default_setup import Experiment
from ksom.errors import DataError, ParameterError
from ksom.summary import summarise
from ksom.testing import check_dataset

TWO = np.random.default_rng(0).random((100, 2))


def frame(rows=12):
    hours = pd.date_range("2026-03-01", periods=rows, freq="h", tz="Europe/Berlin")
    return pd.DataFrame({"when": hours, "temperature": np.arange(rows, dtype=float), "machine": ["a"] * rows})


def first_rows(windows):
    return windows.places().first_row.tolist()


@given(length=st.integers(1, 12), step=st.integers(1, 12), rows=st.integers(12, 40))
def test_windows_are_those_of_numpy(length, step, rows):
    series = np.arange(rows * 2.0).reshape(rows, 2)
    expected = np.lib.stride_tricks.sliding_window_view(series, length, axis=0)[::step].transpose(0, 2, 1)
    windows = Windows(series, length, step=step)
    np.testing.assert_array_equal(windows.rows(slice(None)).reshape(-1, length, 2), expected)


def test_windows_do_not_overlap_unless_asked_to():
    assert first_rows(Windows(TWO, 30)) == [0, 30, 60]


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("data", [TWO, TWO[:, 0], [TWO[:20], TWO[30:]]], ids=["channels", "one", "several"])
def test_windows_keep_the_contract(data, scale):
    check_dataset(Windows(data, length=7, step=2, scale=scale))


def test_features_are_called_by_channel_and_time():
    assert Windows(frame(), 2, columns=["temperature"]).feature_names == ("temperature t-1", "temperature t")
    assert Windows(TWO, 2).feature_names == ("channel 0 t-1", "channel 1 t-1", "channel 0 t", "channel 1 t")
    assert Windows(TWO, 2, columns=1).feature_names == ("channel 1 t-1", "channel 1 t")


def test_each_window_of_each_channel_is_scaled_by_itself():
    windows = np.array([[[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]]])
    np.testing.assert_allclose(scaled(windows, "minmax"), [[[0, 0], [0.5, 1], [1, 0.5]]])
    np.testing.assert_allclose(scaled(windows, "standard").mean(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(scaled(windows, "standard").std(axis=1), 1)


@given(level=st.floats(-1e6, 1e6), height=st.floats(1e-2, 1e6), scale=st.sampled_from(["standard", "minmax"]))
def test_a_shape_is_the_same_at_any_level_and_height(level, height, scale):
    shape = np.array([0.0, 1.0, 0.25, 0.5]).reshape(1, 4, 1)
    np.testing.assert_allclose(scaled(shape * height + level, scale), scaled(shape, scale), atol=1e-6)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@given(rows=st.integers(2, 9), length=st.integers(1, 300), channels=st.integers(1, 5), has_gaps=st.booleans())
def test_a_window_is_scaled_the_same_among_others_to_the_last_bit(scale, rows, length, channels, has_gaps):
    windows = np.random.default_rng(length).random((rows, length, channels))
    windows[0, 0, 0] = np.nan if has_gaps else 0
    together = scaled(windows, scale)
    for row in range(1, rows):
        np.testing.assert_array_equal(together[row], scaled(windows[row : row + 1], scale)[0])


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("level", [0.0, 0.1, 1e300, -7.0])
def test_a_flat_window_becomes_zeros(scale, level):
    flat = np.full((1, 5, 1), level)
    flat[0, 2] = np.nextafter(level, 0)  # what rounding leaves of a constant
    assert (scaled(flat, scale) == 0).all()


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_a_missing_value_stays_and_counts_for_nothing(scale):
    windows = np.array([1.0, np.nan, 2.0, 4.0]).reshape(1, 4, 1)
    found = scaled(windows, scale)
    np.testing.assert_array_equal(np.isnan(found.ravel()), [False, True, False, False])
    np.testing.assert_array_equal(found[:, [0, 2, 3]], scaled(windows[:, [0, 2, 3]], scale))


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "float32"), ("float64", "float64"), ("int16", "float32")])
def test_scaling_keeps_the_precision(dtype, expected):
    assert Windows(np.arange(9).astype(dtype), 3, scale="minmax").rows(slice(0, 1)).dtype == expected


def test_no_window_spans_two_series():
    table = frame().assign(machine=list("aaaaabbbbbbb"))
    windows = Windows(table, 3, series="machine", columns="temperature")
    assert first_rows(windows) == [0, 5, 8]


def test_a_gap_in_time_begins_a_new_series():
    table = frame().drop(index=[5]).drop(columns="machine")
    assert first_rows(Windows(table, 3, time="when")) == [0, 5, 8]
    assert first_rows(Windows(table, 3, time="when", gap=2)) == [0, 3, 6]


def test_the_usual_step_is_that_within_series():
    times = [0, 100, 200, 300, 301, 302, 340, 341]
    series = np.column_stack([times, [1, 2, 3, 4, 4, 4, 4, 4], times])
    assert first_rows(Windows(series, 2, time=0, series=1)) == [3, 6]


def test_columns_of_an_array_are_numbers():
    series = np.column_stack([np.arange(9), TWO[:9], np.repeat([1, 2], [4, 5])])
    windows = Windows(series, 2, time=0, series=3)
    assert (first_rows(windows), windows.features) == ([0, 2, 4, 6], 4)
    np.testing.assert_array_equal(windows.rows(slice(0, 1)).reshape(2, 2), TWO[:2])


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "pyarrow"])
def test_tables_of_other_libraries_are_as_good(make):
    table = frame().drop(index=[5]).reset_index(drop=True)
    table["when"] = table["when"].dt.tz_localize(None)
    chosen = {"length": 3, "time": "when", "series": "machine", "scale": "standard"}
    assert summarise(Windows(make(table), **chosen)).digest == summarise(Windows(table, **chosen)).digest


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather"])
def test_a_table_in_a_file_gives_the_windows_of_the_frame(tmp_path, kind):
    table = frame().drop(index=[5]).reset_index(drop=True)
    file = tmp_path / f"series.{kind}"
    {"csv": lambda: table.to_csv(file, index=False), "parquet": lambda: table.to_parquet(file),
     "feather": lambda: table.to_feather(file)}[kind]()  # fmt: skip
    chosen = {"length": 3, "time": "when", "series": "machine", "scale": "standard"}
    assert summarise(Windows(file, **chosen)).digest == summarise(Windows(table, **chosen)).digest


def test_files_of_a_folder_are_series_each_and_are_mapped(tmp_path):
    for number, stop in enumerate((7, 5, 9)):
        np.save(tmp_path / f"{number}.npy", TWO[:stop])
    windows = Windows(tmp_path, 3)
    places = windows.places()
    assert [name[-5:] for name in places.recording] == ["0.npy", "0.npy", "1.npy", "2.npy", "2.npy", "2.npy"]
    assert places.first_row.tolist() == [0, 3, 0, 0, 3, 6]
    np.testing.assert_array_equal(windows.rows(np.array([4])).reshape(3, 2), TWO[3:6])
    check_dataset(windows)


def test_series_that_are_too_short_are_left_out_and_told(caplog):
    caplog.set_level("INFO")
    assert len(Windows([TWO[:5], TWO[:2], TWO[:5]], 5)) == 2
    assert "1 of 3 series are shorter than a window of 5 rows" in caplog.text


@pytest.mark.parametrize(
    ("data", "arguments", "error", "message"),
    [
        (TWO, {"length": 0}, ParameterError, "length must be an integer of at least 1"),
        (TWO, {"length": 3, "step": 0}, ParameterError, "step must be an integer of at least 1"),
        (TWO, {"length": 3, "scale": "robust"}, ParameterError, "scale must be one of none, standard, minmax"),
        (TWO, {"length": 3, "gap": 0.5}, ParameterError, "gap must be a number >= 1"),
        (TWO, {"length": 3, "columns": [1, 1]}, ParameterError, "columns must be one or several different columns"),
        (TWO, {"length": 3, "columns": [-1]}, ParameterError, "columns must be an integer of at least 0"),
        (TWO, {"length": 101}, DataError, "no series is as long as a window of 101 rows, the longest has 100; take"),
        (TWO, {"length": 3, "time": 2}, DataError, "there is no column 2; it has 2, from 0"),
        (TWO, {"length": 3, "time": 0, "series": 1}, DataError, "there is no column left to cut windows from"),
        (TWO, {"length": 3, "time": 0}, DataError, "the time of row 1 of series 0 is not after that of the row before"),
        (np.full((9, 2), np.nan), {"length": 3, "time": 0}, DataError, "the time of row 0 of series 0 is missing"),
        (
            np.full((9, 2), np.nan),
            {"length": 3, "series": 0},
            DataError,
            "the series of row 0 of series 0 is missing",
        ),
        (frame(), {"length": 3, "columns": ["temprature"]}, DataError, "'temprature'; did you mean 'temperature'"),
        (
            frame()[["temperature", "machine"]],
            {"length": 3, "time": "machine"},
            DataError,
            "must be a number or a date",
        ),
        (frame(), {"length": 3, "time": "when"}, DataError, "column 'machine' holds"),
        ([TWO, TWO[:, :1]], {"length": 3}, DataError, r"holds float64 of the shape \(100, 1\)"),
        ([frame()[["temperature"]], TWO[:, :1]], {"length": 3}, DataError, "series 1 has other channels than series 0"),
        (
            np.zeros((2, 2, 2)),
            {"length": 1},
            DataError,
            r"must be numbers of the shape \(rows, channels\) or \(rows,\)",
        ),
        (np.array(["a", "b"]), {"length": 1}, DataError, "must be numbers of the shape"),
        ("nowhere.npy", {"length": 1}, DataError, "nowhere.npy: there is no such file"),
    ],
)
def test_what_cannot_be_cut_gets_one_line(data, arguments, error, message):
    with pytest.raises(error, match=message):
        Windows(data, **arguments)


def test_a_value_that_cannot_be_is_told_by_its_row_in_the_series(tmp_path):
    table = frame()
    table.loc[8, "temperature"] = np.inf
    table.to_csv(tmp_path / "series.csv", index=False)
    windows = Windows(tmp_path / "series.csv", 3, time="when", columns=["temperature"])
    with pytest.raises(DataError, match=r"temperature is inf in row 8 of .*series.csv; drop or fill it"):
        summarise(windows)
    assert windows.place(2).startswith("the window from row 6 of ")


def test_windows_of_too_many_values_are_refused_before_they_are_named():
    with pytest.raises(DataError, match=r"a window has 1000000 × 2 values, more than 1,048,576; take a smaller LENGTH"):
        Windows(TWO, 1_000_000)


def test_a_table_that_does_not_fit_into_memory_is_refused_while_it_is_read(tmp_path, monkeypatch):
    frame().to_csv(tmp_path / "series.csv", index=False)
    monkeypatch.setattr("ksom.datasets.recordings.available_memory", lambda: 100)
    with pytest.raises(
        DataError, match=r"series.csv: its columns take more than .* GB, half of the memory; save the s"
    ):
        Windows(tmp_path / "series.csv", 3, columns=["temperature"])


def test_a_column_of_texts_in_a_file_is_no_channel(tmp_path):
    frame().to_csv(tmp_path / "series.csv", index=False)
    with pytest.raises(DataError, match=r"series.csv: column 'machine' holds no numbers; choose the channels by COLUM"):
        Windows(tmp_path / "series.csv", 3, time="when")


def test_a_time_that_goes_back_is_told_by_its_row_within_a_series_only():
    times = np.array([0.0, 1, 2, 0, 1, 1])
    series = np.column_stack([times, [1, 1, 1, 2, 2, 2], times])
    with pytest.raises(DataError, match=r"the time of row 5 of series 0 is not after .*the column that .* \(SERIES\)"):
        Windows(series, 2, time=0, series=1)


def test_an_experiment_trains_and_its_config_repeats_it(tmp_path):
    frame(40).to_csv(tmp_path / "series.csv", index=False)
    (tmp_path / "days.yaml").write_text(
        "DATASET: {NAME: Windows, PATH: series.csv, LENGTH: 4, TIME: when, COLUMNS: [temperature], SCALE: minmax}\n"
        "TRAINER: {ITERATIONS: 2}\n"
    )
    experiment = Experiment(tmp_path / "days.yaml", output_dir=tmp_path / "run")
    som = experiment.run().som
    assert som.feature_names == ("temperature t-3", "temperature t-2", "temperature t-1", "temperature t")
    again = Experiment(tmp_path / "run/config.yaml", output_dir=tmp_path / "again")
    assert again.trainer.feed.digest == experiment.trainer.feed.digest
