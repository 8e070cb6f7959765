"""The U-matrix, drawn: how far each node is from its neighbours, and on small maps what lies between each two."""

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.answers import Answers
from ksom.method.lattice import Lattice
from ksom.method.umatrix import Edges, edges, umatrix
from ksom.pictures.plots.colours import DISTANCES, ink_on
from ksom.pictures.plots.known import distance_label
from ksom.pictures.plots.nodes import draw_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BETWEEN = 900
"""Nodes of a map between which the distances are drawn, if nobody says whether: there are four times as many cells."""
NEAR = 1e-6
"""Positions of rows are rounded."""
LABEL = "distance to the neighbours"


class Cells(NamedTuple):
    """The cells of a U-matrix of twice the size: each node, and what lies between neighbours."""

    positions: NDArray[np.float64]
    """Where they are: x and y downwards, lattice steps, shape (n, 2); the first K are the nodes'."""
    values: NDArray[np.float64]
    """Of a node the mean distance to its neighbours; between two, their distance; where two pairs cross, as in the
    middle of four nodes of a rectangular lattice, the mean of both. Shape (n,)."""


def draw_umatrix(
    som: Answers, *, ax: "Axes | None" = None, between: bool | None = None, title: str | None = "U-matrix"
) -> "Axes":
    """Draw the mean distance of each node's weights to those of its neighbours: ridges are where clusters border.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    between : bool, optional
        Whether there is a cell between every two neighbours too, in the colour of their distance, as in Ultsch and
        Siemon's U-matrix; across a wrapped edge on both sides of the map. Default: up to 900 nodes.
    title : str, optional
        Above the map.

    Raises
    ------
    NotTrained
        If the map has no weights yet.
    NotInstalled
        If matplotlib is not there.

    References
    ----------
    A. Ultsch and H. P. Siemon, Kohonen's self organizing feature maps for exploratory data analysis, INNC 1990.
    """
    means, lattice = umatrix(som), som.lattice
    label, empty = distance_label(som, LABEL), "grey: no neighbours"
    if between is None:
        between = lattice.size <= MOST_BETWEEN
    if not between:
        return draw_nodes(lattice, means, ax=ax, title=title, label=label, colours=DISTANCES, empty=empty)
    cells = cells_between(lattice, means, edges(som))
    ax = draw_nodes(
        lattice, cells.values, at=cells.positions, scale=0.5, ax=ax, title=title, label=label, colours=DISTANCES,
        empty=empty, remarks=["dots: nodes"],
    )  # fmt: skip
    inks = ink_on(np.asarray(ax.collections[-1].get_facecolor())[: lattice.size])
    x, y = lattice.positions().T
    ax.scatter(x, y, s=3, c=inks.tolist(), linewidths=0, clip_on=False)
    return ax


def cells_between(lattice: Lattice, means: NDArray[np.float64], between: Edges) -> Cells:
    """Return the nodes and what lies between every two neighbours; across a wrapped edge, on both sides.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    means : ndarray of shape (height, width)
        The value of each node.
    between : Edges
        Every two neighbours and their distance.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> edge = Edges(np.array([[0, 1]]), np.array([3.0]))
    >>> [column.tolist() for column in cells_between(Rectangular(1, 2), np.array([[3.0, 3.0]]), edge)]
    [[[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]], [3.0, 3.0, 3.0]]
    """
    positions = lattice.positions()
    first, second = positions[between.nodes[:, 0]], positions[between.nodes[:, 1]]
    half = np.array([1.0, np.sqrt(lattice.row_square)]) / 2
    low, high = positions.min(axis=0) - half - NEAR, positions.max(axis=0) + half + NEAR
    found, lengths = [], []
    for around, shown_at in product(_ways_round(lattice), repeat=2):
        step = second + around - first
        middles = first + step / 2 + shown_at
        is_cell = np.square(step).sum(axis=1) <= lattice.neighbour_square + NEAR
        is_cell &= ((middles >= low) & (middles <= high)).all(axis=1)
        found.append(middles[is_cell])
        lengths.append(between.lengths[is_cell])
    places, together = np.unique(np.round(np.concatenate(found), 6), axis=0, return_inverse=True)
    together = together.reshape(-1)  # numpy 2.0 gives it another shape
    means_between = np.bincount(together, np.concatenate(lengths)) / np.bincount(together)
    return Cells(np.concatenate([positions, places]), np.concatenate([means.ravel(), means_between]))


def _ways_round(lattice: Lattice) -> list[NDArray[np.float64]]:
    """Return how far a node appears from itself, going round a wrapped axis or not, lattice steps."""
    wide = [0, -1, 1] if lattice.wrap in {"columns", "both"} else [0]
    high = [0, -1, 1] if lattice.wrap in {"rows", "both"} else [0]
    row_height = float(np.sqrt(lattice.row_square))
    return [np.array([x * lattice.width, y * lattice.height * row_height]) for y, x in product(high, wide)]
