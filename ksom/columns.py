"""Tables with named columns, such as a DataFrame of pandas: read by what they can do, no library is imported."""

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted

SHOWN = 20
"""Names that a message lists."""


def column_names(values: Any) -> tuple[str, ...] | None:
    """Return the names of a table's columns; None where it has none, or `values` is no table."""
    names = getattr(values, "column_names", getattr(values, "columns", None))  # pyarrow's columns are arrays
    if names is None or callable(names) or not hasattr(values, "__getitem__"):
        return None
    named = tuple(names)
    return named if all(isinstance(name, str) for name in named) else None


def required_names(there: Sequence[str], known: Sequence[str], where: str) -> Sequence[str]:
    """Return the `known` names, if they are those of a table's columns, in whatever order.

    Raises
    ------
    DataError
        Naming the columns.
    """
    require_all(there, known, where)
    extra = [name for name in there if name not in known]
    if extra:
        raise DataError(f"{where}: the map was trained without the columns {listed(extra)}; drop them")
    return known


def require_all(there: Sequence[str], known: Sequence[str], where: str) -> None:
    """Refuse a table that lacks one of the `known` columns; it may have others.

    Raises
    ------
    DataError
        Naming the columns.
    """
    missing = [name for name in known if name not in there]
    if missing:
        raise DataError(f"{where}: the map was trained with the columns {listed(missing)}, which are missing")


def as_array(table: Any, names: Sequence[str], where: str) -> NDArray[Any]:
    """Return the columns `names` of a table, in that order, as an array of shape (n, D); what is missing is NaN.

    Raises
    ------
    DataError
        Naming the column and the row of what is no number, or a column that is there twice.
    """
    twice = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if twice:
        raise DataError(f"{where}: more than one column is called {listed(twice)}")
    columns = [_numbers(table[name], f"{where}: column {quoted(name)}") for name in names]
    return np.column_stack(columns) if columns else np.empty((0, 0))


def _numbers(column: Any, where: str) -> NDArray[Any]:
    values = np.asarray(column)
    if values.dtype.kind == "O":
        bad = next((row for row, value in enumerate(values) if not _is_number_or_missing(value)), None)
        if bad is not None:
            raise DataError(f"{where} holds {_kind(values[bad])} in row {bad}; drop it, or make it numbers")
        return np.array([np.nan if _is_missing(value) else value for value in values], dtype=np.float64)
    if values.dtype.kind not in "biuf":
        raise DataError(f"{where} holds {values.dtype}; drop it, or make it numbers")
    return values


def _is_number_or_missing(value: Any) -> bool:
    return isinstance(value, numbers.Real) or _is_missing(value)


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType"


def _kind(value: Any) -> str:
    return f"text ({quoted(value)})" if isinstance(value, str) else f"a {type(value).__name__}"


def table_like(table: Any, columns: Mapping[str, NDArray[Any]]) -> Any:
    """Return columns as a table of the kind that came, its rows under the same names where they have some.

    A relation of duckdb is a question to a database, and none can be made of columns: it gets a table of pyarrow.

    Parameters
    ----------
    table : DataFrame of pandas or polars, or table of pyarrow
        What came, n rows.
    columns : mapping of str to ndarray of shape (n,)
        The columns.
    """
    kind = type(table)
    if hasattr(table, "index") and not callable(table.index):
        return kind(dict(columns), index=table.index)
    make = getattr(kind, "from_pydict", kind)
    if kind.__name__ == "DuckDBPyRelation":
        import pyarrow as pa

        make = pa.table
    return make(dict(columns))


def listed(names: Sequence[str]) -> str:
    """Return the names of columns as a message shows them: the first twenty."""
    return ", ".join(map(quoted, names[:SHOWN])) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
