"""The pages of each kind of pictures: figures of the right size, with what is drawn in them."""

from typing import TYPE_CHECKING

from ksom.layers import CLUSTERS, DISTANCES, HITS, LABELS
from ksom.pictures.picture import colours_for
from ksom.pictures.plots.clusters import draw_clusters
from ksom.pictures.plots.curves import MOST, OF_THE_CLOCK, draw_curves
from ksom.pictures.plots.distances import draw_distances
from ksom.pictures.plots.features import draw_features
from ksom.pictures.plots.figure import new_figure, size_for
from ksom.pictures.plots.hits import draw_hits
from ksom.pictures.plots.kind import Pages, Undrawable
from ksom.pictures.plots.labels import draw_labels
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.pies import draw_pies
from ksom.pictures.plots.planes import draw_planes
from ksom.pictures.plots.radar import draw_radar
from ksom.pictures.plots.shown import Shown
from ksom.pictures.plots.umatrix import draw_umatrix
from ksom.pictures.plots.unfolding import draw_unfolding

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_GROUPS = 24
"""Pages of groups of nodes, if nobody chooses one."""


def colours(shown: Shown) -> Pages:
    """Draw each node in a colour that stands for its weights."""
    figure, ax = _of_map(shown)
    weights = shown.som.weights
    chosen = colours_for(weights.reshape(-1, weights.shape[2]))
    draw_nodes(shown.som.lattice, chosen.of(weights), ax=ax, title=_legend(chosen.axes.shape[1], ...))
    yield "colours", figure


def umatrix(shown: Shown) -> Pages:
    """Draw the U-matrix."""
    figure, ax = _of_map(shown)
    draw_umatrix(shown.som, ax=ax)
    yield "umatrix", figure


def hits(shown: Shown) -> Pages:
    """Draw the hits: those of the samples that were named, or those that the map knows."""
    figure, ax = _of_map(shown)
    draw_hits(shown.som, shown.samples_for(HITS), ax=ax)
    yield "hits", figure


def distances(shown: Shown) -> Pages:
    """Draw the distances of samples: of those that were named, or those that the map knows."""
    figure, ax = _of_map(shown)
    draw_distances(shown.som, shown.samples_for(DISTANCES), ax=ax)
    yield "distances", figure


def labels(shown: Shown) -> Pages:
    """Draw the label of each node."""
    shown.learn_labels()
    figure, ax = _of_map(shown)
    draw_labels(shown.som, ax=ax)
    yield "labels", figure


def pies(shown: Shown) -> Pages:
    """Draw the shares of labels in each node."""
    shown.learn_labels()
    figure, ax = _of_map(shown)
    draw_pies(shown.som, ax=ax)
    yield "pies", figure


def clusters(shown: Shown) -> Pages:
    """Draw the clusters."""
    figure, ax = _of_map(shown)
    draw_clusters(shown.som, ax=ax)
    yield "clusters", figure


def unfolding(shown: Shown) -> Pages:
    """Draw the net of the nodes over the samples, if there are any."""
    figure = new_figure(6.4, 5.6)
    draw_unfolding(shown.som, shown.samples, ax=figure.subplots())
    yield "unfolding", figure


def curves(shown: Shown) -> Pages:
    """Draw the numbers of the training."""
    history = shown.history
    if history is not None:
        number = min(MOST, sum(name not in OF_THE_CLOCK for name in history.curves))
        figure = new_figure(6.4, max(2.4, 0.6 + 1.35 * number))
        draw_curves(history, ax=figure.subplots())
        yield "curves", figure


def _of_map(shown: Shown) -> "tuple[Figure, Axes]":
    """Return a figure for one map, and the axes in it."""
    figure = new_figure(*size_for(shown.som.lattice))
    return figure, figure.subplots()
