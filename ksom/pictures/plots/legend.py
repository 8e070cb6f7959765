"""The legend of a map: which colour is which."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.plots.figure import root_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = tuple[str, NDArray[np.uint8]]
"""A name, as matplotlib takes it, and its colour, red, green and blue."""
NOTE_LINE = 10
"""Points that a remark under a map takes."""
ENTRY, CHARACTER, LINE, ABOVE = 0.5, 0.075, 0.175, 0.8
"""Inches that an entry takes, each of its characters, a line, and what is above the first one, about."""


def draw_legend(ax: "Axes", entries: Sequence[Entry], *, title: str | None = None) -> None:
    """Write beside a map what its colours are; below one that is more than twice as wide as it is high.

    Parameters
    ----------
    ax : Axes
        Of the map.
    entries : sequence of Entry
        In order.
    title : str, optional
        What they are.
    """
    from matplotlib.patches import Patch
    from matplotlib.transforms import ScaledTranslation

    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    is_below = right - left > 2 * (bottom - top)
    lines = sum(text.get_text().count("\n") + 1 for text in ax.texts if text.get_gid() == "notes")
    right_points, down_points = (0, 12 + NOTE_LINE * lines) if is_below else (10, 0)
    moved = ScaledTranslation(right_points / 72, -down_points / 72, root_of(ax).dpi_scale_trans)
    width, height = root_of(ax).get_size_inches()
    if is_below:
        longest = max([len(name) for name, _ in entries], default=0)
        columns = min(len(entries), int(width / (ENTRY + CHARACTER * longest)))
    else:
        columns = -(-len(entries) // max(1, int((height - ABOVE) / LINE)))
    ax.legend(
        handles=[Patch(facecolor=tuple(colour / 255), label=name) for name, colour in entries],
        title=title, frameon=False, fontsize="small", title_fontsize="small", alignment="left", loc="upper left",
        bbox_to_anchor=(0, 0) if is_below else (1, 1), bbox_transform=ax.transAxes + moved, borderaxespad=0,
        borderpad=0, ncols=max(1, columns), handlelength=1, handleheight=1, labelspacing=0.35, columnspacing=1.2,
    )  # fmt: skip
