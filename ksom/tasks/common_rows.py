"""Rows that several maps are looked at with: the same ones, some of the data, drawn once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.errors import DataError, Undefined
from ksom.kohonensom_model import KohonenSOM
from ksom.method.agreement import Agreements, Placement, agreements
from ksom.method.matches import matches
from ksom.method.quality import dead_nodes, quantization_error, topographic_error
from ksom.method.random_streams import stream
from ksom.method.residuals import explained_variance

MOST_ROWS, MOST_VALUES, FEWEST_ROWS = 2_000, 2**21, 100
"""At most so many rows are looked at; of many features fewer, so that they have at most so many values, if that is not
too few."""

MEASURES = ("quantization_error", "topographic_error", "explained_variance", "dead_nodes")


class Seen(NamedTuple):
    """What some rows tell of a map."""

    measures: dict[str, float | None]
    """By the names of `MEASURES`; None where a measure has no value."""
    placement: Placement
    """Where the map shows the rows."""


def chosen_rows(dataset: Dataset) -> NDArray[np.int64]:
    """Return which rows of a data set are looked at, ascending: all, or as many as are enough, drawn with one seed."""
    most = min(MOST_ROWS, max(FEWEST_ROWS, MOST_VALUES // dataset.features))
    size = len(dataset)
    if size <= most:
        return np.arange(size)
    return np.sort(stream(0, "comparison").choice(size, size=most, replace=False))


def seen_by(som: KohonenSOM, rows: Any) -> Seen:
    """Measure a map with some rows, and say where it shows them.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    rows : ndarray of shape (n, D)
        Data units.

    Raises
    ------
    DataError
        If the map cannot take them.
    """
    found = matches(som, rows)
    try:
        explained = explained_variance(som, rows)
    except Undefined:
        explained = None
    values = (quantization_error(som, found), topographic_error(som, found), explained, dead_nodes(som, found))
    nodes = np.asarray(som.best_matching_nodes(rows), dtype=np.int64)
    return Seen(dict(zip(MEASURES, values, strict=True)), Placement(som.lattice, nodes))


def agreements_of(seen: Sequence[Seen]) -> Agreements | None:
    """Return how well each two of some maps agree on the same rows; None if there are no two rows.

    Raises
    ------
    DataError
        If they are not of the same rows.
    """
    rows = {len(each.placement.nodes) for each in seen}
    if len(rows) > 1:
        raise DataError(f"how well the maps agree: there are {', '.join(map(str, sorted(rows)))} rows, not the same")
    return agreements([each.placement for each in seen]) if rows and rows.pop() > 1 else None
