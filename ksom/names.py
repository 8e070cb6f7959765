"""Names as people type them: in any case, with or without underscores, sometimes mistyped."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'X'?" with the known name most like `name`, or nothing."""
    plain = {_plain(other): other for other in known}
    match = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.6)
    return f"; did you mean {plain[match[0]]!r}?" if match else ""


def is_same_name(name: str, other: str) -> bool:
    """Return whether two names are the same but for case and underscores."""
    return _plain(name) == _plain(other)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
