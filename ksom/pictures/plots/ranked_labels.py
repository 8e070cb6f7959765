"""The labels of a map as they are drawn: those of most samples first, each in a colour, the rarest together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.answers import Answers
from ksom.layers import LABELS, NEAREST_LABELLED
from ksom.pictures.plots.colours import KINDS, OTHERS, of_kinds, rgb
from ksom.pictures.plots.known import layer_of
from ksom.pictures.plots.legend import Entry
from ksom.pictures.plots.texts import shown

LONGEST = 24
"""Characters of a label in a legend."""


class RankedLabels(NamedTuple):
    """What is drawn of a map's labels: C kinds, at most as many as there are colours, and one more of all others."""

    names: list[str]
    """Of the kinds, as they are, shape (C,)."""
    counts: NDArray[np.int64]
    """How many samples of which kind each node won, shape (K, C), those of most samples first."""
    colours: NDArray[np.uint8]
    """Of the kinds, shape (C, 3)."""
    kinds: NDArray[np.int64]
    """The most frequent kind of each node, shape (K,); of a node without samples, that of the nearest node that has
    some, or −1 where that is not known."""
    column: str | None
    """What the labels are called."""

    @classmethod
    def of(cls, som: Answers) -> "RankedLabels":
        """Return those of a map.

        Raises
        ------
        ParameterError
            If it has not been labelled.
        """
        values, about = layer_of(som, LABELS)
        counts = values.reshape(som.lattice.size, -1)
        most = np.argsort(-counts.sum(axis=0), kind="stable")
        rank = np.argsort(most)
        won = counts.sum(axis=1) > 0
        nodes = np.arange(len(counts))
        if NEAREST_LABELLED in som.layers:
            nodes = som.layers[NEAREST_LABELLED].values.reshape(-1)
        kinds = np.where(won[nodes], rank[counts.argmax(axis=1)[nodes]], -1)  # of equals the first, as everywhere
        names, counts = [about["names"][label] for label in most], counts[:, most]
        colours = of_kinds(np.arange(min(len(names), len(KINDS))))
        if len(names) > len(KINDS):
            rest = counts[:, len(KINDS) :].sum(axis=1, keepdims=True)
            others = f"{len(names) - len(KINDS):,} other labels"
            names, counts = [*names[: len(KINDS)], others], np.hstack([counts[:, : len(KINDS)], rest])
            colours, kinds = np.vstack([colours, rgb(OTHERS)]), np.minimum(kinds, len(KINDS))
        return cls(names, counts, colours, kinds, about["column"])

    def entries(self) -> list[Entry]:
        """Return the legend."""
        return [(shown(name, LONGEST), colour) for name, colour in zip(self.names, self.colours, strict=True)]
