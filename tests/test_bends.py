"""Bends rise, and lead back to where they came from."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ksom.errors import DataError
from ksom.method.bends import Log1p, Ranks, bend_of
from ksom.method.quantiles import ranks
from ksom.samples import Block

ANY = st.floats(allow_nan=False, allow_infinity=False)
WITHIN = st.floats(-1e300, 1e300)
VALUES = arrays.arrays(np.float64, st.integers(1, 60), elements=WITHIN)


@given(value=ANY)
def test_a_logarithm_leads_back(value):
    bent = Log1p().of(np.array([value]))
    assert np.isfinite(bent).all()
    np.testing.assert_allclose(Log1p().undone(bent), value, rtol=1e-12)


@given(values=arrays.arrays(np.float64, (7, 3), elements=ANY))
def test_a_logarithm_has_the_same_bits_in_every_layout(values):
    column = values[:, 1]
    together = Log1p().of(column)
    assert together.tobytes() == np.concatenate([Log1p().of(values[i : i + 1, 1]) for i in range(7)]).tobytes()


@given(data=VALUES, others=VALUES)
def test_ranks_rise_from_0_to_1(data, others):
    table = ranks(Block(data[:, np.newaxis]))[0]
    places = np.sort(np.concatenate([data, others, np.nextafter(data, -np.inf), np.nextafter(data, np.inf)]))
    found = table.of(places)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


@given(data=VALUES)
def test_ranks_of_the_data_lead_back(data):
    table = ranks(Block(data[:, np.newaxis]))[0]
    size = np.ptp(data) or 1
    np.testing.assert_allclose(table.undone(table.of(data)), data, atol=1e-12 * size)


@given(data=VALUES, share=st.floats(0, 1))
def test_values_inside_of_the_range_lead_back_from_their_rank(data, share):
    value = np.array([data.min() + share * (data.max() - data.min())]).clip(data.min(), data.max())
    table = ranks(Block(data[:, np.newaxis]))[0]
    back = table.undone(table.of(value))
    assert table.of(back) == pytest.approx(table.of(value), abs=1e-12)


TABLE = Ranks(np.array([1.0, 2.0, 6.0]), np.array([0.2, 0.5, 0.9]))


@pytest.mark.parametrize(
    ("value", "rank"),
    [(0.9, 0), (1, 0.2), (1.5, 0.35), (2, 0.5), (4, 0.7), (6, 0.9), (6.1, 1), (np.inf, 1), (-np.inf, 0)],
)
def test_a_rank_lies_on_the_line_between_two_knots_and_is_0_or_1_outside(value, rank):
    assert TABLE.of(np.array(value)) == pytest.approx(rank)


@pytest.mark.parametrize(("rank", "value"), [(-3, 1), (0, 1), (0.35, 1.5), (0.7, 4), (0.95, 6), (7, 6)])
def test_what_is_outside_of_the_table_becomes_its_least_or_largest_value(rank, value):
    assert TABLE.undone(np.array(float(rank))) == pytest.approx(value)


def test_a_constant_feature_has_one_knot():
    table = Ranks(np.array([3.0]), np.array([0.5]))
    assert table.of(np.array([2.0, 3.0, 4.0, np.nan]))[:3].tolist() == [0, 0.5, 1]
    assert table.undone(np.array([0.0, 0.5, 1.0])).tolist() == [3, 3, 3]


@pytest.mark.parametrize("bend", [TABLE, Log1p()], ids=["ranks", "logarithm"])
def test_what_is_missing_stays_missing(bend):
    assert np.isnan(bend.of(np.array([np.nan]))).all()
    assert np.isnan(bend.undone(np.array([np.nan]))).all()


@pytest.mark.parametrize("bend", [None, Log1p(), TABLE, Ranks(np.array([0.1]), np.array([1 / 3]))], ids=str)
def test_plain_data_make_the_bend_again(bend):
    plain = bend and json.loads(json.dumps(bend.as_plain()))
    again = bend_of(plain)
    assert type(again) is type(bend)
    assert (again and again.as_plain()) == plain


GOOD = {"values": [0.0, 1.0], "shares": [0.25, 0.75]}


@pytest.mark.parametrize(
    "plain",
    [
        "log",
        3,
        [],
        {},
        [[0.0], [0.5]],
        {"values": [1.0]},
        {**GOOD, "values": [1.0, 1.0]},
        {**GOOD, "values": [1.0, 0.0]},
        {**GOOD, "shares": [0.5, 0.5]},
        {**GOOD, "shares": [0.5, 0.4]},
        {**GOOD, "shares": [0.5, 1.1]},
        {**GOOD, "shares": [-0.1, 0.5]},
        {**GOOD, "shares": [0.5]},
        {**GOOD, "shares": [0.5, float("nan")]},
        {**GOOD, "values": [0.0, float("inf")]},
        {**GOOD, "values": [-1e308, 1e308]},
        {**GOOD, "values": [0.0, None]},
        {**GOOD, "values": [0.0, 10**400]},
        {**GOOD, "values": [[0.0, 1.0]]},
        {"values": [], "shares": []},
        {"values": list(range(1002)), "shares": [i / 1001 for i in range(1002)]},
    ],
    ids=lambda plain: str(plain)[:50],
)
def test_what_is_no_bend_is_refused(plain):
    with pytest.raises(
        DataError, match=r"a bend must be log1p, or 1 to 1001 values and their shares in \[0, 1\], both r"
    ):
        bend_of(plain)
