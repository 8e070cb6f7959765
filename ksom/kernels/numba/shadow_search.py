"""Best matching nodes by shadows: the nodes with the nearest shadows are measured, and those whose are not farther.

They are measured twice: roughly, in whatever order fills vectors, which takes an eighth of the time; and as the
reference does, where that leaves it open which is nearest.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.centred import Centred, centre_one, squared_norm
from ksom.kernels.numba.compilation import ENTRY, LOOSE, PART, compiled
from ksom.kernels.numba.lanes import FROM_FIRST, Lanes, least_in_lanes, make_lanes, next_lane, smallest_of
from ksom.kernels.numba.pairs import Pairs, make_pairs, settle_pairs
from ksom.kernels.numba.products import BLOCK_SAMPLES, multiply
from ksom.kernels.numba.shadows import Shadows
from ksom.kernels.numba.vectors import LANES, aligned

PAIRS = 4096
"""How many distances are measured together, at most."""

NEAREST = 8
"""How many of the nearest shadows' nodes are looked at, at most, before the others are told how near they have to be: a
sixteenth of those that were looked at in the block before. To find one takes as long as to measure one or a few."""


class ShadowRoom(NamedTuple):
    """Memory that the kernels work in; every thread has its own."""

    samples: NDArray[Any]
    """−2 x̂, x̂ = x − c, shape (samples, D), data units."""
    along: NDArray[Any]
    """−2 Vᵀx̂, shape (samples, axes filled up), data units."""
    shadows: NDArray[Any]
    """The same, and −2 times the residual length, shape (samples, axes + 1), data units."""
    scores: NDArray[Any]
    """Of all nodes, shape (samples, nodes filled up), data units²."""
    radii: NDArray[np.float64]
    """‖x̂‖, shape (samples,), data units; infinite where no bound holds."""
    rests: NDArray[np.float64]
    """The residual length, shape (samples,), data units."""
    looked_at: NDArray[np.int64]
    """The nodes of the group that one sample's distance was measured to, roughly, shape (nodes,)."""
    rough: NDArray[Any]
    """Those distances, squared, data units²."""
    best: NDArray[Any]
    """The k smallest of them, ascending, shape (k,)."""
    lanes: Lanes
    """The smallest scores of a sample."""
    pairs: Pairs
    """Those of samples and nodes whose distance is to be measured."""


def make_shadow_room(group: Centred, shadows: Shadows, k: int) -> ShadowRoom:
    """Return memory for one thread."""
    dtype, nodes = group.weights.dtype, group.nodes.size
    return ShadowRoom(
        aligned((BLOCK_SAMPLES, shadows.axes.shape[1]), dtype),
        aligned((BLOCK_SAMPLES, shadows.begun.shape[1]), dtype),
        aligned((BLOCK_SAMPLES, shadows.weights.shape[1]), dtype),
        aligned((BLOCK_SAMPLES, shadows.norms.shape[1]), dtype),
        np.empty(BLOCK_SAMPLES),
        np.empty(BLOCK_SAMPLES),
        np.empty(nodes, dtype=np.int64),
        np.empty(nodes, dtype=dtype),
        np.empty(k, dtype=dtype),
        make_lanes(dtype),
        make_pairs(PAIRS, dtype),
    )


@compiled(**ENTRY)
def search_shadows(start, stop, room, group, shadows, margin, samples, nodes, squared_bits, failed, are_measured):
    """Find the nearest nodes of the samples start … stop − 1, as many as `nodes` has columns.

    Where no bound holds, `failed` says so, and the answer is left to `search_failed`. If it is not `are_measured`, the
    nearest alone is asked for, and where rough distances leave but one in question, its distance is not told.
    """
    first = np.int64(1)  # not a type of its own, for which other functions would be compiled once more
    for begin in range(start, stop, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, stop - begin)
        _cast(begin, count, samples, group, shadows, margin, failed, room)
        multiply(count, shadows.norms, room.shadows, shadows.weights, room.scores)
        pairs, looks = np.int64(0), np.int64(0)
        for place in range(count):
            sample = begin + place
            if not failed[sample]:
                looked = _look(place, sample, first, group, margin, samples, room)
                left = _leave_out(looked, margin, room)
                if left == 1 and not are_measured:
                    nodes[sample, 0] = group.nodes[room.looked_at[0]]
                else:
                    pairs = _pair(sample, left, pairs, group, samples, nodes, squared_bits, room)
                looks += looked
        settle_pairs(pairs, room.pairs, group, samples, nodes, squared_bits)
        first = np.int64(min(NEAREST, looks // (16 * count)))


@compiled(**PART)
def _cast(begin, count, samples, group, shadows, margin, failed, room):
    """Centre some samples, and cast their shadows."""
    axes = room.shadows.shape[1] - 1
    for place in range(BLOCK_SAMPLES):
        for feature in range(samples.shape[1] if place < count else 0, room.samples.shape[1]):
            room.samples[place, feature] = 0
        if place < count:
            centre_one(begin + place, place, samples, group.centre, room.samples)
    multiply(count, shadows.begun, room.samples, shadows.axes, room.along)
    for place in range(BLOCK_SAMPLES):
        for axis in range(axes):
            room.shadows[place, axis] = room.along[place, axis] if place < count else 0
        room.shadows[place, axes] = 0
        if place < count:
            square = squared_norm(place, room.samples)
            radius = np.sqrt(square) / 2
            rest = np.sqrt(max(square - squared_norm(place, room.shadows), 0.0))
            room.shadows[place, axes] = -rest
            room.radii[place], room.rests[place] = radius, rest / 2
            reached = radius + group.reach
            failed[begin + place] = failed[begin + place] or not reached * reached < margin.largest


@compiled(**PART)
def _look(place, sample, first, group, margin, samples, room):
    """Measure a sample's distances to the nodes that may be nearest, roughly; return how many they are."""
    scores, least, best, looked = room.scores[place], room.lanes.least, room.best, np.int64(0)
    for rank in range(best.size):
        best[rank] = np.inf
    least_in_lanes(scores, least)
    for _ in range(max(first, best.size)):
        i = _take_nearest(scores, room.lanes, group.least_integer)
        if i < group.nodes.size:
            looked = _look_at(i, sample, looked, group.rows, samples, room)
    farthest = np.float64(best[best.size - 1]) * (1 + margin.for_distance) + margin.underflow
    own = squared_norm(place, room.shadows) / 4
    limit = highest_score(farthest, room.radii[place], room.rests[place], own, group.reach, margin)
    lane = next_lane(least, limit, FROM_FIRST)
    while lane < LANES:
        for i in range(lane, min(scores.size, group.nodes.size), LANES):
            if scores[i] <= limit:
                looked = _look_at(i, sample, looked, group.rows, samples, room)
        lane = next_lane(least, limit, lane)
    return looked


@compiled(**PART)
def _take_nearest(scores, lanes, least_integer):
    """Take out the smallest score, and return its place."""
    nearest = smallest_of(lanes, least_integer)
    lane = next_lane(lanes.least, nearest, FROM_FIRST)
    place, least = lane, scores.dtype.type(np.inf)
    for i in range(lane, scores.size, LANES):
        if scores[i] == nearest:
            place = i
    scores[place] = np.inf
    for i in range(lane, scores.size, LANES):
        least = min(least, scores[i])
    lanes.least[lane] = least
    return place


@compiled(**PART)
def _look_at(i, sample, looked, rows, samples, room):
    """Measure the distance to a node, roughly."""
    best, last = room.best, room.best.size - 1
    squared = _rough(samples[sample], rows[i])
    room.looked_at[looked], room.rough[looked] = i, squared
    if squared < best[last]:
        if squared < best[0]:
            best[last] = best[0]
            best[0] = squared
        else:
            best[last] = squared
    return looked + 1


@compiled(**LOOSE)
def _rough(one, other):
    """‖x − w‖², summed in whatever order fills vectors."""
    total = one[0] - one[0]
    for i in range(one.size):
        total += (one[i] - other[i]) * (one[i] - other[i])
    return total


@compiled(**PART)
def highest_score(farthest, radius, rest, own, reach, margin):
    """Return T of `rounding.shadow_margin`, but for numbers that are too large."""
    off = np.sqrt(margin.for_rest) * radius
    if rest > 0:
        off = min(off, margin.for_rest * radius * radius / rest)
    apart = margin.stretch * np.sqrt(farthest + margin.underflow) + off + margin.smallest
    apart += margin.for_radius * radius + margin.for_reach * reach
    limit = apart * apart - own + margin.for_scores * (radius + reach) * (radius + reach) + margin.underflow
    return min(limit, margin.largest * 4)


@compiled(**PART)
def _leave_out(looked, margin, room):
    """Leave out nodes that cannot be nearest, of those that were looked at; return how many are left in question."""
    farthest = np.float64(room.best[room.best.size - 1]) * (1 + margin.for_distance) ** 2 + 3 * margin.underflow
    left = np.int64(0)
    for i in range(looked):
        if room.rough[i] <= farthest:
            room.looked_at[left] = room.looked_at[i]
            left += 1
    return left


@compiled(**PART)
def _pair(sample, left, pairs, group, samples, nodes, squared_bits, room):
    """List the nodes that are left in question; where there are too many pairs, settle some."""
    for i in range(left):
        if pairs == PAIRS:
            settle_pairs(pairs, room.pairs, group, samples, nodes, squared_bits)
            pairs = 0
        room.pairs.which[pairs, 0], room.pairs.which[pairs, 1] = sample, room.looked_at[i]
        pairs += 1
    return pairs
