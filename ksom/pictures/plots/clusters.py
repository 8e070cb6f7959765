"""The clusters of a map, drawn as regions with an outline."""

from typing import TYPE_CHECKING

import numpy as np

from ksom.answers import Answers
from ksom.layers import CLUSTERS, HITS
from ksom.pictures.plots.colours import NOTHING, of_kinds, rgb
from ksom.pictures.plots.known import layer_of
from ksom.pictures.plots.legend import Entry, draw_legend
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.outlines import draw_outlines
from ksom.pictures.plots.written import write_into

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LISTED = 24
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
        If it knows no clusters.
    NotInstalled
        If matplotlib is not there.
    """
    of_node = layer_of(som, CLUSTERS).values
    if only_outlines and ax is not None:
        draw_outlines(som.lattice, of_node, ax)
        return ax
    ax = draw_nodes(som.lattice, of_kinds(of_node).reshape(som.lattice.size, 3), ax=ax, title=title)
    draw_outlines(som.lattice, of_node, ax)
    write_into(ax, som.lattice, [str(cluster) if cluster >= 0 else "" for cluster in of_node.ravel().tolist()])
    draw_legend(ax, _entries(som), title="cluster")
    return ax


def _entries(som: Answers) -> list[Entry]:
    """Return each cluster's number, its nodes, and its samples if that is known."""
    of_node = som.layers[CLUSTERS].values.reshape(-1)
    numbers, at, nodes = np.unique(of_node, return_inverse=True, return_counts=True)
    hits = som.layers[HITS].values.reshape(-1) if HITS in som.layers else None
    samples = None if hits is None else np.bincount(at, hits, len(numbers)).astype(np.int64)
    entries = []
    for place in sorted(np.argsort(-nodes, kind="stable")[:MOST_LISTED].tolist()):
        sizes = f"{nodes[place]:,} nodes" + ("" if samples is None else f", {samples[place]:,} samples")
        name, colour = str(numbers[place]), of_kinds(numbers[place : place + 1])[0]
        entries.append((f"{name if numbers[place] >= 0 else 'none'}: {sizes}", colour))
    if len(numbers) > MOST_LISTED:
        entries.append((f"… and {len(numbers) - MOST_LISTED:,} more", rgb(NOTHING)))
    return entries
