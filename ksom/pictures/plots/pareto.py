"""A sweep as a picture: quantization against topographic error, with what nothing else is better than."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ksom.method.pareto import pareto_front
from ksom.pictures.plots.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RUN, MEAN, FRONT = "#8fa3b5", "#0072b2", "#d55e00"
"""Grey-blue, blue and vermilion: Okabe and Ito's, which the colour-blind tell apart."""
MOST_NAMES = 20
"""Combinations that are named in the picture."""


def draw_pareto(
    runs: ArrayLike, means: ArrayLike, names: Sequence[str], deviations: ArrayLike | None = None, ax: Any = None
) -> "Axes":
    """Draw runs as small points, the means of combinations as large ones, and the means' Pareto front as a line.

    Parameters
    ----------
    runs : array_like of shape (n, 2)
        Quantization error (map units) and topographic error (a share) of each run.
    means : array_like of shape (m, 2)
        Those of each combination, means over its seeds.
    names : sequence of str
        What each combination is called.
    deviations : array_like of shape (m, 2), optional
        Over the seeds; drawn as bars. NaN: none.
    ax : matplotlib.axes.Axes, optional
        Where to; by default a figure of its own.

    Raises
    ------
    NotInstalled
        If matplotlib is not there.
    """
    axes: Axes = new_figure(7.5, 5).add_subplot() if ax is None else ax
    points, each = np.asarray(means, float).reshape(-1, 2), np.asarray(runs, float).reshape(-1, 2)
    axes.plot(*each.T, "o", markersize=3.5, color=RUN, alpha=0.7, label="a run", zorder=1)
    if deviations is not None:
        bars = np.nan_to_num(np.asarray(deviations, float).reshape(-1, 2))
        right, up = bars.T
        axes.errorbar(points[:, 0], points[:, 1], up, right, fmt="none", ecolor=MEAN, alpha=0.45, zorder=2)
    axes.plot(*points.T, "o", markersize=8, color=MEAN, label="mean over the seeds", zorder=3)
    is_on = pareto_front(points)
    front = points[is_on][np.lexsort((points[is_on, 1], points[is_on, 0]))]
    axes.plot(*front.T, "o-", markersize=8, color=FRONT, label="Pareto front: none is better in both", zorder=4)
    named = np.flatnonzero(is_on) if len(points) > MOST_NAMES else np.arange(len(points))
    for place in named[:MOST_NAMES]:
        _name(axes, points[place], names[place])
    axes.margins(x=0.14, y=0.1)
    axes.set_xlabel("quantization error (map units)")
    axes.set_ylabel("topographic error (share of samples)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
    return axes


def _name(axes: "Axes", at: Any, name: str) -> None:
    """Write a name beside a point, as it is: no $ begins a formula."""
    told = name if len(name) <= 40 else f"{name[:39]}…"
    axes.annotate(told, at, xytext=(6, 6), textcoords="offset points", fontsize="small", parse_math=False, zorder=5)
