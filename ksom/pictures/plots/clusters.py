"""The clusters of a map, drawn as regions with an outline."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.answers import Answers
from ksom.errors import ParameterError
from ksom.layers import CLUSTERS, HITS
from ksom.method.lattice import Lattice
from ksom.pictures.plots.colours import NOTHING, ink_on, of_kinds, rgb
from ksom.pictures.plots.figure import BESIDE_LEGEND, axes_for
from ksom.pictures.plots.known import layer_of
from ksom.pictures.plots.legend import Entry, draw_legend
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.outlines import draw_outlines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERED = 100
"""Clusters that have their numbers written into them, at most."""
MOST_LISTED = 20
"""Clusters in the legend, those of most nodes."""


def draw_clusters(
    som: Answers, *, ax: "Axes | None" = None, only_outlines: bool = False, title: str | None = "Clusters"
) -> "Axes":
    """Draw which cluster each node belongs to, with a line around each cluster, and how large they are.

    Parameters
    ----------
    som : KohonenSOM
        A map with the layer `clusters`.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    only_outlines : bool
        Draw the lines and nothing else, over the picture that `ax` holds.
    title : str, optional
        Above the map.

    Raises
    ------
    ParameterError
        If it knows no clusters, or there is nothing that outlines could be drawn over.
    NotInstalled
        If matplotlib is not there.
    """
    of_node, lattice = layer_of(som, CLUSTERS).values, som.lattice
    if only_outlines:
        if ax is None:
            raise ParameterError("ax", "hold a picture of this map, over which the outlines are drawn", ax)
        draw_outlines(lattice, of_node, ax)
        return ax
    ax = draw_nodes(
        lattice, of_kinds(of_node).reshape(lattice.size, 3), ax=axes_for(lattice, ax, BESIDE_LEGEND), title=title
    )
    draw_outlines(lattice, of_node, ax)
    numbered = middles(lattice, of_node).items() if of_node.max() < MOST_NUMBERED else ()
    for number, node in numbered:
        ink = str(ink_on(of_kinds(np.array([number])) / 255)[0])
        x, y = lattice.positions()[node]
        ax.text(x, y, str(number), color=ink, weight="bold", ha="center", va="center").set_in_layout(False)
    draw_legend(ax, _entries(som), title="cluster")
    return ax


def middles(lattice: Lattice, of_node: NDArray[Any]) -> dict[int, int]:
    """Return the node in the middle of each cluster, by its number: the one nearest to the mean of its positions.

    On a wrapped axis that is the mean of directions, so that the middle of a cluster at both edges is at one of them.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    of_node : ndarray of shape (height, width) or (K,)
        The cluster of each node; a negative one is none.

    Examples
    --------
    >>> from ksom.method.lattice import Rectangular
    >>> clusters = np.array([[0, 1, 1, 1, 0, 0]])
    >>> middles(Rectangular(1, 6, wrap="columns"), clusters), middles(Rectangular(1, 6), clusters)
    ({0: 5, 1: 2}, {0: 4, 1: 2})
    """
    places = lattice.positions()
    rounds = np.array([lattice.width, lattice.height * np.sqrt(lattice.row_square)])
    is_wrapped = lattice.wrap in {"columns", "both"}, lattice.wrap in {"rows", "both"}
    numbers, of_node = np.unique(of_node), of_node.reshape(-1)
    found = {}
    for number in numbers[numbers >= 0].tolist():
        nodes = np.flatnonzero(of_node == number)
        away = np.zeros(len(nodes))
        for axis in (0, 1):
            along = places[nodes, axis]
            if is_wrapped[axis]:
                turns = np.exp(2j * np.pi * along / rounds[axis])
                along = np.angle(turns / (turns.sum() or 1)) * rounds[axis] / (2 * np.pi)
                away += np.square(along)
            else:
                away += np.square(along - along.mean())
        found[number] = int(nodes[away.argmin()])
    return found


def _entries(som: Answers) -> list[Entry]:
    """Return each cluster's number, its nodes, and its samples if that is known."""
    of_node = som.layers[CLUSTERS].values.reshape(-1)
    numbers, at, nodes = np.unique(of_node, return_inverse=True, return_counts=True)
    hits = som.layers[HITS].values.reshape(-1) if HITS in som.layers else None
    samples = None if hits is None else np.bincount(at, hits, len(numbers)).astype(np.int64)
    entries = []
    for place in sorted(np.argsort(-nodes, kind="stable")[:MOST_LISTED].tolist()):
        sizes = number_of("node", int(nodes[place]))
        sizes += "" if samples is None else ", " + number_of("sample", int(samples[place]))
        name, colour = str(numbers[place]), of_kinds(numbers[place : place + 1])[0]
        entries.append((f"{name if numbers[place] >= 0 else 'none'}: {sizes}", colour))
    if len(numbers) > MOST_LISTED:
        entries.append((f"… and {len(numbers) - MOST_LISTED:,} more", rgb(NOTHING)))
    return entries
