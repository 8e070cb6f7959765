"""Which rows of a table are meant: an expression that is read, not executed."""

import contextlib
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.errors import DataError, ParameterError
from ksom.tables.row_filter import DEEPEST, LONGEST
from ksom.tables.source import NoRows, TableSource

TABLE = pa.table(
    {
        "age": pa.array([10, 20, None, 40], pa.int64()),
        "income": pa.array([1.5, math.nan, 3.0, None]),
        "city": ["Rome", "Oslo", None, "O'Hara"],
        "member": [True, False, None, True],
        "since": pa.array([0, 86400, 172800, None], pa.timestamp("s")),
        "first name": ["a", "b", "a", "c"],
        "parts": [[1], [2], [3], [4]],
    }
)


def rows(where, table=TABLE):
    numbered = table.append_column("row", pa.array(range(table.num_rows)))
    with contextlib.suppress(NoRows):
        batches = TableSource(numbered, where=where).batches(["row"])
        return [int(row) for batch in batches for row in batch.columns.column(0).to_pylist()]
    return []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("age >= 20", [1, 3]),
        ("20 <= age", [1, 3]),
        ("10 < age < 40", [1]),
        ("age == 10 or age == 40", [0, 3]),
        ("age == 10 and city == 'Rome'", [0]),
        ("not age == 10", [1, 2, 3]),
        ("age != 10", [1, 3]),
        ("age > -1.5", [0, 1, 3]),
        ("income > 0", [0, 2]),
        ("income != 1.5", [2]),
        ("city != 'Rome'", [1, 3]),
        ('city == "O\'Hara"', [3]),
        ("city in ('Rome', 'Oslo')", [0, 1]),
        ("city not in ['Rome']", [1, 3]),
        ("age in {10, 40}", [0, 3]),
        ("is_missing(age)", [2]),
        ("is_missing(income)", [1, 3]),
        ("is_missing(city)", [2]),
        ("not is_missing(income) and age >= 10", [0]),
        ("member", [0, 3]),
        ("not member", [1, 2]),
        ("member == True", [0, 3]),
        ("since < '1970-01-02'", [0]),
        ("since >= '1970-01-02T00:00:00+00:00'", [1, 2]),
        ("since == 86400", [1]),
        ("column('first name') == 'a'", [0, 2]),
        ("age > income", [0]),
        ("age < 0", []),
        ("  age >= 20  ", [1, 3]),
    ],
)
def test_the_rows_that_are_meant(where, expected):
    assert rows(where) == expected


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1), st.floats(allow_nan=False, allow_infinity=False))
def test_a_comparison_holds_as_in_python_and_never_with_a_missing_value(values, bound):
    table = pa.table({"x": pa.array(values, pa.float64())})
    there = [row for row, value in enumerate(values) if value is not None and not math.isnan(value)]
    for sign, holds in {"<": float.__lt__, ">=": float.__ge__, "!=": float.__ne__}.items():
        assert rows(f"x {sign} {bound!r}", table) == [row for row in there if holds(values[row], bound)]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("age + 1 > 2", "'age + 1' is neither a column nor a number nor a text"),
        ("__import__('os').system('x')", "is no condition"),
        ("().__class__ == 1", "is neither a column nor a number nor a text"),
        ("age.real == 1", "'age.real' is neither"),
        ("age[0] == 1", "'age[0]' is neither"),
        ("(lambda: 1)() == age", "is neither"),
        ("[age for age in city] == age", "is neither"),
        ("f'{age}' == city", "is neither"),
        ("age if member else city", "is no condition"),
        ("age is None", "is compared otherwise than by <, <=, >, >=, ==, !=, in, not in"),
        ("age == None", "'None' is neither"),
        ("age == b'x'", "is neither"),
        ("age == 1j", "is neither"),
        ("age", None),
        ("1", "'1' is no condition"),
        ("1 < 2", "'1 < 2' compares no column"),
        ("city > 5", "'city > 5' compares a text with a number; a text stands in quotes"),
        ("age == 'Rome'", "compares a text with a number"),
        ("city", "compares a text with a number"),
        ("since < 'noon'", "must have a time such as 2026-01-31"),
        ("city in 'Rome'", "\"'Rome'\" must be a list, such as ('a', 'b')"),
        ("city in ()", "'()' must be a list"),
        ("is_missing(5)", "is no condition"),
        ("is_missing(age, city)", "is no condition"),
        ("len(city) > 3", "'len(city)' is neither"),
        ("parts == 1", "'parts' holds neither numbers nor texts nor times"),
        ("age >", "invalid syntax"),
        ("", "invalid syntax"),
        ("age := 5", "invalid syntax"),
        ("age == 1; import os", "invalid syntax"),
        ("age == \0", "null bytes"),
        ("age == 1" + "0" * 400, "is too large a number"),
        ("age == 1e999", "is too large a number"),
        ("(" * 900 + "age" + ")" * 900, "too many nested parentheses"),
        ("not " * (DEEPEST + 2) + "member", f"is nested deeper than {DEEPEST}"),
    ],
)
def test_whatever_else_is_refused_with_the_part_that_cannot_be(where, told):
    if told is None:
        assert rows(where) == [0, 1, 3]
        return
    with pytest.raises(ParameterError) as caught:
        TableSource(TABLE, where=where)
    assert told in str(caught.value)
    assert str(caught.value).startswith("where must choose rows by comparisons")


@pytest.mark.parametrize("where", ["a" * (LONGEST + 1), 5, ["age"]])
def test_an_expression_is_a_text_of_bounded_length(where):
    with pytest.raises(ParameterError, match="where must be a text of at most 2000 characters"):
        TableSource(TABLE, where=where)


def test_an_unknown_column_is_told_with_the_one_most_like_it():
    with pytest.raises(DataError, match=r"Table: has no column 'agee'; did you mean 'age'\?"):
        TableSource(TABLE, where="agee > 5")


def test_a_filter_that_no_row_fulfils_is_told():
    with pytest.raises(DataError, match="Table: no row fulfils 'age > 100'"):
        list(TableSource(TABLE, where="age > 100").batches(["age"]))


def test_deep_expressions_do_not_end_the_process():
    for where in ("-" * 1900 + "1 < age", "not " * 480 + "member", "a<" * 600 + "age", "x and " * 300 + "age"):
        with pytest.raises((ParameterError, DataError)):
            TableSource(TABLE, where=where)
