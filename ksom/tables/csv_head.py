"""The beginning of a CSV file: how it is written, what its columns are called and what they hold."""

import codecs
import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from ksom.errors import DataError, quoted
from ksom.tables.column_names import require_different
from ksom.tables.csv_format import CsvFormat, dialect, first_records, likely_decimal, likely_delimiter
from ksom.tables.kinds import TIME, arrow, kind_of

if TYPE_CHECKING:
    import pyarrow as pa

LOOKED_AT = 2**20
"""Bytes by which it is found out what the columns hold; more if the first lines are longer."""

LONGEST_LINE = 2**26
"""Bytes that a line may have."""

MAGIC_GZIP, MAGIC_ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(frozen=True)
class CsvHead:
    """What the beginning of a CSV file tells."""

    how: CsvFormat
    """How it is written: nothing is None any more."""
    names: tuple[str, ...]
    """What the columns are called."""
    header_lines: int
    """Lines up to the end of the header, 0 without one."""
    types: dict[str, "pa.DataType"]
    """What the columns hold; null: nothing so far."""
    block_size: int
    """Bytes to read at a time: more than a line has."""


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """Return an open file as it is, or what is packed in it by gzip."""
    start = file.read(len(MAGIC_GZIP))
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if start == MAGIC_GZIP else file  # type: ignore[return-value]  # reads alike


def read_head(file: IO[bytes], where: str, how: CsvFormat) -> CsvHead:
    """Return what the beginning of a CSV file tells.

    Parameters
    ----------
    file : file, at its beginning
        Not packed any more.
    where : str
        Its name, for messages.
    how : CsvFormat
        What is known of it already.

    Raises
    ------
    DataError
        If it is empty or no text; two columns have one name; or what is said of it cannot be.
    """
    start, is_whole = _start(file, where)
    text, encoding = _text(start, where, how.encoding, is_whole)
    delimiter = how.delimiter or likely_delimiter(text, how.quote) or ","
    records = first_records(text, delimiter, how.quote)
    if not records:
        raise DataError(f"{where}: is empty")
    decimal = how.decimal or likely_decimal(records, delimiter)
    how = replace(how, delimiter=delimiter, encoding=encoding, decimal=decimal)
    has_header = _has_header(records[0], how, where)
    names, lines = _names(records[0], has_header, where), _header_lines(text, how) if has_header else 0
    if len(names) == 1:
        _require_one_column(records, text, how, where)
    block_size = min(max(LOOKED_AT, 4 * max(map(len, start.splitlines()))), LONGEST_LINE)
    head = CsvHead(how, names, lines, {}, block_size)
    return replace(head, types=_types(text, head))


def _start(file: IO[bytes], where: str) -> tuple[bytes, bool]:
    """Return the first lines, and whether that is all."""
    start = bytearray(file.read(LOOKED_AT))
    while (more := file.read(LOOKED_AT)) and start.count(b"\n") < 2 and len(start) <= LONGEST_LINE:
        start += more
    if start.startswith(MAGIC_ZIP):
        raise DataError(f"{where}: is a zip archive, as spreadsheets are (.xlsx), not a text; save it as CSV")
    if max(map(len, start.splitlines()), default=0) > LONGEST_LINE:
        raise DataError(f"{where}: has a line of more than {LONGEST_LINE >> 20} MiB; is it a table?")
    return bytes(start), not more


def _text(start: bytes, where: str, encoding: str | None, is_whole: bool) -> tuple[str, str]:
    """Return the first whole lines and their encoding; bytes that are no UTF-8 are kept as surrogates."""
    is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = codecs.lookup(encoding or ("utf-16" if is_utf16 else "utf-8")).name
    is_utf8 = encoding in {"utf-8", "utf-8-sig"}
    if is_utf8 and b"\0" in start:
        line = start[: start.index(b"\0")].count(b"\n") + 1
        raise DataError(
            f"{where}, line {line}: has a byte 0: it is no text, or of another encoding, CSV: {{ENCODING: …}}"
        )
    decoder = codecs.getincrementaldecoder("utf-8-sig" if is_utf8 else encoding)
    try:
        text = decoder("surrogateescape" if is_utf8 else "strict").decode(start, final=is_whole)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: is not {encoding} ({error.reason}); say what it is: CSV: {{ENCODING: utf-8}}"
        ) from error
    return text if is_whole else text[: text.rfind("\n") + 1], "utf-8" if is_utf8 else encoding


def _has_header(first: Sequence[str], how: CsvFormat, where: str) -> bool:
    if how.header is None and all(_is_number(field, how) for field in first):
        told = "has numbers where the columns' names should be"
        raise DataError(
            f"{where}: its first line {told}; say CSV: {{HEADER: false}} if it has no header, true if it has"
        )
    return how.header is not False


def _is_number(field: str, how: CsvFormat) -> bool:
    try:
        float(field.replace(how.decimal or ".", "."))
    except ValueError:
        return False
    return True


def _names(first: Sequence[str], has_header: bool, where: str) -> tuple[str, ...]:
    names = tuple((has_header and name) or f"f{number}" for number, name in enumerate(first))
    require_different(names, f"{where}, line 1")
    broken = next((name for name in names if not name.isprintable() and _surrogates(name)), None)
    if broken is not None:
        raise DataError(f"{where}, line 1: is not utf-8; say what it is, such as CSV: {{ENCODING: latin-1}}")
    return names


def _surrogates(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _header_lines(text: str, how: CsvFormat) -> int:
    reader = csv.reader(io.StringIO(text, newline=""), **dialect(how.delimiter or ",", how.quote))
    next(record for record in reader if record)
    return reader.line_num


def _require_one_column(records: Sequence[Sequence[str]], text: str, how: CsvFormat, where: str) -> None:
    likely = likely_delimiter(text, how.quote)
    words = records[-1][0].split(" ")
    if likely is None and len(words) > 1 and all(_is_number(word, how) for word in words):
        likely = " "
    if likely is not None and likely != how.delimiter:
        told = f"has one column only if {quoted(how.delimiter)} is between its fields"
        raise DataError(f"{where}: {told}; say CSV: {{DELIMITER: {quoted(likely)}}}, as it looks like")


def _types(text: str, head: CsvHead) -> dict[str, "pa.DataType"]:
    """Return what the first lines hold: whatever fits no column is told when it is read."""
    import pyarrow.csv as pc

    pa, lines = arrow(), text.encode("utf-8", "replace")
    read, parse, convert = options(replace(head, block_size=len(lines) + 1), {})
    parse.invalid_row_handler = lambda _row: "skip"
    try:
        schema = pc.read_csv(pa.BufferReader(lines), read, parse, convert).schema
    except pa.ArrowInvalid:  # no row follows the header
        return dict.fromkeys(head.names, pa.null())
    return {name: _widened(schema.field(number).type) for number, name in enumerate(head.names)}


def _widened(found: "pa.DataType") -> "pa.DataType":
    """Return the type that holds what later rows may have where the first ones have `found`."""
    pa = arrow()
    if pa.types.is_null(found) or pa.types.is_boolean(found):
        return found
    if pa.types.is_integer(found) or pa.types.is_floating(found):
        return pa.float64()
    if pa.types.is_date(found):
        return pa.timestamp("us")
    if pa.types.is_timestamp(found):
        return pa.timestamp("ns" if found.unit == "ns" else "us", found.tz)
    return found if kind_of(found) == TIME else pa.string()


def options(
    head: CsvHead, types: Mapping[str, "pa.DataType"], *, use_threads: bool = False
) -> "tuple[pa.csv.ReadOptions, pa.csv.ParseOptions, pa.csv.ConvertOptions]":
    """Return what pyarrow's reader is told: to read the columns of `types` as these, or all as it finds them."""
    import pyarrow.csv as pc

    how = head.how
    read = pc.ReadOptions(
        use_threads=use_threads, block_size=head.block_size, column_names=head.names, skip_rows=head.header_lines
    )
    parse = pc.ParseOptions(delimiter=how.delimiter, quote_char=how.quote or False, newlines_in_values=True)
    convert = pc.ConvertOptions(
        column_types=types, include_columns=list(types) or None, decimal_point=how.decimal, null_values=how.missing,
        strings_can_be_null=True, quoted_strings_can_be_null=True,
    )  # fmt: skip
    return read, parse, convert
