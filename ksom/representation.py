"""How objects show themselves: as the constructor call that would make them."""

from typing import Any

import numpy as np

from ksom.registry import arguments

LONGEST = 80
"""Characters of a value that are shown."""


def as_call(made: Any) -> str:
    """Return the call that would make an object, without the arguments that are as by default.

    Parameters
    ----------
    made : object
        Holds its constructor's arguments under their names; what it does not hold is left out.

    Examples
    --------
    >>> from ksom import RandomColors
    >>> as_call(RandomColors(50))
    'RandomColors(size=50)'
    """
    held = vars(made)
    given = [
        f"{name}={_shown(held[name])}"
        for name, parameter in arguments(type(made)).items()
        if name in held and not _is(held[name], parameter.default)
    ]
    return f"{type(made).__name__}({', '.join(given)})"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} array of shape {value.shape}>"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _is(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, str | int | float) and value == default)
