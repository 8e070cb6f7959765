"""What nodes have to do with the classes of labelled samples: purity, entropy, majority."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import DataError
from ksom.method.lattice import Lattice
from ksom.method.matches import Found, Map, checked, counted, walk

NO_CLASS = -1
"""The majority of a node that no sample has won."""


class Classes:
    """How many samples of which class each node won; counted only where there are any.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    labels : array_like of shape (N,)
        The class of each sample: numbers, truth values or texts.

    Attributes
    ----------
    names : ndarray of shape (C,)
        The classes, ascending.

    Raises
    ------
    DataError
        If the labels are something else.
    """

    def __init__(self, lattice: Lattice, labels: ArrayLike) -> None:
        self.size = lattice.size
        self.names, self._classes = np.unique(as_labels(labels), return_inverse=True)
        self._counts = np.empty(0, dtype=np.int64)
        self._keys = np.empty(0, dtype=np.int64)

    def add(self, found: Found) -> None:
        """Count some samples.

        Raises
        ------
        DataError
            If there are more samples than labels.
        """
        first_row = found.block.first_row
        classes = self._classes[first_row : first_row + len(found.nodes)]
        if len(classes) < len(found.nodes):
            raise DataError(f"labels: there must be one for each sample, got {len(self._classes)} for more samples")
        keys = found.nodes[:, 0] * len(self.names) + classes
        self._keys, self._counts = counted(self._keys, self._counts, keys)

    def require_whole(self) -> None:
        """Refuse labels that no sample came for.

        Raises
        ------
        DataError
            Telling both numbers.
        """
        if (counted_samples := self._counts.sum()) != len(self._classes):
            told = f"got {len(self._classes)} for {counted_samples} samples"
            raise DataError(f"labels: there must be one for each sample, {told}")

    @property
    def purities(self) -> NDArray[np.float64]:
        """The share of each node's samples that are of its most frequent class, shape (K,); NaN where it won none."""
        largest = np.zeros(self.size)
        np.maximum.at(largest, self._nodes, self._counts)
        return _each(largest, self._hits)

    @property
    def entropies(self) -> NDArray[np.float64]:
        """−Σ p log₂ p over the classes of each node's samples, bits, shape (K,); NaN where it won none."""
        shares = self._counts / self._hits[self._nodes]
        entropies = np.bincount(self._nodes, -shares * np.log2(shares), self.size)
        return np.where(self._hits > 0, entropies + 0, np.nan)

    @property
    def majority(self) -> NDArray[np.int64]:
        """Which of `names` is each node's most frequent class, the first of equals, shape (K,); or `NO_CLASS`."""
        order = np.lexsort((-(self._keys % len(self.names)), self._counts))
        majority = np.full(self.size, NO_CLASS)
        majority[self._nodes[order]] = self._keys[order] % len(self.names)
        return majority

    def mean(self, values: NDArray[np.float64]) -> float:
        """Return the mean of the nodes' values, each weighted by the samples that the node won."""
        won = self._hits > 0
        return float(np.average(values[won], weights=self._hits[won]))

    @property
    def _nodes(self) -> NDArray[np.int64]:
        return self._keys // len(self.names)

    @property
    def _hits(self) -> NDArray[np.float64]:
        return np.bincount(self._nodes, self._counts, self.size).astype(np.float64)


def classes(som: Map, samples: Any, labels: ArrayLike) -> Classes:
    """Count the classes of each node's samples.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,)
        The class of each sample: numbers, truth values or texts.

    Raises
    ------
    DataError
        If there is not one label for each sample, or as `quantization_error`.
    ParameterError, NotTrained
        As `quantization_error`.
    """
    made = Classes(checked(som).lattice, labels)
    for found in walk(som, samples, 1):
        made.add(found)
    made.require_whole()
    return made


def purity(som: Map, samples: Any, labels: ArrayLike) -> float:
    """Return the share of samples that are of the most frequent class of their node, 1/N · Σ_b max_c n_bc.

    The mean of the nodes' own purities (`classes(…).purities`), weighted by their samples. From 1/N to 1; it rises with
    the number of nodes: a node for each sample is pure.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,)
        The class of each sample: numbers, truth values or texts.

    Raises
    ------
    DataError
        If there is not one label for each sample, or as `quantization_error`.
    ParameterError, NotTrained
        As `quantization_error`.
    """
    found = classes(som, samples, labels)
    return found.mean(found.purities)


def entropy(som: Map, samples: Any, labels: ArrayLike) -> float:
    """Return the mean entropy of the classes on a node, Σ_b n_b/N · (−Σ_c p_bc log₂ p_bc), bits.

    Weighted by the nodes' samples; 0 if every node is pure.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,)
        The class of each sample: numbers, truth values or texts.

    Raises
    ------
    DataError
        If there is not one label for each sample, or as `quantization_error`.
    ParameterError, NotTrained
        As `quantization_error`.

    References
    ----------
    L. Elend and O. Kramer, Self-organizing maps with convolutional layers, WSOM 2019.
    """
    found = classes(som, samples, labels)
    return found.mean(found.entropies)


def as_labels(labels: ArrayLike) -> NDArray[Any]:
    """Return labels as an array of shape (N,).

    Raises
    ------
    DataError
        If they are not numbers, truth values or texts, one after another.
    """
    try:
        array = np.asarray(labels)
    except ValueError:
        raise DataError("labels: there must be one for each sample, but they are ragged") from None
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array.ravel()):
        array = array.astype(str)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "biufU":
        told = f"got {array.dtype} of shape {array.shape}"
        raise DataError(f"labels must be numbers or texts, one for each sample, {told}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.isfinite(array).argmin())
        raise DataError(f"labels: row {row} is {array[row]}; leave the sample out, or give it a class of its own")
    return array


def _each(total: NDArray[np.float64], hits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(hits > 0, total / np.where(hits > 0, hits, 1), np.nan)
