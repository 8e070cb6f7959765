"""The compiled backend: what the numpy backend does, bit for bit, with less work."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels import OnlineStep
from ksom.kernels.online_numba import catch_up, learn, make_room
from ksom.kernels.search import Search
from ksom.kernels.search_numba import all_distances
from ksom.kernels.segment import segments
from ksom.kernels.tiles import as_map, as_tiles

_PARALLEL_WORK = 2**24
"""How many updated values are worth a second thread: half a millisecond of work, a start of threads takes a tenth."""

_SHARES = 8
"""Into how many shares work is cut for each thread, so that none waits long for the last one."""


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
    """

    name = "numba"

    def __init__(self, weights: NDArray[Any], dtype: DTypeLike, threads: int = 1) -> None:
        self._tiles = as_tiles(np.asarray(weights), dtype)
        self._room = make_room(self._tiles)
        self._threads = threads
        self._boxes_are_small = False
        self._search: Search | None = None

    @property
    def weights(self) -> NDArray[Any]:
        return as_map(self._tiles)

    @property
    def features(self) -> int:
        return int(self._tiles.weights.shape[1])

    def online(self, steps: Iterable[OnlineStep]) -> None:
        for segment in segments(steps):
            learn(self._tiles, segment, self._room)
            work = len(segment.samples) * self._tiles.weights.size
            self._share(catch_up, len(self._tiles.weights), work, 1, segment)
            self._boxes_are_small = False

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        if not self._boxes_are_small or self._search is None or self._search.tiles is not self._tiles:
            self._search = Search(self._tiles, self._share)
            self._boxes_are_small = True
        return self._search.best_matching_nodes(samples, k)

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        squared = np.empty((len(samples), self._tiles.height * self._tiles.width), dtype=self._tiles.weights.dtype)
        work = len(samples) * self._tiles.weights.size
        self._share(all_distances, len(samples), work, 1, np.ascontiguousarray(samples), squared)
        return np.sqrt(squared, out=squared)

    def _share(self, kernel: Callable[..., None], count: int, work: int, least: int, *arrays: Any) -> None:
        """Let a kernel do 0 … count − 1, on several threads if it is worth it; every thread has its own room.

        Threads of Python's, on kernels that let go of its lock: numba's own abort the process when two threads of a
        program use them at once.
        """
        if self._threads == 1 or work < _PARALLEL_WORK:
            kernel(0, count, self._tiles, self._room, *arrays)
            return
        share = max(least, -(-count // (self._threads * _SHARES)))
        with ThreadPoolExecutor(self._threads) as pool:
            parts = [
                pool.submit(kernel, start, min(start + share, count), self._tiles, make_room(self._tiles), *arrays)
                for start in range(0, count, share)
            ]
            for part in parts:
                part.result()
