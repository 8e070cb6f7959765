"""What a map says about each of some samples: its node, how far that is, its label, its cluster."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.calibration import scores, threshold
from ksom.layers import CLUSTERS, LABELS, USUAL_DISTANCE
from ksom.map_file import Layer
from ksom.method.labels import node_labels
from ksom.method.lattice import Lattice


class Predictions(NamedTuple):
    """What a map says about n samples, one after another; None for what it was never told."""

    node: NDArray[np.int64]
    """Best matching node, row * width + column, shape (n,)."""
    node_row: NDArray[np.int64]
    """Its row on the map, shape (n,)."""
    node_column: NDArray[np.int64]
    """Its column on the map, shape (n,)."""
    distance: NDArray[Any]
    """How far it is, map units, shape (n,)."""
    label: NDArray[np.str_] | None = None
    """The label of the node, shape (n,)."""
    label_share: NDArray[np.float64] | None = None
    """Which share of the labelled samples that the node won has it, shape (n,); 0: it won none."""
    cluster: NDArray[np.int64] | None = None
    """The cluster of the node, shape (n,); -1: none."""
    novelty: NDArray[np.float64] | None = None
    """How unlike the training's samples it is, shape (n,); `ksom.method.novelty` has the formula."""
    is_novel: NDArray[np.bool_] | None = None
    """Whether that is more than the map's threshold, shape (n,)."""
    strange: NDArray[np.str_] | None = None
    """The features that make it unlike its node, most first, names with commas between, shape (n,)."""

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return what the map knows, by name."""
        return {name: values for name, values in self._asdict().items() if values is not None}


def of_nodes(
    lattice: Lattice, layers: Mapping[str, Layer], nodes: NDArray[np.int64], distances: NDArray[Any]
) -> Predictions:
    """Return what a map's layers say about samples whose best matching nodes are known.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    layers : mapping of str to Layer
        What is known of every node.
    nodes : ndarray of shape (n,)
        Best matching nodes, row * width + column.
    distances : ndarray of shape (n,)
        How far they are, map units.
    """
    rows, columns = np.divmod(nodes, lattice.width)
    found = Predictions(nodes, rows, columns, distances)
    if LABELS in layers:
        labels = node_labels(layers)
        found = found._replace(label=labels.labels[nodes], label_share=labels.shares[nodes])
    if CLUSTERS in layers:
        found = found._replace(cluster=layers[CLUSTERS].values[rows, columns])
    if USUAL_DISTANCE in layers:
        novelty = scores(layers, nodes, distances)
        found = found._replace(novelty=novelty, is_novel=novelty > threshold(layers))
    return found


def named(features: NDArray[np.int64], names: Iterable[str]) -> NDArray[np.str_]:
    """Return the names of features, those of a row with commas between, shape (n,).

    Parameters
    ----------
    features : ndarray of shape (n, count)
        Their indices; -1 stands for none.
    names : iterable of str
        What features are called, D names.

    Examples
    --------
    >>> named(np.array([[1, 0], [0, -1]]), ["age", "income"]).tolist()
    ['income, age', 'age']
    """
    known = np.array([*names, ""], dtype=np.str_)
    joined = known[features[:, 0]]
    for further in known[features[:, 1:]].T:
        joined = np.where(further == "", joined, np.char.add(np.char.add(joined, ", "), further))
    return joined
