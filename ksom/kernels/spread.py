"""A neighbourhood that is no product, as batch training applies it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.method.neighbourhood import Factors


class Spread(NamedTuple):
    """In which order Σ_b h(b, k) · values[b] is added, for nodes k in even and in odd rows.

    For one Δcolumn after the other: the sum along rows of h(Δrow, Δcolumn) · values, which is then added at Δcolumn.
    Rows are in the order of how many columns they reach, the most first; columns in that of how many rows, the fewest
    first. So the rows that a column reaches are mostly those of the column before it and some more, and where it also
    has the same factors there, as in a bubble, its sum goes on from that one's.
    """

    factors: NDArray[np.float64]
    """h by Δrow + height − 1 and Δcolumn + width − 1, shape (2, 2 height − 1, 2 width − 1)."""
    rows: NDArray[np.int64]
    """Δrow + height − 1, in the order of addition, shape (2, 2 height − 1)."""
    columns: NDArray[np.int64]
    """Δcolumn + width − 1, likewise, shape (2, 2 width − 1)."""
    reach: NDArray[np.int64]
    """How many of `rows` each of `columns` reaches, shape (2, 2 width − 1)."""
    goes_on: NDArray[np.bool_]
    """Whether a column's sum goes on from that of the one before it, shape (2, 2 width − 1)."""

    @property
    def additions(self) -> int:
        """How many values are added for each node, at most: rows to the sums along them, and these to the nodes."""
        before = np.where(self.goes_on[:, 1:], self.reach[:, :-1], 0)
        rows = self.reach.sum(axis=1) - before.sum(axis=1)
        return int((rows + np.count_nonzero(self.reach, axis=1)).max())


def spread(factors: Factors) -> Spread:
    """Return how a neighbourhood that is no product is applied."""
    height = factors.rows.size // 2 + 1
    down = np.arange(1 - height, height)
    made = []
    for parity in range(2):
        phases = factors.phases[(parity - down) % 2, down + height - 1]  # by the parity of the winner's row
        made.append(_of_rows(factors.rows[:, np.newaxis] * factors.columns[phases]))
    return Spread(*map(np.stack, zip(*made, strict=True)))


def _of_rows(factors: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """Return the same for nodes in rows of one parity, without the leading axis."""
    rows = np.argsort(-np.count_nonzero(factors, axis=1), kind="stable")
    in_order = factors[rows].T
    reach = np.where(in_order != 0, np.arange(1, len(rows) + 1), 0).max(axis=1)
    columns = np.argsort(reach, kind="stable")
    in_order, reach = in_order[columns], reach[columns]
    differ = in_order[1:] != in_order[:-1]
    agree = np.where(differ.any(axis=1), differ.argmax(axis=1), len(rows))
    return factors, rows, columns, reach, np.concatenate([[False], agree >= reach[:-1]])
