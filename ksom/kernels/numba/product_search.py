"""Best matching nodes by products: cheap scores of all nodes, then plain differences for the few that may be nearest.

Without a library of matrix products: in blocks that fit the caches, `register_products` is faster, and any number of
threads may call.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.centred import Centred, centre_one, squared_norm
from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.lanes import FROM_FIRST, Lanes, least_in_lanes, make_lanes, next_lane, smallest_of
from ksom.kernels.numba.pairs import Pairs, make_pairs, settle_pairs
from ksom.kernels.numba.products import BLOCK_SAMPLES, multiply
from ksom.kernels.numba.tile_search import search_one
from ksom.kernels.numba.vectors import LANES, aligned

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
    lanes: Lanes
    """The smallest scores of a column."""
    best: NDArray[Any]
    """The k smallest scores so far, ascending, shape (samples, k)."""
    candidates: NDArray[np.int64]
    """Which nodes of the group may be nearest, shape (samples, candidates)."""
    candidate_scores: NDArray[Any]
    """Their scores."""
    counts: NDArray[np.int64]
    """How many they are, shape (samples,); −1: too many."""
    pairs: Pairs
    """Those of candidates and samples whose distance is to be measured."""


def make_product_room(group: Centred, k: int) -> ProductRoom:
    """Return memory for one thread."""
    features, dtype = group.weights.shape[2], group.weights.dtype
    return ProductRoom(
        aligned((BLOCK_SAMPLES, features), dtype),
        aligned((BLOCK_SAMPLES, group.norms.shape[1]), dtype),
        np.empty(BLOCK_SAMPLES, dtype=dtype),
        make_lanes(dtype),
        np.empty((BLOCK_SAMPLES, k), dtype=dtype),
        np.empty((BLOCK_SAMPLES, CANDIDATES), dtype=np.int64),
        np.empty((BLOCK_SAMPLES, CANDIDATES), dtype=dtype),
        np.empty(BLOCK_SAMPLES, dtype=np.int64),
        make_pairs(BLOCK_SAMPLES * CANDIDATES, dtype),
    )


@compiled(**ENTRY)
def search_products(start, stop, room, group, margin, samples, nodes, squared_bits, failed, are_measured):
    """Put the nearest of a group's nodes among the nearest so far of the samples start … stop − 1.

    Where too many are in question, `failed` says so, and the answer is left to `search_failed`. If it is not
    `are_measured`, the nearest node of all alone is asked for, of a map that is one group, and where scores leave but
    one in question, its distance is not told.
    """
    for begin in range(start, stop, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, stop - begin)
        _centre(begin, count, samples, group, margin, failed, room)
        for column in range(group.weights.shape[0]):
            _score_column(column, count, group, room)
        _settle(begin, count, room, group, samples, nodes, squared_bits, failed, are_measured)


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
            centre_one(begin + sample, sample, samples, group.centre, room.samples)
            radius = np.sqrt(squared_norm(sample, room.samples)) / 2 + group.reach
            room.margins[sample] = radius * (margin.for_radius * radius + margin.for_reach * group.reach)
            room.margins[sample] += margin.underflow
            room.counts[sample] = 0 if radius * radius < margin.largest and not failed[begin + sample] else -1
            for rank in range(room.best.shape[1]):
                room.best[sample, rank] = np.inf


@compiled(**PART)
def _score_column(column, count, group, room):
    """Score a column's nodes for all samples of a block, and keep the candidates."""
    multiply(count, group.norms[column : column + 1], room.samples, group.weights[column], room.scores)
    for sample in range(count):
        if room.counts[sample] >= 0:
            _keep(sample, column * group.norms.shape[1], room.scores[sample], room, group.least_integer)


@compiled(**PART)
def _keep(sample, begin, scores, room, least_integer):
    """Keep the nodes of a column whose scores are within the margin of the best so far."""
    best, margin, last = room.best, room.margins[sample], room.best.shape[1] - 1
    least_in_lanes(scores, room.lanes.least)
    nearest = smallest_of(room.lanes, least_integer)
    if nearest > best[sample, last] + margin:
        return
    if last == 0:
        limit = min(nearest, best[sample, 0]) + margin
    else:
        limit = _second(room, best[sample, 0], best[sample, 1], nearest, least_integer) + margin
    lane = next_lane(room.lanes.least, limit, FROM_FIRST)
    while lane < LANES:
        for i in range(lane, scores.size, LANES):
            if scores[i] <= limit:
                _keep_one(sample, begin + i, scores[i], room)
        lane = next_lane(room.lanes.least, limit, lane)


@compiled(**PART)
def _second(room, first_score, second_score, nearest, least_integer):
    """Return the second smallest of two scores and the lanes' scores, the smallest of which is `nearest`."""
    lane = next_lane(room.lanes.least, nearest, FROM_FIRST)
    room.lanes.least[lane] = np.inf
    next_nearest = smallest_of(room.lanes, least_integer)
    room.lanes.least[lane] = nearest
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
def _settle(begin, count, room, group, samples, nodes, squared_bits, failed, are_measured):
    """Measure the candidates' distances as the reference does, and put them in their places."""
    pairs = np.int64(0)
    for place in range(count):
        if room.counts[place] < 0:
            failed[begin + place] = True
        else:
            before = pairs
            pairs = _pair(place, begin + place, before, group.nodes.size, room)
            if pairs == before + 1 and not are_measured:
                nodes[begin + place, 0], pairs = group.nodes[room.pairs.which[before, 1]], before
    settle_pairs(pairs, room.pairs, group, samples, nodes, squared_bits)


@compiled(**PART)
def _pair(place, sample, pairs, group_nodes, room):
    """List the candidates that are still in question; of a group with one node, the second is no node."""
    limit = room.best[place, room.best.shape[1] - 1] + room.margins[place]
    for i in range(room.counts[place]):
        if room.candidate_scores[place, i] <= limit and room.candidates[place, i] < group_nodes:
            room.pairs.which[pairs, 0], room.pairs.which[pairs, 1] = sample, room.candidates[place, i]
            pairs += 1
    return pairs
