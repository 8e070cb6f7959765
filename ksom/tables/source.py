"""The rows of a table, in order, in batches: CSV, Parquet and Arrow files, and tables in memory, through pyarrow."""

import fnmatch
import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice
from ksom.array_files import open_data
from ksom.errors import DataError, ParameterError, quoted
from ksom.names import nearest
from ksom.remote_files import RemoteFile
from ksom.tables.arrow_files import MAGIC_ARROW, MAGIC_OLD, MAGIC_STREAM, ArrowFile
from ksom.tables.column_names import NAMELESS
from ksom.tables.csv_files import CsvFile
from ksom.tables.csv_format import CsvFormat
from ksom.tables.found_files import ARROW, PARQUET, format_by_name, found_files
from ksom.tables.kinds import NUMBER, OTHER, TEXT, TIME, arrow, as_number, as_text, from_text, kind_of
from ksom.tables.memory_tables import MemoryTable
from ksom.tables.parquet_files import MAGIC_PARQUET, ParquetFile
from ksom.tables.row_filter import RowFilter

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65536
"""Rows that are read at a time, at most."""

TYPES = (NUMBER, TEXT, TIME)
"""What a column can be said to hold."""

MOST_VALUES = 2**22
"""Values that are read at a time, at most; a row has at least one."""


class Rows(NamedTuple):
    """Some rows of a table, one after another."""

    first_row: int
    """The number of the first of them in the whole table, from 0; rows that a filter leaves out do not count."""
    columns: "pa.RecordBatch"
    """The columns that were asked for: numbers as float32 if stored so, else float64; texts as strings. Null: missing;
    a number may be NaN as well."""


class NoRows(DataError):
    """A table without any row, or without one that a filter leaves."""


class _Part(Protocol):
    """A file of a table, or a table in memory."""

    @property
    def schema(self) -> "pa.Schema": ...

    def batches(self, numbers: Sequence[str], texts: Sequence[str], most_rows: int) -> "Iterator[pa.RecordBatch]": ...

    def place(self, row: int) -> str: ...


class _Piece(NamedTuple):
    """Some rows of one part that a filter leaves."""

    part: _Part
    numbers: NDArray[np.int64]
    """Their numbers in the part."""
    columns: "pa.RecordBatch"


class TableSource:
    """The rows of a table, which can be walked through as often as wanted.

    Parameters
    ----------
    data : str, Path, sequence of them, or a table
        Files, read one after another in this order; a folder's or pattern's files in the order of their names: CSV
        (.csv, .tsv, .txt, packed by gzip or not), Parquet, Arrow or Feather. Parquet files may have addresses, such as
        s3://bucket/events/*.parquet, which fsspec reads. Or anything with `__arrow_c_stream__`: a
        DataFrame of pandas or polars, a table of pyarrow or duckdb; a stream that can be read only once is kept in
        memory.
    where : str, optional
        Which rows are read: "age >= 18 and city != 'Rome' and not is_missing(income)"; `ksom.tables.row_filter` tells
        what it may hold. Rows are numbered after it, from 0. Default: all.
    types : mapping of str to str, optional
        What columns hold that are taken for something else: "number", "text" or "time".
    csv : mapping of str to Any, optional
        How CSV files are written, if it is not to be found out: delimiter, decimal, encoding, header, quote, missing;
        `ksom.tables.csv_format.CsvFormat` explains.

    Attributes
    ----------
    column_names : tuple of str
        What the columns are called, as the first file has them; other files may have them in another order.
    files : list of Path or RemoteFile
        What is read, in this order; none if the table is in memory.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read, or the files have different columns.
    ParameterError
        If `where`, `types` or `csv` say what cannot be.
    NotInstalled
        If pyarrow is not there.
    """

    def __init__(
        self,
        data: Any,
        *,
        where: str | None = None,
        types: Mapping[str, str] | None = None,
        csv: Mapping[str, Any] | None = None,
    ) -> None:
        arrow()
        self._told_types = _told_types(types)
        self.files = found_files(data) if _names_files(data) else []
        self._parts = _parts(self.files, data, CsvFormat.of(csv), self._arrow_types())
        self._stored = _same_columns(self._parts)
        self.column_names = tuple(self._stored)
        for name in self._told_types:
            self._require_column(name)
        self._where = where
        self._filter = None if where is None else RowFilter(where, self.kind)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_filter": None}  # it is made of functions

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._filter = None if self._where is None else RowFilter(self._where, self.kind)

    def __str__(self) -> str:
        first, more = self._parts[0], len(self._parts) - 1
        return f"{first} and {more} more" if more else str(first)

    def kind(self, column: str) -> str:
        """Return what a column holds: "number" (true and false too), "text", "time", or "other", which is not read.

        Raises
        ------
        DataError
            If there is no such column; with the one most like it.
        """
        self._require_column(column)
        return self._told_types.get(column) or kind_of(self._stored[column])

    def is_number(self, column: str) -> bool:
        """Return whether a column holds numbers, or true and false; raises as `kind`."""
        return self.kind(column) == NUMBER

    def is_single(self, column: str) -> bool:
        """Return whether a column is stored as float32."""
        single = arrow().float32()
        return all(part.schema.field(column).type == single for part in self._parts)

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """Return the columns that names and patterns such as "visits_*" mean, each once, in the order of the patterns.

        Raises
        ------
        DataError
            Naming what fits no column, with the column most like it.
        """
        found = [[p] if p in self._stored else self._fitting(p) for p in patterns]
        return list(dict.fromkeys(name for names in found for name in names))

    def place(self, row: int) -> str:
        """Return where a row lies, for messages: "customers.csv, line 17"; row: its number as `Rows` counts."""
        before = 0
        for piece in self._pieces((), ()):
            if row < before + len(piece.numbers):
                return piece.part.place(int(piece.numbers[row - before]))
            before += len(piece.numbers)
        return f"{self}, row {row}"

    def batches(self, numbers: Sequence[str], texts: Sequence[str] = ()) -> Iterator[Rows]:
        """Yield all rows with these columns, `numbers` as numbers and `texts` as strings.

        A time is read as the seconds since the beginning of 1970, true and false as 1 and 0.

        Raises
        ------
        DataError
            Naming the file, the line or row, and the column of what cannot be read; or if there are no rows.
        """
        self._require_kinds(numbers, texts)
        row = 0
        for piece in self._pieces(numbers, texts):
            if len(piece.numbers):
                yield Rows(row, piece.columns)
            row += len(piece.numbers)
        if not row:
            raise NoRows(f"{self}: {'has no rows' if self._filter is None else f'no row fulfils {self._filter}'}")

    def _pieces(self, numbers: Sequence[str], texts: Sequence[str]) -> Iterator[_Piece]:
        """Yield all rows that the filter leaves, with the columns `numbers` and `texts`."""
        pa, keep = arrow(), self._filter
        all_numbers = list(dict.fromkeys([*numbers, *(keep.numbers if keep else ())]))
        all_texts = list(dict.fromkeys([*texts, *(keep.texts if keep else ())]))
        for part in self._parts:
            for first, batch in _slices(part, all_numbers, all_texts or [self.column_names[0]][: not all_numbers]):
                place = _Place(part, first)
                as_numbers = {name: self._number(batch.column(at), name, place) for at, name in enumerate(all_numbers)}
                as_texts = {name: self._text(batch.column(at), name, place)
                            for at, name in enumerate(all_texts, len(all_numbers))}  # fmt: skip
                columns = [*map(as_numbers.__getitem__, numbers), *map(as_texts.__getitem__, texts)]
                rows = np.arange(first, first + batch.num_rows)
                kept = pa.RecordBatch.from_arrays([pa.array(rows), *columns], names=["", *numbers, *texts])
                if keep:
                    kept = kept.filter(keep.mask(as_numbers, as_texts))
                yield _Piece(part, kept.column(0).to_numpy(), kept.remove_column(0))

    def _number(self, column: "pa.Array", name: str, place: "_Place") -> "pa.Array":
        if kind_of(column.type) == TEXT:
            wanted = self._arrow_types().get(name) or arrow().float64()
            column = from_text(column, wanted, lambda row: f"{place.of(row)}: column {quoted(name)}")
        return as_number(column)

    def _text(self, column: "pa.Array", name: str, place: "_Place") -> "pa.Array":
        return as_text(column, f"{place.part}: column {quoted(name)}")

    def _arrow_types(self) -> "dict[str, pa.DataType]":
        pa = arrow()
        types = {NUMBER: pa.float64(), TEXT: pa.string(), TIME: pa.timestamp("us")}
        return {name: types[kind] for name, kind in self._told_types.items()}

    def _fitting(self, pattern: str) -> list[str]:
        if not glob.has_magic(str(pattern)):
            self._require_column(pattern)
        found = [name for name in self.column_names if fnmatch.fnmatchcase(name, pattern)]
        if not found:
            raise DataError(f"{self}: no column fits {quoted(pattern)}")
        return found

    def _require_column(self, name: str) -> None:
        if name not in self._stored:
            told = f"has no column {quoted(name)}{nearest(str(name), self.column_names)}"
            raise DataError(f"{self}: {told}")

    def _require_kinds(self, numbers: Sequence[str], texts: Sequence[str]) -> None:
        for name in (*numbers, *texts):
            if self.kind(name) == OTHER:
                told = (
                    f"column {quoted(name)} holds {self._stored[name]}, which is neither a number nor text nor a time"
                )
                raise DataError(f"{self}: {told}; leave it out, or make columns of it")
        for name in numbers:
            if self.kind(name) == TEXT and not isinstance(self._parts[0], CsvFile):  # there, the line is told
                told = f"column {quoted(name)} holds text, not numbers"
                raise DataError(
                    f"{self}: {told}; make it a category, or say that it is a number: TYPES: {{{quoted(name)}: number}}"
                )


class _Place(NamedTuple):
    """Where rows begin."""

    part: _Part
    first_row: int

    def of(self, row: int) -> str:
        """Return where one of them is."""
        return self.part.place(self.first_row + row)


def _told_types(types: Any) -> dict[str, str]:
    if not isinstance(types or {}, Mapping):
        raise ParameterError("types", "tell what columns hold, such as {zip: text}", types)
    return {str(name): require_choice(f"types[{quoted(name)}]", kind, TYPES) for name, kind in (types or {}).items()}


def _slices(part: _Part, numbers: Sequence[str], texts: Sequence[str]) -> "Iterator[tuple[int, pa.RecordBatch]]":
    most_rows = max(1, min(BATCH_ROWS, MOST_VALUES // max(1, len(numbers) + len(texts))))
    row = 0
    for batch in part.batches(numbers, texts, most_rows):
        for start in range(0, batch.num_rows, most_rows):
            rows = batch.slice(start, most_rows)
            yield row, rows
            row += rows.num_rows


def _names_files(data: Any) -> bool:
    return isinstance(data, str | Path) or (isinstance(data, Sequence) and not hasattr(data, "__arrow_c_stream__"))


def _parts(
    files: Sequence[Path | RemoteFile], data: Any, how: CsvFormat, types: "Mapping[str, pa.DataType]"
) -> list[_Part]:
    if not files:
        return [MemoryTable(data)]
    return [_file(path, how, types) for path in files]


def _file(path: Path | RemoteFile, how: CsvFormat, types: "Mapping[str, pa.DataType]") -> _Part:
    """Return a file by what it begins with: its name may tell otherwise."""
    if isinstance(path, RemoteFile):
        return _remote(path)
    with open_data(path) as file:
        start = file.read(len(MAGIC_ARROW))
    told = format_by_name(path)
    if start.startswith(MAGIC_PARQUET) or told == PARQUET:
        return ParquetFile(path)
    if start.startswith((MAGIC_ARROW, MAGIC_STREAM, MAGIC_OLD)) or told == ARROW:
        return ArrowFile(path)
    return CsvFile(path, how, types)


def _remote(file: RemoteFile) -> _Part:
    if file.ranges([0], [min(file.size, len(MAGIC_PARQUET))]) != [MAGIC_PARQUET]:
        raise DataError(f"{file}: is no Parquet file; only those are read from addresses as tables, copy it to a file")
    return ParquetFile(file)


def _same_columns(parts: Sequence[_Part]) -> "dict[str, pa.DataType]":
    """Return the columns of all parts and what they hold.

    Raises
    ------
    DataError
        If a part lacks one, has one more, or holds another kind of thing in it.
    """
    first = parts[0]
    stored = _columns_of(first)
    for part in parts[1:]:
        others = _columns_of(part)
        for lacks, has, names in ((part, first, stored.keys() - others), (first, part, others.keys() - stored)):
            if names:
                told = f"which {has} has; all files of a table must have the same columns"
                raise DataError(f"{lacks}: lacks the column {quoted(min(names))}, {told}")
        for name, found in others.items():
            stored[name] = _both(stored[name], found, name, (part, first))
    return stored


def _columns_of(part: _Part) -> "dict[str, pa.DataType]":
    named = zip(part.schema.names, part.schema.types, strict=True)
    return {name: kind for name, kind in named if not name.startswith(NAMELESS)}


def _both(first: "pa.DataType", second: "pa.DataType", name: str, parts: tuple[_Part, _Part]) -> "pa.DataType":
    if arrow().types.is_null(first) or arrow().types.is_null(second):
        return second if arrow().types.is_null(first) else first
    if kind_of(first) != kind_of(second):
        told = f"column {quoted(name)} holds {kind_of(second)}, in {parts[1]} it holds {kind_of(first)}"
        raise DataError(f"{parts[0]}: {told}; say which it is: TYPES: {{{quoted(name)}: …}}")
    return first
