"""Whether nodes that are close on the lattice are close in the data: by the weights alone, without a sample."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import Undefined
from ksom.method.distance import MOST_TERMS, between
from ksom.method.lattice import squares_between
from ksom.method.matches import MeasuringMap, checked
from ksom.method.random_streams import stream
from ksom.method.ties import means_of_equals
from ksom.samples import Block

MOST_DISTANCES = 2**23
"""Of so many nodes the distances to all nodes are ranked: of all, up to 2,896 nodes; that takes a few seconds."""

DISTANCES_AT_ONCE = 2**19
"""How many of them are ranked at a time: 4 MB."""


class TopographicProduct(NamedTuple):
    """The product, and by how many nodes' neighbourhoods it was measured."""

    value: float
    """About 0 if the map has the data's dimension; below 0 if it has too few, above 0 if too many."""
    nodes: int


def measured_topographic_product(som: MeasuringMap, seed: int = 0) -> TopographicProduct:
    """Return the topographic product and by how many nodes it was measured; see `topographic_product`."""
    lattice, weights = checked(som).lattice, som.weights
    size = lattice.size
    if size < 3:
        raise Undefined(f"there must be at least 3 nodes to compare neighbourhoods, got {size}")
    flat = weights.reshape(size, -1).astype(np.float64)
    most = max(1, min(MOST_DISTANCES, MOST_TERMS // flat.shape[1]) // size)
    drawn = stream(seed, "measured nodes").choice(size, size=min(size, most), replace=False)
    nodes = np.arange(size) if size <= most else np.sort(drawn)
    at_once = max(1, DISTANCES_AT_ONCE // size)
    total = 0.0
    for start in range(0, len(nodes), at_once):
        few = nodes[start : start + at_once]
        on_lattice = np.sqrt(squares_between(lattice, few, np.arange(size)))
        total += _products(between(som.distance, Block(flat[few]), Block(flat)), on_lattice, few).sum()
    return TopographicProduct(float(total / len(nodes)), len(nodes))


def topographic_product(som: MeasuringMap, seed: int = 0) -> float:
    """Return P = 1/(K(K − 1)) Σ_j Σ_k log P3(j, k), with P3(j, k) = (Π_{l ≤ k} Q1(j, l) · Q2(j, l))^(1/2k).

    Q1(j, l) compares in the data (by the map's distance) node j's l-th nearest node on the lattice with its l-th
    nearest in the data, Q2(j, l) on the lattice. P is about 0 if the lattice fits the data, below 0 if its dimension is
    too low (it folds into the data), above 0 if it is too high. *Ties*, which a lattice is full of, are broken in every
    order, and the mean is taken, so that turning or mirroring the map changes nothing; others break them by the node's
    index, which gives another last digit or two.

    Of maps of more than 2,896 nodes so many nodes j are drawn that 2²³ distances are ranked, or
    2³¹ differences of features make them.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    seed : int
        Seed of the drawing.

    Raises
    ------
    Undefined
        If there are less than 3 nodes, or nodes with the same weights: the product has the logarithm of their distance.
    ParameterError, NotTrained
        As `quantization_error`.

    References
    ----------
    H.-U. Bauer and K. Pawelzik, Quantifying the neighborhood preservation of self-organizing feature maps, IEEE
    Transactions on Neural Networks 3(4), 1992.
    """
    return measured_topographic_product(som, seed).value


def _products(
    in_data: NDArray[np.float64], on_lattice: NDArray[np.float64], nodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return 1/(K − 1) Σ_k log P3(j, k) for each node j, given its distances to all nodes, shape (n,)."""
    in_data, on_lattice = _without(in_data, nodes), _without(on_lattice, nodes)
    if not in_data.all():
        raise Undefined("some nodes have the same weights, and the product has the logarithm of their distance")
    logarithms = np.log(in_data), np.log(on_lattice)
    by_data, by_lattice = (_in_order_of(nearness, logarithms) for nearness in (in_data, on_lattice))
    rank = np.arange(1, in_data.shape[1] + 1)
    products = np.cumsum(np.subtract(by_lattice, by_data).sum(axis=0), axis=1) / (2 * rank)
    means: NDArray[np.float64] = products.mean(axis=1)
    return means


def _without(distances: NDArray[np.float64], nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return rows of distances without that of `nodes[i]` to itself."""
    is_other = np.arange(distances.shape[1]) != nodes[:, np.newaxis]
    others: NDArray[np.float64] = distances[is_other].reshape(len(nodes), -1)
    return others


def _in_order_of(nearness: NDArray[np.float64], values: tuple[NDArray[np.float64], ...]) -> list[NDArray[np.float64]]:
    """Return values ordered by nearness, row by row; equally near ones have the mean of theirs."""
    order = np.argsort(nearness, axis=1)
    ordered = np.take_along_axis(nearness, order, axis=1)
    return [means_of_equals(np.take_along_axis(some, order, axis=1), ordered) for some in values]
