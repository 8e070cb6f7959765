"""Pictures of small maps, and what can be read in them."""

import numpy as np

from ksom import KohonenSOM
from ksom.pictures.plots.clusters import draw_clusters
from ksom.pictures.plots.distances import draw_distances
from ksom.pictures.plots.figure import BESIDE_LEGEND, new_figure, size_for
from ksom.pictures.plots.hits import draw_hits
from ksom.pictures.plots.labels import draw_labels
from ksom.pictures.plots.pies import draw_pies
from ksom.pictures.plots.planes import draw_plane
from ksom.pictures.plots.umatrix import draw_umatrix
from tests.known_map import waves

KIND = {
    "umatrix": draw_umatrix, "plane": lambda som, ax: draw_plane(som, 0, ax=ax), "hits": draw_hits,
    "distances": draw_distances, "labels": draw_labels, "pies": draw_pies, "clusters": draw_clusters,
}  # fmt: skip


def drawn(kind, som, **how):
    figure = new_figure(*size_for(som.lattice, BESIDE_LEGEND))
    return figure, KIND[kind](som, ax=figure.subplots(), **how)


def of_nodes(ax):
    """Return the colours of the shapes that are drawn first, shape (n, 3)."""
    return np.rint(255 * np.asarray(ax.collections[0].get_facecolor())[:, :3]).astype(int)


def texts_in(ax):
    return [text.get_text() for text in ax.texts if text.get_gid() != "notes"]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def fresh(lattice, features=3):
    return KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=waves(lattice, features), dtype="float64")
