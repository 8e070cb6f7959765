"""The prototypes of a map whose samples are stretches of time, as small curves: each at the place of its node."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.encoding import called
from ksom.errors import ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import HITS
from ksom.pictures.plots.colours import KINDS, NOTHING
from ksom.pictures.plots.features import number
from ksom.pictures.plots.figure import axes_of_size, draw_notes
from ksom.pictures.plots.nodes import JOINED
from ksom.pictures.plots.texts import shown
from ksom.pictures.plots.thinning import Thinned, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ACROSS = 30
"""Rows, or columns, of nodes in one picture, so that a curve has a quarter of an inch."""

MOST_POINTS = 200
"""Of one curve; of a longer one every so many are taken."""

WIDE, HIGH = 0.84, 0.8
"""How much of a node's room its curve takes."""

ORDER = (KINDS[4], KINDS[5], KINDS[2], KINDS[6], KINDS[0], KINDS[1])
"""The colours of channels: dark ones first, because the curves are thin."""


def draw_prototype_curves(som: KohonenSOM, channels: int = 1, *, ax: "Axes | None" = None) -> "Axes":
    """Draw each node's prototype as a curve over time, at its place on the lattice; all to the same scale.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights whose features are the values of one thing after another, or of several things: all of the
        first moment, then all of the next, as `Windows` has them.
    channels : int
        How many values belong to a moment, at most 6: a curve for each, all to the same scale in data units.
    ax : matplotlib Axes, optional
        Where; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        A collection of curves for each channel, which is pale where the node won no sample, if that is known. Their
        middles are at `lattice.positions()`, where no nodes are left out: of a map with more than 30 rows or columns,
        only every so many are drawn, and it is told.

    Raises
    ------
    ParameterError
        If the features are no multiple of `channels`.
    NotTrained
        If the map has no weights yet.
    NotInstalled
        If matplotlib is not installed.
    """
    require_integer("channels", channels, minimum=1, maximum=len(ORDER))
    if som.features % channels:
        raise ParameterError("channels", f"be a divisor of {som.features}, the number of the map's features", channels)
    some = thinned(som.lattice, MOST_ACROSS)
    longer = max(len(some.rows), len(some.columns))
    width, height = (max(2.5, 7 * len(side) / longer) for side in (some.columns, some.rows))
    ax = axes_of_size(ax, width + 0.3, height + 0.9)
    _draw(ax, som, some, channels)
    names = _names(som, channels)
    ax.set_title(f"Prototypes as curves{f': {some.note}' if some.note else ''}", fontsize="medium", pad=9)
    if channels > 1:
        for colour, name in zip(ORDER, names, strict=False):
            ax.plot([], [], color=colour, label=shown(name, 24))
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")
    return ax


def _draw(ax: "Axes", som: KohonenSOM, some: Thinned, channels: int) -> None:
    from matplotlib.collections import LineCollection

    grid = some.rows[:, np.newaxis], some.columns
    values = som.intake.undone(som.weights[grid]).reshape(len(some.rows) * len(some.columns), -1, channels)
    between = float(np.sqrt(som.lattice.row_square))
    middles = _middles(some, between)
    there = values[np.isfinite(values)]
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 1.0)
    has_won = som.layers[HITS].values[grid].reshape(-1) > 0 if HITS in som.layers else np.ones(len(values), np.bool_)
    left, top, bottom = middles[:, 0] - WIDE / 2, middles[:, 1] - HIGH * between / 2, middles[:, 1] + HIGH * between / 2
    ax.vlines(left, top, bottom, color=NOTHING, linewidth=0.8)  # where time begins, and all values
    for channel, colour in zip(range(channels), ORDER, strict=False):
        paths = list(_paths(values[:, :, channel], middles, low, high, between))
        lines = LineCollection(paths, colors=np.where(has_won, colour, _paler(colour)).tolist(), linewidths=1.2)
        lines.set_capstyle("round")
        ax.add_collection(lines)
    right = len(some.columns) - 0.5 + some.shifts.max(initial=0.0)
    ax.set(xlim=(-0.5, right), ylim=((len(some.rows) - 0.5) * between, -0.5 * between), aspect="equal")
    ax.set_axis_off()
    draw_notes(ax, _notes(som, values.shape[1], low, high, all_won=bool(has_won.all())))


def _middles(some: Thinned, between: float) -> NDArray[np.float64]:
    x = some.columns[np.newaxis] / some.step + some.shifts[:, np.newaxis]
    y = np.broadcast_to((some.rows / some.step * between)[:, np.newaxis], x.shape)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _paths(
    values: NDArray[np.float64], middles: NDArray[np.float64], low: float, high: float, between: float
) -> Iterator[NDArray[np.float64]]:
    """Yield the points of each curve, shape (t, 2); a single value is a line as wide as a curve would be."""
    coarser = -(-values.shape[1] // MOST_POINTS)
    some = values[:, ::coarser] if values.shape[1] > 1 else np.repeat(values, 2, axis=1)
    time = np.linspace(-WIDE / 2, WIDE / 2, some.shape[1])
    heights = (0.5 - (some - low) / (high - low)) if high > low else np.where(np.isnan(some), np.nan, 0)
    for middle, height in zip(middles, HIGH * between * heights, strict=True):
        yield np.stack([middle[0] + time, middle[1] + height], axis=1)


def _paler(colour: str) -> str:
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (0.35 * part + 0.65 for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _notes(som: KohonenSOM, moments: int, low: float, high: float, *, all_won: bool) -> list[str]:
    units = set(som.units or [None])
    unit = f" {shown(units.pop() or '', 16)}".rstrip() if len(units) == 1 else ""
    notes = [f"each curve: {moments:,} values over time, from {number(low)} to {number(high)}{unit}"]
    if not all_won:
        notes.append("pale: won no sample")
    return [*notes, *([JOINED[som.lattice.wrap]] if som.lattice.wrap in JOINED else [])]


def _names(som: KohonenSOM, channels: int) -> list[str]:
    """Return what channels are called: as the features of the last moment, which Windows calls "name t"."""
    names = called(som.features, som.feature_names, som.encoding)[-channels:]
    if som.feature_names is None:
        return [f"channel {number_}" for number_ in range(channels)]
    return [name.removesuffix(" t") for name in names]
