"""Labels of nodes: how many samples of which label each node won, and which label that makes it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import DataError, one_line
from ksom.layers import HITS, LABELS, NEAREST_LABELLED
from ksom.map_file import Layer
from ksom.memory import available_memory
from ksom.method.classes import as_labels
from ksom.method.lattice import Lattice
from ksom.method.matches import Map, checked, walk

MOST_LABELS = 4096
"""As many different ones at most: a column with more tells samples apart, and not what they are."""

MOST_SHOWN = 20
"""Labels in a table, the most frequent ones."""


class NodeLabels(NamedTuple):
    """The label of every node, in row-major order."""

    labels: NDArray[np.str_]
    """The most frequent one among the samples that the node won, the first in order of equals, shape (K,). A node that
    won none has the label of the nearest node that did, by their weights."""
    shares: NDArray[np.float64]
    """Which share of the node's labelled samples has it, shape (K,); 0 where the label is another node's."""


class LabelCounts:
    """How many samples of which label each node won.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    column : str, optional
        What the labels are called.
    """

    def __init__(self, lattice: Lattice, column: str | None = None) -> None:
        self.lattice, self.column = lattice, column
        self.samples = 0
        self._counts: dict[Any, NDArray[np.int64]] = {}

    def add(self, nodes: NDArray[np.int64], labels: NDArray[Any]) -> None:
        """Count some samples, whose best matching nodes and labels are known, each of shape (n,); "" is no label.

        Raises
        ------
        DataError
            If there are more different labels than `MOST_LABELS`, or than memory holds.
        """
        size = self.lattice.size
        if labels.dtype.kind == "U":
            nodes, labels = nodes[labels != ""], labels[labels != ""]
        names, numbers = np.unique(labels, return_inverse=True)
        self._require_few(len(self._counts.keys() | set(names.tolist())))
        counts = np.bincount(numbers * size + nodes, minlength=len(names) * size).reshape(len(names), size)
        for name, of_name in zip(names.tolist(), counts, strict=True):
            self._counts[name] = self._counts.get(name, 0) + of_name
        self.samples += len(nodes)

    def layers(self) -> dict[str, Layer]:
        """Return the layer `labels`, counts of shape (H, W, C) with the labels' texts in order, and `hits`, (H, W)."""
        shape = self.lattice.height, self.lattice.width
        names = sorted(self._counts)
        counts = np.stack([self._counts[name].reshape(shape) for name in names], axis=2)
        about = {"names": [text_of(name) for name in names], "column": self.column}
        return {LABELS: Layer(counts, about), HITS: Layer(counts.sum(axis=2), {"samples": self.samples})}

    def _require_few(self, labels: int) -> None:
        if labels > MOST_LABELS:
            told = f"there must be at most {MOST_LABELS:,} different ones, and there are more"
            raise DataError(f"labels: {told}; what tells samples apart is no label: take a column of kinds")
        needed = 2 * 8 * labels * self.lattice.size
        if needed > available_memory():
            told = f"{labels:,} at {self.lattice.size:,} nodes need {needed / 1e9:.3g} GB"
            raise DataError(f"labels: {told}, there are {available_memory() / 1e9:.3g} GB; take fewer kinds")


def label_layers(som: Map, samples: Any, labels: ArrayLike, column: str | None = None) -> dict[str, Layer]:
    """Return the layers that `LabelCounts` makes of labelled samples.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,)
        Numbers, truth values or texts; an empty text is no label, its sample is left out.
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
    counted, known, seen = LabelCounts(checked(som).lattice, column), as_labels(labels), 0
    for found in walk(som, samples, 1):
        some = known[seen : seen + len(found.nodes)]
        if len(some) < len(found.nodes):
            raise DataError(f"labels: there must be one for each sample, got {len(known)} for more samples")
        counted.add(found.nodes[:, 0], some)
        seen += len(some)
    if seen < len(known):
        raise DataError(f"labels: there must be one for each sample, got {len(known)} for {seen} samples")
    if not counted.samples:
        raise DataError("labels: no sample has one, all are empty")
    return counted.layers()


def text_of(label: object) -> str:
    """Return a label as text; a whole number without a fraction, as it stood in the table where gaps made it a float.

    Examples
    --------
    >>> [text_of(label) for label in ("setosa", 3.0, 2.5, True)]
    ['setosa', '3', '2.5', 'True']
    """
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def node_labels(layers: Mapping[str, Layer]) -> NodeLabels:
    """Return the label of every node, as the layers of a map tell that has been labelled.

    Examples
    --------
    >>> counts = np.array([[[1, 2], [0, 0], [3, 3]]])
    >>> layers = {"labels": Layer(counts, {"names": ["a", "b"]}), "nearest_labelled": Layer(np.array([[0, 0, 2]]))}
    >>> [array.tolist() for array in node_labels(layers)]
    [['b', 'b', 'a'], [0.6666666666666666, 0.0, 0.5]]
    """
    names = np.array(layers[LABELS].about["names"], dtype=np.str_)
    counts = layers[LABELS].values.reshape(-1, len(names))
    of_node = counts.sum(axis=1)
    shares = counts.max(axis=1) / np.maximum(of_node, 1)
    nearest = layers[NEAREST_LABELLED].values.reshape(-1) if NEAREST_LABELLED in layers else np.arange(len(counts))
    return NodeLabels(names[counts.argmax(axis=1)[nearest]], shares)


def as_table(layers: Mapping[str, Layer]) -> str:
    """Return which labels there are, with their samples, the nodes that have each, and how pure these are.

    Parameters
    ----------
    layers : mapping of str to Layer
        Of a map that has been labelled.
    """
    names = np.array(layers[LABELS].about["names"], dtype=np.str_)
    counts = layers[LABELS].values.reshape(-1, len(names))
    won, of_node = counts.sum(axis=1), counts.argmax(axis=1)
    samples, nodes = counts.sum(axis=0), np.bincount(of_node[won > 0], minlength=len(names))
    with np.errstate(invalid="ignore"):  # a label that no node has
        purities = np.bincount(of_node, counts.max(axis=1), len(names)) / np.bincount(of_node, won, len(names))
    lines = [f"{'samples':>9}{'nodes':>7}{'purity':>8}  label"]
    most = np.argsort(-samples, kind="stable")
    for label in most[:MOST_SHOWN]:
        purity = "–" if np.isnan(purities[label]) else f"{purities[label]:.1%}"
        lines.append(f"{samples[label]:>9,}{nodes[label]:>7,}{purity:>8}  {one_line(names[label])}")
    if len(names) > MOST_SHOWN:
        lines.append(f"{samples[most[MOST_SHOWN:]].sum():>9,}{nodes[most[MOST_SHOWN:]].sum():>7,}          "
                     f"{len(names) - MOST_SHOWN:,} more labels")  # fmt: skip
    purity = f"purity {counts.max(axis=1).sum() / won.sum():.1%}"
    lines.append(
        f"{purity}; {(won == 0).sum():,} of {len(won):,} nodes won no sample and take the nearest node's label"
    )
    return "\n".join(lines)
