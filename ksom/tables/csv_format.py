"""How a CSV file is written: what its user says of it, and what its first lines tell."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from ksom.arguments import require_boolean
from ksom.errors import ParameterError
from ksom.names import nearest

DELIMITERS = ("\t", ";", "|", ",")
"""What is looked for; the first of those that fit as many lines as any."""

MISSING = ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null", "None")
"""Texts that stand for a missing value."""

LOOKED_AT = 200
"""Lines, at most, by which the delimiter and the decimal point are found."""

WITH_COMMA, WITH_POINT = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?"), re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class CsvFormat:
    """How CSV files are written, as far as it is not to be found out.

    Examples
    --------
    >>> CsvFormat.of({"DELIMITER": ";"}).delimiter
    ';'
    """

    delimiter: str | None = None
    """What is between two fields, one character. None: the one of comma, semicolon, tab and | that fits the most of the
    first lines."""
    decimal: str | None = None
    """"." or ",". None: "," if the delimiter is another one and more of the first lines' numbers are written so."""
    encoding: str | None = None
    """As Python calls it. None: utf-8; utf-16 if the file begins with its mark."""
    header: bool | None = None
    """Whether the first line has the columns' names; without one they are called f0, f1, … None: it has, and it is
    refused if it looks like numbers."""
    quote: str = '"'
    """What fields begin and end with that hold a delimiter or a line's end; doubled inside. "": nothing."""
    missing: tuple[str, ...] = MISSING
    """The texts that stand for a missing value, in quotes or not, in all columns."""

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Self:
        """Return what a user says, by the names of these fields in any case.

        Raises
        ------
        ParameterError
            Naming what is unknown or cannot be.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(told or {}, Mapping):
            raise ParameterError("csv", f"tell {', '.join(known)}", told)
        given = {str(name).lower(): value for name, value in (told or {}).items() if value is not None}
        for name in given:
            if name not in known:
                raise ParameterError("csv", f"tell {', '.join(known)}{nearest(name, known)}", name)
        _require_possible(given)
        return cls(**{**given, **({"missing": tuple(given["missing"])} if "missing" in given else {})})


def _require_possible(given: Mapping[str, Any]) -> None:
    _require_character("csv.delimiter", given.get("delimiter", ","))
    if given.get("decimal", ".") not in {".", ","} or given.get("decimal", ".") == given.get("delimiter"):
        raise ParameterError("csv.decimal", 'be "." or ",", and not the delimiter', given["decimal"])
    if given.get("quote", ""):
        _require_character("csv.quote", given["quote"])
    require_boolean("csv.header", given.get("header", True))
    missing = given.get("missing", ())
    if isinstance(missing, str) or not isinstance(missing, Sequence) or not all(isinstance(m, str) for m in missing):
        raise ParameterError("csv.missing", "be a list of texts (in quotes)", missing)
    try:
        "a".encode(given.get("encoding", "utf-8"))
    except (LookupError, TypeError, ValueError):
        raise ParameterError(
            "csv.encoding", "be an encoding, such as utf-8, latin-1, utf-16", given["encoding"]
        ) from None


def _require_character(argument: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) != 1 or not 0 < ord(value) < 128 or value in "\r\n":
        raise ParameterError(argument, "be one ASCII character", value)


def likely_delimiter(text: str, quote: str) -> str | None:
    """Return the delimiter that cuts the most of the first lines into as many fields as the header; None: none does."""
    fitting = {delimiter: _fitting(first_records(text, delimiter, quote)) for delimiter in DELIMITERS}
    best = max(fitting, key=fitting.__getitem__)  # the first of equals
    return best if fitting[best] else None


def likely_decimal(records: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return "," if more of the fields of the first records are numbers with a comma than with a point."""
    fields = [field.strip() for record in records for field in record] if delimiter != "," else []
    commas, points = (sum(map(bool, map(number.fullmatch, fields))) for number in (WITH_COMMA, WITH_POINT))
    return "," if commas > points else "."


def first_records(text: str, delimiter: str, quote: str) -> list[list[str]]:
    """Return the records of the first lines that are not empty; a quote that is not closed ends them."""
    reader = csv.reader(io.StringIO(text, newline=""), **dialect(delimiter, quote))
    records: list[list[str]] = []
    try:
        for record in reader:
            records.extend([record] if record else [])
            if reader.line_num >= LOOKED_AT:
                break
    except csv.Error:  # a field of more than 131,072 characters
        pass
    return records


def dialect(delimiter: str, quote: str) -> dict[str, Any]:
    """Return what Python's own reader of CSV is told, so that it cuts a file as pyarrow does."""
    how = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": delimiter, **how}


def _fitting(records: Sequence[Sequence[str]]) -> int:
    columns = len(records[0]) if records else 0
    return sum(len(record) == columns for record in records) if columns > 1 else 0
