"""Batch training, compiled: sums per node, and the neighbourhood applied to them once.

Every addition happens in the reference's order; what is left out adds 0 to a sum that is not −0, which changes no bit.
"""

import numpy as np

from ksom.kernels.numba.boxes import first_node, is_there
from ksom.kernels.numba.compilation import ENTRY, MAKING_ROOM, PART, compiled
from ksom.kernels.numba.vectors import LANES


@compiled(**MAKING_ROOM)
def add_samples(samples, missing, weights, winners, block_rows, sums, counts):
    """Add samples, each as often as it weighs, to the sums of the nodes that won them; missing values are 0.

    Each block of rows has sums of its own, for no more nodes than it has rows, which go to those of all blocks. On one
    thread: 10 ns a sample of 8 features, a few hundredths of the search; two, each with half of the nodes or of the
    features, took as long, because both read everything.
    """
    most = min(block_rows, winners.size, counts.shape[0])
    block_sums, block_counts = np.zeros((most, sums.shape[1])), np.zeros((most, counts.shape[1]))
    place, nodes = np.full(counts.shape[0], -1, np.int32), np.empty(most, np.int64)
    for first in range(0, winners.size, block_rows):
        won = 0
        for sample in range(first, min(first + block_rows, winners.size)):
            node = winners[sample]
            if place[node] < 0:
                place[node], nodes[won] = won, node
                won += 1
            _add_sample(sample, samples, missing, weights, place[node], block_sums, block_counts)
        for i in range(won):
            node = nodes[i]
            place[node] = -1
            for feature in range(counts.shape[1]):
                counts[node, feature] += block_counts[i, feature]
                block_counts[i, feature] = 0
            for feature in range(sums.shape[1]):
                sums[node, feature] += block_sums[i, feature]
                block_sums[i, feature] = 0


@compiled(**PART)
def _add_sample(sample, samples, missing, weights, place, sums, counts):
    """Add a sample to the sums of a place, times its weight, if it has one."""
    weight = 1.0 if weights is None else weights[sample]
    for i in range(counts.shape[1]):
        counts[place, i] += weight if is_there(missing, sample, i) else 0.0
    for i in range(sums.shape[1]):
        sums[place, i] += samples[sample, i] if weights is None else weight * samples[sample, i]


@compiled(**MAKING_ROOM)
def smooth(start, stop, factors, source, target, adding):
    """target[:, i] = Σ_j factors[j % 2, i − j + length − 1] · source[:, j], j ascending; or add that to the target.

    Smooths the middle axis of arrays of shape (a, length, b), in strips of `LANES` of the a · b lines along it, of
    which it does start … stop − 1. A strip is copied first: it is together in the second cache, is read once for every
    i, and the target may be the source. Copied number by number: assigning parts of arrays made this take three times
    as long to compile.
    """
    outer, length, inner = source.shape
    reach = _reach(factors)
    strip, total = np.zeros((length, LANES)), np.empty(LANES)
    for left in range(start * LANES, stop * LANES, LANES):
        width = min(LANES, outer * inner - left)
        lane = 0
        while lane < width:
            line, run = left + lane, min(width - lane, inner - (left + lane) % inner)
            for j in range(length):
                for k in range(run):
                    strip[j, lane + k] = source[line // inner, j, line % inner + k]
            lane += run
        for i in range(length):
            total[:] = 0
            if adding:
                _copy(i, left, width, target, total)
            _add(i, max(0, i - reach), min(length, i + reach + 1), factors, strip, total)
            _put(i, left, width, total, target)


@compiled(**PART)
def _reach(factors):
    """Return the largest |Δ| with a factor other than 0."""
    length, reach = factors.shape[1] // 2 + 1, 0
    for place in range(factors.shape[1]):
        if factors[0, place] != 0 or factors[1, place] != 0:
            reach = max(reach, abs(place - length + 1))
    return reach


@compiled(**PART)
def _copy(i, left, width, values, total):
    inner = values.shape[2]
    for lane in range(width):
        total[lane] = values[(left + lane) // inner, i, (left + lane) % inner]


@compiled(**PART)
def _put(i, left, width, total, values):
    inner, lane = values.shape[2], 0
    while lane < width:
        line, run = left + lane, min(width - lane, inner - (left + lane) % inner)
        for k in range(run):
            values[line // inner, i, line % inner + k] = total[lane + k]
        lane += run


@compiled(**PART)
def _add(i, start, stop, factors, strip, total):
    """Add the lines' places start … stop − 1 to a total, four at a time: it is stored a quarter as often."""
    zero = factors.shape[1] // 2 + i
    fours = stop - (stop - start) % 4
    for j in range(start, fours, 4):
        a, b = factors[j % 2, zero - j], factors[(j + 1) % 2, zero - j - 1]
        c, d = factors[j % 2, zero - j - 2], factors[(j + 1) % 2, zero - j - 3]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k] + b * strip[j + 1, k] + c * strip[j + 2, k] + d * strip[j + 3, k]
    for j in range(fours, stop):
        a = factors[j % 2, zero - j]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k]


@compiled(**ENTRY)
def take_means(start, stop, tiles, numerators, denominators, least_weight, on_sphere):
    """Move the nodes of the tiles start … stop − 1 to their means, shape (K, D) over (K, 1) or (K, D)."""
    for tile in range(start, stop):
        top, left = divmod(first_node(tile, tiles), tiles.width)
        for place in range(tiles.weights.shape[2]):
            row = min(top + place // tiles.tile_width, tiles.height - 1)
            column = min(left + place % tiles.tile_width, tiles.width - 1)
            node = row * tiles.width + column
            length = _length(tile, place, node, tiles, numerators, denominators, least_weight) if on_sphere else 1.0
            for feature in range(tiles.weights.shape[1]):
                weight = tiles.weights[tile, feature, place]
                mean = _mean(weight, node, feature, numerators, denominators, least_weight)
                tiles.weights[tile, feature, place] = mean / length
                tiles.weights[tile, feature, place] += 0  # a mean that underflows must not become −0


@compiled(**PART)
def _mean(weight, node, feature, numerators, denominators, least_weight):
    """Return a node's mean of a feature, in float64; its weight, where too little counts."""
    counted = denominators[node, min(feature, denominators.shape[1] - 1)]
    return numerators[node, feature] / counted if counted >= least_weight else np.float64(weight)


@compiled(**PART)
def _length(tile, place, node, tiles, numerators, denominators, least_weight):
    """Return what a node's means are divided by to lie on the sphere; 1 if nothing moves it, or all are 0."""
    total, moves = 0.0, False
    for feature in range(tiles.weights.shape[1]):
        mean = _mean(tiles.weights[tile, feature, place], node, feature, numerators, denominators, least_weight)
        total += mean * mean
        moves = moves or denominators[node, min(feature, denominators.shape[1] - 1)] >= least_weight
    return np.sqrt(total) if moves and total > 0 else 1.0
