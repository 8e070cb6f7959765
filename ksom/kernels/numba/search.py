"""Which way of searching a map is faster for the samples at hand; the answers are the same."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.effort import GROUP_BYTES, NODES_FOR_SAMPLE
from ksom.kernels.numba.boxes import in_room
from ksom.kernels.numba.centred import Centred, centred
from ksom.kernels.numba.product_search import make_product_room, search_failed, search_products
from ksom.kernels.numba.rooms import Rooms
from ksom.kernels.numba.shadow_search import make_shadow_room, search_shadows
from ksom.kernels.numba.shadows import MapShadows
from ksom.kernels.numba.terms import SQUARES
from ksom.kernels.numba.threads import matrix_products_alone
from ksom.kernels.numba.tile_search import make_answers, measure_boxes, search
from ksom.kernels.numba.tiles import Tiles, as_map, as_tiles
from ksom.kernels.numba.vectors import LANES, laid_out, multiple
from ksom.kernels.numba.ways import (
    LOOKING,
    PRODUCTS,
    TILES,
    Looks,
    Way,
    axes_to_try,
    casting_cost,
    left_in_question,
    quickest,
    shadows_cost,
)
from ksom.kernels.rounding import MOST_FEATURES, score_margin

SHARE_SAMPLES = 256
"""The fewest samples to search for in one share of the work."""

PROBES = (32, 64)
"""How many samples are looked at to choose the way, at least and at most: with 4 of 512, the slower way was taken for
one shape in twenty, which cost up to three times the time."""

KEPT_FOR = 8
"""For so many searches of a map that moves a way may be kept that it was slow to choose."""

SHARE_TO_CHOOSE, LEFT = 0.1, 8
"""To choose may take that share of a search, in which about so many nodes are left in question."""

FEW_SAMPLES = 128
"""So few samples are searched for in tiles: for products, the whole map has to be centred."""

VISITED = 8
"""About so many tiles a sample looks into, where tiles are worth it: 8 to 10 at 8 features, 4 to 5 at 16."""


class Before(NamedTuple):
    """What a search of nearly the same map has found out: of the map as it was a moment ago."""

    axes: NDArray[Any] | None = None
    """The map's own axes, shape (D, axes)."""
    ways: tuple[tuple[int, Way], ...] = ()
    """k, and the way that was chosen for it."""
    age: int = 0
    """So many searches ago samples were looked at to choose them."""


NOTHING = Before()


class Search:
    """Finds the best matching nodes of samples on a map, as long as its weights stay as they are.

    Parameters
    ----------
    tiles : Tiles
        The map.
    share_out : callable
        How work is shared among threads, as `NumbaBackend` does.
    before : Before, optional
        What was found out of nearly the same map.
    """

    def __init__(self, tiles: Tiles, share_out: Callable[..., None], before: Before = NOTHING) -> None:
        measure_boxes(tiles)
        self.tiles = tiles
        self._before = before
        self._has_looked = False
        self._share_out = share_out
        self._asked = 0
        self._centred: list[Centred] = []
        self._shadows: MapShadows | None = None
        self._ways: dict[int, tuple[Way, int]] = {}  # by k, and how much had been asked when it was chosen

    def best_matching_nodes(
        self,
        samples: NDArray[Any],
        k: int,
        missing: NDArray[np.bool_] | None = None,
        *,
        way: Way | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Search in the way that promises to be fastest, unless told which; only tiles do all distances and gaps."""
        return self._searched(samples, k, missing, way, are_measured=True)

    def winners(
        self, samples: NDArray[Any], missing: NDArray[np.bool_] | None = None, *, way: Way | None = None
    ) -> NDArray[np.int64]:
        """Return the best matching node of each sample alone, shape (n,).

        Whose bound on rounding leaves but one node in question is then not measured as the reference does, which takes
        a sum that waits for each addition: of most samples, a fifth to a half of the search.
        """
        return self._searched(samples, 1, missing, way, are_measured=not self._is_one_group)[0][:, 0]

    def _searched(
        self, samples: NDArray[Any], k: int, missing: NDArray[np.bool_] | None, way: Way | None, *, are_measured: bool
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the nearest nodes, and how far they are; the latter is not told if it need not be measured."""
        samples, missing = laid_out(samples), None if missing is None else laid_out(missing)
        self._asked += len(samples)
        nodes, totals, total_bits = make_answers(samples, k)
        if way is None:
            way = self._way_so_far(samples, k) if missing is None and self.tiles.terms == SQUARES else TILES
        if way == TILES:
            self._by_tiles(samples, missing, nodes, total_bits)
        else:
            failed = np.zeros(len(samples), dtype=np.bool_)
            if way == PRODUCTS:
                self._by_products(samples, nodes, total_bits, failed, are_measured)
            else:
                self._by_shadows(way.axes, samples, nodes, total_bits, failed, are_measured)
            if failed.any():
                work = len(samples) * self.tiles.weights.size
                kernel = in_room(search_failed, self.tiles)
                self._share_out(kernel, len(samples), work, SHARE_SAMPLES, samples, nodes, total_bits, failed)
        return nodes, totals

    def _tile_shape(self) -> tuple[int, int]:
        """Return the rows and columns of the tiles that it pays to search in: once much is asked, others."""
        if self._asked < self._nodes / NODES_FOR_SAMPLE:
            return self.tiles.tile_height, self.tiles.tile_width
        return _shape(self.tiles)

    def _cut(self) -> None:
        """Cut the map into the tiles that it pays to search in."""
        shape = self._tile_shape()
        if shape != (self.tiles.tile_height, self.tiles.tile_width):
            self.tiles = as_tiles(as_map(self.tiles), self.tiles.weights.dtype, shape, self.tiles.terms)

    def _way_so_far(self, samples: NDArray[Any], k: int) -> Way:
        """Choose a way, and again whenever four times as much has been asked: samples may come in some order."""
        if len(samples) < FEW_SAMPLES:
            return TILES
        way, asked = self._ways.get(k, (TILES, 0))
        if self._asked >= 4 * asked:
            before = None if asked else self._way_before(len(samples), k)
            way = before or self.way(samples, k)
            self._ways[k] = way, self._asked
        return way

    def _way_before(self, samples: int, k: int) -> Way | None:
        """Return the way that was chosen a moment ago, if to choose again would take long beside the search."""
        way, (_, features, tile_nodes) = dict(self._before.ways).get(k), self.tiles.weights.shape
        if way is None or not way.axes or self._before.age >= KEPT_FOR:
            return None
        looks = Looks(samples, self._nodes, features, tile_nodes, 0, 0, are_axes_near=True)
        takes = samples * shadows_cost(looks, way.axes, LEFT)
        return way if LOOKING + casting_cost(looks, 2 * way.axes) > SHARE_TO_CHOOSE * takes else None

    def way(self, samples: NDArray[Any], k: int) -> Way:
        """Let some of the samples tell which way is the fastest; see `ways`.

        If all samples were looked at, a search would take 1 % more on average than if this always knew. How often it
        is right: `benchmarks/sweep.py`.
        """
        fewest, most = PROBES
        self._has_looked = True
        features = self.tiles.weights.shape[1]
        if len(samples) < FEW_SAMPLES or features > MOST_FEATURES:
            return TILES
        probes = laid_out(samples[:: len(samples) // min(most, max(fewest, len(samples) // FEW_SAMPLES))])
        (rows, columns), are_near = self._tile_shape(), self.axes is not None
        boxes = multiple(-(-self.tiles.height // rows) * -(-self.tiles.width // columns), LANES)
        looks = Looks(len(samples), self._nodes, features, rows * columns, boxes, 1, are_near)
        if are_near and (way := self._quickest(looks, probes, k)) != TILES:
            return way  # would be even if a sample looked into one tile only: to count them takes longer than the rest
        return self._quickest(looks._replace(tiles=self._looked_into(probes, k)), probes, k)

    def _quickest(self, looks: Looks, probes: NDArray[Any], k: int) -> Way:
        """Return the quickest way; a map with weights that are too large has no axes."""
        most_axes, left = axes_to_try(looks) if self._is_one_group else 0, {}
        if most_axes and np.isfinite(self._of_map().group.reach):
            with matrix_products_alone():
                left = left_in_question(self._of_map(), most_axes, probes[:: len(probes) // min(PROBES)], k)
        return quickest(looks, left)

    def _looked_into(self, probes: NDArray[Any], k: int) -> float:
        """Return into how many tiles a sample looks, on average of some."""
        self._cut()
        counts = np.zeros(len(probes), dtype=np.int64)
        nodes, _, total_bits = make_answers(probes, k)
        kernel = in_room(search, self.tiles)
        self._share_out(kernel, len(probes), 0, SHARE_SAMPLES, probes, None, nodes, total_bits, counts)
        return float(counts.mean())

    def _by_tiles(
        self,
        samples: NDArray[Any],
        missing: NDArray[np.bool_] | None,
        nodes: NDArray[np.int64],
        total_bits: NDArray[Any],
    ) -> None:
        self._cut()
        work = len(samples) * self.tiles.weights.size
        arrays = samples, missing, nodes, total_bits, np.empty(len(samples), dtype=np.int64)
        self._share_out(in_room(search, self.tiles), len(samples), work, SHARE_SAMPLES, *arrays)

    def _by_products(
        self,
        samples: NDArray[Any],
        nodes: NDArray[np.int64],
        total_bits: NDArray[Any],
        failed: NDArray[np.bool_],
        are_measured: bool,
    ) -> None:
        work = len(samples) * self.tiles.weights.size
        margin = score_margin(self.tiles.weights.shape[1], samples.dtype)
        for group in self._groups():
            rooms = Rooms(partial(make_product_room, group, nodes.shape[1]))

            def score(start: int, stop: int, group: Centred = group, rooms: Rooms = rooms) -> None:
                with rooms.lent() as room:
                    search_products(start, stop, room, group, margin, samples, nodes, total_bits, failed, are_measured)

            self._share_out(score, len(samples), work, SHARE_SAMPLES)

    def _by_shadows(
        self,
        axes: int,
        samples: NDArray[Any],
        nodes: NDArray[np.int64],
        total_bits: NDArray[Any],
        failed: NDArray[np.bool_],
        are_measured: bool,
    ) -> None:
        with matrix_products_alone():
            group, (made, margin) = self._of_map().group, self._of_map().along(axes)
        rooms = Rooms(partial(make_shadow_room, group, made, nodes.shape[1]))

        def score(start: int, stop: int) -> None:
            with rooms.lent() as room:
                search_shadows(start, stop, room, group, made, margin, samples, nodes, total_bits, failed, are_measured)

        self._share_out(score, len(samples), len(samples) * self.tiles.weights.size, SHARE_SAMPLES)

    def _of_map(self) -> MapShadows:
        """Return what casts the map's shadows; kept for the next call."""
        if self._shadows is None:
            [group] = self._groups()
            self._shadows = MapShadows(group, self._before.axes)
        return self._shadows

    @property
    def axes(self) -> NDArray[Any] | None:
        """The map's own axes, shape (D, axes), if they were found; else those of the map as it was."""
        return self._before.axes if self._shadows is None else self._shadows.axes

    def found_out(self) -> Before:
        """Return what may be nearly true of the map when it has moved."""
        ways = tuple((k, way) for k, (way, _) in self._ways.items())
        return Before(self.axes, ways, 0 if self._has_looked else self._before.age + 1)

    @property
    def _nodes(self) -> int:
        return self.tiles.height * self.tiles.width

    @property
    def _is_one_group(self) -> bool:
        return self.tiles.weights.nbytes <= GROUP_BYTES

    def _groups(self) -> Iterable[Centred]:
        """Return the map's nodes, centred; kept for the next call if they are one group."""
        if not self._centred and self._is_one_group:
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
