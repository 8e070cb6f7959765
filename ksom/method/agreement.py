"""How well maps agree: which rows they show beside each other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice, squares_between

MOST_VALUES = 2**22
"""How many pairs of rows are looked at at a time, over all maps: 16 MB."""


class Placement(NamedTuple):
    """Where a map shows some rows."""

    lattice: Lattice
    nodes: NDArray[np.int64]
    """The best matching node of each row, shape (n,)."""


class Agreement(NamedTuple):
    """How well two maps agree on some rows."""

    share: float | None
    """Of the pairs of rows that are neighbours on at least one of the maps, the share that are on both; None if none
    are."""
    chance: float | None
    """The share to be expected of two maps that have nothing to do with each other."""
    pairs: int
    """How many pairs are neighbours on at least one of the maps."""

    @property
    def above_chance(self) -> float | None:
        """(share − chance) / (1 − chance): 0 for maps that have nothing to do with each other, 1 for the same."""
        if self.share is None or self.chance is None or self.chance >= 1:
            return None
        return (self.share - self.chance) / (1 - self.chance)


class Agreements:
    """How well each two of some maps agree.

    Attributes
    ----------
    rows : int
        n, the rows that were looked at.
    """

    def __init__(self, common: NDArray[np.int64], rows: int) -> None:
        self.rows = rows
        self._common = common

    def between(self, first: int, second: int) -> Agreement:
        """Return how well two of the maps agree, by their places in the list."""
        both = int(self._common[first, second])
        ours, theirs = int(self._common[first, first]), int(self._common[second, second])
        either, every = ours + theirs - both, self.rows * (self.rows - 1) // 2
        if either == 0:
            return Agreement(None, None, 0)
        expected = ours * theirs / every
        return Agreement(both / either, expected / (ours + theirs - expected), either)


def agreements(placements: Sequence[Placement]) -> Agreements:
    """Return how well each two of some maps agree on the same rows.

    Two rows are neighbours on a map if they have the same best matching node, or two that are neighbours on its
    lattice. With the pairs of rows A that are neighbours on one map and B on the other, the maps' agreement is

        |A ∩ B| / |A ∪ B|,

    1 if they show the same rows beside each other, whichever way round, and 0 if never. Of M = n (n − 1) / 2 pairs two
    maps that have nothing to do with each other share |A| |B| / M, so that chance alone gives

        |A| |B| / M / (|A| + |B| − |A| |B| / M).

    Maps of other sizes or lattices can be compared, too, but they cannot agree better than min(|A|, |B|) /
    max(|A|, |B|).

    Parameters
    ----------
    placements : sequence of Placement
        At least one; of the same rows, at least 2. All pairs are looked at, n² of them, some at a time: a few thousand
        rows are enough.

    Raises
    ------
    ParameterError
        If they are not of the same rows.

    References
    ----------
    P. Jaccard, The distribution of the flora in the alpine zone, New Phytologist 11, 1912 (the share). M. Cottrell,
    E. de Bodt, M. Verleysen, A statistical tool to assess the reliability of self-organizing maps, ESANN 2001 (pairs of
    rows that are neighbours, map after map).

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> chain = Rectangular(1, 4)
    >>> there, back = Placement(chain, np.array([0, 1, 2, 3])), Placement(chain, np.array([3, 2, 1, 0]))
    >>> agreements([there, back]).between(0, 1)
    Agreement(share=1.0, chance=0.3333333333333333, pairs=3)
    """
    rows = len(placements[0].nodes)
    if rows < 2 or any(len(placement.nodes) != rows for placement in placements):
        raise ParameterError("placements", "be of the same rows, at least 2", [len(each.nodes) for each in placements])
    common = np.zeros((len(placements), len(placements)), dtype=np.int64)
    length = max(1, MOST_VALUES // (rows * len(placements)))
    for start in range(0, rows, length):
        some = slice(start, min(start + length, rows))
        near = np.stack([_neighbours(each, some) for each in placements])
        common += np.rint(near @ near.T).astype(np.int64)  # float32 counts exactly as far as there are pairs in `near`
    return Agreements((common - rows) // 2, rows)


def agreement(first: Placement, second: Placement) -> Agreement:
    """Return how well two maps agree; see `agreements`."""
    return agreements([first, second]).between(0, 1)


def _neighbours(placement: Placement, some: slice) -> NDArray[np.float32]:
    """Return 1 for each pair of one of some rows and any row that are neighbours, or the same row, shape (pairs,)."""
    lattice, nodes = placement
    different, places = np.unique(nodes, return_inverse=True)
    squares = squares_between(lattice, nodes[some], different)
    return (squares <= lattice.neighbour_square)[:, places.reshape(-1)].reshape(-1).astype(np.float32)
