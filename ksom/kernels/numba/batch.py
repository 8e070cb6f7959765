"""Batch training, compiled: sums per node, and the neighbourhood applied to them once.

Every addition happens in the reference's order; what is left out adds 0 to a sum that is not −0, which changes no bit.
"""

import numpy as np

from ksom.kernels.numba.boxes import first_node
from ksom.kernels.numba.compilation import ENTRY, MAKING_ROOM, PART, compiled
from ksom.kernels.numba.vectors import LANES


@compiled(**MAKING_ROOM)
def add_samples(samples, winners, block_rows, sums, counts):
    """Add samples to the sums of the nodes that won them.

    Each block of rows has sums of its own, which go to those of all blocks where the block's samples say so. On one
    thread: 10 ns a sample of 8 features, a few hundredths of the search; two, each with half of the nodes or of the
    features, took as long, because both read everything.
    """
    block_sums, block_counts = np.zeros(sums.shape), np.zeros(counts.shape)
    for first in range(0, winners.size, block_rows):
        last = min(first + block_rows, winners.size)
        for sample in range(first, last):
            node = winners[sample]
            block_counts[node] += 1
            for i in range(sums.shape[1]):
                block_sums[node, i] += samples[sample, i]
        for sample in range(first, last):
            node = winners[sample]
            if block_counts[node] > 0:
                counts[node] += block_counts[node]
                block_counts[node] = 0
                for i in range(sums.shape[1]):
                    sums[node, i] += block_sums[node, i]
                    block_sums[node, i] = 0


@compiled(**MAKING_ROOM)
def smooth(start, stop, factors, source, target):
    """target[i] = Σ_j factors[|i − j|] · source[j], j ascending, for the strips start … stop − 1 of `LANES` columns.

    Copied number by number: assigning parts of arrays made this take three times as long to compile.
    """
    rows, columns = source.shape
    reach = 0
    for distance in range(rows):
        reach = distance if factors[distance] != 0 else reach
    strip, total = np.zeros((rows, LANES)), np.empty(LANES)
    for left in range(start * LANES, stop * LANES, LANES):
        width = min(LANES, columns - left)
        for j in range(rows):
            for k in range(width):
                strip[j, k] = source[j, left + k]  # together in the second cache: read once for every target
        for i in range(rows):
            total[:] = 0
            _add_rows(i, max(0, i - reach), min(rows, i + reach + 1), factors, strip, total)
            for k in range(width):
                target[i, left + k] = total[k]


@compiled(**PART)
def _add_rows(i, start, stop, factors, strip, total):
    """Add the rows start … stop − 1 of a strip to a total, four at a time: it is stored a quarter as often."""
    fours = stop - (stop - start) % 4
    for j in range(start, fours, 4):
        a, b, c, d = factors[abs(i - j)], factors[abs(i - j - 1)], factors[abs(i - j - 2)], factors[abs(i - j - 3)]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k] + b * strip[j + 1, k] + c * strip[j + 2, k] + d * strip[j + 3, k]
    for j in range(fours, stop):
        a = factors[abs(i - j)]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k]


@compiled(**ENTRY)
def take_means(start, stop, tiles, numerators, denominators, least_weight):
    """Move the nodes of the tiles start … stop − 1 to their means, shape (W, H, D) over (W, H)."""
    for tile in range(start, stop):
        top, left = divmod(first_node(tile, tiles), tiles.width)
        for place in range(tiles.weights.shape[2]):
            row = min(top + place // tiles.tile_width, tiles.height - 1)
            column = min(left + place % tiles.tile_width, tiles.width - 1)
            weight = denominators[column, row]
            if weight >= least_weight:
                for feature in range(tiles.weights.shape[1]):
                    tiles.weights[tile, feature, place] = numerators[column, row, feature] / weight
                    tiles.weights[tile, feature, place] += 0  # a mean that underflows must not become −0
