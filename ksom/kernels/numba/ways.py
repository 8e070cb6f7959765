"""Which way of searching promises to be the fastest: what each costs for the samples at hand."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.register_products import lanes_for
from ksom.kernels.numba.shadows import AXES_NODES, FEW_FEATURES, STEPS, MapShadows
from ksom.kernels.numba.vectors import LANES, multiple

AXES = (8, 12, 16, 24, 32, 48, 64)
"""So many axes are tried, at most half as many as there are features."""

PRODUCT, SCORE = 0.0182, 0.13
"""Nanoseconds: to multiply and add one number, and to look at one score. Only what the ways cost beside each other
matters."""

LOOKING = 6e5
"""Nanoseconds: to look at some samples, beside what it takes to find axes for them."""

TOGETHER = lanes_for(1, np.float32)
"""Nodes, or axes, are multiplied in multiples of so many."""


class Way(NamedTuple):
    """A way of searching."""

    name: str
    """tiles, products or shadows."""
    axes: int = 0
    """Along so many axes shadows are cast."""


TILES, PRODUCTS = Way("tiles"), Way("products")


class Looks(NamedTuple):
    """What is known of a search before the way is chosen."""

    samples: int
    nodes: int
    features: int
    tile_nodes: int
    """How many nodes there are in a tile."""
    boxes: int
    """How many boxes a sample's distance is measured to."""
    tiles: float
    """Into how many tiles a sample looks, on average of some."""
    are_axes_near: bool = False
    """Whether axes are known that are nearly right."""


def tiles_cost(looks: Looks) -> float:
    """Return what tiles take for a sample, nanoseconds.

    Measured, as are the others, on mixtures and noise, from first to trained weights, D = 16 … 784, K = 100 … 4,900. A
    quarter of the map is too much to look into at 16 features, a twentieth is not; at 784 features it takes clusters
    far apart to prefer tiles.
    """
    return looks.tiles * (0.075 * looks.tile_nodes * looks.features + 15) + 0.13 * looks.boxes * looks.features


def products_cost(looks: Looks) -> float:
    """Return what products take for a sample, nanoseconds: its scores, and the distances to a node or two, if any."""
    return _scores_cost(looks, looks.features) + 0.4 * looks.features + 20


def shadows_cost(looks: Looks, axes: int, left: float) -> float:
    """Return what shadows take for a sample, nanoseconds: its own, scores, and the nodes left in question."""
    casting = PRODUCT * looks.features * multiple(axes, TOGETHER)
    finding = (0.7 * min(left, LANES) + 2) * looks.nodes / LANES
    measuring = left * (8 + 0.068 * looks.features)
    return casting + _scores_cost(looks, axes + 1) + finding + measuring + 0.6 * looks.features + 120


def _scores_cost(looks: Looks, coordinates: int) -> float:
    return multiple(looks.nodes, TOGETHER) * PRODUCT * coordinates + multiple(looks.nodes, LANES) * SCORE


def casting_cost(looks: Looks, axes: int) -> float:
    """Return what it takes to find axes and to cast the nodes' shadows, once, nanoseconds."""
    nodes, features = min(looks.nodes, 2 * AXES_NODES), looks.features
    if features <= FEW_FEATURES:
        finding = 2e5 + 2 * features**3 + 0.02 * nodes * features**2
    else:
        finding = (1 if looks.are_axes_near else STEPS) * features * axes * (0.1 * nodes + 0.3 * axes)
    return finding + 0.08 * looks.nodes * features * axes


def axes_to_try(looks: Looks) -> int:
    """Return how many axes it may be worth to find: if shadows left but one node in question; 0 if none."""
    others = min(tiles_cost(looks), products_cost(looks))
    worth = [
        axes
        for axes in AXES
        if 2 * axes <= min(looks.features, looks.nodes)
        and shadows_cost(looks, axes, 1) + casting_cost(looks, axes) / looks.samples < others
    ]
    return max(worth, default=0)


def left_in_question(shadows: MapShadows, most: int, probes: NDArray[Any], k: int) -> dict[int, float]:
    """Return how many nodes shadows leave in question, on average of some samples, by the number of axes up to `most`.

    Those whose shadows are no farther than the node of the k-th nearest shadow, as it is without rounding.
    """
    nodes, rows = shadows.cast(most), shadows.group.rows
    centred = (probes - shadows.centre).astype(np.float64)
    along, squares = centred @ nodes.axes, np.einsum("ij,ij->i", centred, centred)
    products, begin, left = np.zeros((len(probes), len(nodes.along))), 0, {}
    rests, node_rests = squares.copy(), nodes.squares.copy()
    for axes in (axes for axes in AXES if axes <= most):
        of_probes, of_nodes = along[:, begin:axes], nodes.along[:, begin:axes]
        products += of_probes @ of_nodes.T
        rests -= np.einsum("ij,ij->i", of_probes, of_probes)
        node_rests -= np.einsum("ij,ij->i", of_nodes, of_nodes)
        residual = np.sqrt(np.maximum(rests, 0))[:, np.newaxis] * np.sqrt(np.maximum(node_rests, 0))
        apart = squares[:, np.newaxis] + nodes.squares - 2 * (products + residual)
        nearest = apart.argmin(axis=1) if k == 1 else np.argpartition(apart, k - 1, axis=1)[:, k - 1]
        farthest = np.sum((rows[nearest] - probes).astype(np.float64) ** 2, axis=1)
        left[axes] = float(np.count_nonzero(apart <= farthest[:, np.newaxis]) / len(probes))
        begin = axes
    return left


def quickest(looks: Looks, left: dict[int, float]) -> Way:
    """Return the way that takes the least time, when shadows leave so many nodes in question, by the number of axes.

    Examples
    --------
    >>> looks = Looks(samples=10_000, nodes=900, features=784, tile_nodes=64, boxes=64, tiles=16)
    >>> quickest(looks, {}), quickest(looks, {16: 250, 48: 9, 64: 8}), quickest(looks, {64: 900})
    (Way(name='products', axes=0), Way(name='shadows', axes=48), Way(name='products', axes=0))
    """
    costs = {TILES: tiles_cost(looks), PRODUCTS: products_cost(looks)}
    costs |= {Way("shadows", axes): shadows_cost(looks, axes, count) for axes, count in left.items()}
    return min(costs, key=lambda way: costs[way])
