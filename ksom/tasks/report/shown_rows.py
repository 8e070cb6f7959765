"""Which samples a page names: some of all, and the nearest of each node, so that a node can be known by them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.datasets import Table
from ksom.errors import DataError, one_line, quoted
from ksom.method.matches import Found
from ksom.method.random_streams import stream
from ksom.part import Part
from ksom.pictures.page import as_base64

MOST_ROWS = 20_000
LONGEST_ID = 200
"""Characters."""
MOST_TEXT = 2_000_000
"""Characters of all ids together: of longer ones, fewer rows are named."""


class ShownRows:
    """Chooses rows while the samples are walked through: all if they are few.

    Else half of them are drawn from all, always alike, and the others are those nearest to each node.

    Parameters
    ----------
    samples : int
        How many samples there are, N.
    nodes : int
        How many nodes the map has, K.
    most : int
        How many rows are shown at most, > 1.
    """

    def __init__(self, samples: int, nodes: int, most: int = MOST_ROWS) -> None:
        self.samples, self.most = samples, most
        self._random = stream(0, "report")
        is_all = samples <= most
        self.drawn = np.arange(samples) if is_all else np.sort(self._random.choice(samples, most // 2, replace=False))
        self.per_node = 0 if is_all else max(1, (most - most // 2) // nodes)
        self._seen = 0
        self._some, self._nearest = _Rows.none(), _Rows.none()

    def add(self, found: Found) -> None:
        """Look at some samples, in order."""
        count = len(found.nodes)
        start, stop = np.searchsorted(self.drawn, (self._seen, self._seen + count))
        rows = np.arange(self._seen, self._seen + count)
        every = _Rows(rows, found.nodes[:, 0], found.distances[:, 0].astype(np.float64))
        self._some = self._some.and_(every.at(self.drawn[start:stop] - self._seen))
        if self.per_node:
            self._nearest = self._nearest.and_(every).nearest(self.per_node)
        self._seen += count

    def chosen(self) -> "_Rows":
        """Return what is shown, in the order of the samples."""
        nearest, room = self._nearest, self.most - len(self._some.rows)
        if len(nearest.rows) > room:
            nearest = nearest.at(np.sort(self._random.choice(len(nearest.rows), room, replace=False)))
        every = self._some.and_(nearest)
        return every.at(np.unique(every.rows, return_index=True)[1])


class _Rows:
    """Rows with their best node and how far it is."""

    def __init__(self, rows: NDArray[np.int64], nodes: NDArray[np.int64], distances: NDArray[np.float64]) -> None:
        self.rows, self.nodes, self.distances = rows, nodes, distances

    @classmethod
    def none(cls) -> "_Rows":
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def at(self, places: NDArray[np.int64]) -> "_Rows":
        return _Rows(self.rows[places], self.nodes[places], self.distances[places])

    def and_(self, more: "_Rows") -> "_Rows":
        pairs = zip((self.rows, self.nodes, self.distances), (more.rows, more.nodes, more.distances), strict=True)
        return _Rows(*(np.concatenate(pair) for pair in pairs))

    def nearest(self, per_node: int) -> "_Rows":
        """Return the nearest rows of each node; of equals the first."""
        order = np.lexsort((self.rows, self.distances, self.nodes))
        nodes = self.nodes[order]
        rank = np.arange(len(nodes)) - np.searchsorted(nodes, nodes)
        return self.at(order[rank < per_node])


def rows_as_page(chosen: _Rows, dataset: Dataset, id_column: str | None) -> dict[str, Any]:
    """Return the rows as a page holds them.

    Raises
    ------
    DataError
        If there is no such column of ids.
    """
    ids = [_shortened(name) for name in _names(chosen.rows, dataset, id_column)]
    if sum(map(len, ids)) > MOST_TEXT:
        every = -(-sum(map(len, ids)) // MOST_TEXT)
        ids, chosen = ids[::every], chosen.at(np.arange(0, len(ids), every))
    return {
        "ids": ids,
        "nodes": as_base64(chosen.nodes.astype(np.int32)),
        "distances": as_base64(chosen.distances.astype(np.float32)),
        "total": len(dataset),
    }


def texts_of(dataset: Dataset, column: str) -> NDArray[np.str_]:
    """Return what a column of a table holds for each sample, shape (N,), "" where it is missing.

    Raises
    ------
    DataError
        If the data are no table, or have no such column.
    """
    if isinstance(dataset, Part):
        return texts_of(dataset.whole, column)[dataset.index]
    if not isinstance(dataset, Table):
        raise DataError(f"the data are no table, so they have no column {quoted(column)}")
    pieces: Iterator[NDArray[np.str_]] = dataset.texts(column)
    return np.concatenate(list(pieces))


def _names(rows: NDArray[np.int64], dataset: Dataset, id_column: str | None) -> list[str]:
    names = dataset.names_of(rows) if id_column is None else texts_of(dataset, id_column)[rows]
    if names is not None:
        return [str(name) for name in names.tolist()]
    return [str(row) for row in _numbers(rows, dataset).tolist()]


def _numbers(rows: NDArray[np.int64], dataset: Dataset) -> NDArray[np.int64]:
    """Return which rows of all the data these are."""
    return _numbers(dataset.index[rows], dataset.whole) if isinstance(dataset, Part) else rows


def _shortened(name: str) -> str:
    name = one_line(name[: LONGEST_ID + 1])
    return name if len(name) <= LONGEST_ID else f"{name[: LONGEST_ID - 1]}…"
