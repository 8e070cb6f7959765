"""The compiled backend: what the numpy backend does, bit for bit, with less work."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels import OnlineStep
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kernels.online_numba import catch_up, learn, make_room
from ksom.kernels.search_numba import make_answers, measure_boxes, search
from ksom.kernels.segment import segments
from ksom.kernels.tiles import as_map, as_tiles

_PARALLEL_WORK = 2**24
"""How many updated values are worth a second thread: half a millisecond of work, a start of threads takes a tenth."""

_SHARES = 8
"""Into how many shares work is cut for each thread, so that none waits long for the last one."""


_SAMPLES = 256
"""The fewest samples to search for in one share."""


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
        self._boxes_are_small = True

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
        if not self._boxes_are_small:
            measure_boxes(self._tiles)
            self._boxes_are_small = True
        samples = np.ascontiguousarray(samples)
        nodes, squared, squared_bits = make_answers(samples, k)
        work = len(samples) * self._tiles.weights.size
        self._share(search, len(samples), work, _SAMPLES, samples, nodes, squared_bits)
        return nodes, squared

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        return NumpyBackend(self.weights, self._tiles.weights.dtype).distances(samples)

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
