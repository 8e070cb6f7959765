"""How objects show themselves: as the constructor call that would make them; in a notebook, as a page."""

import logging
from importlib import import_module
from typing import Any

import numpy as np

from ksom.registry import arguments

logger = logging.getLogger(__name__)

PAGES = "ksom.tasks.report.notebook"
"""What makes pages of objects: it knows all of them, so none of them knows it; loaded when a notebook asks."""

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


def as_html(made: Any, **told: Any) -> str | None:
    """Return what a notebook shows of an object; None, and so its repr, if it cannot be shown, whatever the reason.

    Parameters
    ----------
    made : object
        A map, a result of an experiment, or an evaluation.
    **told
        What else is known of it, as `ksom.tasks.report.notebook.html_of` takes it.
    """
    try:
        html: str | None = import_module(PAGES).html_of(made, **told)
    except Exception:  # whoever asks for a look gets the short one
        logger.debug("cannot be shown as a page", exc_info=True)
        return None
    return html


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} array of shape {value.shape}>"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _is(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, str | int | float) and value == default)
