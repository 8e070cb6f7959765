"""Batch training, compiled: sums per node, and the neighbourhood applied to them once.

Every addition happens in the reference's order; what is left out adds 0 to a sum that is not −0, which changes no bit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.boxes import first_node, is_there
from ksom.kernels.numba.compilation import ENTRY, MAKING_ROOM, PART, compiled
from ksom.kernels.numba.vectors import LANES
from ksom.method.neighbourhood import Factors


class Smoothing(NamedTuple):
    """How an axis is smoothed."""

    factors: NDArray[np.float64]
    """By the parity of the source's place and Δ + length − 1, shape (2, 2 length − 1)."""
    runs: NDArray[np.int64]
    """The first and the last of each run of Δ with factors other than 0, the largest Δ first, shape (runs, 2)."""
    meets: NDArray[np.bool_]
    """Whether places of one parity have factors for sources of another, by both, shape (2, 2)."""
    first: int
    """The first index of the outer axis that is smoothed …"""
    step: int
    """… and how far it is to the next."""


def smoothings(factors: Factors) -> list[tuple[Smoothing, list[Smoothing]]]:
    """Return how rows are smoothed in each phase, and then columns: those of the rows that have got anything."""
    made, row_runs = [], runs_of(factors.rows)
    for phase, columns in enumerate(factors.columns):
        rows = np.where(factors.phases == phase, factors.rows, 0)
        meets, column_runs, table = _meets(rows), runs_of(columns), np.stack([columns, columns])
        along = [Smoothing(table, column_runs, np.ones((2, 2), np.bool_), *which) for which in _reached(meets)]
        made.append((Smoothing(rows, row_runs, meets, 0, 1), along))
    return made


def runs_of(table: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the runs of Δ where a table, by Δ + length − 1, is not 0; see `Smoothing`.

    Examples
    --------
    >>> runs_of(np.array([0.0, 1.0, 1.0, 0.0, 0.5])).tolist()
    [[2, 2], [-1, 0]]
    """
    is_there = np.zeros(table.size + 2, dtype=np.bool_)
    is_there[1:-1] = table != 0
    edges = np.flatnonzero(is_there[1:] != is_there[:-1]).reshape(-1, 2)
    edges -= np.array([0, 1]) + table.size // 2
    return np.ascontiguousarray(edges[::-1])


def _meets(factors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether there are factors for targets and sources of each parity, by both."""
    # Δ has the parity of the target's place less that of the source's; it stands at Δ + length − 1.
    middle, is_there = factors.shape[1] // 2, factors != 0
    return np.array([[is_there[p, (q + p + middle) % 2 :: 2].any() for p in (0, 1)] for q in (0, 1)])


def _reached(meets: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first of the places that have got anything, and how far it is to the next: 2 steps, or 1."""
    halves = [(parity, 2) for parity in (0, 1) if meets[parity].any()]
    return [(0, 1)] if len(halves) == 2 else halves


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
def smooth(start, stop, smoothing, source, target, adding):
    """target[:, i] = Σ_j factors[j % 2, i − j + length − 1] · source[:, j], j ascending; or add that to the target.

    Smooths the middle axis of arrays of shape (a, length, b), in strips of `LANES` of the lines along it, of which it
    does start … stop − 1. A strip is copied first: it is together in the second cache, is read once for every i, and
    the target may be the source. Copied number by number: assigning parts of arrays made this take three times as long
    to compile.
    """
    lines = len(range(smoothing.first, source.shape[0], smoothing.step)) * source.shape[2]
    strip, total = np.zeros((source.shape[1], LANES)), np.empty(LANES)
    outers, inners = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    for left in range(start * LANES, stop * LANES, LANES):
        width = min(LANES, lines - left)
        _copy_strip(left, width, smoothing, source, strip, outers, inners)
        for i in range(source.shape[1]):
            if smoothing.meets[i % 2, 0] or smoothing.meets[i % 2, 1]:
                total[:] = 0
                for lane in range(width if adding else 0):
                    total[lane] = target[outers[lane], i, inners[lane]]
                _add_runs(i, smoothing, strip, total)
                for lane in range(width):
                    target[outers[lane], i, inners[lane]] = total[lane]


@compiled(**PART)
def _copy_strip(left, width, smoothing, source, strip, outers, inners):
    """Copy some lines, and note at which outer and inner index each lies."""
    inner, lane = source.shape[2], 0
    while lane < width:
        line, run = left + lane, min(width - lane, inner - (left + lane) % inner)
        outer = smoothing.first + smoothing.step * (line // inner)
        for k in range(run):
            outers[lane + k], inners[lane + k] = outer, line % inner + k
        for j in range(source.shape[1]):
            for k in range(run):
                strip[j, lane + k] = source[outer, j, line % inner + k]
        lane += run


@compiled(**PART)
def _add_runs(i, smoothing, strip, total):
    """Add the lines' places that have a factor to a total; a mere 1 or 2 has a type of its own."""
    meets, runs = smoothing.meets, smoothing.runs
    for run in range(runs.shape[0]):
        start, stop = max(0, i - runs[run, 1]), min(strip.shape[0], i - runs[run, 0] + 1)
        if meets[i % 2, 0] and meets[i % 2, 1]:
            _add(i, start, stop, np.int64(1), smoothing.factors, strip, total)
        else:
            parity = 0 if meets[i % 2, 0] else 1
            _add(i, start + (start + parity) % 2, stop, np.int64(2), smoothing.factors, strip, total)


@compiled(**PART)
def _add(i, start, stop, step, factors, strip, total):
    """Add every step-th of the lines' places start … stop − 1 to a total, four at a time.

    So it is stored a quarter as often.
    """
    zero = factors.shape[1] // 2 + i
    j, after = start, (start + step) % 2
    while j + 3 * step < stop:
        j1, j2, j3 = j + step, j + 2 * step, j + 3 * step
        a, b = factors[j % 2, zero - j], factors[after, zero - j1]
        c, d = factors[j % 2, zero - j2], factors[after, zero - j3]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k] + b * strip[j1, k] + c * strip[j2, k] + d * strip[j3, k]
        j += 4 * step
    while j < stop:
        a = factors[j % 2, zero - j]
        for k in range(total.size):
            total[k] = total[k] + a * strip[j, k]
        j += step


@compiled(**MAKING_ROOM)
def spread_rows(start, stop, order, source, target):
    """Σ_b h(b, k) · source[b] for the nodes k of the rows start … stop − 1, in the order that `Spread` tells.

    Arrays of shape (H, W · n); the target is filled with zeros.
    """
    along_rows = np.empty(source.shape[1])
    columns, width = order.columns.shape[1], order.columns.shape[1] // 2 + 1
    for row in range(start, stop):
        parity, reached = row % 2, 0
        for i in range(columns):
            reach = order.reach[parity, i]
            if reach == 0:
                continue
            if reached == 0 or not order.goes_on[parity, i]:
                along_rows[:] = 0
                reached = 0
            _add_rows(row, i, reached, order, source, along_rows)
            _add_moved(along_rows, (order.columns[parity, i] - width + 1) * (source.shape[1] // width), target, row)
            reached = reach


@compiled(**PART)
def _add_rows(target_row, i, reached, order, source, total):
    """Add the rows that the i-th of the columns reaches, but for those that have been reached."""
    parity, height = target_row % 2, source.shape[0]
    for j in range(reached, order.reach[parity, i]):
        down = order.rows[parity, j]
        row = target_row - (down - height + 1)
        if 0 <= row < height:
            factor = order.factors[parity, down, order.columns[parity, i]]
            for k in range(total.size):
                total[k] = total[k] + factor * source[row, k]


@compiled(**PART)
def _add_moved(values, places, target, row):
    """Add values to a row, so many places to the right; what leaves it is lost."""
    left = max(0, -places)
    for i in range(values.size - abs(places)):
        target[row, np.uint64(left + places + i)] += values[np.uint64(left + i)]


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
