"""The compiled backend: what the numpy backend does, bit for bit, with less work."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels import OnlineStep
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kernels.online_numba import catch_up, learn, make_room
from ksom.kernels.segment import Segment, segments
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

    @property
    def weights(self) -> NDArray[Any]:
        return as_map(self._tiles)

    @property
    def features(self) -> int:
        return int(self._tiles.weights.shape[1])

    def online(self, steps: Iterable[OnlineStep]) -> None:
        for segment in segments(steps):
            learn(self._tiles, segment, self._room)
            self._catch_up(segment)

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        return self._reference().best_matching_nodes(samples, k)

    def distances(self, samples: NDArray[Any]) -> NDArray[Any]:
        return self._reference().distances(samples)

    def _reference(self) -> NumpyBackend:
        return NumpyBackend(self.weights, self._tiles.weights.dtype)

    def _catch_up(self, segment: Segment) -> None:
        """Let all tiles learn the whole segment, each on any of the threads.

        Threads of Python's, on kernels that let go of its lock: numba's own abort the process when two threads of a
        program use them at once.
        """
        tiles = len(self._tiles.weights)
        if self._threads == 1 or len(segment.samples) * self._tiles.weights.size < _PARALLEL_WORK:
            catch_up(0, tiles, self._tiles, segment, self._room)
            return
        share = -(-tiles // (self._threads * _SHARES))
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, tiles, share):
                pool.submit(catch_up, start, min(start + share, tiles), self._tiles, segment, make_room(self._tiles))
