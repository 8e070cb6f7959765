"""The domains of constructor arguments: each function returns the value if it lies inside, and says why if not."""

import math
import numbers
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ksom.errors import ParameterError

LARGEST = 2**63 - 1
"""The largest integer argument, unless less is said."""


def require_integer(argument: str, value: Any, *, minimum: int, maximum: int = LARGEST) -> int:
    """Return `value` as an int from `minimum` to `maximum`.

    Raises
    ------
    ParameterError
        For anything else: floats and booleans too.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < minimum:
        raise ParameterError(argument, f"be an integer of at least {minimum}", value)
    if int(value) > maximum:
        raise ParameterError(argument, f"be an integer of at most {maximum}", value)
    return int(value)


def require_number(
    argument: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
) -> float:
    """Return `value` as a finite Python float inside the given bounds.

    Raises
    ------
    ParameterError
        For anything else: NaN, infinities, booleans and strings too.
    """
    bounds = [(">", above, operator.gt), (">=", at_least, operator.ge), ("<=", at_most, operator.le)]
    stated = " and ".join(f"{sign} {bound:g}" for sign, bound, _ in bounds if bound is not None) or "finite"
    must = f"be a number {stated}{f' {unit}' if unit else ''}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ParameterError(argument, must, value)
    try:
        number = float(value)
    except OverflowError:
        raise ParameterError(argument, must, value) from None
    if not math.isfinite(number) or not all(holds(number, bound) for _, bound, holds in bounds if bound is not None):
        raise ParameterError(argument, must, value)
    return number


def require_boolean(argument: str, value: Any) -> bool:
    """Return `value` if it is True or False.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if not isinstance(value, bool):
        raise ParameterError(argument, "be true or false", value)
    return value


def require_string(argument: str, value: Any, longest: int) -> str:
    """Return `value` if it is a string of 1 to `longest` characters.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ParameterError(argument, f"be a string of 1 to {longest} characters", value)
    return value


def require_path(argument: str, value: Any) -> Path:
    """Return `value` as a path.

    Raises
    ------
    ParameterError
        If it is neither a string nor a path, or no file can have such a name: an empty one neither.
    """
    if not isinstance(value, str | Path) or not _can_be_a_name(str(value)):
        raise ParameterError(argument, "be the path of a file or folder", value)
    return Path(value)


def require_choice(argument: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises
    ------
    ParameterError
        For anything else.
    """
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        raise ParameterError(argument, f"be one of {', '.join(known)}", value)
    return value


def _can_be_a_name(text: str) -> bool:
    try:
        return bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False
