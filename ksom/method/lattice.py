"""The arrangement of the nodes: which steps lie between them, and who is whose neighbour."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice, require_integer
from ksom.registry import Registry
from ksom.representation import as_call

WRAPS = ("none", "rows", "columns", "both")
"""Which axes are closed: along a wrapped axis the last node is one step from the first."""


@runtime_checkable
class Lattice(Protocol):
    """What a map asks of its lattice. Node (row, column) has the index `row * width + column`.

    The squared distance between a winner b and a node k, lattice steps², is

        rows[Δrow] + columns[phase, Δcolumn],  phase = phases[parity of b's row, Δrow],

    with Δ = k − b, and tables that begin at the most negative Δ. One phase is enough where every row looks like every
    other one; a lattice whose rows are shifted against each other has one for each shift.
    """

    height: int
    width: int
    neighbour_square: float
    """Neighbours are other nodes at most so far, lattice steps²."""

    @property
    def size(self) -> int:
        """The number of nodes, K."""
        ...

    def row_squares(self) -> NDArray[np.float64]:
        """Squares along rows, by Δrow + height − 1, lattice steps², shape (2 height − 1,)."""
        ...

    def column_squares(self) -> NDArray[np.float64]:
        """Squares along columns, by phase and Δcolumn + width − 1, lattice steps², shape (phases, 2 width − 1)."""
        ...

    def phases(self) -> NDArray[np.int16]:
        """Which phase holds, by the parity of the winner's row and Δrow + height − 1, shape (2, 2 height − 1)."""
        ...

    def coordinates(self) -> NDArray[np.float64]:
        """Row and column of every node, lattice steps, shape (K, 2)."""
        ...


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

    from_elsewhere = ("height", "width")  # the map's
    neighbour_square = 2.0

    def __init__(self, height: int, width: int, wrap: str = "none") -> None:
        self.height = require_integer("height", height, minimum=1)
        self.width = require_integer("width", width, minimum=1)
        self.wrap = require_choice("wrap", wrap, WRAPS)

    def __repr__(self) -> str:
        return as_call(self)

    @property
    def size(self) -> int:
        return self.height * self.width

    def row_squares(self) -> NDArray[np.float64]:
        return _squares(self.height, is_wrapped=self.wrap in {"rows", "both"})

    def column_squares(self) -> NDArray[np.float64]:
        return _squares(self.width, is_wrapped=self.wrap in {"columns", "both"})[np.newaxis]

    def phases(self) -> NDArray[np.int16]:
        return np.zeros((2, 2 * self.height - 1), dtype=np.int16)

    def coordinates(self) -> NDArray[np.float64]:
        rows, columns = divmod(np.arange(self.size), self.width)
        return np.stack([rows, columns], axis=1).astype(np.float64)

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.height, self.width, self.wrap))


def squared_distances(lattice: Lattice, winners: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the squared distance between nodes `winners[i]` and `nodes[i]`, lattice steps², shape (n,).

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    winners, nodes : ndarray of shape (n,)
        Node indices.
    """
    row, column = np.divmod(winners, lattice.width)
    down, right = nodes // lattice.width - row + lattice.height - 1, nodes % lattice.width - column + lattice.width - 1
    phase = lattice.phases()[row % 2, down]
    squared: NDArray[np.float64] = lattice.row_squares()[down] + lattice.column_squares()[phase, right]
    return squared


def are_neighbours(lattice: Lattice, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether nodes `first[i]` and `second[i]` are neighbours, 0 < d² <= the lattice's `neighbour_square`, shape (n,).

    Examples
    --------
    >>> are_neighbours(Rectangular(2, 3), np.array([0, 0]), np.array([4, 2])).tolist()
    [True, False]
    """
    squared = squared_distances(lattice, first, second)
    return (squared > 0) & (squared <= lattice.neighbour_square)


def _squares(length: int, *, is_wrapped: bool) -> NDArray[np.float64]:
    """Return Δ² for Δ = 1 − length … length − 1, the shorter way round where the axis is wrapped."""
    steps = np.abs(np.arange(1 - length, length))
    if is_wrapped:
        steps = np.minimum(steps, length - steps)
    return np.square(steps, dtype=np.float64)
