"""The columns that samples came from: the encoding of a table, undone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.encoding import CATEGORY, CYCLE, Column, Encoding


def decoded(samples: NDArray[Any], encoding: Encoding) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the name of each column and its values, shape (n,).

    A number is the feature itself. A category is the member with the largest feature, None where that is the one of
    all rare members. A cycle is the angle of its two features, from 0 to below its period.

    Parameters
    ----------
    samples : ndarray of shape (n, D)
        Data units, none missing: rows that were encoded, or weights, which are between them.
    encoding : Encoding
        How the columns became the features.

    Examples
    --------
    >>> encoding = Encoding((Column("age"), Column("sex", CATEGORY, ("f", "m")), Column("hour", CYCLE, period=24)))
    >>> dict(decoded(np.array([[30.0, 0.1, 0.6, 0.0, -0.5]]), encoding))
    {'age': array([30.]), 'sex': array(['m'], dtype=object), 'hour': array([18.])}
    """
    for number, column in enumerate(encoding.columns):
        yield column.name, _values(samples[:, encoding.column_of == number], column)


def _values(features: NDArray[Any], column: Column) -> NDArray[Any]:
    if column.kind == CATEGORY:
        members = np.array([*column.categories, *[None] * column.has_other], dtype=object)
        largest: NDArray[Any] = members[features.argmax(axis=1)]
        return largest
    if column.kind == CYCLE:
        turns = np.arctan2(features[:, 1], features[:, 0]) / (2 * np.pi)
        values: NDArray[Any] = np.mod(turns, 1) * column.period
        return values
    return features[:, 0]
