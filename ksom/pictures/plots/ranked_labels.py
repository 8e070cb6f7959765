"""The labels of a map as they are drawn: each in a colour, or the rarest together if there are too many."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.answers import Answers
from ksom.errors import ParameterError
from ksom.layers import LABELS, NEAREST_LABELLED
from ksom.pictures.plots.colours import KINDS, OTHERS, of_kinds, rgb
from ksom.pictures.plots.known import layer_of
from ksom.pictures.plots.legend import Entry
from ksom.pictures.plots.texts import shown

LONGEST = 24
"""Characters of a label in a legend."""


class RankedLabels(NamedTuple):
    """What is drawn of a map's labels: C kinds, the labels in order; of too many, the most frequent ones and the rest.

    So a label has the same colour on every map that knows the same ones.
    """

    names: list[str]
    """Of the kinds, as they are, C of them."""
    counts: NDArray[np.int64]
    """How many samples of which kind each node won, shape (K, C)."""
    colours: NDArray[np.uint8]
    """Of the kinds, shape (C, 3)."""
    kinds: NDArray[np.int64]
    """The kind of each node's most frequent label, shape (K,); of a node without samples, that of the nearest node
    that has some, or −1 where that is not known."""
    column: str | None
    """What the labels are called."""

    @classmethod
    def of(cls, som: Answers) -> "RankedLabels":
        """Return those of a map.

        Raises
        ------
        ParameterError
            If it has not been labelled, or there is no label.
        """
        values, about = layer_of(som, LABELS)
        if not about["names"]:
            raise ParameterError("som", "have labelled samples", "a layer 'labels' without any label")
        counts, names = values.reshape(som.lattice.size, -1), about["names"]
        own = np.sort(np.argsort(-counts.sum(axis=0), kind="stable")[: len(KINDS)])
        kind_of = np.full(len(names), len(own))
        kind_of[own] = np.arange(len(own))
        nearest = som.layers[NEAREST_LABELLED].values.reshape(-1) if NEAREST_LABELLED in som.layers else slice(None)
        kinds = np.where(counts.sum(axis=1)[nearest] > 0, kind_of[counts.argmax(axis=1)[nearest]], -1)
        colours, rest = of_kinds(np.arange(len(own))), len(names) - len(own)
        if not rest:
            return cls(names, counts, colours, kinds, about["column"])
        of_rest = counts.sum(axis=1, keepdims=True) - counts[:, own].sum(axis=1, keepdims=True)
        shown_names = [*(names[label] for label in own), number_of("other label", rest)]
        return cls(
            shown_names, np.hstack([counts[:, own], of_rest]), np.vstack([colours, rgb(OTHERS)]), kinds, about["column"]
        )

    def entries(self) -> list[Entry]:
        """Return the legend."""
        return [(shown(name, LONGEST), colour) for name, colour in zip(self.names, self.colours, strict=True)]
