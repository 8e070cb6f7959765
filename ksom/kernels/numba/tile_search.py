"""Best matching nodes, compiled: look only into the tiles whose boxes are near enough."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.boxes import bound_boxes, first_node, measure_box, measure_distances
from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.vectors import first, integers, smallest


def make_answers(samples: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    """Return nodes, sums of terms, and the latter's bits: none found yet, so farther away than anything."""
    totals = np.empty((len(samples), k), dtype=samples.dtype)
    bits = integers(totals)
    bits[:] = np.iinfo(bits.dtype).max
    return np.zeros((len(samples), k), dtype=np.int64), totals, bits


@compiled(**ENTRY)
def measure_boxes(tiles):
    """Make all boxes as small as the weights allow."""
    for tile in range(tiles.caught_up.size):
        measure_box(tiles.weights_bits, tile, tiles.low_bits, tiles.high_bits, tiles.least_integer)


@compiled(**ENTRY)
def search(start, stop, tiles, room, samples, missing, nodes, total_bits, looked_into):
    """Find the nearest nodes of the samples start … stop − 1, as many as `nodes` has columns.

    `looked_into` tells into how many tiles it took a look for each of them.
    """
    for sample in range(start, stop):
        looked_into[sample] = search_one(sample, tiles, room, samples, missing, nodes, total_bits)


@compiled(**ENTRY)
def all_distances(start, stop, tiles, room, samples, missing, totals):
    """Measure the samples start … stop − 1 against every node: sums of terms, shape (samples, K)."""
    for sample in range(start, stop):
        for tile in range(tiles.caught_up.size):
            measure_distances(tiles, tile, samples, missing, sample, room.totals)
            begin = first_node(tile, tiles)
            rows = min(tiles.tile_height, tiles.height - begin // tiles.width)
            columns = min(tiles.tile_width, tiles.width - begin % tiles.width)
            for row in range(rows):
                for column in range(columns):
                    node = begin + row * tiles.width + column
                    totals[sample, node] = room.totals[row * tiles.tile_width + column]


@compiled(**PART)
def search_one(sample, tiles, room, samples, missing, nodes, total_bits):
    """Find the nearest nodes of one sample; return into how many tiles it took a look."""
    bound_boxes(tiles, samples, missing, sample, room.bounds)
    looked_into = 0
    while True:
        bound = smallest(room.bounds_bits)
        if bound > total_bits[sample, nodes.shape[1] - 1]:
            return looked_into
        tile = first(room.bounds_bits, bound)
        if tile >= tiles.caught_up.size:
            return looked_into
        looked_into += 1
        room.bounds_bits[tile] = -1 - tiles.least_integer  # larger than any number's bits
        measure_distances(tiles, tile, samples, missing, sample, room.totals)
        _offer(tile, sample, tiles, room, nodes, total_bits)


@compiled(**PART)
def _offer(tile, sample, tiles, room, nodes, total_bits):
    """Put the nearest nodes of a tile, as many as are asked for, among the nearest so far."""
    begin = first_node(tile, tiles)
    wanted = nodes.shape[1]
    while wanted > 0:
        total = smallest(room.total_bits)
        if total > total_bits[sample, nodes.shape[1] - 1] or total == -1 - tiles.least_integer:
            return
        place = first(room.total_bits, total)
        room.total_bits[place] = -1 - tiles.least_integer
        row, column = begin // tiles.width + place // tiles.tile_width, begin % tiles.width + place % tiles.tile_width
        if row < tiles.height and column < tiles.width:  # not a copy beyond the edge
            insert(row * tiles.width + column, total, sample, nodes, total_bits)
            wanted -= 1


@compiled(**PART)
def insert(node, total, sample, nodes, total_bits):
    """Put a node in its place among the nearest: the lower index first, if they are equally near."""
    rank = nodes.shape[1]
    while rank > 0 and (
        total < total_bits[sample, rank - 1]
        or (total == total_bits[sample, rank - 1] and node < nodes[sample, rank - 1])
    ):
        rank -= 1
        if rank + 1 < nodes.shape[1]:
            nodes[sample, rank + 1], total_bits[sample, rank + 1] = nodes[sample, rank], total_bits[sample, rank]
    if rank < nodes.shape[1]:
        nodes[sample, rank], total_bits[sample, rank] = node, total
