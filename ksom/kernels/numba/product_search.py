"""Best matching nodes by products: cheap scores of all nodes, then plain differences for the few that may be nearest.

Without a library of matrix products: in blocks that fit the caches, `register_products` is faster, and any number of
threads may call.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.centred import Centred
from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.register_products import SAMPLES, put_products
from ksom.kernels.numba.tile_search import insert, search_one
from ksom.kernels.numba.vectors import LANES, aligned, integers, ordered

LOOSE: dict[str, Any] = {**PART, "fastmath": {"contract", "reassoc", "nnan", "nsz"}}
"""How sums and minima are compiled whose order does not matter, so that they fill vectors."""

BLOCK_SAMPLES = 64
"""How many samples are done together: 256 kB of scores, which stay in a second cache."""

BLOCK_FEATURES = 64
"""How many features are added before the next nodes: their weights, 16 kB, stay in a first cache for all samples."""

CANDIDATES = 64
"""How many nodes may be left in question for one sample; if there are more, tiles are searched for it. Of 784 features
and a map that is small beside the data's spread, 16 were too few for two samples in five: 91 µs a sample, now 16."""


class ProductRoom(NamedTuple):
    """Memory that the kernels work in; every thread has its own."""

    samples: NDArray[Any]
    """−2 (x − c), shape (samples, D), data units."""
    scores: NDArray[Any]
    """Of one column's nodes, shape (samples, nodes of a column), data units²."""
    margins: NDArray[Any]
    """How far two scores must be apart to tell which node is nearer, shape (samples,), data units²."""
    least: NDArray[Any]
    """The smallest score in each lane, shape (lanes,)."""
    least_bits: NDArray[Any]
    """The same memory, read as integers."""
    nearest: NDArray[Any]
    """The smallest score of all lanes, shape (1,)."""
    nearest_bits: NDArray[Any]
    """The same memory, read as integers."""
    best: NDArray[Any]
    """The k smallest scores so far, ascending, shape (samples, k)."""
    candidates: NDArray[np.int64]
    """Which nodes of the group may be nearest, shape (samples, candidates)."""
    candidate_scores: NDArray[Any]
    """Their scores."""
    counts: NDArray[np.int64]
    """How many they are, shape (samples,); −1: too many."""
    pairs: NDArray[np.int64]
    """Samples and nodes of the group whose distance is to be measured, shape (pairs, 2)."""
    distances: NDArray[Any]
    """Their squared distances, data units²."""
    distances_bits: NDArray[Any]
    """The same memory, read as integers."""


def make_product_room(group: Centred, k: int) -> ProductRoom:
    """Return memory for one thread."""
    features, nodes = group.weights.shape[2], group.norms.shape[1]
    dtype = group.weights.dtype
    least, nearest = aligned((LANES,), dtype), aligned((1,), dtype)
    distances = np.empty(BLOCK_SAMPLES * CANDIDATES + 3, dtype=dtype)
    return ProductRoom(
        aligned((BLOCK_SAMPLES, features), dtype),
        aligned((BLOCK_SAMPLES, nodes), dtype),
        np.empty(BLOCK_SAMPLES, dtype=dtype),
        least,
        integers(least),
        nearest,
        integers(nearest),
        np.empty((BLOCK_SAMPLES, k), dtype=dtype),
        np.empty((BLOCK_SAMPLES, CANDIDATES), dtype=np.int64),
        np.empty((BLOCK_SAMPLES, CANDIDATES), dtype=dtype),
        np.empty(BLOCK_SAMPLES, dtype=np.int64),
        np.empty((distances.size, 2), dtype=np.int64),
        distances,
        integers(distances),
    )


@compiled(**ENTRY)
def search_products(start, stop, room, group, margin, samples, nodes, squared_bits, failed):
    """Put the nearest of a group's nodes among the nearest so far of the samples start … stop − 1.

    Where too many are in question, `failed` says so, and the answer is left to `search_failed`.
    """
    for begin in range(start, stop, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, stop - begin)
        _centre(begin, count, samples, group, margin, failed, room)
        for column in range(group.weights.shape[0]):
            _score_column(column, count, group, room)
        _settle(begin, count, room, group, samples, nodes, squared_bits, failed)


@compiled(**ENTRY)
def search_failed(start, stop, tiles, room, samples, nodes, squared_bits, failed):
    """Search the tiles for those of the samples start … stop − 1 that products could not decide."""
    for sample in range(start, stop):
        if failed[sample]:
            for rank in range(nodes.shape[1]):
                nodes[sample, rank], squared_bits[sample, rank] = 0, -1 - tiles.least_integer
            search_one(sample, tiles, room, samples, None, nodes, squared_bits)


@compiled(**PART)
def _centre(begin, count, samples, group, margin, failed, room):
    """Centre some samples, and bound the rounding of their scores."""
    for sample in range(BLOCK_SAMPLES):
        for feature in range(samples.shape[1] if sample < count else 0, room.samples.shape[1]):
            room.samples[sample, feature] = 0
        if sample < count:
            _centre_one(begin + sample, sample, samples, group.centre, room.samples)
            radius = np.sqrt(_norm(sample, room.samples)) / 2 + group.reach
            room.margins[sample] = radius * (margin.for_radius * radius + margin.for_reach * group.reach)
            room.margins[sample] += margin.underflow
            room.counts[sample] = 0 if radius * radius < margin.largest and not failed[begin + sample] else -1
            for rank in range(room.best.shape[1]):
                room.best[sample, rank] = np.inf


@compiled(**LOOSE)
def _centre_one(sample, place, samples, centre, centred):
    """−2 (x − c): doubling does not round."""
    for feature in range(centre.size):
        centred[place, feature] = (centre[feature] - samples[sample, feature]) * 2


@compiled(**LOOSE)
def _norm(sample, samples):
    total = np.float64(0)
    for feature in range(samples.shape[1]):
        total += np.float64(samples[sample, feature]) * np.float64(samples[sample, feature])
    return total


@compiled(**PART)
def _score_column(column, count, group, room):
    """Score a column's nodes for all samples of a block, and keep the candidates."""
    weights, lanes = group.weights, group.weights.shape[3]
    for i in range(weights.shape[1]):
        for begin in range(0, weights.shape[2], BLOCK_FEATURES):
            end = min(begin + BLOCK_FEATURES, weights.shape[2])
            for sample in range(0, count, SAMPLES):
                centred = room.samples[sample : sample + SAMPLES, begin:end]
                scores = room.scores[sample : sample + SAMPLES, i * lanes : (i + 1) * lanes]
                if begin == 0:
                    norms = group.norms[column : column + 1, i * lanes : (i + 1) * lanes]
                    put_products(norms, centred, weights[column, i, begin:end], scores)
                else:
                    put_products(scores, centred, weights[column, i, begin:end], scores)
    for sample in range(count):
        if room.counts[sample] >= 0:
            _keep(sample, column * group.norms.shape[1], room.scores[sample], room, group.least_integer)


@compiled(**PART)
def _keep(sample, begin, scores, room, least_integer):
    """Keep the nodes of a column whose scores are within the margin of the best so far."""
    best, margin, last = room.best, room.margins[sample], room.best.shape[1] - 1
    _least_in_lanes(scores, room.least)
    nearest = _smallest(room, least_integer)
    if nearest > best[sample, last] + margin:
        return
    if last == 0:
        limit = min(nearest, best[sample, 0]) + margin
    else:
        limit = _second(room, best[sample, 0], best[sample, 1], nearest, least_integer) + margin
    lane = _next(room.least, limit, -1)
    while lane < LANES:
        for i in range(lane, scores.size, LANES):
            if scores[i] <= limit:
                _keep_one(sample, begin + i, scores[i], room)
        lane = _next(room.least, limit, lane)


@compiled(**PART)
def _next(least, limit, after):
    """Return the next lane with a score within the limit; `LANES` if there is none.

    Without a break, so that it vectorises.
    """
    lane = LANES
    for i in range(LANES):
        lane = min(lane, i if least[i] <= limit and i > after else LANES)
    return lane


@compiled(**LOOSE)
def _least_in_lanes(scores, least):
    """Find the smallest score of the nodes 0, 64, 128 …; of 1, 65, 129 …; and so on: 22 ns for 1024 nodes."""
    for lane in range(LANES):
        least[lane] = scores[lane]
    for begin in range(LANES, scores.size, LANES):
        for lane in range(LANES):
            score, so_far = scores[np.uint64(begin + lane)], least[np.uint64(lane)]
            least[np.uint64(lane)] = score if score < so_far else so_far


@compiled(**PART)
def _smallest(room, least_integer):
    """Return the smallest of the lanes' scores.

    As a minimum of integers in the floats' order, because that vectorises; see `vectors.smallest`.
    """
    bits = ordered(room.least_bits[0], least_integer)
    for lane in range(LANES):
        bits = min(bits, ordered(room.least_bits[lane], least_integer))
    room.nearest_bits[0] = ordered(bits, least_integer)
    return room.nearest[0]


@compiled(**PART)
def _second(room, first_score, second_score, nearest, least_integer):
    """Return the second smallest of two scores and the lanes' scores, the smallest of which is `nearest`."""
    lane = _next(room.least, nearest, -1)
    room.least[lane] = np.inf
    next_nearest = _smallest(room, least_integer)
    room.least[lane] = nearest
    return min(max(nearest, first_score), next_nearest, second_score)


@compiled(**PART)
def _keep_one(sample, position, score, room):
    """Keep a candidate; if there is no room, first let go of those that better ones have excluded since."""
    best, last = room.best, room.best.shape[1] - 1
    if room.counts[sample] == CANDIDATES:
        _let_go(sample, best[sample, last] + room.margins[sample], room)
    count = room.counts[sample]
    if count < 0:
        return
    room.candidates[sample, count], room.candidate_scores[sample, count] = position, score
    room.counts[sample] = count + 1
    if score < best[sample, 0]:
        best[sample, last] = best[sample, 0]
        best[sample, 0] = score
    elif score < best[sample, last]:
        best[sample, last] = score


@compiled(**PART)
def _let_go(sample, limit, room):
    """Let go of candidates beyond a limit; there are too many if none is."""
    count = 0
    for i in range(CANDIDATES):
        position, score = room.candidates[sample, i], room.candidate_scores[sample, i]
        if score <= limit:
            room.candidates[sample, count], room.candidate_scores[sample, count] = position, score
            count += 1
    room.counts[sample] = count if count < CANDIDATES else -1


@compiled(**PART)
def _settle(begin, count, room, group, samples, nodes, squared_bits, failed):
    """Measure the candidates' distances as the reference does, and put them in their places."""
    pairs = 0
    for place in range(count):
        if room.counts[place] < 0:
            failed[begin + place] = True
        else:
            pairs = _pair(place, begin + place, pairs, group.nodes.size, room)
    if pairs > 0:
        for i in range(pairs, pairs + 3):
            room.pairs[i, 0], room.pairs[i, 1] = room.pairs[pairs - 1, 0], room.pairs[pairs - 1, 1]
    for i in range(0, pairs, 4):
        _measure(i, room, group.rows, samples)
    for i in range(pairs):
        insert(group.nodes[room.pairs[i, 1]], room.distances_bits[i], room.pairs[i, 0], nodes, squared_bits)


@compiled(**PART)
def _pair(place, sample, pairs, group_nodes, room):
    """List the candidates that are still in question; of a group with one node, the second is no node."""
    limit = room.best[place, room.best.shape[1] - 1] + room.margins[place]
    for i in range(room.counts[place]):
        if room.candidate_scores[place, i] <= limit and room.candidates[place, i] < group_nodes:
            room.pairs[pairs, 0], room.pairs[pairs, 1] = sample, room.candidates[place, i]
            pairs += 1
    return pairs


@compiled(**PART)
def _measure(i, room, rows, samples):
    """Squared distances of four pairs of a sample and a node: four sums, because one has to wait for each addition."""
    pairs, squared = room.pairs, room.distances
    x0, x1, x2, x3 = samples[pairs[i, 0]], samples[pairs[i + 1, 0]], samples[pairs[i + 2, 0]], samples[pairs[i + 3, 0]]
    w0, w1, w2, w3 = rows[pairs[i, 1]], rows[pairs[i + 1, 1]], rows[pairs[i + 2, 1]], rows[pairs[i + 3, 1]]
    r0 = r1 = r2 = r3 = x0[0] - x0[0]
    for feature in range(x0.size):
        d0, d1 = w0[feature] - x0[feature], w1[feature] - x1[feature]
        d2, d3 = w2[feature] - x2[feature], w3[feature] - x3[feature]
        r0, r1, r2, r3 = r0 + d0 * d0, r1 + d1 * d1, r2 + d2 * d2, r3 + d3 * d3
    squared[i], squared[i + 1], squared[i + 2], squared[i + 3] = r0, r1, r2, r3
