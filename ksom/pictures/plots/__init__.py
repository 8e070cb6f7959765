"""Pictures of maps, drawn by matplotlib: each a function of a map, axes in and out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ksom.pictures.plots.clusters import draw_clusters
    from ksom.pictures.plots.curves import draw_curves
    from ksom.pictures.plots.distances import draw_distances
    from ksom.pictures.plots.features import draw_features
    from ksom.pictures.plots.hits import draw_hits
    from ksom.pictures.plots.labels import draw_labels
    from ksom.pictures.plots.nodes import draw_nodes
    from ksom.pictures.plots.pies import draw_pies
    from ksom.pictures.plots.planes import draw_plane, pages_of_planes
    from ksom.pictures.plots.prototype_curves import draw_prototype_curves
    from ksom.pictures.plots.prototypes import draw_prototypes
    from ksom.pictures.plots.radar import draw_radar
    from ksom.pictures.plots.trajectory import draw_trajectory
    from ksom.pictures.plots.umatrix import draw_umatrix
    from ksom.pictures.plots.unfolding import draw_unfolding

__all__ = [
    "draw_clusters",
    "draw_curves",
    "draw_distances",
    "draw_features",
    "draw_hits",
    "draw_labels",
    "draw_nodes",
    "draw_pies",
    "draw_plane",
    "draw_prototype_curves",
    "draw_prototypes",
    "draw_radar",
    "draw_trajectory",
    "draw_umatrix",
    "draw_unfolding",
    "pages_of_planes",
]

_IN_PLANES = ("draw_plane", "pages_of_planes")


def __getattr__(name: str) -> Any:
    """Load a picture when it is asked for: a training that draws none has nothing to load."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    file = "planes" if name in _IN_PLANES else name.removeprefix("draw_")
    return getattr(import_module(f"{__name__}.{file}"), name)
