"""The pages of each kind of pictures: figures of the right size, with what is drawn in them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ksom.errors import ParameterError
from ksom.layers import CLUSTERS, DISTANCES, HITS, LABELS
from ksom.pictures.picture import Colours, colours_of_nodes
from ksom.pictures.plots.clusters import draw_clusters
from ksom.pictures.plots.curves import MOST, draw_curves
from ksom.pictures.plots.distances import draw_distances
from ksom.pictures.plots.features import MOST_BARS, draw_features
from ksom.pictures.plots.figure import BESIDE, BESIDE_LEGEND, new_figure, size_for
from ksom.pictures.plots.hits import draw_hits
from ksom.pictures.plots.kind import Pages, Undrawable
from ksom.pictures.plots.labels import draw_labels
from ksom.pictures.plots.needs import channels_of
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.picture_shape import picture_shape
from ksom.pictures.plots.pies import draw_pies
from ksom.pictures.plots.planes import PLANES_ON_A_PAGE, pages_of_planes
from ksom.pictures.plots.prototype_curves import draw_prototype_curves
from ksom.pictures.plots.prototypes import draw_prototypes
from ksom.pictures.plots.radar import draw_radar
from ksom.pictures.plots.shown import Shown
from ksom.pictures.plots.trajectory import draw_trajectory
from ksom.pictures.plots.umatrix import draw_umatrix
from ksom.pictures.plots.unfolding import draw_unfolding
from ksom.pictures.plots.ways import series_of
from ksom.runs.history import OF_THE_CLOCK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_GROUPS = 24
"""Pages of groups of nodes, if nobody chooses one."""


def colours(shown: Shown) -> Pages:
    """Draw each node in a colour that stands for its weights."""
    figure, ax = _of_map(shown)
    weights = shown.som.weights
    chosen = colours_of_nodes(weights)
    draw_nodes(shown.som.lattice, chosen.of(weights), ax=ax, title=_meaning(chosen))
    yield "colours", figure


def umatrix(shown: Shown) -> Pages:
    """Draw the U-matrix."""
    figure, ax = _of_map(shown)
    draw_umatrix(shown.som, ax=ax)
    yield "umatrix", figure


def planes(shown: Shown) -> Pages:
    """Draw component planes, so many on a page; the pages have numbers if there is more than one."""
    features = shown.features or tuple(range(shown.som.features))
    number = -(-len(features) // PLANES_ON_A_PAGE)
    for page, figure in enumerate(pages_of_planes(shown.som, features), 1):
        yield "planes" if number == 1 else f"planes-{page:0{len(str(number))}}", figure


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
    figure, ax = _of_map(shown, BESIDE_LEGEND)
    draw_labels(shown.som, ax=ax)
    yield "labels", figure


def pies(shown: Shown) -> Pages:
    """Draw the shares of labels in each node."""
    shown.learn_labels()
    figure, ax = _of_map(shown, BESIDE_LEGEND)
    draw_pies(shown.som, ax=ax)
    yield "pies", figure


def clusters(shown: Shown) -> Pages:
    """Draw the clusters."""
    figure, ax = _of_map(shown, BESIDE_LEGEND)
    draw_clusters(shown.som, ax=ax)
    yield "clusters", figure


def features(shown: Shown) -> Pages:
    """Draw what the chosen node or cluster is like, or else each cluster, or each label, as bars."""
    for stem, group in _groups(shown):
        figure = new_figure(7.2, 1.1 + 0.32 * min(MOST_BARS, shown.som.features))
        draw_features(shown.som, shown.samples if shown.is_of_samples else None, **group, ax=figure.subplots())
        yield f"features{stem}", figure


def radar(shown: Shown) -> Pages:
    """Draw the same over spokes."""
    for stem, group in _groups(shown):
        figure = new_figure(6.4, 5.6)
        draw_radar(shown.som, shown.samples if shown.is_of_samples else None, **group, ax=figure.subplots())
        yield f"radar{stem}", figure


def prototypes(shown: Shown) -> Pages:
    """Draw prototypes that are pictures."""
    shape, lattice = picture_shape(shown.som, shown.samples), shown.som.lattice
    if shape is not None:
        sides = np.array([lattice.width * shape.width, lattice.height * shape.height])
        width, height = 6 * sides / sides.max()
        figure = new_figure(max(3.0, width) + 0.3, max(1.0, height) + 0.8)
        draw_prototypes(shown.som, shape, ax=figure.subplots())
        yield "prototypes", figure


def prototype_curves(shown: Shown) -> Pages:
    """Draw prototypes as curves over time; of a map that knows nothing of time, its features one after another."""
    lattice = shown.som.lattice
    longer = max(lattice.width, lattice.height)
    width, height = (max(2.5, 7 * side / longer) for side in (lattice.width, lattice.height))
    figure = new_figure(width + 0.3, height + 0.9)
    draw_prototype_curves(shown.som, channels_of(shown.som) or 1, ax=figure.subplots())
    yield "prototype_curves", figure


def trajectory(shown: Shown) -> Pages:
    """Draw the way of the samples, in their order, over the map."""
    figure, ax = _of_map(shown, BESIDE if series_of(shown.samples) is None else BESIDE_LEGEND)
    try:
        draw_trajectory(shown.som, shown.samples, only=shown.series or None, ax=ax)
    except ParameterError as error:
        raise Undrawable(f"series {error.reason}") from error
    yield "trajectory", figure


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


def _groups(shown: Shown) -> list[tuple[str, dict[str, Any]]]:
    """Return which groups of nodes are looked at, each as `draw_features` takes it, with a name for its file."""
    layers = shown.som.layers
    if shown.node is not None:
        row, column = divmod(shown.node, shown.som.lattice.width)
        return [(f"-node-{row}-{column}", {"node": shown.node})]
    if shown.cluster is not None:
        return [(f"-cluster-{shown.cluster}", {"cluster": shown.cluster})]
    if CLUSTERS in layers:
        found = [("cluster", number, number) for number in range(int(layers[CLUSTERS].about["clusters"]))]
    else:
        shown.learn_labels()
        found = [("label", number, name) for number, name in enumerate(layers[LABELS].about["names"])]
    if not 0 < len(found) <= MOST_GROUPS:
        told = f"there are {len(found):,} clusters or labels, and a page for each is drawn of {MOST_GROUPS} at most"
        raise Undrawable(f"{told}; choose one: --cluster N, or a node: --node ROW,COLUMN")
    digits = len(str(len(found) - 1))
    return [(f"-{what}-{number:0{digits}}", {what: which}) for what, number, which in found]


def _meaning(chosen: Colours) -> str:
    """Return what colours stand for."""
    if chosen.axes.shape[1] == 1:
        return "The nodes in grey: black is the lowest weight, white the highest"
    if chosen.shows_features:
        return "The nodes in their colours"
    return "The nodes' principal components\nas red, green and blue"


def _of_map(shown: Shown, beside: float = BESIDE) -> "tuple[Figure, Axes]":
    """Return a figure for one map, with so many inches beside it, and the axes in it."""
    figure = new_figure(*size_for(shown.som.lattice, beside))
    return figure, figure.subplots()
