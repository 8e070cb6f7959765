"""Cells of text that a spreadsheet shows as they are, and never computes."""

import re
from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What the text of a formula can begin with, where a table is opened with a spreadsheet."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def as_text(cell: Any) -> Any:
    """Return a cell as every table that is written holds it: text that could be a formula after an apostrophe.

    A spreadsheet runs what begins with `=`, `+`, `-` or `@`, whoever wrote it. What is no text stays as it is, and so
    does text that is a number, such as `-3`.

    References
    ----------
    OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.

    Examples
    --------
    >>> [as_text(cell) for cell in ("=1+1", "a=b", "-3", -3.5)]
    ["'=1+1", 'a=b', '-3', -3.5]
    """
    if not isinstance(cell, str) or not cell.startswith(FORMULA_SIGNS) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
