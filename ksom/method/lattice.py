"""The arrangement of the nodes: which steps lie between them, and who is whose neighbour."""

import math
from collections.abc import Iterator
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice, require_integer
from ksom.errors import ParameterError
from ksom.registry import Registry
from ksom.representation import as_call

WRAPS = ("none", "rows", "columns", "both")
"""Which axes are closed: along a wrapped axis the last node is one step from the first."""

NOBODY = -1
"""In a table of neighbours: this node has no more of them."""


class Lattice:
    """Rows of nodes, every other one shifted or not; node (row, column) has the index `row * width + column`.

    The squared distance between a winner b and a node k, lattice steps², is

        rows[Δrow] + columns[phase, Δcolumn],  phase = phases[parity of b's row, Δrow],

    with Δ = k − b, and tables that begin at the most negative Δ. One phase is enough where every row looks like every
    other one; a lattice whose odd rows are shifted has three.

    Parameters
    ----------
    height, width : int
        Rows and columns, at least 1.
    wrap : {"none", "rows", "columns", "both"}
        Axes along which the last node is one step from the first, and distances go the shorter way round: none is a
        plane, one a cylinder, both a torus.

    Raises
    ------
    ParameterError
        For an argument outside its domain.
    """

    from_elsewhere = ("height", "width")  # the map's

    neighbour_square: ClassVar[float]
    """Neighbours are other nodes at most so far, lattice steps²."""
    row_square: ClassVar[float] = 1.0
    """How far one row is from the next, lattice steps²: a square because that of a hexagonal lattice is exact."""
    shift: ClassVar[float] = 0.0
    """How far odd rows are moved to the right, lattice steps."""
    outline: ClassVar[tuple[tuple[float, float], ...]]
    """The corners of the area that is a node's, seen from its position: x and y, lattice steps, in order around it."""

    def __init__(self, height: int, width: int, wrap: str = "none") -> None:
        self.height = require_integer("height", height, minimum=1)
        self.width = require_integer("width", width, minimum=1)
        self.wrap = require_choice("wrap", wrap, WRAPS)

    def __repr__(self) -> str:
        return as_call(self)

    @property
    def size(self) -> int:
        """The number of nodes, K."""
        return self.height * self.width

    def row_squares(self) -> NDArray[np.float64]:
        """Return squares along rows, by Δrow + height − 1, lattice steps², shape (2 height − 1,)."""
        steps = _steps(self.height, 0, is_wrapped=self.wrap in {"rows", "both"})
        return self.row_square * np.square(steps)

    def column_squares(self) -> NDArray[np.float64]:
        """Return squares along columns, by phase and Δcolumn + width − 1, lattice steps², shape (phases, 2 width − 1).

        The phases are: as far to the right as the winner, further by the shift, less far by it.
        """
        shifts = (0.0, self.shift, -self.shift)[: 3 if self._is_shifted else 1]
        is_wrapped = self.wrap in {"columns", "both"}
        return np.square([_steps(self.width, shift, is_wrapped=is_wrapped) for shift in shifts])

    def phases(self) -> NDArray[np.int32]:
        """Return which phase holds, by parity of the winner's row and Δrow + height − 1, shape (2, 2 height − 1)."""
        is_odd = np.arange(1 - self.height, self.height, dtype=np.int32) % 2
        return np.outer([1, 2], is_odd).astype(np.int32) if self._is_shifted else np.zeros((2, is_odd.size), np.int32)

    def coordinates(self) -> NDArray[np.float64]:
        """Return row and column of every node, shape (K, 2)."""
        rows, columns = divmod(np.arange(self.size), self.width)
        return np.stack([rows, columns], axis=1).astype(np.float64)

    def positions(self) -> NDArray[np.float64]:
        """Return where to draw every node: x to the right and y downwards, lattice steps, shape (K, 2)."""
        rows, columns = divmod(np.arange(self.size), self.width)
        return np.stack([columns + self.shift * (rows % 2), rows * math.sqrt(self.row_square)], axis=1)

    @property
    def _is_shifted(self) -> bool:
        return self.shift != 0 and self.height > 1

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.height, self.width, self.wrap))


LATTICES = Registry("lattice", Lattice)


@LATTICES.register("rectangular")
class Rectangular(Lattice):
    """Rows and columns; d² = Δrow² + Δcolumn², lattice steps²; a node inside has 8 neighbours.

    Parameters
    ----------
    height, width : int
        Rows and columns, at least 1.
    wrap : {"none", "rows", "columns", "both"}
        Axes along which the last node is one step from the first, and distances go the shorter way round: none is a
        plane, one a cylinder, both a torus.

    Raises
    ------
    ParameterError
        For an argument outside its domain.

    Examples
    --------
    >>> plane, torus = Rectangular(3, 4), Rectangular(3, 4, wrap="both")
    >>> [squared_distances(lattice, np.array([0]), np.array([11])).tolist() for lattice in (plane, torus)]
    [[13.0], [2.0]]
    """

    neighbour_square = 2.0
    outline = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))


@LATTICES.register("hexagonal")
class Hexagonal(Lattice):
    """Odd rows half a step to the right; d² = Δx² + ¾ Δrow², lattice steps²; a node inside has 6 neighbours, all at 1.

    The squares are exact: with rows √¾ apart instead, rounding would lose neighbours.

    Parameters
    ----------
    height, width : int
        Rows and columns, at least 1.
    wrap : {"none", "rows", "columns", "both"}
        Axes along which the last node is one step from the first, and distances go the shorter way round: none is a
        plane, one a cylinder, both a torus. Rows can be wrapped if their number is even.

    Raises
    ------
    ParameterError
        For an argument outside its domain.

    Examples
    --------
    >>> squared_distances(Hexagonal(3, 4), np.array([0, 0]), np.array([4, 5])).tolist()
    [1.0, 3.0]
    """

    neighbour_square = 1.0
    row_square = 0.75
    shift = 0.5
    outline = tuple((x, y / math.sqrt(12)) for x, y in ((0, -2), (0.5, -1), (0.5, 1), (0, 2), (-0.5, 1), (-0.5, -1)))

    def __init__(self, height: int, width: int, wrap: str = "none") -> None:
        super().__init__(height, width, wrap)
        if self.height % 2 and self.wrap in {"rows", "both"}:
            why = f"the first of {self.height} rows does not fit below the last; take an even height"
            raise ParameterError("wrap", f"be none or columns on a hexagonal lattice of odd height ({why})", wrap)


def squared_distances(lattice: Lattice, winners: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the squared distance between nodes `winners[i]` and `nodes[i]`, lattice steps², shape (n,).

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    winners, nodes : ndarray of shape (n,)
        Node indices.
    """
    rows, columns = _squares_apart(lattice, winners, nodes)
    squared: NDArray[np.float64] = rows + columns
    return squared


def _squares_apart(
    lattice: Lattice, winners: NDArray[np.int64], nodes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squares along rows and along columns between nodes `winners[i]` and `nodes[i]`."""
    row, column = np.divmod(winners, lattice.width)
    down, right = nodes // lattice.width - row + lattice.height - 1, nodes % lattice.width - column + lattice.width - 1
    return lattice.row_squares()[down], lattice.column_squares()[lattice.phases()[row % 2, down], right]


def squares_between(lattice: Lattice, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the squared distances from each of some nodes to each of others, lattice steps², shape (n, m)."""
    squared = squared_distances(lattice, np.repeat(some, len(others)), np.tile(others, len(some)))
    return squared.reshape(len(some), len(others))


def steps(lattice: Lattice, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many steps from neighbour to neighbour lie between nodes `first[i]` and `second[i]`, shape (n,).

    A step to the next row goes sideways as well, by up to √(neighbour_square − row_square): 1 on a rectangular lattice,
    where so the steps are the maximum norm, ½ on a hexagonal one.
    """
    down, right = (np.sqrt(squares) for squares in _squares_apart(lattice, first, second))
    rows = down / math.sqrt(lattice.row_square)
    sideways = math.sqrt(lattice.neighbour_square - lattice.row_square)
    apart: NDArray[np.int64] = np.rint(rows + np.maximum(0, right - sideways * rows)).astype(np.int64)
    return apart


def are_neighbours(lattice: Lattice, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether nodes `first[i]` and `second[i]` are neighbours, 0 < d² <= the lattice's `neighbour_square`, shape (n,).

    Examples
    --------
    >>> are_neighbours(Rectangular(2, 3), np.array([0, 0]), np.array([4, 2])).tolist()
    [True, False]
    """
    squared = squared_distances(lattice, first, second)
    return (squared > 0) & (squared <= lattice.neighbour_square)


def neighbours(lattice: Lattice) -> NDArray[np.int64]:
    """Return every node's neighbours, 0 < d² <= the lattice's `neighbour_square`.

    Returns
    -------
    ndarray of shape (K, most)
        Node indices, ascending, each neighbour once, where both ways round a wrapped axis lead to it too; then
        `NOBODY`. `most` is the largest number of neighbours that a node has.

    Examples
    --------
    >>> neighbours(Rectangular(1, 3)).tolist(), neighbours(Rectangular(1, 3, wrap="columns")).tolist()
    ([[1, -1], [0, 2], [1, -1]], [[1, 2], [0, 2], [0, 1]])
    """
    counts = np.zeros(lattice.size, dtype=np.int64)
    for nodes, _ in _pairs(lattice):
        counts[nodes] += 1
    found = np.full((lattice.size, counts.max()), NOBODY)
    counts[:] = 0
    for nodes, others in _pairs(lattice):
        found[nodes, counts[nodes]] = others
        counts[nodes] += 1
    return found


def _pairs(lattice: Lattice) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield nodes and a neighbour of each, for each step from one to the other; a node's come in ascending order."""
    height, width = lattice.height, lattice.width
    rows, columns, phases = lattice.row_squares(), lattice.column_squares(), lattice.phases()
    for parity in range(min(2, height)):
        squared = rows[:, np.newaxis] + columns[phases[parity]]
        row, column = np.divmod(np.arange(lattice.size), width)
        for down, right in np.argwhere((squared > 0) & (squared <= lattice.neighbour_square)):
            to_row, to_column = row + down - height + 1, column + right - width + 1
            is_there = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
            nodes = np.flatnonzero(is_there & (row % 2 == parity))
            yield nodes, to_row[nodes] * width + to_column[nodes]


def _steps(length: int, shift: float, *, is_wrapped: bool) -> NDArray[np.float64]:
    """Return |Δ + shift| for Δ = 1 − length … length − 1, the shorter way round where the axis is wrapped."""
    steps = np.abs(np.arange(1 - length, length) + float(shift))
    return cast("NDArray[np.float64]", np.minimum(steps, length - steps)) if is_wrapped else steps
