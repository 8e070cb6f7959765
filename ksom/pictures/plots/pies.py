"""Class pies: what the samples of each node are, and how many."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.answers import Answers
from ksom.pictures.plots.colours import GROUND, PAPER, rgb
from ksom.pictures.plots.figure import BESIDE_LEGEND, axes_for
from ksom.pictures.plots.labels import draw_labels
from ksom.pictures.plots.legend import draw_legend
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.ranked_labels import LONGEST, RankedLabels
from ksom.pictures.plots.texts import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PIES = 2_500
"""Nodes of a map that is drawn in pies, at most: more of them could not be told apart."""
LARGEST, SMALLEST = 0.46, 0.12
"""Radii of the pies of most samples and of the fewest, lattice steps."""
AROUND = 64
"""Corners of a whole pie."""


def draw_pies(som: Answers, *, ax: "Axes | None" = None, title: str | None = "Labels of the samples") -> "Axes":
    """Draw a pie for each node: a slice for each label, its area by the number of labelled samples.

    The smallest pies are larger than their share, so that they can be seen. A map of more than 2,500 nodes is drawn by
    `draw_labels` instead.

    Parameters
    ----------
    som : KohonenSOM
        A map with the layer `labels`.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title : str, optional
        Above the map.

    Raises
    ------
    ParameterError
        If it has not been labelled.
    NotInstalled
        If matplotlib is not there.
    """
    labels, lattice = RankedLabels.of(som), som.lattice
    if lattice.size > MOST_PIES:
        return draw_labels(som, ax=ax, title=title)
    ground = np.tile(rgb(GROUND), (lattice.size, 1))
    most = int(labels.counts.sum(axis=1).max())
    ax = draw_nodes(
        lattice,
        ground,
        ax=axes_for(lattice, ax, BESIDE_LEGEND),
        title=title,
        remarks=["largest pie: " + number_of("sample", most)],
    )
    from matplotlib.collections import PolyCollection

    ax.collections[-1].set_edgecolor(PAPER)
    stretch = float(ax.get_aspect())  # a very long map is stretched, its pies are round
    slices, kinds = slices_of(labels.counts, lattice.positions(), (min(1, stretch), min(1, 1 / stretch)))
    pies = PolyCollection(slices, facecolors=labels.colours[kinds] / 255, linewidths=0)
    pies.set_clip_on(False)
    ax.add_collection(pies, autolim=False)
    draw_legend(ax, labels.entries(), title=labels.column and shown(labels.column, LONGEST))
    return ax


def slices_of(
    counts: NDArray[np.int64], places: NDArray[np.float64], radius: tuple[float, float] = (1.0, 1.0)
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Return the slices of all pies: the corners of each, lattice steps, and which kind it is.

    A pie begins on top and goes round as a clock does; its radius is √(n / most), of the largest.

    Parameters
    ----------
    counts : ndarray of shape (K, C)
        How many samples of which kind each node won.
    places : ndarray of shape (K, 2)
        The nodes' positions.
    radius : tuple of float
        How wide and how high a lattice step of a pie is.
    """
    of_node = counts.sum(axis=1)
    radii = np.maximum(SMALLEST, LARGEST * np.sqrt(of_node / max(1, of_node.max())))
    ends = np.cumsum(counts, axis=1) / np.maximum(1, of_node)[:, np.newaxis]
    nodes, kinds = np.nonzero(counts)
    slices = []
    for node, kind in zip(nodes.tolist(), kinds.tolist(), strict=True):
        end, share = ends[node, kind], counts[node, kind] / of_node[node]
        turns = 2 * np.pi * np.linspace(end - share, end, 2 + int(AROUND * share))
        rim = radii[node] * np.stack([np.sin(turns), -np.cos(turns)], axis=1)
        corners = rim if share == 1 else np.concatenate([[[0.0, 0.0]], rim])
        slices.append(places[node] + corners * radius)
    return slices, kinds
