"""The reference: self-organising maps as the textbook defines them, in plain numpy.

The weights are held as D planes of H × W nodes, so that sums over features add plane to plane, in order, for all nodes
at once. That fixes every bit: the order of addition does not depend on the map's shape, on blocking or on the machine.
"""

from collections.abc import Generator, Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.backend import BLOCK_DISTANCES, OnlineRun, OnlineStep, one_by_one
from ksom.kernels.node_sums import LEAST_WEIGHT, SUM_ROWS, NodeSums, regrouped
from ksom.kernels.spread import spread
from ksom.method.distance import Distance, Euclidean, reported_distances
from ksom.method.neighbourhood import Factors
from ksom.method.sphere import placed_on_sphere, put_on_sphere
from ksom.samples import Block
from ksom.sparse_rows import SparseRows

BAND_VALUES = 2**18
"""So many sums are made at a time, 2 MB, which stay in a second cache: on 250 × 250 nodes of 50 features that took half
as long as all at once."""

PIECE_VALUES = 2**27
"""So many values are added to others before somebody may look up: a quarter of a second."""


class NumpyBackend:
    """Kohonen's algorithm, literally; see `Backend` for the operations."""

    name = "numpy"
    rows_between_pauses = SUM_ROWS

    def __init__(self, weights: NDArray[Any], dtype: DTypeLike, distance: Distance | None = None) -> None:
        self._distance = distance or Euclidean()
        if self._distance.on_sphere:
            weights = placed_on_sphere(weights, dtype)
        self._planes = np.empty((weights.shape[2], *weights.shape[:2]), dtype)
        for row, nodes in enumerate(weights):  # 2 GB row by row take 4 s, at once 35 s
            self._planes[:, row] = nodes.T
        self._planes += 0  # −0 becomes 0; then a factor of 0 never changes a bit of a weight

    @property
    def weights(self) -> NDArray[Any]:
        return np.moveaxis(self._planes, 0, -1).copy(order="C")

    @property
    def features(self) -> int:
        return len(self._planes)

    def show(self, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        for blocks, factors, learning_rate in one_by_one(steps):
            for block in blocks:
                for number in range(len(block.values)):
                    sample = block.values[number : number + 1]
                    missing = None if block.missing is None else block.missing[number : number + 1]
                    winner = int(self._totals(sample, missing).argmin())
                    there = range(self.features) if missing is None else np.flatnonzero(~missing)
                    self._update(sample[0], there, winner, factors, learning_rate)

    def node_sums(
        self, blocks: Iterable[Block], so_far: NodeSums | None = None, winners: NDArray[np.int64] | None = None
    ) -> NodeSums:
        nodes, made = self._planes[0].size, so_far
        for block in regrouped(blocks, SUM_ROWS):
            made = made or NodeSums.nothing(nodes, self.features, each_feature=block.missing is not None)
            found = self.best_matching_nodes(block, 1)[0][:, 0] if winners is None else winners
            for column, weights in enumerate(_counted(block).T):  # in float64, from the first sample to the last
                made.counts[:, column] += np.bincount(found, weights, nodes)
            for feature, rows, values in _by_feature(block):
                made.sums[:, feature] += np.bincount(found[rows], values, nodes)
        return made or NodeSums.nothing(nodes, self.features)

    def moving_to_means(self, node_sums: NodeSums, factors: Factors) -> Iterator[None]:
        shape = self._planes.shape[1:]
        applied = _smoothed if factors.is_product else _spread
        numerators = yield from applied(node_sums.sums.reshape(*shape, -1), factors)
        denominators = yield from applied(node_sums.counts.reshape(*shape, -1), factors)
        moving = denominators >= LEAST_WEIGHT
        weights = np.moveaxis(self._planes, 0, -1).astype(np.float64)
        np.divide(numerators, denominators, out=weights, where=moving)
        if self._distance.on_sphere:
            put_on_sphere(np.moveaxis(weights, -1, 0), denominators.max(axis=-1) >= LEAST_WEIGHT)
        self._planes = np.moveaxis(weights, -1, 0).astype(self._planes.dtype, order="C") + 0

    def best_matching_nodes(self, block: Block, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        nodes = np.empty((len(block.values), k), dtype=np.int64)
        nearest = np.empty((len(block.values), k), dtype=self._planes.dtype)
        for rows in self._few(block.values):
            totals = self._totals(block.values[rows], None if block.missing is None else block.missing[rows])
            for rank in range(k):
                nodes[rows, rank] = totals.argmin(axis=1)  # the lowest index of equals
                nearest[rows, rank] = np.take_along_axis(totals, nodes[rows, rank, np.newaxis], axis=1)[:, 0]
                np.put_along_axis(totals, nodes[rows, rank, np.newaxis], np.inf, axis=1)
        return nodes, nearest

    def distances(self, block: Block) -> NDArray[Any]:
        totals = self._totals(block.values, block.missing).astype(self._planes.dtype, copy=False)
        return reported_distances(self._distance, totals, block.missing)

    def _update(
        self, sample: NDArray[Any], there: Iterable[int], winner: int, factors: Factors, learning_rate: float
    ) -> None:
        """w ← w + (alpha · h(b, node)) · (x − w), for the rectangle of nodes within reach of the winner b.

        For the features that are there. A distance of directions has the nodes whose rate is not 0 put back on the
        sphere.
        """
        height, width = self._planes.shape[1:]
        row, column = divmod(winner, width)
        row_factors, phases = _seen_from(row, factors.rows, height), _seen_from(row, factors.phases[row % 2], height)
        rows, columns = _reached(row_factors), _reached(_seen_from(column, np.abs(factors.columns).max(axis=0), width))
        column_factors = _seen_from(column, factors.columns.T, width)[columns].T
        alpha = self._planes.dtype.type(learning_rate)
        rates = (alpha * row_factors[rows])[:, np.newaxis] * column_factors[phases[rows]]
        windows = self._planes[:, rows, columns]
        for feature in there:
            windows[feature] += rates * (sample[feature] - windows[feature])
        if self._distance.on_sphere:
            put_on_sphere(windows, rates != 0)

    def _totals(self, samples: Any, missing: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return Σ term(w − x) for every sample and node, shape (n, K), adding feature by feature those it has."""
        if isinstance(samples, SparseRows):
            return self._sparse_totals(samples)
        totals = np.zeros((len(samples), self._planes[0].size), dtype=self._planes.dtype)
        for feature, plane in enumerate(self._planes):
            terms = self._distance.term(plane.ravel() - samples[:, feature, np.newaxis])
            if missing is not None:
                terms[missing[:, feature]] = 0
            totals = self._distance.added(totals, terms)
        return totals

    def _sparse_totals(self, samples: SparseRows) -> NDArray[np.float64]:
        """Return max(0, ‖w‖² + Σ x (x − 2 w)) for every sample and node, shape (n, K), in float64.

        The sum goes over the stored values, feature by feature, in order, and so does ‖w‖². It is ‖w − x‖² but for
        rounding, which may make it negative: that counts as 0.
        """
        norms = np.zeros(self._planes[0].size)
        for plane in self._planes:
            norms += plane.ravel().astype(np.float64) ** 2
        totals = np.tile(norms, (len(samples), 1))
        for feature, rows, values in samples.by_feature():
            x, w = values.astype(np.float64)[:, np.newaxis], self._planes[feature].ravel().astype(np.float64)
            totals[rows] += x * (x - 2 * w)
        np.maximum(totals, 0, out=totals)
        return totals

    def _few(self, samples: NDArray[Any]) -> Iterator[slice]:
        rows = max(1, BLOCK_DISTANCES // self._planes[0].size)
        return (slice(start, start + rows) for start in range(0, len(samples), rows))


def _counted(block: Block) -> NDArray[np.float64]:
    """Return what each sample counts, shape (n, 1), or (n, D) where values are missing: 0 for those."""
    weights = np.ones(len(block.values)) if block.weights is None else block.weights
    counted = weights[:, np.newaxis]
    return counted if block.missing is None else np.where(block.missing, 0, counted)


def _by_feature(block: Block) -> Iterator[tuple[int, Any, NDArray[Any]]]:
    """Yield each feature, which samples have a value of it other than 0, and these, times what the samples weigh."""
    if isinstance(block.values, SparseRows):
        found: Iterable[tuple[int, Any, NDArray[Any]]] = block.values.by_feature()
    else:
        found = ((feature, slice(None), values) for feature, values in enumerate(block.values.T))
    for feature, rows, values in found:
        yield feature, rows, values if block.weights is None else block.weights[rows] * values


def _smoothed(values: NDArray[np.float64], factors: Factors) -> Generator[None, None, NDArray[np.float64]]:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n): along rows, then along columns, b ascending.

    Phase after phase, where there are several. Plane is added to plane: a matrix product would add in an order that
    depends on the machine and its threads.
    """
    height, width = values.shape[:2]
    smoothed, steps = np.zeros_like(values), _Steps()
    for band, (phase, column_factors) in product(_bands(values, step=1), enumerate(factors.columns)):
        row_factors = np.where(factors.phases == phase, factors.rows, 0)
        total = smoothed[band]
        along_rows = np.zeros_like(total)
        for source, plane in enumerate(values):
            near = _seen_from(source, row_factors[source % 2], height)[band, np.newaxis, np.newaxis]
            along_rows += near * plane
            if steps.take_long(total.size):
                yield
        for source in range(width):
            near = _seen_from(source, column_factors, width)[:, np.newaxis]
            total += near * along_rows[:, source, np.newaxis]
            if steps.take_long(total.size):
                yield
    return smoothed


def _spread(values: NDArray[np.float64], factors: Factors) -> Generator[None, None, NDArray[np.float64]]:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n), for h that is no product; see `Spread`."""
    height, width = values.shape[:2]
    spread_out, order, steps = np.zeros_like(values), spread(factors), _Steps()
    for band in _bands(values, step=2):
        targets, parity, total = np.arange(height)[band], band.start % 2, spread_out[band]
        along_rows, reached = np.zeros_like(total), 0
        for column, reach, goes_on in zip(*(each[parity] for each in order[2:]), strict=True):
            if not goes_on:
                along_rows[:], reached = 0, 0
            for row in order.rows[parity, reached:reach]:
                source = targets - (row - height + 1)
                there = (source >= 0) & (source < height)
                along_rows[there] += order.factors[parity, row, column] * values[source[there]]
                if steps.take_long(total.size):
                    yield
            reached, right = reach, column - width + 1
            total[:, max(0, right) : width + right] += along_rows[:, max(0, -right) : width - right]
            if steps.take_long(total.size):
                yield
    return spread_out


def _bands(values: NDArray[np.float64], step: int) -> Iterator[slice]:
    """Yield the rows of the map, every step-th of some after the other, `BAND_VALUES` or one row at a time."""
    height, rows = len(values), max(1, BAND_VALUES * len(values) // values.size) * step
    for first, begin in product(range(0, height, rows), range(step)):
        if first + begin < height:
            yield slice(first + begin, min(first + rows, height), step)


class _Steps:
    """Counts values that are added, to tell when somebody may look up."""

    def __init__(self) -> None:
        self._added = 0

    def take_long(self, values: int) -> bool:
        """Return whether, with so many more, `PIECE_VALUES` were added since it was last so."""
        self._added += values
        is_long = self._added >= PIECE_VALUES
        if is_long:
            self._added = 0
        return is_long


def _seen_from(winner: int, table: NDArray[Any], length: int) -> NDArray[Any]:
    """Return the part of a table by Δ that holds for the nodes 0 … length − 1 along one axis of the lattice."""
    start = length - 1 - winner
    return table[start : start + length]


def _reached(factors: NDArray[Any]) -> slice:
    """Return the smallest range of nodes that holds all with a factor other than 0."""
    within = factors.nonzero()[0]
    return slice(int(within[0]), int(within[-1]) + 1)
