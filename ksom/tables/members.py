"""The members of a table's categories: named by somebody, or counted, rare ones together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ksom.arguments import require_boolean, require_number
from ksom.encoding import CATEGORY, OTHER, Column, Encoding
from ksom.errors import DataError, ParameterError, quoted
from ksom.tables.source import TableSource

MOST_MEMBERS = 100
"""Members of a category that have features of their own, unless they are named."""

MOST_COUNTED = 100_000
"""Different values of a column that are counted: a column of names must not fill the memory."""


class Members(NamedTuple):
    """Which members of a category have features of their own."""

    named: tuple[str, ...] | None = None
    """These, in this order; None: those that are not rare, sorted."""
    rare: float = 0.01
    """The share of the rows, in [0, 1), below which a member is rare: all such members have one feature together."""
    other: bool = False
    """Whether members that are not named have one feature together; they are refused otherwise."""


def members_of(categories: Any, rare: float) -> dict[str, Members]:
    """Return what is wanted of each category.

    Parameters
    ----------
    categories : sequence of str, or mapping of str to options
        The columns; with the members of each that are to have features, or with any of `members`, `rare` and `other`.
    rare : float
        For those that do not say.

    Raises
    ------
    ParameterError
        If it is something else.
    """
    if isinstance(categories, str):
        categories = [categories]
    if isinstance(categories, Mapping):
        return {_name(name): _options(name, options, rare) for name, options in categories.items()}
    if not isinstance(categories, Sequence):
        raise ParameterError("categories", "be a list of columns, or map columns to options", categories)
    return {_name(name): Members(rare=rare) for name in categories}


def with_members(
    columns: Sequence[Column], members: Mapping[str, Members], source: TableSource, where: str
) -> Encoding:
    """Return the encoding of columns, the members of its categories counted where they are not named.

    Raises
    ------
    DataError
        If a column has so many different values that it is no category.
    """
    counted = [column.name for column in columns if column.kind == CATEGORY and members[column.name].named is None]
    counts = _counts(source, counted, where) if counted else {}
    return Encoding(tuple(_complete(column, members, counts, where) for column in columns))


def _complete(column: Column, members: Mapping[str, Members], counts: Mapping[str, Counter[str]], where: str) -> Column:
    if column.kind != CATEGORY:
        return column
    wanted = members[column.name]
    if wanted.named is None:
        names, has_other = _frequent(column.name, counts[column.name], wanted.rare, where)
    else:
        names, has_other = wanted.named, wanted.other
    own = tuple(name for name in names if not (has_other and name == OTHER))  # a member of that name is among them
    return column._replace(categories=own, has_other=has_other)


def _frequent(column: str, counts: Counter[str], rare: float, where: str) -> tuple[tuple[str, ...], bool]:
    """Return the members that are not rare, sorted, and whether there are others."""
    if not counts:
        raise DataError(f"{where}: column {quoted(column)} has no value at all; leave it out")
    rows = counts.total()
    frequent = sorted(member for member, times in counts.items() if times >= rare * rows)
    if not frequent or len(frequent) > MOST_MEMBERS:
        told = f"column {quoted(column)} has {len(counts):,} different values: an ID?"
        must = f"at least one must fill {rare:.2g} of the rows, and at most {MOST_MEMBERS} may"
        raise DataError(f"{where}: {told} For a category {must} (RARE), or name its members")
    return tuple(frequent), len(frequent) < len(counts)


def _counts(source: TableSource, columns: Sequence[str], where: str) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in columns}
    for rows in source.batches((), columns):
        for name, count in counts.items():
            found = rows.columns.column(name).drop_null().value_counts()
            count.update(dict(zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)))
            if len(count) > MOST_COUNTED:
                raise DataError(
                    f"{where}: column {quoted(name)} has more than {MOST_COUNTED:,} different values: an ID?"
                )
    return counts


def _options(name: str, given: Any, rare: float) -> Members:
    argument = f"categories[{quoted(name)}]"
    if given is None:
        return Members(rare=rare)
    if isinstance(given, list | tuple):
        return Members(_texts(argument, given))
    options = {str(key).lower(): value for key, value in given.items()} if isinstance(given, Mapping) else {"": given}
    if not options.keys() <= {"members", "rare", "other"}:
        raise ParameterError(argument, "be a list of members, or have the keys members, rare, other", given)
    named = _texts(argument, options["members"]) if "members" in options else None
    share = require_number(f"{argument}.rare", options.get("rare", rare), at_least=0, at_most=1)
    return Members(named, share, require_boolean(f"{argument}.other", options.get("other", False)))


def _texts(argument: str, members: Any) -> tuple[str, ...]:
    """Return members as the texts that a table's values are compared as."""
    if not isinstance(members, list | tuple) or not members or len(set(map(str, members))) < len(members):
        raise ParameterError(argument, "list different members, at least one", members)
    return tuple(str(member).lower() if isinstance(member, bool) else str(member) for member in members)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise ParameterError("categories", "name columns", name)
    return name


def shown_members(column: Column) -> str:
    """Return the first members of a category, for messages."""
    return ", ".join(map(quoted, column.categories[:5])) + (", …" if len(column.categories) > 5 else "")
