"""The features of a node or a group of nodes as a radar: one spoke for each of a few features."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.plots.colours import INK, NOTHING
from ksom.pictures.plots.features import HIGHER, LONGEST, title_of, told
from ksom.pictures.plots.figure import axes_of_size
from ksom.pictures.plots.group import group_of
from ksom.pictures.plots.texts import shown, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST, MOST = 3, 12
"""Spokes: fewer make no polygon, more cannot be told apart."""

RINGS = (0.25, 0.5, 0.75, 1.0)


def draw_radar(
    som: KohonenSOM,
    samples: Any = None,
    *,
    node: int | None = None,
    cluster: int | None = None,
    label: str | None = None,
    features: Sequence[int] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw what a node, a cluster or a label is like as a polygon over spokes, one for each feature.

    The middle is the lowest value that any node has, the outermost ring the highest; the dashed polygon is the median
    of all nodes. Bars (`draw_features`) are read more exactly, and there may be more of them.

    Parameters
    ----------
    som, samples, node, cluster, label
        Which one; see `ksom.pictures.plots.group.group_of`.
    features : sequence of int, optional
        The numbers of the features to draw, clockwise. Default: all. Of more than 12, those are drawn that differ most
        from the rest of the map.
    ax : matplotlib Axes, optional
        Where, on plain axes; default: those of a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If the map has fewer than three features; or as `group_of`.
    DataError, NotTrained
        As `group_of`.
    NotInstalled
        If matplotlib is not installed.
    """
    group = group_of(som, samples, node=node, cluster=cluster, label=label)
    chosen = group.most_unusual(MOST, features)
    if len(chosen) < FEWEST:
        must = "be three at least for a radar; bars (draw_features) take fewer"
        raise ParameterError("features", must, [group.names[feature] for feature in chosen])
    ax = axes_of_size(ax, 6.4, 5.6)
    spokes = _spokes(len(chosen))
    for ring in RINGS:
        ax.plot(*_polygon(spokes, np.full(len(spokes), ring)).T, color=NOTHING, linewidth=0.8)
    for x, y in spokes:
        ax.plot([0, x], [0, y], color=NOTHING, linewidth=0.8)
    middle, own = (_polygon(spokes, of[chosen]) for of in (group.middles, group.places))
    ax.plot(*middle.T, color=INK, linewidth=1.2, linestyle="--", label="median of all nodes")
    ax.fill(*own[np.isfinite(own[:, 0])].T, color=HIGHER, alpha=0.25, linewidth=0)
    ax.plot(*own.T, color=HIGHER, linewidth=2, marker="o", label=shown(group.title.rpartition(":")[0]))
    for feature, spoke in zip(chosen, spokes, strict=True):
        _name(
            ax,
            f"{with_unit(group.names[feature], group.units[feature], LONGEST)}\n{told(group, feature)}",
            *(1.08 * spoke),
        )
    ax.set(aspect="equal", xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    ax.set_axis_off()
    ax.set_title(title_of(group, chosen), fontsize="medium", pad=32)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False, fontsize="small")
    return ax


def _spokes(number: int) -> NDArray[np.float64]:
    """Return directions, clockwise from above, shape (number, 2)."""
    turns = 2 * np.pi * np.arange(number) / number
    return np.stack([np.sin(turns), np.cos(turns)], axis=1)


def _polygon(spokes: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners of a polygon, the first of them again at the end."""
    corners = spokes * lengths[:, np.newaxis]
    return np.concatenate([corners, corners[:1]])


def _name(ax: "Axes", text: str, x: float, y: float) -> None:
    side = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
    height = "bottom" if y > 0.9 else "top" if y < -0.9 else "center"
    ax.text(x, y, text, ha=side, va=height, fontsize="small")
