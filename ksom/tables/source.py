"""The rows of a table, in order, in batches: CSV, Parquet and Arrow files, and tables in memory, through pyarrow."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ksom.errors import DataError, NotInstalled, quoted

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65536
"""Rows that are read at a time, at most."""

CSV, PARQUET, ARROW = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
"""What the names of files of each format end with."""

SUFFIXES = (*CSV, *PARQUET, *ARROW)


def is_table(path: str | Path) -> bool:
    """Return whether a file is a table, by its name."""
    return Path(path).suffix.lower() in SUFFIXES


class Rows(NamedTuple):
    """Some rows of a table, one after another."""

    first_row: int
    """The number of the first of them in the whole table, from 0."""
    columns: "pa.RecordBatch"
    """The columns that were asked for: numbers as stored, float64 in a CSV; texts as strings. Null: missing."""


class TableSource:
    """The rows of a table, which can be walked through as often as wanted.

    Parameters
    ----------
    data : str, Path, sequence of them, or a table
        Files, read one after another in this order; a folder's or pattern's files in the order of their names. Or
        anything with `__arrow_c_stream__`: a DataFrame of pandas or polars, a table of pyarrow or duckdb.

    Attributes
    ----------
    column_names : tuple of str
        What the columns are called.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read, or the files have different columns.
    NotInstalled
        If pyarrow is not there.
    """

    def __init__(self, data: Any) -> None:
        _pyarrow()
        self.files = [Path(data)] if isinstance(data, str | Path) else []
        self._table = None if self.files else _in_memory(data)
        self.schema: pa.Schema = self._table.schema if self._table is not None else _schema(self.files[0])
        self.column_names = tuple(self.schema.names)

    def is_number(self, column: str) -> bool:
        """Return whether a column holds numbers, or true and false."""
        import pyarrow as pa

        kind = self.schema.field(column).type
        return any(is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean))

    def batches(self, numbers: Sequence[str], texts: Sequence[str] = ()) -> Iterator[Rows]:
        """Yield all rows with these columns, `numbers` as numbers and `texts` as strings.

        Raises
        ------
        DataError
            Naming the file and the row of what cannot be read.
        """
        row = 0
        for batch in self._raw(numbers, texts):
            columns = [batch.column(name) for name in numbers] + [_as_text(batch.column(name)) for name in texts]
            yield Rows(row, _pyarrow().RecordBatch.from_arrays(columns, names=[*numbers, *texts]))
            row += batch.num_rows

    def _raw(self, numbers: Sequence[str], texts: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        names = [*numbers, *texts]
        if self._table is not None:
            yield from self._table.select(names).to_batches(max_chunksize=BATCH_ROWS)
        for file in self.files:
            yield from _file_batches(file, numbers, texts)


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise NotInstalled("tables are read by pyarrow, which is not installed: pip install pyarrow") from error
    return pa


def _in_memory(data: Any) -> "pa.Table":
    if not hasattr(data, "__arrow_c_stream__"):
        raise DataError(f"a table must be a file, or have __arrow_c_stream__ as data frames do, got {quoted(data)}")
    return _pyarrow().table(data)


def _schema(file: Path) -> "pa.Schema":
    if file.suffix in CSV:
        import pyarrow.csv

        return pyarrow.csv.open_csv(file).schema
    if file.suffix in PARQUET:
        import pyarrow.parquet

        return pyarrow.parquet.read_schema(file)
    import pyarrow.feather

    return pyarrow.feather.read_table(file, memory_map=True).schema


def _file_batches(file: Path, numbers: Sequence[str], texts: Sequence[str]) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    names = [*numbers, *texts]
    if file.suffix in CSV:
        import pyarrow.csv as pc

        types = dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(texts, pa.string())
        yield from pc.open_csv(file, convert_options=pc.ConvertOptions(include_columns=names, column_types=types))
    elif file.suffix in PARQUET:
        import pyarrow.parquet

        yield from pyarrow.parquet.ParquetFile(file).iter_batches(BATCH_ROWS, columns=names)
    else:
        import pyarrow.feather

        yield from pyarrow.feather.read_table(file, columns=names, memory_map=True).to_batches(BATCH_ROWS)


def _as_text(column: "pa.Array") -> "pa.Array":
    import pyarrow.compute as pc

    return pc.cast(column, _pyarrow().string())
