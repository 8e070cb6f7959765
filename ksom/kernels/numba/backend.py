"""The compiled backend: what the numpy backend does, bit for bit, with less work."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.backend import OnlineRun, OnlineStep
from ksom.kernels.node_sums import LEAST_WEIGHT, SUM_ROWS, NodeSums, gathered
from ksom.kernels.numba.batch import Smoothing, add_samples, smooth, smoothings, spread_rows, take_means
from ksom.kernels.numba.boxes import in_room, make_room
from ksom.kernels.numba.look_ahead import LookAhead, is_worth_it
from ksom.kernels.numba.online import catch_up, learn
from ksom.kernels.numba.plain_online import is_pushing, learn_plainly
from ksom.kernels.numba.search import NOTHING, Search
from ksom.kernels.numba.segment import SEGMENT_BYTES, Segment, segments
from ksom.kernels.numba.sparse import SparseSearch, add_sparse_samples
from ksom.kernels.numba.terms import TERMS
from ksom.kernels.numba.threads import share_out
from ksom.kernels.numba.tile_search import all_distances, measure_boxes
from ksom.kernels.numba.tiles import as_map, as_tiles
from ksom.kernels.numba.vectors import LANES, laid_out
from ksom.kernels.spread import Spread, spread
from ksom.method.distance import Distance, Euclidean, reported_distances
from ksom.method.neighbourhood import Factors
from ksom.method.sphere import placed_on_sphere
from ksom.samples import Block
from ksom.sparse_rows import SparseRows

_PARALLEL_WORK = 2**24
"""How many updated values are worth a second thread: half a millisecond of work, a start of threads takes a tenth."""

PIECE_WORK = 2**30
"""So many values, times a factor each, are added before somebody may look up, by each thread: a tenth of a second, or
half a one where they come from memory."""

FILLED_AT_ONCE = 2**23
"""So many numbers of new memory are filled before somebody may look up, 64 MB: a quarter of a second where the system
has to find it first."""


class NumbaBackend:
    """Kohonen's algorithm, compiled; see `Backend` for the operations.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D)
        First weights, data units; copied.
    dtype : dtype
        The working precision, float32 or float64.
    threads : int
        How many threads to use, at least 1. Never changes a bit.
    distance : Distance, optional
        One of those that `TERMS` knows; default euclidean.
    """

    name = "numba"
    rows_between_pauses = SUM_ROWS

    def __init__(
        self, weights: NDArray[Any], dtype: DTypeLike, threads: int = 1, distance: Distance | None = None
    ) -> None:
        self._distance = distance or Euclidean()
        weights = np.asarray(weights)
        if self._distance.on_sphere:
            weights = placed_on_sphere(weights, dtype)
        self._tiles = as_tiles(weights, dtype, terms=TERMS[type(self._distance)])
        self._room = make_room(self._tiles)
        self._threads = threads
        self._ahead: LookAhead | None = None
        self._boxes_hold = True
        self._search: Search | None = None
        self._before = NOTHING
        self._sparse_search: SparseSearch | None = None

    @property
    def weights(self) -> NDArray[Any]:
        return as_map(self._tiles)

    @property
    def features(self) -> int:
        return int(self._tiles.weights.shape[1])

    def show(self, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        for segment in segments(steps):
            self._forget_searches()
            if self._distance.on_sphere or is_pushing(segment):
                learn_plainly(self._tiles, segment, self._room, self._distance.on_sphere)
                self._boxes_hold = False
            else:
                self._learn(segment)
                work = len(segment.samples) * self._tiles.weights.size
                self._share_out(in_room(catch_up, self._tiles), len(self._tiles.weights), work, 1, segment)

    def node_sums(
        self, blocks: Iterable[Block], so_far: NodeSums | None = None, winners: NDArray[np.int64] | None = None
    ) -> NodeSums:
        nodes, made = self._tiles.height * self._tiles.width, so_far
        for block in gathered(blocks, SEGMENT_BYTES):
            made = made or NodeSums.nothing(nodes, self.features, each_feature=block.missing is not None)
            found = self._winners(block) if winners is None else winners
            if isinstance(block.values, SparseRows):
                add_sparse_samples(block.values, block.weights, found, made, self._share_out)
            else:
                add_samples(*_laid_out(block), found, SUM_ROWS, made.sums, made.counts)
        return made or NodeSums.nothing(nodes, self.features)

    def moving_to_means(self, node_sums: NodeSums, factors: Factors) -> Iterator[None]:
        self._forget_searches()  # they take more memory than is needed here
        if factors.is_product:
            applied = partial(self._smoothed, smoothings(factors))
        else:
            order = spread(factors)
            applied = partial(self._spread, order, order.additions)
        numerators = yield from applied(node_sums.sums)
        denominators = yield from applied(node_sums.counts)
        count, work = len(self._tiles.weights), numerators.size
        arrays = self._tiles, numerators, denominators
        self._share_out(take_means, count, work, 1, *arrays, LEAST_WEIGHT, self._distance.on_sphere)
        self._boxes_hold = False
        self._forget_searches()  # of who looked up meanwhile

    def best_matching_nodes(self, block: Block, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        if isinstance(block.values, SparseRows):
            return self.sparse_search().best_matching_nodes(block.values, k)
        return self.search().best_matching_nodes(block.values, k, block.missing)

    def _winners(self, block: Block) -> NDArray[np.int64]:
        if isinstance(block.values, SparseRows):
            return self.best_matching_nodes(block, 1)[0][:, 0]
        return self.search().winners(block.values, block.missing)

    def search(self) -> Search:
        """Return a search of the map as it is now."""
        if self._search is None:
            self._search = Search(self._tiles, self._share_out, self._before)
        return self._search

    def sparse_search(self) -> SparseSearch:
        """Return a search of the map as it is now, for sparse samples."""
        self._sparse_search = self._sparse_search or SparseSearch(self._tiles, self._share_out)
        return self._sparse_search

    def distances(self, block: Block) -> NDArray[Any]:
        if isinstance(block.values, SparseRows):
            return self._distance.reported(self.sparse_search().distances(block.values))
        samples, missing, _ = _laid_out(block)
        totals = np.empty((len(samples), self._tiles.height * self._tiles.width), dtype=self._tiles.weights.dtype)
        work = len(samples) * self._tiles.weights.size
        self._share_out(in_room(all_distances, self._tiles), len(samples), work, 1, samples, missing, totals)
        return reported_distances(self._distance, totals, missing)

    def _forget_searches(self) -> None:
        """Forget what was true of the map as it was, but for what will be nearly so."""
        if self._search is not None:
            self._before = self._search.found_out()
        self._search = self._sparse_search = None

    def _learn(self, segment: Segment) -> None:
        """Find the winners, and let the tiles learn as far as that takes."""
        if segment.missing is None and is_worth_it(self._tiles, len(segment.samples)):
            self._ahead = self._ahead or LookAhead(self._tiles, self._room, self._share_out)
            self._ahead.learn(segment)
            self._boxes_hold = False
        else:
            if not self._boxes_hold:
                measure_boxes(self._tiles)
            learn(self._tiles, segment, self._room)
            self._boxes_hold = True

    def _smoothed(
        self, how: list[tuple[Smoothing, list[Smoothing]]], values: NDArray[np.float64]
    ) -> Generator[None, None, NDArray[np.float64]]:
        """Σ_b h(b, k) · values[b] for a product; in place where there is one phase and nobody looks up meanwhile."""
        height, width = self._tiles.height, self._tiles.width
        of_rows, of_columns = (1, height, values.size // height), (height, width, values.shape[1])
        has_one_phase = len(how) == 1
        is_in_place = has_one_phase and self._pieces(max(height, width), values.size) == 1
        along_rows = values if is_in_place else (yield from _zeros_like(values))
        smoothed = along_rows if has_one_phase else (yield from _zeros_like(values))
        for rows, columns in how:
            yield from self._smooth(rows, values.reshape(of_rows), along_rows.reshape(of_rows))
            for some in columns:
                source, target = along_rows.reshape(of_columns), smoothed.reshape(of_columns)
                yield from self._smooth(some, source, target, adding=not has_one_phase)
        return smoothed

    def _smooth(
        self, how: Smoothing, source: NDArray[np.float64], target: NDArray[np.float64], *, adding: bool = False
    ) -> Iterator[None]:
        lines = len(range(how.first, source.shape[0], how.step)) * source.shape[2]
        work = source.shape[1] * source.size
        return self._in_pieces(smooth, -(-lines // LANES), work, how, source, target, adding)

    def _spread(
        self, order: Spread, additions: int, values: NDArray[np.float64]
    ) -> Generator[None, None, NDArray[np.float64]]:
        """Σ_b h(b, k) · values[b] for h that is no product; a few features at a time, where a row of all takes long."""
        height, width, features = self._tiles.height, self._tiles.width, values.shape[1]
        together = min(features, max(1, PIECE_WORK // (additions * width)))  # a row is done by one thread
        total = yield from _zeros_like(values)
        for first in range(0, features, together):
            some = slice(first, first + together)
            source = np.ascontiguousarray(values[:, some]).reshape(height, -1)
            target = np.zeros_like(source) if together < features else total.reshape(height, -1)
            yield from self._in_pieces(spread_rows, height, additions * source.size, order, source, target)
            if together < features:
                total[:, some] = target.reshape(len(total), -1)
        return total

    def _in_pieces(self, kernel: Callable[..., None], count: int, work: int, *arrays: Any) -> Iterator[None]:
        """Let a kernel do 0 … count − 1, and look up in between if it takes long; as often as threads have enough."""
        if self._pieces(work) == 1:
            self._share_out(kernel, count, work, 1, *arrays)
            return
        pieces = min(self._pieces(work), max(1, count // self._threads))
        for piece in range(pieces):
            first, last = count * piece // pieces, count * (piece + 1) // pieces
            self._share_out(partial(_from, first, kernel), last - first, work // pieces, 1, *arrays)
            yield

    def _pieces(self, *work: int) -> int:
        """Return in how many pieces so much work is done, the product of some numbers."""
        return max(1, -(-math.prod(work) // (PIECE_WORK * self._threads)))

    def _share_out(self, kernel: Callable[..., None], count: int, work: int, least: int, *arrays: Any) -> None:
        """Let a kernel do 0 … count − 1, on several threads if it is worth it."""
        if self._threads == 1 or work < _PARALLEL_WORK:
            kernel(0, count, *arrays)
        else:
            share_out(kernel, count, self._threads, least, *arrays)


def _zeros_like(values: NDArray[np.float64]) -> Generator[None, None, NDArray[np.float64]]:
    """Return as many zeros."""
    zeros = np.empty_like(values)
    rows = max(1, FILLED_AT_ONCE // values.shape[1])
    for start in range(0, len(zeros), rows):
        if start:
            yield
        zeros[start : start + rows] = 0
    return zeros


def _from(first: int, kernel: Callable[..., None], start: int, stop: int, *arrays: Any) -> None:
    """Let a kernel do what is so much farther on."""
    kernel(first + start, first + stop, *arrays)


def _laid_out(block: Block) -> tuple[NDArray[Any], NDArray[np.bool_] | None, NDArray[np.float64] | None]:
    """Return values, gaps and weights as kernels take them."""
    missing, weights = (None if array is None else laid_out(array) for array in (block.missing, block.weights))
    return laid_out(block.values), missing, weights
