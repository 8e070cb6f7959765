"""The rows of a CSV file: read by pyarrow, and what it cannot read told with its line and column."""

import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ksom.errors import DataError, quoted
from ksom.tables.csv_format import CsvFormat, dialect
from ksom.tables.csv_head import options, read_head, unpacked
from ksom.tables.kinds import MUST, TIME, arrow, from_text, kind_of
from ksom.tables.watched_file import WatchedFile

if TYPE_CHECKING:
    import pyarrow as pa

TROUBLE = re.compile(
    r"(?:In CSV column #(?P<column>\d+): )?(?:CSV parse error: )?(?:Row #(?P<row>\d+): )?(?P<why>.*)", re.DOTALL
)
"""What pyarrow says of a row that it cannot read; it knows the row if it reads with one thread."""


WITHOUT_ROWS = ("Empty CSV file", "Could not skip initial")
"""How pyarrow says that nothing follows the header."""


LONG = "straddling"
"""How it says that a row is longer than what it reads at a time."""


class _Record(NamedTuple):
    """A row as Python's own reader finds it."""

    line: int
    """Where it begins, from 1."""
    fields: list[str]
    is_closed: bool
    """Whether its quotes are."""


class CsvFile:
    """A CSV file, plain or packed by gzip.

    Parameters
    ----------
    path : Path
        The file.
    how : CsvFormat
        What is known of how it is written.
    types : mapping of str to DataType
        What columns hold that are not to be looked at.

    Raises
    ------
    DataError
        If it is not there, empty or no text, two columns have one name, or what is said of it cannot be.
    """

    def __init__(self, path: Path, how: CsvFormat, types: "Mapping[str, pa.DataType]") -> None:
        self._file = WatchedFile(path)
        with self._text() as text:
            self._head = read_head(text, str(path), how)
        self._types = self._head.types | {name: types[name] for name in self._head.names if name in types}
        self.schema = arrow().schema(list(self._types.items()))

    def __str__(self) -> str:
        return str(self._file)

    def batches(self, numbers: Sequence[str], texts: Sequence[str], _most_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield all rows with the columns `numbers` and `texts`, in this order.

        Raises
        ------
        DataError
            Naming the line, and the column, of what cannot be read.
        """
        with self._text() as text:
            counted = _QuoteCounter(text, self._head.how.quote)
            try:
                yield from self._read(counted, numbers, texts)
            except arrow().ArrowInvalid as error:
                if not any(told in str(error) for told in WITHOUT_ROWS):
                    raise self._located(error, numbers, texts) from error
        if counted.number % 2:
            self._require_closed_quotes()

    def place(self, row: int) -> str:
        """Return where a row of this file lies, for messages."""
        line = next((record.line for number, record in enumerate(self._records()) if number == row), None)
        return f"{self}, row {row}" if line is None else f"{self}, line {line}"

    def _read(
        self, source: Any, numbers: Sequence[str], texts: Sequence[str], *, use_threads: bool = True
    ) -> "Iterator[pa.RecordBatch]":
        import pyarrow.csv as pc

        pa = arrow()
        types = {name: self._type_of_number(name) for name in numbers} | dict.fromkeys(texts, pa.string())
        read, parse, convert = options(self._head, types, use_threads=use_threads)
        if self._head.how.encoding != "utf-8":
            read.encoding = self._head.how.encoding
        row = 0
        for batch in pc.open_csv(pa.PythonFile(source, mode="r"), read, parse, convert):
            columns = [self._number(batch.column(name), name, row) for name in numbers]
            yield pa.RecordBatch.from_arrays([*columns, *map(batch.column, texts)], names=[*numbers, *texts])
            row += batch.num_rows

    def _type_of_number(self, name: str) -> "pa.DataType":
        pa, stored = arrow(), self._types[name]
        return stored if pa.types.is_boolean(stored) or kind_of(stored) == TIME else pa.float64()

    def _number(self, column: "pa.Array", name: str, first_row: int) -> "pa.Array":
        """Return a column of numbers, which was read as text if it is asked for as that as well."""
        pa, wanted = arrow(), self._type_of_number(name)
        if not pa.types.is_string(column.type):
            return column
        if self._head.how.decimal == ",":
            column = pa.compute.replace_substring(column, ",", ".")
        return from_text(column, wanted, lambda row: f"{self.place(first_row + row)}: column {quoted(name)}")

    @contextmanager
    def _text(self) -> Iterator[IO[bytes]]:
        """Open the file, unpacked; what fails then is told in one line."""
        with self._file.opened() as file:
            try:
                yield unpacked(file)
            except (OSError, EOFError, zlib.error, UnicodeError) as error:
                raise DataError(f"{self._file}: cannot be read ({error})") from error

    @contextmanager
    def _lines(self) -> Iterator[io.TextIOWrapper]:
        with self._text() as text:
            lines = io.TextIOWrapper(text, self._head.how.encoding, errors="replace", newline="")
            try:
                yield lines
            finally:
                lines.detach()  # it would close the file

    def _located(self, error: Exception, numbers: Sequence[str], texts: Sequence[str]) -> DataError:
        """Return what is wrong with the row that pyarrow could not read: it is read again with one thread."""
        with self._text() as text:
            try:
                for _ in self._read(text, numbers, texts, use_threads=False):
                    pass
            except arrow().ArrowInvalid as again:
                error = again
        told = TROUBLE.fullmatch(str(error))
        if told is None or told["row"] is None:
            return DataError(f"{self}{self._long_line() if LONG in str(error) else ''}: {self._why(str(error))}")
        place = self.place(int(told["row"]) - self._head.header_lines - 1)
        return DataError(f"{place}: {self._why(told['why'], told['column'])}")

    def _why(self, told: str, column: str | None = None) -> str:
        if LONG in told:
            return f"a row has more than {self._head.block_size >> 20} MiB; is there a quote that is not closed?"
        if counts := re.match(r"Expected (\d+) columns, got (\d+)", told):
            return f"has {counts[2]} fields, the header has {counts[1]}"
        if column is None:
            return f"cannot be read as CSV ({told})"
        name = self._head.names[int(column)]
        if "UTF8" in told:
            return f"column {quoted(name)} is not utf-8; say what the file is, such as CSV: {{ENCODING: latin-1}}"
        value = re.search(r"'(.*)'$", told, flags=re.DOTALL)
        return self._refusal(name, value[1] if value else told)

    def _refusal(self, name: str, value: str) -> str:
        kind = kind_of(self._type_of_number(name))
        return f"column {quoted(name)} must hold {MUST[kind]}, got {quoted(value)}"

    def _long_line(self) -> str:
        most = self._head.block_size // 4  # bytes of a character
        long = (r.line for r in self._records() if not r.is_closed or sum(map(len, r.fields)) > most)
        return next((f", line {line}" for line in long), "")

    def _require_closed_quotes(self) -> None:
        """Refuse a file whose last quote is never closed: all that follows would be one text."""
        last = None
        for record in self._records():
            last = record
        if last is not None and not last.is_closed:
            raise DataError(f"{self}, line {last.line}: a quote is opened that is never closed")

    def _records(self) -> Iterator[_Record]:
        """Yield the rows, the header left out, as Python's own reader finds them: it is slow, but knows the lines."""
        how = self._head.how
        with self._lines() as lines:
            of_record: list[str] = []
            reader = csv.reader(_kept(lines, of_record), **dialect(how.delimiter or ",", how.quote))
            first = 1
            try:
                for fields in reader:
                    quotes = sum(line.count(how.quote) for line in of_record) if how.quote else 0
                    if fields and reader.line_num > self._head.header_lines:
                        yield _Record(first, fields, quotes % 2 == 0)
                    first = reader.line_num + 1
                    of_record.clear()
            except csv.Error:  # a field of more than 131,072 characters
                yield _Record(first, [], is_closed=False)


class _QuoteCounter:
    """A file that pyarrow reads, with the quotes counted that went by."""

    def __init__(self, file: IO[bytes], quote: str) -> None:
        self._file, self._quote = file, quote.encode()
        self.number = 0
        self.closed = False

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.number += data.count(self._quote) if self._quote else 0
        return data

    def close(self) -> None:
        """Do nothing: who has opened the file closes it."""


def _kept(lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    for line in lines:
        kept.append(line)
        yield line
