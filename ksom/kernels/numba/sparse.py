"""Sparse samples, compiled: their search and their sums look at what is stored alone.

A sample meets the weights of one feature after another: those of a tile's nodes lie side by side, so that each stored
value is one pass over contiguous numbers, whatever the other features are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.node_sums import SUM_ROWS, NodeSums
from ksom.kernels.numba.boxes import first_node
from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.tile_search import offer
from ksom.kernels.numba.tiles import Tiles
from ksom.kernels.numba.vectors import aligned, laid_out
from ksom.sparse_rows import SparseRows

SHARE_ROWS = 1024
"""The fewest samples in one share of the work: a share reads a tile, 2.5 MB of 10,000 features, for all of them. With
256 of 50 stored values, a search took twice as long; with 5,000, a fifth less."""

FARTHEST = np.int64(np.iinfo(np.int64).max)
"""The bits of a distance beyond any other."""


class SparseSearch:
    """Finds the best matching nodes of sparse samples on a map, as long as its weights stay as they are.

    Parameters
    ----------
    tiles : Tiles
        The map.
    share_out : callable
        How work is shared among threads, as `NumbaBackend` does.
    """

    def __init__(self, tiles: Tiles, share_out: Callable[..., None]) -> None:
        self._tiles = tiles
        self._share_out = share_out
        self._norms = np.zeros((len(tiles.weights), tiles.weights.shape[2]))
        share_out(measure_norms, len(tiles.weights), tiles.weights.size, 1, tiles, self._norms)

    def best_matching_nodes(self, samples: SparseRows, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the k nearest nodes of each sample and their squared distances, as `Backend` does."""
        nodes, bits = np.zeros((len(samples), k), dtype=np.int64), np.full((len(samples), k), FARTHEST)
        self._measure(search_sparse, samples, nodes, bits)
        return nodes, bits.view(np.float64).astype(self._tiles.weights.dtype)

    def distances(self, samples: SparseRows) -> NDArray[Any]:
        """Return the squared distance of each sample to every node, shape (n, K)."""
        squared = np.empty((len(samples), self._tiles.height * self._tiles.width))
        self._measure(all_sparse_distances, samples, squared)
        return squared.astype(self._tiles.weights.dtype)

    def _measure(self, kernel: Callable[..., None], samples: SparseRows, *answers: NDArray[Any]) -> None:
        stored, places = stored_arrays(samples), self._norms.shape[1]

        def part(start: int, stop: int) -> None:
            kernel(start, stop, self._tiles, self._norms, aligned((places,), np.float64), *stored, *answers)

        self._share_out(part, len(samples), samples.stored * self._norms.size, SHARE_ROWS)


def add_sparse_samples(
    samples: SparseRows,
    weights: NDArray[np.float64] | None,
    winners: NDArray[np.int64],
    made: NodeSums,
    share_out: Callable[..., None],
) -> None:
    """Add sparse samples to the sums of the nodes that won them: with the bits that they would have in full.

    Each block of rows is ordered by winner, so that threads take nodes, and each adds up one node at a time.
    """
    blocks = range(0, len(winners), SUM_ROWS)
    order = np.concatenate([start + np.argsort(winners[start : start + SUM_ROWS], kind="stable") for start in blocks])
    arrays = order, winners, SUM_ROWS, *stored_arrays(samples), weights, made.sums, made.counts

    def part(start: int, stop: int) -> None:
        room = np.zeros(samples.width), np.zeros(samples.width, np.bool_), np.empty(samples.width, np.int32)
        add_sparse(start, stop, *room, *arrays)

    share_out(part, len(made.counts), samples.stored * 8, 1)


def stored_arrays(samples: SparseRows) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int64]]:
    """Return values, features and begins, as kernels take them."""
    rows = samples.compact
    return laid_out(rows.values), laid_out(rows.features), rows.begins


@compiled(**ENTRY)
def measure_norms(start, stop, tiles, norms):
    """‖w‖² of the nodes of the tiles start … stop − 1, in float64, feature by feature."""
    for tile in range(start, stop):
        for feature in range(tiles.weights.shape[1]):
            for i in range(norms.shape[1]):
                weight = np.float64(tiles.weights[tile, feature, i])
                norms[tile, i] += weight * weight


@compiled(**ENTRY)
def search_sparse(start, stop, tiles, norms, totals, values, features, begins, nodes, squared_bits):
    """Find the nearest nodes of the samples start … stop − 1, as many as `nodes` has columns; tile by tile."""
    totals_bits = totals.view(np.int64)
    for tile in range(norms.shape[0]):
        for sample in range(start, stop):
            _measure(tile, begins[sample], begins[sample + 1], tiles.weights, norms, values, features, totals)
            offer(tile, sample, tiles, totals_bits, FARTHEST, nodes, squared_bits)


@compiled(**ENTRY)
def all_sparse_distances(start, stop, tiles, norms, totals, values, features, begins, squared):
    """Squared distances of the samples start … stop − 1 to every node, shape (samples, K)."""
    for tile in range(norms.shape[0]):
        begin = first_node(tile, tiles)
        rows = min(tiles.tile_height, tiles.height - begin // tiles.width)
        columns = min(tiles.tile_width, tiles.width - begin % tiles.width)
        for sample in range(start, stop):
            _measure(tile, begins[sample], begins[sample + 1], tiles.weights, norms, values, features, totals)
            for row in range(rows):
                for column in range(columns):
                    node = begin + row * tiles.width + column
                    squared[sample, node] = totals[row * tiles.tile_width + column]


@compiled(**PART)
def _measure(tile, begin, end, weights, norms, values, features, totals):
    """max(0, ‖w‖² + Σ x (x − 2 w)) of a tile's nodes, over a sample's stored values, as in the reference.

    Four values at a time: the totals are stored a quarter as often.
    """
    for i in range(totals.size):
        totals[i] = norms[tile, i]
    fours = end - (end - begin) % 4
    for j in range(begin, fours, 4):
        a, b, c, d = features[j], features[j + 1], features[j + 2], features[j + 3]
        for i in range(totals.size):
            total = totals[i] + _term(values[j], weights[tile, a, i]) + _term(values[j + 1], weights[tile, b, i])
            totals[i] = total + _term(values[j + 2], weights[tile, c, i]) + _term(values[j + 3], weights[tile, d, i])
    for j in range(fours, end):
        a = features[j]
        for i in range(totals.size):
            totals[i] = totals[i] + _term(values[j], weights[tile, a, i])
    for i in range(totals.size):
        totals[i] = totals[i] if totals[i] > 0 else 0.0


@compiled(**PART)
def _term(value, weight):
    """x (x − 2 w)."""
    return np.float64(value) * (np.float64(value) - 2 * np.float64(weight))


@compiled(**ENTRY)
def add_sparse(
    start, stop, part, is_there, there, order, winners, block_rows, values, features, begins, weights, sums, counts
):
    """Add the samples that the nodes start … stop − 1 won to their sums, block by block of rows.

    `part` holds what a node gets from one block, and is 0 again afterwards; `there` lists the features in it.
    """
    for first in range(0, winners.size, block_rows):
        end, count, touched = min(first + block_rows, winners.size), 0.0, 0
        for place in range(first, end):
            sample = order[place]
            node = winners[sample]
            if start <= node < stop:
                count += 1.0 if weights is None else weights[sample]
                touched = _add_row(sample, part, is_there, there, touched, values, features, begins, weights)
                if place + 1 == end or winners[order[place + 1]] != node:
                    counts[node, 0] += count
                    for i in range(touched):
                        feature = there[i]
                        sums[node, feature] += part[feature]
                        part[feature], is_there[feature] = 0, False
                    count, touched = 0.0, 0


@compiled(**PART)
def _add_row(sample, part, is_there, there, touched, values, features, begins, weights):
    """Add a sample to a part; return how many features are in it now."""
    for j in range(begins[sample], begins[sample + 1]):
        feature = features[j]
        if not is_there[feature]:
            is_there[feature], there[touched] = True, feature
            touched += 1
        part[feature] += values[j] if weights is None else weights[sample] * values[j]
    return touched
