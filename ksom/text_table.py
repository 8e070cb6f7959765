"""Tables of text for a terminal: columns that stand under each other, whatever letters are in them."""

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from ksom.errors import one_line

BETWEEN = "  "
"""What stands between two columns."""
UNKNOWN = "–"
"""What stands where nothing is known."""


class TextColumn(NamedTuple):
    """A column of a table, its title first."""

    cells: Sequence[str]
    is_number: bool = False
    """Whether its cells end under each other, not begin."""

    @property
    def width(self) -> int:
        """Columns of a terminal that the widest cell takes."""
        return max(map(width_of, self.cells), default=0)


def text_table(columns: Sequence[TextColumn]) -> list[str]:
    """Return the lines of a table.

    Examples
    --------
    >>> text_table([TextColumn(["run", "a", "地図"]), TextColumn(["error", "0.5", "12"], is_number=True)])
    ['run   error', 'a       0.5', '地図     12']
    """
    padded = [[_padded(cell, column.width, column.is_number) for cell in column.cells] for column in columns]
    return [BETWEEN.join(line).rstrip() for line in zip(*padded, strict=True)]


def table_of(head: Sequence[str], rows: Sequence[Sequence[Any]], longest: int = 40) -> str:
    """Return a line for the head and one for each row, with values as `cell_text` shows them; what is longer is cut.

    Examples
    --------
    >>> print(table_of(["run", "error"], [["a", 0.25], ["long", None]]))
    run   error
    a      0.25
    long      –
    """
    columns = []
    for place, title in enumerate(head):
        values = [row[place] for row in rows]
        cells = [cut(cell_text(value), longest) for value in (title, *values)]
        columns.append(TextColumn(cells, all(isinstance(value, float | int | None) for value in values)))
    return "\n".join(text_table(columns))


def cell_text(value: Any) -> str:
    """Return a value as a table shows it, on one line: four digits of a number, – for what is not known.

    Examples
    --------
    >>> [cell_text(value) for value in (None, 0.123456, 12, True, "a")]
    ['–', '0.1235', '12', 'yes', 'a']
    """
    if value is None or value != value:  # noqa: PLR0124 (NaN is not itself)
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else one_line(str(value))


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for wide letters, none for marks on others."""
    return sum(_width(letter) for letter in text)


def cut(text: str, width: int) -> str:
    """Return a text, or as much of it as has room in so many columns of a terminal, with … for what is left out.

    Examples
    --------
    >>> cut("a long name", 6), cut("地図地図", 6), cut("short", 6)
    ('a lon…', '地図…', 'short')
    """
    if width_of(text) <= width:
        return text
    left, shown = width - 1, ""
    for letter in text:
        left -= _width(letter)
        if left < 0:
            break
        shown += letter
    return f"{shown}…" if width > 0 else ""


def _width(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _padded(cell: str, width: int, is_number: bool) -> str:
    space = " " * (width - width_of(cell))
    return space + cell if is_number else cell + space
