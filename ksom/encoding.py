"""How the columns of a table become features: a number as it is, a category by its members, a cycle as a circle."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted

NUMBER, CATEGORY, CYCLE = "number", "category", "cycle"

OF_ITS_CATEGORY = math.sqrt(0.5)
"""The value of a category's feature where a row belongs to it: two rows of different categories are 1 apart."""

OTHER = "other"
"""What the feature of all rare categories together is called."""


class Column(NamedTuple):
    """How one column becomes features."""

    name: str
    """As the table calls it."""
    kind: str = NUMBER
    """`NUMBER`: one feature, the value itself. `CATEGORY`: a feature for each member, √½ where the row belongs to it,
    else 0. `CYCLE`: two features, cos and sin of 2π · value / period."""
    categories: tuple[str, ...] = ()
    """The members of a category that have a feature of their own."""
    has_other: bool = False
    """Whether all other members have a feature together."""
    period: float = 0.0
    """The value at which a cycle begins anew, data units, > 0."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What its features are called."""
        if self.kind == CATEGORY:
            return tuple(f"{self.name}={member}" for member in (*self.categories, *[OTHER] * self.has_other))
        return (f"cos {self.name}", f"sin {self.name}") if self.kind == CYCLE else (self.name,)


@dataclass(frozen=True)
class Encoding:
    """How a table's columns become D features.

    Examples
    --------
    >>> Encoding((Column("age"), Column("sex", CATEGORY, ("f", "m")))).feature_names
    ('age', 'sex=f', 'sex=m')
    """

    columns: tuple[Column, ...]
    """In the order of their features."""

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called, D of them."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def column_of(self) -> NDArray[np.int64]:
        """The column that each feature comes from, shape (D,)."""
        return np.repeat(np.arange(len(self.columns)), [len(column.feature_names) for column in self.columns])

    @cached_property
    def has_own_units(self) -> NDArray[np.bool_]:
        """Whether each feature is of a size of its own that no scaling changes, shape (D,): all but numbers."""
        own = np.array([column.kind != NUMBER for column in self.columns], dtype=np.bool_)
        return own[self.column_of]

    def as_plain(self) -> list[dict[str, Any]]:
        """Return it as plain data that JSON can hold."""
        return [column._asdict() | {"categories": list(column.categories)} for column in self.columns]

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Return what `as_plain` made plain data of.

        Raises
        ------
        DataError
            If it is something else.
        """
        if not isinstance(plain, list) or not plain:
            raise DataError(f"`encoding` must be a list of columns, but is {quoted(plain)}")
        return cls(tuple(map(_column, plain)))


def _column(plain: Any) -> Column:
    try:
        column = Column(**{**plain, "categories": tuple(plain["categories"])})
    except (TypeError, KeyError):
        column = Column("")
    whole = isinstance(column.name, str) and isinstance(column.kind, str) and isinstance(column.has_other, bool)
    known = whole and (column.kind in {NUMBER, CATEGORY} or (column.kind == CYCLE and _is_period(column.period)))
    if not known or not column.name or not all(isinstance(member, str) for member in column.categories):
        raise DataError(f"`encoding` must tell of each column how it becomes features, but has {quoted(plain)}")
    return column


def _is_period(period: Any) -> bool:
    return isinstance(period, int | float) and 0 < period < math.inf


def called(features: int, names: tuple[str, ...] | None, encoding: Encoding | None) -> tuple[str, ...]:
    """Return what a map's features are called for whoever is shown them: by their numbers if nobody knows.

    Examples
    --------
    >>> called(2, None, None), called(2, ("age", "height"), None)
    (('feature 0', 'feature 1'), ('age', 'height'))
    """
    known = names or (encoding and encoding.feature_names)
    return known or tuple(f"feature {number}" for number in range(features))


def share_factors(encoding: Encoding | None, features: int) -> NDArray[np.float64]:
    """Return by what values are multiplied to be shown, shape (D,): those of a category's features become shares."""
    if encoding is None:
        return np.ones(features)
    is_category = np.array([column.kind == CATEGORY for column in encoding.columns])[encoding.column_of]
    return np.where(is_category, 1 / OF_ITS_CATEGORY, 1.0)
