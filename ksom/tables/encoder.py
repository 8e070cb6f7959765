"""The features of some rows of a table, by the encoding of its columns."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.encoding import CATEGORY, CYCLE, OF_ITS_CATEGORY, Column, Encoding
from ksom.tables.source import Rows, TableSource

if TYPE_CHECKING:
    import pyarrow as pa


def encoded(rows: Rows, encoding: Encoding) -> NDArray[Any]:
    """Return rows as samples, shape (n, D), data units: float32 if all columns are, else float64; NaN: missing."""
    features = [_features(rows.columns.column(column.name), column) for column in encoding.columns]
    return np.concatenate(features, axis=1)


def table_as_samples(table: Any, encoding: Encoding) -> NDArray[Any]:
    """Return a whole table in memory as samples, shape (n, D), data units.

    Raises
    ------
    DataError
        If it lacks a column, or holds what cannot be read.
    """
    batches = TableSource(table).batches(number_columns(encoding), text_columns(encoding))
    return np.concatenate([encoded(rows, encoding) for rows in batches])


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
        angles = 2 * np.pi * numbers.astype(np.float64) / column.period
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return numbers[:, np.newaxis]


def _numbers(values: "pa.Array") -> NDArray[Any]:
    import pyarrow as pa

    kind = pa.float32() if values.type == pa.float32() else pa.float64()
    numbers: NDArray[Any] = values.cast(kind, safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _of_category(values: "pa.Array", column: Column) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    number = pc.index_in(values, pa.array(column.categories, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    number = np.where((number < 0) & ~missing & column.has_other, len(column.categories), number)
    of_each = np.where(number[:, np.newaxis] == np.arange(len(column.feature_names)), OF_ITS_CATEGORY, 0)
    of_each[number < 0] = np.nan
    return of_each
