"""What the columns of a table hold, and their values as numbers or as text."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ksom.errors import DataError, NotInstalled, quoted

if TYPE_CHECKING:
    import pyarrow as pa

NUMBER, TEXT, TIME, OTHER = "number", "text", "time", "other"

SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""How many of a unit of time make a second."""

MUST = {NUMBER: "a number", TEXT: "text", TIME: "a time such as 2026-01-31 or 2026-01-31 12:00:00"}
"""What a value of each kind must be."""


def arrow() -> Any:
    """Return pyarrow.

    Raises
    ------
    NotInstalled
        If it is not there.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        told = "tables are read and written by pyarrow, which is not installed: pip install pyarrow"
        raise NotInstalled(told) from error
    return pa


@cache
def kind_of(stored: "pa.DataType") -> str:
    """Return what a column holds: `NUMBER`, also true and false, or nothing; `TEXT`; `TIME`; `OTHER`: not read."""
    types = arrow().types
    if types.is_dictionary(stored):
        return kind_of(stored.value_type)
    kinds = {
        NUMBER: (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null),
        TEXT: (types.is_string, types.is_large_string, types.is_string_view),
        TIME: (types.is_timestamp, types.is_date, types.is_time, types.is_duration),
    }
    return next((kind for kind, tests in kinds.items() if any(test(stored) for test in tests)), OTHER)


def as_number(column: "pa.Array") -> "pa.Array":
    """Return a column's values as numbers: float32 if they are stored so, else float64.

    True is 1 and false 0. A time is its seconds since the beginning of 1970 (UTC where it tells no zone), a time of day
    since midnight.
    """
    pa = arrow()
    if pa.types.is_dictionary(column.type):
        return as_number(column.dictionary).take(column.indices)
    if pa.types.is_float32(column.type) or pa.types.is_float64(column.type):
        return column
    if kind_of(column.type) == TIME:
        return _seconds(column)
    return column.cast(pa.float64(), safe=False)


def as_text(column: "pa.Array", where: str) -> "pa.Array":
    """Return a column's values as strings.

    Raises
    ------
    DataError
        If they cannot be strings; `where` tells the column.
    """
    pa = arrow()
    if pa.types.is_dictionary(column.type):
        return as_text(column.dictionary, where).take(column.indices)
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise DataError(f"{where} holds {column.type}, which cannot be read as text ({error})") from error


def from_text(column: "pa.Array", wanted: "pa.DataType", place: Callable[[int], str]) -> "pa.Array":
    """Return what the texts of a column say, as numbers or times.

    Raises
    ------
    DataError
        If one says something else; `place` tells where, by its row among these.
    """
    pa = arrow()
    texts = as_text(column, "")
    try:
        return texts.cast(wanted)
    except pa.ArrowInvalid as error:
        row = next(row for row, text in enumerate(texts) if not _can_be(text, wanted))
        told = f"must hold {MUST[kind_of(wanted)]}, got {quoted(texts[row].as_py())}"
        raise DataError(f"{place(row)} {told}") from error


def _can_be(text: Any, wanted: "pa.DataType") -> bool:
    try:
        text.cast(wanted)
    except arrow().ArrowInvalid:
        return False
    return True


def _seconds(column: "pa.Array") -> "pa.Array":
    pa = arrow()
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    per_second = SECONDS[column.type.unit]
    width = pa.int32() if column.type.bit_width == 32 else pa.int64()
    ticks = column.view(width).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(ticks / per_second, pa.float64(), mask=column.is_null().to_numpy(zero_copy_only=False))


def is_missing(column: "pa.Array") -> "pa.Array":
    """Return which values of a column are missing: null or NaN."""
    import pyarrow.compute as pc

    return pc.is_null(column, nan_is_null=True)


def seconds_of(time: str | datetime) -> float:
    """Return the seconds since the beginning of 1970 of a time, or of a text as ISO 8601 writes it, UTC without a zone.

    Raises
    ------
    ValueError
        If it is written otherwise.
    TypeError
        If it is neither.
    """
    read = time if isinstance(time, datetime) else datetime.fromisoformat(time)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
