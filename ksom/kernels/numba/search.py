"""Which way of searching a map is faster for the samples at hand; the answers are the same."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.effort import GROUP_BYTES, NODES_FOR_SAMPLE
from ksom.kernels.numba.boxes import in_room
from ksom.kernels.numba.centred import Centred, centred
from ksom.kernels.numba.product_search import make_product_room, search_failed, search_products
from ksom.kernels.numba.terms import SQUARES
from ksom.kernels.numba.tile_search import make_answers, measure_boxes, search
from ksom.kernels.numba.tiles import Tiles, as_map, as_tiles
from ksom.kernels.numba.vectors import LANES, laid_out
from ksom.kernels.rounding import MOST_FEATURES, score_margin

SHARE_SAMPLES = 256
"""The fewest samples to search for in one share of the work."""

PROBES = (32, 64)
"""How many samples are looked at to choose the way, at least and at most: with 4 of 512, the slower way was taken for
one shape in twenty, which cost up to three times the time."""

FEW_SAMPLES = 128
"""So few samples are searched for in tiles: for products, the whole map has to be centred."""

VISITED = 8
"""About so many tiles a sample looks into, where tiles are worth it: 8 to 10 at 8 features, 4 to 5 at 16."""

SETTLING_NODES = 200
"""What products cost beside the scores, for each sample, in nodes that could be scored instead."""


class Search:
    """Finds the best matching nodes of samples on a map, as long as its weights stay as they are.

    Parameters
    ----------
    tiles : Tiles
        The map.
    share_out : callable
        How work is shared among threads, as `NumbaBackend` does.
    """

    def __init__(self, tiles: Tiles, share_out: Callable[..., None]) -> None:
        measure_boxes(tiles)
        self.tiles = tiles
        self._share_out = share_out
        self._asked = 0
        self._centred: list[Centred] = []

    def best_matching_nodes(
        self,
        samples: NDArray[Any],
        k: int,
        missing: NDArray[np.bool_] | None = None,
        *,
        by_products: bool | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Search in the way that promises to be faster, unless told which; products are for whole sums of squares."""
        samples, missing = laid_out(samples), None if missing is None else laid_out(missing)
        self._cut_smaller(len(samples))
        nodes, totals, total_bits = make_answers(samples, k)
        if by_products is None:
            by_products = missing is None and self.tiles.terms == SQUARES and self.prefers_products(samples, k)
        if by_products:
            self._by_products(samples, nodes, total_bits)
        else:
            self._by_tiles(samples, missing, nodes, total_bits)
        return nodes, totals

    def _cut_smaller(self, samples: int) -> None:
        """Cut the map into tiles that are better to search in, once so much is asked that it pays."""
        enough = self.tiles.height * self.tiles.width / NODES_FOR_SAMPLE
        if self._asked < enough <= self._asked + samples:
            self.tiles = as_tiles(as_map(self.tiles), self.tiles.weights.dtype, _shape(self.tiles), self.tiles.terms)
        self._asked += samples

    def prefers_products(self, samples: NDArray[Any], k: int) -> bool:
        """Let some of the samples tell whether products are faster.

        Measured on mixtures and noise, from first to trained weights, D = 2 … 784, K = 100 … 40,000: a node looked into
        takes 0.047 D ns, products take 0.055 + 0.013 D ns for each node there is. A quarter of the map is too much to
        look into at 16 features, a twentieth is not; at 784 features it takes clusters far apart to prefer tiles. If
        all samples were looked at, a search would take 1 % more on average than if this always knew. How often it is
        right: `benchmarks/sweep.py`.
        """
        fewest, most = PROBES
        _, features, tile_nodes = self.tiles.weights.shape
        if len(samples) < FEW_SAMPLES or features > MOST_FEATURES:
            return False
        probes = laid_out(samples[:: len(samples) // min(most, max(fewest, len(samples) // FEW_SAMPLES))])
        counts = np.zeros(len(probes), dtype=np.int64)
        nodes, _, total_bits = make_answers(probes, k)
        kernel = in_room(search, self.tiles)
        self._share_out(kernel, len(probes), 0, SHARE_SAMPLES, probes, None, nodes, total_bits, counts)
        looked_into = counts.mean() * (tile_nodes + 100) * (3 * features + 6)
        return bool(looked_into > (self.tiles.height * self.tiles.width + SETTLING_NODES) * (features + 6))

    def _by_tiles(
        self,
        samples: NDArray[Any],
        missing: NDArray[np.bool_] | None,
        nodes: NDArray[np.int64],
        total_bits: NDArray[Any],
    ) -> None:
        work = len(samples) * self.tiles.weights.size
        arrays = samples, missing, nodes, total_bits, np.empty(len(samples), dtype=np.int64)
        self._share_out(in_room(search, self.tiles), len(samples), work, SHARE_SAMPLES, *arrays)

    def _by_products(self, samples: NDArray[Any], nodes: NDArray[np.int64], total_bits: NDArray[Any]) -> None:
        work = len(samples) * self.tiles.weights.size
        failed = np.zeros(len(samples), dtype=np.bool_)
        margin = score_margin(self.tiles.weights.shape[1], samples.dtype)
        for group in self._groups():

            def score(start: int, stop: int, group: Centred = group) -> None:
                room = make_product_room(group, nodes.shape[1])
                search_products(start, stop, room, group, margin, samples, nodes, total_bits, failed)

            self._share_out(score, len(samples), work, SHARE_SAMPLES)
        if failed.any():
            kernel = in_room(search_failed, self.tiles)
            self._share_out(kernel, len(samples), work, SHARE_SAMPLES, samples, nodes, total_bits, failed)

    def _groups(self) -> Iterable[Centred]:
        """Return the map's nodes, centred; kept for the next call if they are one group."""
        if not self._centred and self.tiles.weights.nbytes <= GROUP_BYTES:
            self._centred = list(centred(self.tiles))
        return self._centred or centred(self.tiles)


def _shape(tiles: Tiles) -> tuple[int, int]:
    """Return height and width of the tiles to search in, nodes: about as wide as high, and few beyond the map's edge.

    Smaller than those that learn: of K nodes in tiles of n, a sample measures its distance to K / n boxes and n nodes
    in each tile that it looks into, which is least for n = √(K / tiles).
    """
    height, width = tiles.height, tiles.width
    if len(tiles.weights) == 1:
        return tiles.tile_height, tiles.tile_width
    nodes = LANES * min(max(1, round((height * width / VISITED) ** 0.5 / LANES)), 16)
    heights = (2**power for power in range(nodes.bit_length()) if nodes % 2**power == 0)

    def cost(shape: tuple[int, int]) -> int:
        return -(-height // shape[0]) * -(-width // shape[1]) * sum(shape)

    return min(((tile_height, nodes // tile_height) for tile_height in heights), key=cost)
