"""Texts in nodes, where there is room for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ksom.method.lattice import Lattice
from ksom.pictures.plots.colours import ink_on
from ksom.pictures.plots.figure import Bounds, root_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST, LARGEST = 5.0, 10.0
"""Points: a text that would have to be smaller is not written."""
MOST_TEXTS = 1_000
"""Nodes of a map that is written into, at most."""
CHARACTER = 0.64
"""About how wide a character is, of its height."""
FILLED = 0.84
"""How much of a node's width a text takes, at most."""


def room(ax: "Axes", lattice: Lattice) -> float:
    """Return how wide a node is drawn, about, points."""
    bounds, figure = Bounds.of(lattice), root_of(ax)
    box, (width, height) = ax.get_position(original=True), figure.get_size_inches()
    return float(72 * min(box.width * width / bounds.width, box.height * height / bounds.height))


def write_into(ax: "Axes", lattice: Lattice, texts: Sequence[str], longest: int | None = None) -> bool:
    """Write a text into each node, all of one size, in black or white; nothing if that were too small.

    Parameters
    ----------
    ax : Axes
        In which the nodes have been drawn by `draw_nodes`, last.
    lattice : Lattice
        Their arrangement.
    texts : sequence of str
        One for each node, as matplotlib takes it; "": none.
    longest : int, optional
        For how many characters there has to be room; default: of the longest text.

    Returns
    -------
    bool
        Whether they are written.
    """
    size = font_size(ax, lattice, longest or max(map(len, texts)))
    if size is None:
        return False
    colours = ax.collections[-1].get_facecolor()
    for (x, y), text, ink in zip(lattice.positions(), texts, ink_on(np.asarray(colours)), strict=True):
        if text:
            within = ax.text(x, y, text, color=str(ink), fontsize=size, ha="center", va="center")
            within.set_in_layout(False)  # takes no room of its own
    return True


def most_characters(ax: "Axes", lattice: Lattice) -> int:
    """Return how long a text may be to be written into each node; 0: there is no room."""
    return 0 if lattice.size > MOST_TEXTS else int(room(ax, lattice) * FILLED / (CHARACTER * SMALLEST))


def font_size(ax: "Axes", lattice: Lattice, characters: int) -> float | None:
    """Return how large so many characters can be written into a node, points; None: too small, or too many nodes."""
    if lattice.size > MOST_TEXTS:
        return None
    width = room(ax, lattice)
    size = min(LARGEST, width * FILLED / (CHARACTER * max(1, characters)), width * 0.5)
    return size if size >= SMALLEST else None
