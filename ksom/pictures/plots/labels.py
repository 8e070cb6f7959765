"""The map of labels, drawn: what most samples of each node are."""

from typing import TYPE_CHECKING

import numpy as np

from ksom.answers import Answers
from ksom.pictures.plots.colours import KINDS, NOTHING, PAPER, rgb
from ksom.pictures.plots.figure import BESIDE_LEGEND, axes_for
from ksom.pictures.plots.legend import draw_legend
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.ranked_labels import LONGEST, RankedLabels
from ksom.pictures.plots.texts import shown
from ksom.pictures.plots.written import most_characters, write_into

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_CHARACTERS = 3
"""Labels that have to be cut to less, or until two of them are the same, are not written into the nodes."""
PALE = 0.35
"""How much of its colour a node has that takes another's label."""
TAKEN = "pale: no sample, the nearest node's label"


def draw_labels(som: Answers, *, ax: "Axes | None" = None, title: str | None = "Labels") -> "Axes":
    """Draw the most frequent label of each node's samples as its colour, and as a text where there is room.

    The label of most samples has the first colour; of more than 20 labels, the rarest have one colour together. A node
    without samples has the colour of the nearest node's label, pale.

    Parameters
    ----------
    som : KohonenSOM
        A map with the layer `labels`.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title : str, optional
        Above the map.

    Raises
    ------
    ParameterError
        If it has not been labelled.
    NotInstalled
        If matplotlib is not there.
    """
    labels, lattice = RankedLabels.of(som), som.lattice
    won = labels.counts.sum(axis=1) > 0
    colours = np.vstack([labels.colours, rgb(NOTHING)])[labels.kinds]
    mixed = np.rint(PALE * colours + (1 - PALE) * rgb(PAPER)).astype(np.uint8)
    is_taken = ~won & (labels.kinds >= 0)
    colours = np.where(is_taken[:, np.newaxis], mixed, colours)
    notes = [*([TAKEN] if is_taken.any() else []), *(["grey: no sample"] if (labels.kinds < 0).any() else [])]
    ax = draw_nodes(lattice, colours, ax=axes_for(lattice, ax, BESIDE_LEGEND), title=title, remarks=notes)
    own = labels.names[: len(KINDS)]  # not that of the rest
    longest = max(map(len, own))
    fitting = min(longest, most_characters(ax, lattice))
    cut = [shown(name, fitting) for name in own]
    if fitting >= min(LEAST_CHARACTERS, longest) and len(set(cut)) == len(own):
        texts = [*cut, ""]
        written = zip(labels.kinds.tolist(), won.tolist(), strict=True)
        write_into(ax, lattice, [texts[kind] if of_it else "" for kind, of_it in written], fitting)
    draw_legend(ax, labels.entries(), title=labels.column and shown(labels.column, LONGEST))
    return ax
