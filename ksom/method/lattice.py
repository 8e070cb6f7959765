"""The arrangement of the nodes: which steps lie between them, and who is whose neighbour."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.registry import Registry
from ksom.representation import as_call

LATTICES = Registry("lattice")


@runtime_checkable
class Lattice(Protocol):
    """What a map asks of its lattice. Node (row, column) has the index `row * width + column`."""

    height: int
    width: int

    @property
    def size(self) -> int:
        """The number of nodes, K."""
        ...

    def row_distances(self) -> NDArray[np.float64]:
        """Distance between rows that are 0, 1, … height − 1 apart, lattice steps, shape (height,)."""
        ...

    def column_distances(self) -> NDArray[np.float64]:
        """Distance between columns that are 0, 1, … width − 1 apart, lattice steps, shape (width,)."""
        ...

    def coordinates(self) -> NDArray[np.float64]:
        """Row and column of every node, lattice steps, shape (K, 2)."""
        ...

    def are_neighbours(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether nodes `first[i]` and `second[i]` are neighbours, shape (n,)."""
        ...


@LATTICES.register("rectangular")
class Rectangular:
    """Rows and columns; d² = Δrow² + Δcolumn², lattice steps²; a node has up to 8 neighbours.

    Parameters
    ----------
    height, width : int
        Rows and columns, at least 1.

    Examples
    --------
    >>> Rectangular(2, 3).are_neighbours(np.array([0, 0]), np.array([4, 2])).tolist()
    [True, False]
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = require_integer("height", height, minimum=1)
        self.width = require_integer("width", width, minimum=1)

    def __repr__(self) -> str:
        return as_call(self)

    @property
    def size(self) -> int:
        """The number of nodes, K."""
        return self.height * self.width

    def row_distances(self) -> NDArray[np.float64]:
        """Distance between rows that are 0, 1, … height − 1 apart, lattice steps, shape (height,)."""
        return np.arange(self.height, dtype=np.float64)

    def column_distances(self) -> NDArray[np.float64]:
        """Distance between columns that are 0, 1, … width − 1 apart, lattice steps, shape (width,)."""
        return np.arange(self.width, dtype=np.float64)

    def coordinates(self) -> NDArray[np.float64]:
        """Row and column of every node, lattice steps, shape (K, 2)."""
        rows, columns = divmod(np.arange(self.size), self.width)
        return np.stack([rows, columns], axis=1).astype(np.float64)

    def are_neighbours(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether nodes `first[i]` and `second[i]` are at most one row and one column apart, and not the same."""
        rows = np.abs(first // self.width - second // self.width)
        columns = np.abs(first % self.width - second % self.width)
        neighbours: NDArray[np.bool_] = np.maximum(rows, columns) == 1
        return neighbours

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and (self.height, self.width) == (other.height, other.width)

    def __hash__(self) -> int:
        return hash((self.height, self.width))
