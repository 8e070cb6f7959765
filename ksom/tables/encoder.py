"""The features of some rows of a table, by the encoding of its columns."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.columns import require_all
from ksom.encoding import CATEGORY, CYCLE, NUMBER, OF_ITS_CATEGORY, Column, Encoding
from ksom.errors import DataError, quoted
from ksom.tables.members import shown_members
from ksom.tables.source import Rows, TableSource

if TYPE_CHECKING:
    import pyarrow as pa


def encoded(rows: Rows, encoding: Encoding, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """Return rows as samples, shape (n, D), data units: float32 if all columns are, else float64, unless it is said.

    NaN where a value is missing, or its member is not known.
    """
    features = [_features(rows.columns.column(column.name), column) for column in encoding.columns]
    return np.concatenate(features, axis=1, dtype=dtype, casting="same_kind")


def samples_dtype(source: TableSource, encoding: Encoding) -> np.dtype[Any]:
    """Return the type of a table's samples: float32 if all its columns of features are, else float64."""
    singles = (column.kind == NUMBER and source.is_single(column.name) for column in encoding.columns)
    return np.dtype(np.float32 if all(singles) else np.float64)


def table_as_samples(table: Any, encoding: Encoding, where: str, *, keep_missing: bool = False) -> NDArray[Any]:
    """Return a whole table in memory as samples, shape (n, D), data units. It may have other columns as well.

    Parameters
    ----------
    table : table with named columns
        Has `__arrow_c_stream__`.
    encoding : Encoding
        How its columns become features.
    where : str
        What it is, for messages.
    keep_missing : bool
        Whether values may be missing, and so members be such that the encoding does not know.

    Raises
    ------
    DataError
        If it lacks a column or, without permission, a value, or holds what cannot be read.
    """
    source = TableSource(table)
    require_all(source.column_names, encoding.column_names, where)
    dtype = samples_dtype(source, encoding)
    blocks = [np.empty((0, len(encoding.feature_names)), dtype)]
    for rows in source.batches(number_columns(encoding), text_columns(encoding)):
        blocks.append(encoded(rows, encoding, dtype))
        if not keep_missing:
            require_values(blocks[-1], rows, encoding, where, source.place)
    return np.concatenate(blocks)


def require_known(rows: Rows, encoding: Encoding, where: str, place: Callable[[int], str]) -> None:
    """Refuse a member of a category that the encoding does not know.

    Raises
    ------
    DataError
        Naming the member, its column and its row.
    """
    import pyarrow.compute as pc

    for column in encoding.columns:
        if column.kind == CATEGORY and not column.has_other:
            values = rows.columns.column(column.name)
            unknown = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, _members(column))))
            if pc.any(unknown).as_py():
                raise DataError(f"{where}: {wrong_cell(rows, pc.index(unknown, True).as_py(), column, place)}")


def require_values(
    samples: NDArray[Any], rows: Rows, encoding: Encoding, where: str, place: Callable[[int], str]
) -> None:
    """Refuse rows that lack a feature, or have an infinite one.

    Raises
    ------
    DataError
        Naming the column and the row.
    """
    finite = np.isfinite(samples)
    if not finite.all():
        row, feature = (int(index) for index in np.argwhere(~finite)[0])
        told = wrong_cell(rows, row, encoding.columns[encoding.column_of[feature]], place)
        raise DataError(f"{where}: {told}; drop or fill it: the map takes no missing values")


def wrong_cell(rows: Rows, at: int, column: Column, place: Callable[[int], str]) -> str:
    """Return what is told of a value that is missing, infinite, or no member that its column is known to have.

    Parameters
    ----------
    rows : Rows
        The rows that it is among.
    at : int
        Its row among these.
    column : Column
        Its column.
    place : callable
        Tells where a row of the table is.
    """
    value, row = rows.columns.column(column.name)[at].as_py(), place(rows.first_row + at)
    if isinstance(value, str):
        told = f"column {quoted(column.name)} holds {quoted(value)} in {row}"
        return f"{told}, which is none of its members: {shown_members(column)}"
    told = "is missing" if value is None or math.isnan(value) else f"is {value:g}"
    return f"column {quoted(column.name)} {told} in {row}"


def text_columns(encoding: Encoding) -> list[str]:
    """Return the columns that are read as text."""
    return [column.name for column in encoding.columns if column.kind == CATEGORY]


def number_columns(encoding: Encoding) -> list[str]:
    """Return the columns that are read as numbers."""
    return [column.name for column in encoding.columns if column.kind != CATEGORY]


def _features(values: "pa.Array", column: Column) -> NDArray[Any]:
    if column.kind == CATEGORY:
        return _of_category(values, column)
    numbers = _numbers(values)
    if column.kind == CYCLE:
        with np.errstate(invalid="ignore"):  # an infinity has no place on a circle
            angles = 2 * np.pi * numbers.astype(np.float64) / column.period
            return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return numbers[:, np.newaxis]


def _numbers(values: "pa.Array") -> NDArray[Any]:
    numbers: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return numbers


def _members(column: Column) -> "pa.Array":
    import pyarrow as pa

    return pa.array(column.categories, pa.string())


def _of_category(values: "pa.Array", column: Column) -> NDArray[np.float64]:
    import pyarrow.compute as pc

    number = pc.index_in(values, _members(column)).fill_null(-1).to_numpy(zero_copy_only=False)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    number = np.where((number < 0) & ~missing & column.has_other, len(column.categories), number)
    of_each = np.where(number[:, np.newaxis] == np.arange(len(column.feature_names)), OF_ITS_CATEGORY, 0)
    of_each[number < 0] = np.nan
    return of_each
