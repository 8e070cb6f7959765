"""A table's columns are known by name: matched, and named where something is wrong with them."""

import numpy as np
import pytest

from ksom import KohonenSOM, train
from ksom.dataset import Dataset
from ksom.errors import DataError
from ksom.trainer import Trainer

pandas = pytest.importorskip("pandas")

TABLE = pandas.DataFrame({"size": [0.0, 0.5, 1.0, 0.2], "weight": [3, 1, 2, 9]})


class Table:
    """The least that a table of another library can do."""

    def __init__(self, **columns):
        self.columns = list(columns)
        self.values = columns

    def __getitem__(self, name):
        return self.values[name]


@pytest.fixture(scope="module")
def som():
    return train(TABLE, 3, 3, iterations=5)


def test_a_table_is_learned_like_its_values(som):
    assert som.weights.tobytes() == train(TABLE.to_numpy(), 3, 3, iterations=5).weights.tobytes()
    assert som.feature_names == ("size", "weight")


@pytest.mark.parametrize("call", ["best_matching_nodes", "transform"])
def test_columns_are_matched_by_name(som, call):
    expected = getattr(som, call)(TABLE.to_numpy())
    others = [TABLE, TABLE[["weight", "size"]], Table(weight=TABLE["weight"], size=TABLE["size"])]
    for table in others:
        np.testing.assert_array_equal(getattr(som, call)(table), expected)


def test_names_come_back_from_the_map_s_file(som, tmp_path):
    som.save(tmp_path / "map.npz")
    loaded = KohonenSOM.load(tmp_path / "map.npz")
    loaded.save(tmp_path / "again.npz")
    assert loaded.feature_names == ("size", "weight")
    assert (tmp_path / "map.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE[["size"]], "samples: the map was trained with the columns 'weight', which are missing"),
        (TABLE.rename(columns={"size": "Size"}), "with the columns 'size', which are missing"),
        (TABLE.assign(id=1, key=2), "the map was trained without the columns 'id', 'key'; drop them"),
    ],
)
def test_other_columns_are_named(som, table, message):
    with pytest.raises(DataError, match=message):
        som.best_matching_nodes(table)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", "b"], r"column 'x' holds (str|text \('a'\) in row 0)"),
        (pandas.Series([1, "b"], dtype=object), r"column 'x' holds text \('b'\) in row 1; drop it, or make it numbers"),
        (pandas.to_datetime(["2001-01-01"] * 2), r"column 'x' holds datetime64"),
        ([1j, 2], "column 'x' holds complex128"),
    ],
)
def test_a_column_that_is_no_numbers_is_named(column, message):
    with pytest.raises(DataError, match=message):
        Dataset(pandas.DataFrame({"y": [0.0, 1.0], "x": column}))


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "object", "float32", "category"])
def test_nullable_columns_without_missing_values_are_numbers(dtype):
    table = pandas.DataFrame({"y": [0.0, 1.0], "x": pandas.Series([1, 0], dtype=dtype)})
    assert Dataset(table).samples.tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "object"])
def test_a_missing_value_in_a_nullable_column_is_told(dtype):
    table = pandas.DataFrame({"y": [0.0, 1.0], "x": pandas.Series([1, None], dtype=dtype)})
    with pytest.raises(DataError, match=r"column 'x' is nan in row 1; .*, or keep NaN \(MODEL.MISSING keep\)"):
        train(table)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_of_a_table_that_is_not_finite_is_told_by_its_columns_name(value):
    with pytest.raises(DataError, match=f"column 'x' is {value} in row 1; drop or fill it"):
        train(pandas.DataFrame({"y": [0.0, 1.0], "x": [1.0, value]}))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="more than one column is called 'x'"):
        Dataset(pandas.DataFrame([[1.0, 2.0]], columns=["x", "x"]))


def test_columns_without_names_are_numbered_as_ever():
    assert train(pandas.DataFrame(TABLE.to_numpy()), 2, 2).feature_names is None


def test_a_map_that_knows_its_features_is_not_trained_on_others(som):
    with pytest.raises(DataError, match="the map's features are 'size', 'weight', in this order, those of the data"):
        Trainer(som, TABLE[["weight", "size"]])
