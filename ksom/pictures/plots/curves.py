"""The numbers of a training as curves over its iterations: quality, and the schedules that it went by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ksom.errors import ParameterError, shown_key
from ksom.pictures.plots.colours import KINDS
from ksom.pictures.plots.figure import axes_of_size
from ksom.pictures.plots.texts import with_unit
from ksom.runs.history import OF_THE_CLOCK, Curve, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEDULES = ("sigma", "learning_rate")
"""What a training goes by; all else is what it reaches."""

UNITS = {
    "sigma": "lattice steps",
    "quantization_error": "map units",
    "topographic_error": "share of samples",
    "seconds_per_iteration": "s",
    "eta_seconds": "s",
}

MOST = 12
"""Curves in one picture, so that each can be read."""

DECADES = 1.3
"""A number that is always positive and spans so many powers of ten is drawn on a logarithmic scale."""

MOST_DECADES = 300
"""As many as matplotlib's logarithmic scale can span, with its margins."""

LARGEST = 1e300
"""Numbers beyond it are gaps: the length of their scale would be none."""

FEW = 40
"""Points up to which each of them is marked."""

GAP = 0.42
"""What is left free between two small axes, of the height of one."""


def draw_curves(history: History, names: Sequence[str] | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw a run's numbers, each on small axes of its own, one below the other over the same iterations.

    Where a number spans more than a factor of 20 and is positive throughout, its scale is logarithmic. A curve has a
    gap where its number was none (NaN).

    Parameters
    ----------
    history : History
        `History.of(folder)`.
    names : sequence of str, optional
        Which numbers, from above; at most 12. Default: all but those of the clock, the schedules last.
    ax : matplotlib Axes, optional
        Where; the small axes are its `child_axes`. Default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        A frame of nothing, which holds the small axes.

    Raises
    ------
    ParameterError
        If there is no such number, or too many are asked for.
    NotInstalled
        If matplotlib is not installed.
    """
    chosen, left_out = _chosen(history, names)
    frame = axes_of_size(ax, 6.4, max(2.4, 0.6 + 1.35 * len(chosen)))
    from matplotlib.ticker import MaxNLocator

    frame.set_axis_off()
    if not chosen:
        frame.text(0.5, 0.5, "the run has written no numbers yet", ha="center", va="center", transform=frame.transAxes)
        return frame
    height = 1 / (len(chosen) + GAP * (len(chosen) - 1))
    lowest = None
    for number, name in enumerate(reversed(chosen)):
        small = frame.inset_axes((0, number * height * (1 + GAP), 1, height), sharex=lowest)
        _draw(small, name, history.curves[name])
        small.tick_params(labelbottom=lowest is None)
        lowest = lowest or small
    if lowest is not None:
        lowest.set_xlabel(f"iterations{f'; not shown: {left_out} more numbers' if left_out else ''}")
        lowest.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    return frame


def _chosen(history: History, names: Sequence[str] | None) -> tuple[list[str], int]:
    """Return which numbers are drawn, from above, and how many are left out for want of room."""
    if names is None:
        known = [name for name in history.curves if name not in OF_THE_CLOCK]
        ordered = sorted(known, key=lambda name: name in SCHEDULES)
        too_many = max(0, len(ordered) - MOST)
        rest, schedules = (
            [name for name in ordered if (name in SCHEDULES) == are_schedules] for are_schedules in (False, True)
        )
        return rest[: len(rest) - too_many] + schedules, too_many
    for name in names:
        if name not in history.curves:
            known_names = ", ".join(map(shown_key, history.curves)) or "it has none yet"
            raise ParameterError("names", f"be numbers of the run ({known_names})", name)
    if not 0 < len(names) <= MOST:
        raise ParameterError("names", f"be 1 to {MOST} numbers of the run", list(names))
    return list(names), 0


def _draw(small: "Axes", name: str, curve: Curve) -> None:
    values = np.where(np.abs(curve.values) <= LARGEST, curve.values, np.nan)
    is_schedule = name in SCHEDULES
    small.plot(curve.iterations, values, color=KINDS[5] if is_schedule else KINDS[4], linewidth=1.6)
    alone = np.isfinite(values) if len(values) <= FEW else _without_neighbours(values)
    small.plot(curve.iterations[alone], values[alone], ".", color=small.lines[0].get_color(), markersize=5)
    known = values[np.isfinite(values)]
    if is_wide(known):
        small.set_yscale("log")
    last = f"{known[-1]:.4g} " if known.size else "never known "
    small.set_title(with_unit(name.replace("_", " "), UNITS.get(name)), loc="left", fontsize="medium")
    small.set_title(last, loc="right", fontsize="medium", color=small.lines[0].get_color())
    small.grid(visible=True, alpha=0.25)
    small.spines[["top", "right"]].set_visible(False)


def is_wide(known: NDArray[np.float64]) -> bool:
    """Whether numbers are positive and span so much that a linear scale would show only the largest."""
    if not known.size or known.min() <= 0:
        return False
    decades = np.log10(known.max()) - np.log10(known.min())
    return bool(DECADES < decades < MOST_DECADES)


def _without_neighbours(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values no line leads to, because both those beside them are missing."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone: NDArray[np.bool_] = there[1:-1] & ~there[:-2] & ~there[2:]
    return alone
