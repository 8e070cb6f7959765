"""The features of a node or a group of nodes as bars, each within the range that it has over the whole map."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.plots.colours import FAINT, INK, KINDS, NOTHING
from ksom.pictures.plots.figure import axes_of_size
from ksom.pictures.plots.group import Group, group_of
from ksom.pictures.plots.texts import shown, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 30
"""Features in one picture, so that each can be read."""

LONGEST = 26
"""Characters of a name: there are numbers beside the bars as well."""

ROUNDING = 1e-5
"""Of a feature's range: smaller values are told as 0."""

HIGHER, LOWER = KINDS[5], KINDS[4]
"""Colours of what is more, and less, than in the middle of the map: warm and cold."""


def draw_features(
    som: KohonenSOM,
    samples: Any = None,
    *,
    node: int | None = None,
    cluster: int | None = None,
    label: str | None = None,
    features: Sequence[int] | None = None,
    most: int = MOST_BARS,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw what a node, a cluster or a label is like, feature by feature.

    A grey track is the range of the feature over all nodes, in map units; the bar goes from their median to the node's
    value, or the group's mean, which stands to the right with the range, in data units.

    Parameters
    ----------
    som, samples, node, cluster, label
        Which one; see `ksom.pictures.plots.group.group_of`.
    features : sequence of int, optional
        The numbers of the features to draw, from above. Default: all.
    most : int
        If there are more features, those are drawn that differ most from the rest of the map.
    ax : matplotlib Axes, optional
        Where; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        Features from above at y = 0, 1, …; x from 0 to 1, the range of each.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `group_of`.
    NotInstalled
        If matplotlib is not installed.
    """
    group = group_of(som, samples, node=node, cluster=cluster, label=label)
    chosen = group.most_unusual(most, features)
    ax = axes_of_size(ax, 7.2, 1.1 + 0.32 * len(chosen))
    y = np.arange(len(chosen))
    places, middles = group.places[chosen], group.middles[chosen]
    known = np.isfinite(places)
    ax.barh(y, known.astype(float), height=0.62, color=NOTHING)
    colours = np.where(places >= middles, HIGHER, LOWER)
    ax.barh(y[known], (places - middles)[known], left=middles[known], height=0.62, color=colours[known])
    ax.vlines(middles, y - 0.31, y + 0.31, color=INK, linewidth=1.2)
    ax.vlines(places, y - 0.42, y + 0.42, color=colours, linewidth=3)
    for at, feature in enumerate(chosen):
        _tell(ax, at, told(group, feature), _range(group, feature))
    ax.set(yticks=y, xticks=[0, 1], ylim=(len(chosen) - 0.4, -0.6), xlim=(-0.02, 1.02))
    names = [with_unit(group.names[feature], group.units[feature], LONGEST) for feature in chosen]
    ax.set_yticklabels(names, fontsize="small" if max(map(len, names)) > LONGEST else "medium")
    ax.set_xticklabels(["lowest", "highest node"], fontsize="small", color=FAINT)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(title_of(group, chosen), loc="left", fontsize="medium", pad=9)
    return ax


def _tell(ax: "Axes", y: float, value: str, within: str) -> None:
    """Write a value and its range to the right of a bar, in columns."""
    across = ax.get_yaxis_transform()
    for text, points, side, size, colour in ((value, 60, "right", "medium", INK), (within, 68, "left", "small", FAINT)):
        ax.annotate(
            text, (1, y), (points, 0), xycoords=across, textcoords="offset points", ha=side, va="center",
            annotation_clip=False, fontsize=size, color=colour,
        )  # fmt: skip


def told(group: Group, feature: int) -> str:
    """Return a feature's value in words."""
    return "not known" if np.isnan(group.values[feature]) else _number(group, feature, group.values[feature])


def _range(group: Group, feature: int) -> str:
    low, high = group.low[feature], group.high[feature]
    if np.isnan(low):
        return ""
    return f"{_number(group, feature, low)} … {_number(group, feature, high)}" if low < high else "everywhere"


def _number(group: Group, feature: int, value: float) -> str:
    """Return a value as short as it can be read: what is nothing beside the feature's range is 0."""
    if group.are_shares[feature]:
        return f"{value:.0%}"
    extent = group.high[feature] - group.low[feature]
    return number(0.0 if abs(value) < ROUNDING * extent else value)


def number(value: float) -> str:
    """Return a number with four digits that count.

    Examples
    --------
    >>> number(0.123456), number(7208202.3), number(-2.0), number(3.2e12)
    ('0.1235', '7,208,000', '-2', '3.2e+12')
    """
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if 1e4 <= abs(rounded) < 1e9 else f"{rounded:.4g}"


def title_of(group: Group, chosen: Sequence[int] | NDArray[np.int64]) -> str:
    """Return what is drawn, and of how many features."""
    all_of_them = len(group.names)
    left_out = f"\nthe {len(chosen)} of {all_of_them:,} features that differ most" if len(chosen) < all_of_them else ""
    return f"{shown(group.title, 60)}{left_out}"
