"""The reference: self-organising maps as the textbook defines them, in plain numpy.

The weights are held as D planes of H × W nodes, so that sums over features add plane to plane, in order, for all nodes
at once. That fixes every bit: the order of addition does not depend on the map's shape, on blocking or on the machine.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.backend import BLOCK_DISTANCES, OnlineStep
from ksom.kernels.node_sums import LEAST_WEIGHT, SUM_ROWS, NodeSums, regrouped
from ksom.method.neighbourhood import Factors


class NumpyBackend:
    """Kohonen's algorithm, literally; see `Backend` for the operations."""

    name = "numpy"

    def __init__(self, weights: NDArray[Any], dtype: DTypeLike) -> None:
        # Adding 0 turns −0 into 0; then a factor of 0 never changes a bit of a weight.
        self._planes = np.moveaxis(weights, -1, 0).astype(dtype, order="C") + 0

    @property
    def weights(self) -> NDArray[Any]:
        return np.moveaxis(self._planes, 0, -1).copy(order="C")

    @property
    def features(self) -> int:
        return len(self._planes)

    def online(self, steps: Iterable[OnlineStep]) -> None:
        width = self._planes.shape[2]
        for samples, factors, learning_rate in steps:
            for block in samples:
                for sample in block:
                    row, column = divmod(int(self._squared_distances(sample[np.newaxis]).argmin()), width)
                    self._update(sample, row, column, factors, learning_rate)

    def node_sums(self, samples: Iterable[NDArray[Any]]) -> NodeSums:
        nodes = self._planes[0].size
        sums, counts = np.zeros((nodes, self.features)), np.zeros(nodes)
        for block in regrouped(samples, SUM_ROWS):
            winners = self.best_matching_nodes(block, 1)[0][:, 0]
            counts += np.bincount(winners, minlength=nodes)
            for feature, values in enumerate(block.T):
                sums[:, feature] += np.bincount(winners, values, nodes)  # in float64, from the first sample to the last
        return NodeSums(sums, counts)

    def move_to_means(self, node_sums: NodeSums, factors: Factors) -> None:
        shape = self._planes.shape[1:]
        numerators = _smoothed(node_sums.sums.reshape(*shape, -1), factors)
        denominators = _smoothed(node_sums.counts.reshape(*shape, 1), factors)[..., 0]
        moving = denominators >= LEAST_WEIGHT
        means = numerators[moving] / denominators[moving, np.newaxis]
        self._planes[:, moving] = means.T.astype(self._planes.dtype) + 0

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        nodes = np.empty((len(samples), k), dtype=np.int64)
        nearest = np.empty((len(samples), k), dtype=self._planes.dtype)
        for rows in self._blocks(samples):
            squared = self._squared_distances(samples[rows])
            for rank in range(k):
                nodes[rows, rank] = squared.argmin(axis=1)  # the lowest index of equals
                nearest[rows, rank] = np.take_along_axis(squared, nodes[rows, rank, np.newaxis], axis=1)[:, 0]
                np.put_along_axis(squared, nodes[rows, rank, np.newaxis], np.inf, axis=1)
        return nodes, nearest

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        distances: NDArray[Any] = np.sqrt(self._squared_distances(samples))
        return distances

    def _update(self, sample: NDArray[Any], row: int, column: int, factors: Factors, learning_rate: float) -> None:
        """w ← w + (alpha · h(b, node)) · (x − w), for the rectangle of nodes within reach of the winner b."""
        rows, row_factors = _around(row, factors.rows)
        columns, column_factors = _around(column, factors.columns)
        alpha = self._planes.dtype.type(learning_rate)
        rates = (alpha * row_factors)[:, np.newaxis] * column_factors
        for plane, value in zip(self._planes, sample, strict=True):
            window = plane[rows, columns]
            window += rates * (value - window)

    def _squared_distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        """‖w − x‖² for every sample and node, shape (n, K), adding feature by feature."""
        squared = np.zeros((len(samples), self._planes[0].size), dtype=self._planes.dtype)
        for plane, values in zip(self._planes, samples.T, strict=True):
            difference = plane.ravel() - values[:, np.newaxis]
            difference *= difference
            squared += difference
        return squared

    def _blocks(self, samples: NDArray[Any]) -> Iterator[slice]:
        rows = max(1, BLOCK_DISTANCES // self._planes[0].size)
        return (slice(start, start + rows) for start in range(0, len(samples), rows))


def _smoothed(values: NDArray[np.float64], factors: Factors) -> NDArray[np.float64]:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n): along rows, then along columns, b ascending.

    Plane is added to plane: a matrix product would add in an order that depends on the machine and its threads.
    """
    for table in factors:
        total, steps = np.zeros_like(values), np.arange(len(values))
        for source, plane in enumerate(values):
            total += table[np.abs(steps - source), np.newaxis, np.newaxis] * plane
        values = total.swapaxes(0, 1)  # rows and columns change places, twice
    return values


def _around(winner: int, factors: NDArray[Any]) -> tuple[slice, NDArray[Any]]:
    """Return the nodes within reach of the winner along one axis of the lattice, and their factors."""
    apart = np.abs(np.arange(len(factors)) - winner)
    within = np.flatnonzero(factors[apart])
    reached = slice(int(within[0]), int(within[-1]) + 1)
    return reached, factors[apart[reached]]
