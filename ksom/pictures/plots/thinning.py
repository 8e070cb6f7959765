"""Which nodes are drawn where each needs room: all of a small map, of a large one every so many rows and columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice


class Thinned(NamedTuple):
    """Some rows and columns of a lattice, evenly spaced."""

    step: int
    """Every so many; 1: all. Odd where odd rows are shifted, so that every other row that is drawn is shifted too."""
    rows: NDArray[np.int64]
    """Numbers of the rows, shape (r,)."""
    columns: NDArray[np.int64]
    """Numbers of the columns, shape (c,)."""
    shifts: NDArray[np.float64]
    """How far each of these rows is moved to the right, of the width of a column, shape (r,)."""

    @property
    def note(self) -> str | None:
        """What there is to say about it."""
        return f"every {ordinal(self.step)} row and column of the map" if self.step > 1 else None


def thinned(lattice: Lattice, most: int) -> Thinned:
    """Return at most so many rows, and as many columns, of a lattice.

    Examples
    --------
    >>> from ksom.method.lattice import Hexagonal
    >>> some = thinned(Hexagonal(6, 30), 20)
    >>> some.step, some.rows.tolist(), some.shifts.tolist(), len(some.columns)
    (3, [0, 3], [0.0, 0.5], 10)
    """
    step = -(-max(lattice.height, lattice.width) // most)
    if lattice.shift and step % 2 == 0:
        step += 1
    rows, columns = np.arange(0, lattice.height, step), np.arange(0, lattice.width, step)
    return Thinned(step, rows, columns, np.where(rows % 2, lattice.shift, 0.0))


def ordinal(number: int) -> str:
    """Return a number that counts.

    Examples
    --------
    >>> [ordinal(number) for number in (2, 3, 4, 11, 12, 22, 101)]
    ['2nd', '3rd', '4th', '11th', '12th', '22nd', '101st']
    """
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
