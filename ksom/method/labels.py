"""Labels of nodes: how many samples of which label each node won, and which label that makes it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import DataError
from ksom.map_file import Layer
from ksom.memory import available_memory
from ksom.method.classes import Classes
from ksom.method.matches import Map, checked

LABELS, NEAREST_LABELLED, HITS = "labels", "nearest_labelled", "hits"
"""The layers: the counts, and the node whose label each node takes, itself if it won labelled samples;
and how many samples each node won."""

MOST_LABELS = 4096
"""As many different ones at most: a column with more tells samples apart, and not what they are."""


class NodeLabels(NamedTuple):
    """The label of every node, in row-major order."""

    labels: NDArray[np.str_]
    """The most frequent one among the samples that the node won, the first in order of equals, shape (K,). A node that
    won none has the label of the nearest node that did, by their weights."""
    shares: NDArray[np.float64]
    """Which share of the node's labelled samples has it, shape (K,); 0 where the label is another node's."""


def label_layers(som: Map, samples: Any, labels: ArrayLike, column: str | None = None) -> dict[str, Layer]:
    """Return how many labelled samples each node won, (H, W, C) with the labels' texts, and how many in all, (H, W).

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,)
        Numbers, truth values or texts.
    column : str, optional
        What the labels are called.

    Raises
    ------
    DataError
        If there is not one label for each sample, or there are more different ones than `MOST_LABELS` or than memory
        holds; or as `quantization_error`.
    ParameterError, NotTrained
        As `quantization_error`.
    """
    lattice = checked(som).lattice
    counted = Classes(lattice, labels)
    names = [text_of(name) for name in counted.names.tolist()]
    _require_few(len(names), lattice.size)
    counted.add_all(som, samples)
    shape = lattice.height, lattice.width
    counts = counted.counts().reshape(*shape, len(names))
    return {
        LABELS: Layer(counts, {"names": names, "column": column}),
        HITS: Layer(counts.sum(axis=2), {"samples": int(counts.sum())}),
    }


def _require_few(labels: int, nodes: int) -> None:
    if labels > MOST_LABELS:
        told = f"there must be at most {MOST_LABELS:,} different ones, got {labels:,}"
        raise DataError(f"labels: {told}; what tells samples apart is no label: take a column of kinds")
    needed = labels * nodes * 8
    if needed > available_memory():
        raise DataError(f"labels: {labels:,} at {nodes:,} nodes need {needed / 1e9:.3g} GB; take fewer kinds")


def text_of(label: object) -> str:
    """Return a label as text; a whole number without a fraction, as it stood in the table where gaps made it a float.

    Examples
    --------
    >>> [text_of(label) for label in ("setosa", 3.0, 2.5, True)]
    ['setosa', '3', '2.5', 'True']
    """
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def node_labels(layers: Mapping[str, Layer]) -> NodeLabels | None:
    """Return the label of every node, as a map's layers tell; None: it was never labelled.

    Examples
    --------
    >>> counts = np.array([[[1, 2], [0, 0], [3, 3]]])
    >>> layers = {"labels": Layer(counts, {"names": ["a", "b"]}), "nearest_labelled": Layer(np.array([[0, 0, 2]]))}
    >>> [array.tolist() for array in node_labels(layers)]
    [['b', 'b', 'a'], [0.6666666666666666, 0.0, 0.5]]
    """
    if LABELS not in layers:
        return None
    names = np.array(layers[LABELS].about["names"], dtype=np.str_)
    counts = layers[LABELS].values.reshape(-1, len(names))
    of_node = counts.sum(axis=1)
    shares = counts.max(axis=1) / np.maximum(of_node, 1)
    nearest = layers[NEAREST_LABELLED].values.reshape(-1) if NEAREST_LABELLED in layers else np.arange(len(counts))
    return NodeLabels(names[counts.argmax(axis=1)[nearest]], shares)
