"""Which way of searching a map is faster for the samples at hand; the answers are the same."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.centred import GROUP_BYTES, Centred, centred
from ksom.kernels.product_numba import make_product_room, search_failed, search_products
from ksom.kernels.rounding import MOST_FEATURES, rounding
from ksom.kernels.search_numba import make_answers, measure_boxes, search
from ksom.kernels.tiles import Tiles

SHARE_SAMPLES = 256
"""The fewest samples to search for in one share of the work."""

PROBES = (128, 64)
"""A probe is one of so many samples, and there are about so many at most: they cost up to 5 % of a search."""

Share = Callable[..., None]
"""Calls a kernel for parts of 0 … count − 1, as `NumbaBackend` does."""


class Search:
    """Finds the best matching nodes of samples on a map, as long as its weights stay as they are.

    Parameters
    ----------
    tiles : Tiles
        The map; its boxes are made as small as the weights allow.
    share : callable
        How work is shared among threads.
    """

    def __init__(self, tiles: Tiles, share: Share) -> None:
        measure_boxes(tiles)
        self.tiles = tiles
        self._share = share
        self._centred: list[Centred] = []

    def best_matching_nodes(self, samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        samples = np.ascontiguousarray(samples)
        nodes, squared, squared_bits = make_answers(samples, k)
        way = self._by_products if self._many_tiles_matter(samples, k) else self._by_tiles
        way(samples, nodes, squared_bits)
        return nodes, squared

    def _many_tiles_matter(self, samples: NDArray[Any], k: int) -> bool:
        """Let some of the samples tell whether products are faster.

        Measured on mixtures that overlap or do not, from untrained to trained maps, D = 2 … 784, K = 100 … 40,000: a
        node looked into takes 0.047 D ns, products take 0.055 + 0.013 D ns for each node there is. With this rule a
        search takes 1.5 % more on average than if it always knew, and 28 % at worst. A quarter of the map is too much
        to look into at 16 features, a twentieth is not; at 784 features it takes clusters far apart to prefer tiles.
        """
        step, most = PROBES
        _, features, tile_nodes = self.tiles.weights.shape
        if len(samples) < step or features > MOST_FEATURES:
            return False
        probes = np.ascontiguousarray(samples[:: max(step, len(samples) // most)])
        counts = np.zeros(len(probes), dtype=np.int64)
        nodes, _, squared_bits = make_answers(probes, k)
        self._share(search, len(probes), 0, SHARE_SAMPLES, probes, nodes, squared_bits, counts)
        looked_into = counts.mean() * (tile_nodes + 100) * (3 * features + 6)
        return bool(looked_into > self.tiles.height * self.tiles.width * (features + 6))

    def _by_tiles(self, samples: NDArray[Any], nodes: NDArray[np.int64], squared_bits: NDArray[Any]) -> None:
        work = len(samples) * self.tiles.weights.size
        counts = np.empty(len(samples), dtype=np.int64)
        self._share(search, len(samples), work, SHARE_SAMPLES, samples, nodes, squared_bits, counts)

    def _by_products(self, samples: NDArray[Any], nodes: NDArray[np.int64], squared_bits: NDArray[Any]) -> None:
        work = len(samples) * self.tiles.weights.size
        failed = np.zeros(len(samples), dtype=np.bool_)
        margin = rounding(self.tiles.weights.shape[1], samples.dtype)
        for group in self._groups():

            def kernel(start: int, stop: int, *_: Any, group: Centred = group) -> None:
                room = make_product_room(group, nodes.shape[1])
                search_products(start, stop, room, group, margin, samples, nodes, squared_bits, failed)

            self._share(kernel, len(samples), work, SHARE_SAMPLES)
        if failed.any():
            self._share(search_failed, len(samples), work, SHARE_SAMPLES, samples, nodes, squared_bits, failed)

    def _groups(self) -> Iterable[Centred]:
        """Return the map's nodes, centred; kept for the next call if they are one group."""
        if not self._centred and self.tiles.weights.nbytes <= GROUP_BYTES:
            self._centred = list(centred(self.tiles))
        return self._centred or centred(self.tiles)
