"""Quantiles and ranks are those of the data, by weight, however they are cut; of many rows, those of a sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ksom.dataset import Dataset
from ksom.errors import DataError
from ksom.method.quantiles import SomeRows, most_rows, quantiles, ranks
from ksom.samples import Block
from ksom.summary import summarise

RNG = np.random.default_rng(0)
SHAPES = st.integers(1, 40).map(lambda rows: (rows, 2))
COLUMNS = arrays.arrays(np.float64, SHAPES, elements=st.integers(-5, 5).map(float))


@given(values=COLUMNS, level=st.floats(0, 1))
def test_a_quantile_is_numpys(values, level):
    expected = np.quantile(values, level, axis=0, method="averaged_inverted_cdf")
    np.testing.assert_allclose(quantiles(Block(values), level)[0], expected)


@given(values=COLUMNS, data=st.data(), level=st.sampled_from([0.25, 0.5, 0.75]))
def test_a_sample_of_weight_two_is_like_the_sample_twice(values, data, level):
    weights = data.draw(arrays.arrays(np.float64, len(values), elements=st.integers(1, 4)))
    weighted, repeated = Block(values, weights=weights), Block(np.repeat(values, weights.astype(int), axis=0))
    np.testing.assert_array_equal(quantiles(weighted, level)[0], quantiles(repeated, level)[0])
    assert [table.as_plain() for table in ranks(weighted)] == [table.as_plain() for table in ranks(repeated)]


@given(values=COLUMNS)
def test_what_is_missing_does_not_count(values):
    holed = np.vstack([np.full((3, 2), np.nan), values])
    np.testing.assert_array_equal(quantiles(Block(holed), 0.5)[0], quantiles(Block(values), 0.5)[0])
    assert [table.as_plain() for table in ranks(Block(holed))] == [table.as_plain() for table in ranks(Block(values))]


@given(values=COLUMNS)
def test_the_rank_is_the_share_below_and_half_of_those_equal(values):
    for column, table in zip(values.T, ranks(Block(values)), strict=True):
        below = (column[:, np.newaxis] > column).mean(axis=1)
        equal = (column[:, np.newaxis] == column).mean(axis=1)
        np.testing.assert_allclose(table.of(column), below + equal / 2)


SPREAD = {
    "even": RNG.random(9000),
    "long-tailed": RNG.lognormal(sigma=4, size=9000),
    "mostly one value": np.where(RNG.random(9000) < 0.6, 0.5, RNG.random(9000)),
    "some values often": np.where(RNG.random(9000) < 0.5, RNG.integers(0, 3, 9000), RNG.normal(size=9000)),
}


@pytest.mark.parametrize("name", SPREAD)
def test_ranks_of_many_values_are_less_than_a_500th_off_by_at_most_1001_knots(name):
    values = SPREAD[name]
    table = ranks(Block(values[:, np.newaxis]))[0]
    exact = (np.searchsorted(np.sort(values), values) + np.searchsorted(np.sort(values), values, "right")) / 18000
    assert np.abs(table.of(values) - exact).max() < 1 / 500
    assert len(table.values) <= 1001
    assert (table.values[0], table.values[-1]) == (values.min(), values.max())


def test_the_tables_of_many_features_are_shorter():
    values = RNG.random((9000, 800))
    tables = ranks(Block(values))
    assert {len(table.values) <= 101 for table in tables} == {True}
    exact = (np.searchsorted(np.sort(values[:, 7]), values[:, 7]) + 0.5) / 9000
    assert np.abs(tables[7].of(values[:, 7]) - exact).max() < 1 / 50


def test_the_rank_of_a_frequent_value_is_exact():
    values = SPREAD["mostly one value"]
    exact = (values < 0.5).mean() + (values == 0.5).mean() / 2
    assert ranks(Block(values[:, np.newaxis]))[0].of(np.array(0.5)) == pytest.approx(exact, abs=1e-12)


def test_weights_too_small_to_tell_shares_apart_leave_a_rising_table():
    table = ranks(Block(np.arange(4.0)[:, np.newaxis], weights=np.array([1.0, 1e-30, 1e-30, 1])))[0]
    assert (np.diff(table.shares) > 0).all()


@pytest.fixture
def few_rows(monkeypatch):
    monkeypatch.setattr("ksom.method.quantiles.MOST_ROWS", 500)


@pytest.mark.parametrize("cuts", [[], [1], [400, 401, 2999], range(100, 3000, 100)], ids=str)
def test_the_same_rows_are_kept_however_the_data_are_cut(cuts, few_rows):
    values, weights = RNG.random((3000, 2)), RNG.random(3000) + 0.1
    low, high = values.min(axis=0), values.max(axis=0)
    whole, cut = SomeRows(3000, 2), SomeRows(3000, 2)
    whole.add(values, 0, weights)
    for start, stop in zip([0, *cuts], [*cuts, 3000], strict=True):
        cut.add(values[start:stop], start, weights[start:stop])
    one, other = whole.block(low, high), cut.block(low, high)
    assert one.values.tobytes() == other.values.tobytes()
    assert one.weights.tobytes() == other.weights.tobytes()


def test_of_many_rows_a_sample_is_kept_with_the_extremes(few_rows):
    values = RNG.permutation(3000.0 * np.arange(3000))[:, np.newaxis]
    some = summarise(Dataset(values), with_quantiles=True).some
    assert some.values.shape == (502, 1)
    assert (some.values.min(), some.values.max()) == (values.min(), values.max())
    assert np.isin(some.values, values).all()
    assert quantiles(some, 0.5)[0] / values.max() == pytest.approx(0.5, abs=0.1)


def test_a_feature_without_a_value_in_the_sample_has_the_range_of_the_data(few_rows):
    values = np.full((3000, 2), np.nan)
    values[:, 0] = 1
    unseen = np.setdiff1d(np.arange(3000), SomeRows(3000, 2)._chosen)[:2]
    values[unseen, 1] = [3, 7]
    some = summarise(Dataset(values), keep_missing=True, with_quantiles=True).some
    assert ranks(some)[1].as_plain() == {"values": [3, 7], "shares": [0.25, 0.75]}


@pytest.mark.parametrize(("features", "rows"), [(1, 2**18), (32, 2**18), (64, 2**17), (10**6, 4096)])
def test_what_is_kept_is_bounded_by_the_number_of_features(features, rows):
    assert most_rows(features) == rows


def test_not_asked_for_no_row_is_kept():
    assert summarise(Dataset([[1.0], [2.0]])).some is None


def test_quantiles_of_sparse_samples_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match="the scaling goes by quantiles, for which sparse samples would become dense"):
        summarise(Dataset(sparse.csr_matrix(np.eye(3))), with_quantiles=True)
