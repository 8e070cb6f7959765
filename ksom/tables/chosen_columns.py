"""Which columns of a table become features, and as what."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ksom.columns import listed
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.errors import DataError, ParameterError, quoted
from ksom.tables.kinds import NUMBER, TEXT, TIME
from ksom.tables.source import TableSource


class Wanted(NamedTuple):
    """What somebody wants of a table's columns."""

    columns: Sequence[str] | None
    """Names and patterns of features; None: all numbers that have no other use."""
    categories: Collection[str]
    """Columns whose members become features of their own."""
    cyclic: Mapping[str, float]
    """Columns that begin anew at a period, data units."""
    no_features: Sequence[str]
    """Columns that are for something else: labels, ids."""


def chosen_columns(source: TableSource, wanted: Wanted, where: str) -> list[Column]:
    """Return the columns that become features; those of categories have no members yet.

    They come in the order of the table, or in the one of `wanted.columns`, and what that does not name behind.

    Raises
    ------
    DataError
        If there is no such column, none at all, text is left over that nobody has a use for, or what should be a
        number is none.
    ParameterError
        If a column is to be a category and a cycle.
    """
    _require_there(source, wanted, where)
    both = [name for name in wanted.categories if name in wanted.cyclic]
    if both:
        raise ParameterError("cyclic", f"have no column that is in categories: {listed(both)}", dict(wanted.cyclic))
    columns = [_column(name, wanted) for name in _names(source, wanted, where)]
    if not columns:
        told = "has no column of numbers; name those that are CATEGORIES"
        raise DataError(f"{where}: {told}, or in TYPES what is to be read as numbers")
    _require_numbers(source, columns, where)
    return columns


def require_different_features(encoding: Encoding, where: str) -> None:
    """Refuse features that are called alike: nobody could tell them apart.

    Raises
    ------
    DataError
        Naming them.
    """
    twice = [name for name, times in Counter(encoding.feature_names).items() if times > 1]
    if twice:
        raise DataError(f"{where}: more than one feature would be called {listed(twice)}; rename a column")


def _names(source: TableSource, wanted: Wanted, where: str) -> list[str]:
    special = [*wanted.categories, *wanted.cyclic]
    if wanted.columns is None:
        _require_use_of_text(source, {*special, *wanted.no_features}, where)
        is_feature = {name: source.is_number(name) and name not in wanted.no_features for name in source.column_names}
        return [name for name, is_number in is_feature.items() if is_number or name in special]
    named = source.resolve(wanted.columns)
    chosen = [name for name in named if name in wanted.columns or name not in wanted.no_features]
    return list(dict.fromkeys([*chosen, *special]))


def _column(name: str, wanted: Wanted) -> Column:
    if name in wanted.categories:
        return Column(name, CATEGORY)
    return Column(name, CYCLE, period=wanted.cyclic[name]) if name in wanted.cyclic else Column(name)


def _require_there(source: TableSource, wanted: Wanted, where: str) -> None:
    named = [*wanted.categories, *wanted.cyclic, *wanted.no_features]
    missing = [name for name in named if name not in source.column_names]
    if missing:
        raise DataError(f"{where}: there is no column {listed(missing)}; there are {listed(source.column_names)}")


def _require_use_of_text(source: TableSource, used: Collection[str], where: str) -> None:
    left = [name for name in source.column_names if not source.is_number(name) and name not in used]
    if left:
        are = (
            "the column {} holds no numbers; name it" if len(left) == 1 else "the columns {} hold no numbers; name them"
        )
        told = f"{are.format(listed(left))} in CATEGORIES, LABEL or ID"
        advice = (
            f"name the COLUMNS to learn from (`ksom init` writes it all down){_if_numbers_were_meant(left[0], source)}"
        )
        raise DataError(f"{where}: {told}, or {advice}")


def _require_numbers(source: TableSource, columns: Sequence[Column], where: str) -> None:
    bad = [c.name for c in columns if c.kind != CATEGORY and source.kind(c.name) not in {NUMBER, TIME}]
    if bad:
        told = f"column {quoted(bad[0])} holds {source.kind(bad[0])}, no numbers"
        advice = f"name it in CATEGORIES, or leave it out of COLUMNS{_if_numbers_were_meant(bad[0], source)}"
        raise DataError(f"{where}: {told}; {advice}")


def _if_numbers_were_meant(name: str, source: TableSource) -> str:
    return f"; TYPES: {{{quoted(name)}: number}} tells where it has none" if source.kind(name) == TEXT else ""
