"""The symmetries of a lattice, and the one that brings a map nearest to another: two maps may differ by nothing else.

A training does not know left from right: the same data make a map or its mirror image, and on a wrapped axis a map that
begins anywhere.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice

NOBODY = -1
"""A place of the grid where no node is: beside those of shifted rows."""

EQUAL = 1e-9
"""Of the maps' own squares: what differs by less is equal, and the first of equals is taken."""


class Symmetry(NamedTuple):
    """A way to lay a lattice over itself: rows and columns exchanged, then turned over, then moved round."""

    exchanges: bool = False
    """Whether rows become columns."""
    flips_rows: bool = False
    """Whether the last row comes first, after that."""
    flips_columns: bool = False
    """Whether the last column comes first."""
    down: int = 0
    """How many rows it moves, round a wrapped axis."""
    right: float = 0.0
    """How many lattice steps it moves to the right, round a wrapped axis; by halves where rows are shifted."""

    def __str__(self) -> str:
        parts = [
            "rows and columns exchanged" if self.exchanges else "",
            "turned by 180°" if self.flips_rows and self.flips_columns else "",
            "upside down" if self.flips_rows and not self.flips_columns else "",
            "left and right exchanged" if self.flips_columns and not self.flips_rows else "",
            f"moved down by {self.down}" if self.down else "",
            f"moved right by {self.right:g}" if self.right else "",
        ]
        return ", ".join(filter(None, parts)) or "as it is"


class Alignment(NamedTuple):
    """How a map is to be laid to be nearest to another one."""

    symmetry: Symmetry
    nodes: NDArray[np.int64]
    """Which of its nodes comes to lie at each node's place, shape (K,)."""
    mean_square: float
    """1/K · Σ ‖w − v‖² over the nodes v laid upon the nodes w, units² of the weights."""


def symmetries(lattice: Lattice) -> Iterator[Symmetry]:
    """Yield the symmetries of a lattice that keep its rows, or exchange them with its columns; the first does nothing.

    A rectangle has 4, a square 8, a hexagonal lattice 2; a wrapped axis multiplies them by its length, and lets a
    hexagonal lattice be turned over along it. Nodes that are neighbours stay neighbours.

    Examples
    --------
    >>> from ksom.method.lattice import Hexagonal, Rectangular
    >>> [len(list(symmetries(lattice))) for lattice in (Rectangular(2, 3), Rectangular(3, 3), Hexagonal(4, 3))]
    [4, 8, 2]
    >>> len(list(symmetries(Rectangular(4, 3, wrap="both"))))
    48
    """
    for flips in _flips(lattice):
        is_one = _are_symmetries(lattice, flips)
        for down, steps in np.argwhere(is_one):
            yield Symmetry(*flips, int(down), int(steps) / _per_step(lattice))


def laid(lattice: Lattice, symmetry: Symmetry) -> NDArray[np.int64]:
    """Return which node comes to lie at each node's place, shape (K,): `weights.reshape(K, D)[laid(…)]` is the map so.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> laid(Rectangular(2, 3), Symmetry(flips_columns=True)).tolist()
    [2, 1, 0, 5, 4, 3]
    """
    grid = _grid(lattice)
    moved = _moved(_flipped(grid, symmetry[:3]), symmetry.down, round(symmetry.right * _per_step(lattice)))
    nodes: NDArray[np.int64] = moved[grid != NOBODY]
    return nodes


def aligned(lattice: Lattice, weights: NDArray[Any], other: NDArray[Any]) -> Alignment:
    """Return the symmetry that brings a map nearest to another one, by the mean squared distance between their nodes.

    All moves round wrapped axes are compared at once, by Fourier transforms: O(D K log K) for each way to turn it.

    Parameters
    ----------
    lattice : Lattice
        Of both maps.
    weights : ndarray of shape (H, W, D)
        The map that stays.
    other : ndarray of shape (H, W, D)
        The map that is laid upon it, in the same units. A feature of which one of them knows nothing, NaN, is left out.

    Raises
    ------
    ParameterError
        If the maps are not of the lattice's shape.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> row = np.array([[[0.0], [1.0], [5.0]]])
    >>> found = aligned(Rectangular(1, 3), row, row[:, ::-1])
    >>> str(found.symmetry), found.mean_square
    ('left and right exchanged', 0.0)
    """
    shape = (lattice.height, lattice.width)
    for name, array in (("weights", weights), ("other", other)):
        if array.ndim != 3 or array.shape[:2] != shape or array.shape != weights.shape:
            raise ParameterError(name, f"have the shape {shape[0]} × {shape[1]} × features", array.shape)
    first, second = _centred(weights, other)
    squares = float(np.square(first).sum() + np.square(second).sum())
    best, least = Symmetry(), np.inf
    for flips in _flips(lattice):
        apart = squares - 2 * _likeness(lattice, first, second, flips)
        apart[~_are_symmetries(lattice, flips)] = np.inf
        nearest = float(apart.min())
        if nearest < least - EQUAL * squares:
            down, steps = np.argwhere(apart <= nearest + EQUAL * squares)[0]
            best, least = Symmetry(*flips, int(down), int(steps) / _per_step(lattice)), nearest
    nodes = laid(lattice, best)
    difference = first.reshape(lattice.size, -1) - second.reshape(lattice.size, -1)[nodes]
    return Alignment(best, nodes, float(np.square(difference).sum()) / lattice.size)


def _centred(weights: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both around the mean of the first: far from the origin, products would lose the differences."""
    known = ~(np.isnan(weights) | np.isnan(other)).any(axis=(0, 1))
    first, second = weights[..., known].astype(np.float64), other[..., known].astype(np.float64)
    mean = first.mean(axis=(0, 1))
    return first - mean, second - mean


def _flips(lattice: Lattice) -> Iterator[tuple[bool, bool, bool]]:
    """Yield what may become of the axes: exchanged, rows turned over, columns turned over."""
    is_square = lattice.height == lattice.width and lattice.wrap in {"none", "both"} and _per_step(lattice) == 1
    for exchanges in (False, True) if is_square and lattice.height > 1 else (False,):
        for rows in (False, True) if lattice.height > 1 else (False,):
            for columns in (False, True) if lattice.width > 1 else (False,):
                yield exchanges, rows, columns


def _are_symmetries(lattice: Lattice, flips: tuple[bool, bool, bool]) -> NDArray[np.bool_]:
    """Return which moves, down and right, lay every node upon a node's place after the axes were turned over."""
    place = _grid(lattice) != NOBODY
    rows, columns = _moves(lattice)
    turned = _flipped(place, flips)
    fits = [[np.array_equal(_moved(turned, row, column), place) for column in range(2)] for row in range(2)]
    return np.array(fits)[np.ix_(np.arange(rows) % 2, np.arange(columns) % 2)]  # where nodes are repeats every second


def _moves(lattice: Lattice) -> tuple[int, int]:
    """Return how many moves there are along rows and along columns: one, no move, where an axis is open."""
    rows = lattice.height if lattice.wrap in {"rows", "both"} else 1
    columns = lattice.width * _per_step(lattice) if lattice.wrap in {"columns", "both"} else 1
    return rows, columns


def _per_step(lattice: Lattice) -> int:
    """Return how many places of the grid are a lattice step: two where every second row is shifted by half a step."""
    return 2 if lattice.shift != 0 and lattice.height > 1 else 1


def _grid(lattice: Lattice) -> NDArray[np.int64]:
    """Return the node at each place, shape (H, places): all rows of the lattice have the same places."""
    per_step = _per_step(lattice)
    grid = np.full((lattice.height, lattice.width * per_step), NOBODY)
    nodes = np.arange(lattice.size).reshape(lattice.height, lattice.width)
    grid[::2, ::per_step] = nodes[::2]
    grid[1::2, per_step - 1 :: per_step] = nodes[1::2]
    return grid


def _flipped(grid: NDArray[Any], flips: tuple[bool, bool, bool]) -> NDArray[Any]:
    exchanges, rows, columns = flips
    turned = grid.swapaxes(0, 1) if exchanges else grid
    return turned[:: -1 if rows else 1, :: -1 if columns else 1]


def _moved(grid: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    return np.roll(grid, (down, right), axis=(0, 1))


def _likeness(
    lattice: Lattice, first: NDArray[np.float64], second: NDArray[np.float64], flips: tuple[bool, bool, bool]
) -> NDArray[np.float64]:
    """Return Σ w · v over all nodes v laid upon nodes w, for every move, shape (moves down, moves right)."""
    grid = _grid(lattice)
    turned = _flipped(grid, flips)
    moves = _moves(lattice)
    wrapped = tuple(axis for axis in (0, 1) if moves[axis] > 1)
    total = np.zeros(grid.shape)
    for feature in range(first.shape[2]):
        ours, theirs = (_spread(plane[..., feature], where) for plane, where in ((first, grid), (second, turned)))
        if wrapped:
            transformed = np.fft.fftn(ours, axes=wrapped) * np.conj(np.fft.fftn(theirs, axes=wrapped))
            total += np.fft.ifftn(transformed, axes=wrapped).real
        else:
            total += ours * theirs
    open_axes = tuple({0, 1} - set(wrapped))
    likeness: NDArray[np.float64] = total.sum(axis=open_axes, keepdims=True)
    return likeness


def _spread(plane: NDArray[np.float64], grid: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a plane's values at the places of a grid's nodes, 0 where there is none."""
    return np.where(grid == NOBODY, 0.0, plane.reshape(-1)[grid])
