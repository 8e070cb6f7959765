"""What the columns of a table are called."""

from collections.abc import Sequence

from ksom.errors import DataError, quoted

NAMELESS = "__index_level_"
"""How the column begins that pandas adds for an index without a name: it tells nothing of the rows."""


def require_different(names: Sequence[str], where: str) -> None:
    """Refuse columns of the same name.

    Raises
    ------
    DataError
        Naming them.
    """
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            places = [str(place) for place, other in enumerate(names[: number + 1], 1) if other == name]
            raise DataError(f"{where}: the columns {' and '.join(places)} are both called {quoted(name)}; rename one")
        seen.add(name)
