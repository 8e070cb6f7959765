"""A table for a terminal: columns side by side, numbers to the right."""

from collections.abc import Sequence
from typing import Any

from ksom.errors import one_line

NOTHING = "–"
"""What stands where nothing is known."""


def text_table(head: Sequence[str], rows: Sequence[Sequence[Any]], longest: int = 40) -> str:
    """Return a line for the head and one for each row; a text longer than so many characters is cut.

    Examples
    --------
    >>> print(text_table(["run", "error"], [["a", 0.25], ["long", None]]))
    run   error
    a      0.25
    long      –
    """
    is_number = [all(isinstance(row[place], float | int | None) for row in rows) for place in range(len(head))]
    lines = [[_cut(cell_text(cell), longest) for cell in row] for row in [head, *rows]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            f"{cell:>{width}}" if is_right else f"{cell:<{width}}"
            for cell, width, is_right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in lines
    )


def cell_text(value: Any) -> str:
    """Return a value as a table shows it, on one line: four digits of a number, – for what is not known.

    Examples
    --------
    >>> [cell_text(value) for value in (None, 0.123456, 12, True, "a")]
    ['–', '0.1235', '12', 'yes', 'a']
    """
    if value is None or value != value:  # noqa: PLR0124 (NaN is not itself)
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else one_line(str(value))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
