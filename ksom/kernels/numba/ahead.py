"""Online training of many features, compiled: the next samples' winners from distances that are carried forward.

With many features a box around a tile excludes nothing, and measuring every node's distance to every sample would take
longer than the updates themselves. So the squared distances d(k, s) = ‖w_k − x_s‖² of all nodes to the next 64 samples
are found together, by products, and then follow the updates without a look at the weights: after
w ← w + r (x_t − w) they are exactly

    d(k, s) ← (1 − r) d(k, s) + r ‖x_t − x_s‖² − r (1 − r) d(k, t).

The distances that the reference computes differ from these by what rounding does, which has a bound; a node that is
farther than that bound allows cannot win. If one node is left, it is the winner, and nobody had to look; if several
are, their tiles catch up and are measured as the reference measures them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.online import catch_up_tile, nearest_of, node_at, rate_tile
from ksom.kernels.numba.products import BLOCK_FEATURES
from ksom.kernels.numba.register_products import SAMPLES as FEW
from ksom.kernels.numba.register_products import put_products
from ksom.kernels.numba.vectors import ordered

SAMPLES = 64
"""How many samples are looked ahead: with fewer, products take longer for each; with more, carrying forward does."""

LEAST_INTEGER = np.int64(np.iinfo(np.int64).min)

ABSENT = float(np.finfo(np.float64).max) / 4
"""The squared distance of a place where no node is."""


class Ahead(NamedTuple):
    """The samples to come, and how far every node is from them; the nodes in groups of tiles, as they lie in them."""

    samples: NDArray[Any]
    """−2 (x − c), shape (blocks of features, samples, features of a block), data units; c is their mean or near."""
    centre: NDArray[Any]
    """c, shape (D filled up,), data units."""
    norms: NDArray[np.float64]
    """‖x − c‖², shape (samples,), data units²."""
    between: NDArray[np.float64]
    """‖x_t − x_s‖² of the sample t that was shown last, shape (samples,), data units²."""
    absent: NDArray[np.float64]
    """0 where a node is, `ABSENT` elsewhere, shape (groups, nodes of a group)."""
    squared: NDArray[np.float64]
    """d(k, s), shape (groups, samples, nodes of a group), data units²."""
    squared_bits: NDArray[np.int64]
    """The same memory, read as integers."""
    node_norms: NDArray[np.float64]
    """‖w − c‖², shape (groups, nodes of a group), data units²."""
    rates: NDArray[np.float64]
    """r, 1 − r and r (1 − r) d(k, t) of a group's nodes, shape (3, nodes of a group)."""
    least: NDArray[np.float64]
    """The smallest distance to a sample, shape (1,), data units²."""
    least_bits: NDArray[np.int64]
    """The same memory, read as integers."""


class AheadRoom(NamedTuple):
    """Memory that scoring works in; every thread has its own."""

    weights: NDArray[Any]
    """w − c of a group's nodes, shape (lane groups, features of a block, lanes), data units."""
    products: NDArray[Any]
    """−2 (x − c)·(w − c) for a block of features, shape (4 samples, lanes), data units²."""
    zeros: NDArray[Any]
    """What products are added to, shape (1, lanes)."""


class CarriedError(NamedTuple):
    """How far the reference's squared distance may be from the one carried forward; see `carried_error`."""

    relative: float
    """a."""
    centring: float
    """Δ before the first update, data units."""
    drift: float
    """What every update adds to Δ, data units."""
    absolute: float
    """c, data units²."""


@compiled(**ENTRY)
def score_groups(start, stop, tiles, room, scoring, ahead, segment, begin, samples):
    """Let the tiles of the groups start … stop − 1 learn all samples before `begin`, then score so many."""
    in_group = ahead.squared.shape[2] // tiles.weights.shape[2]
    for group in range(start, stop):
        first_tile = group * in_group
        count = min(in_group, tiles.caught_up.size - first_tile)
        for tile in range(first_tile, first_tile + count):
            catch_up_tile(tile, begin, tiles, segment, room)
        _begin(group, ahead)
        for block in range(ahead.samples.shape[0]):
            for tile in range(first_tile, first_tile + count):
                _centre(tile, tile - first_tile, block, tiles.weights, ahead.centre, scoring.weights)
            _add_norms(scoring.weights, group, ahead.node_norms)
            _add_all_products(group, block, samples, scoring, ahead)
        _end(group, ahead)


@compiled(**PART)
def _add_all_products(group, block, samples, scoring, ahead):
    """Add what a block of features makes to the distances of a group's nodes to all samples."""
    lanes = scoring.products.shape[1]
    for i in range(scoring.weights.shape[0]):
        for sample in range(0, samples, FEW):
            few = ahead.samples[block, sample : sample + FEW]
            put_products(scoring.zeros, few, scoring.weights[i], scoring.products)
            for one in range(FEW):
                for lane in range(lanes):
                    ahead.squared[group, sample + one, i * lanes + lane] += scoring.products[one, lane]


@compiled(**PART)
def _begin(group, ahead):
    for i in range(ahead.node_norms.shape[1]):
        ahead.node_norms[group, i] = 0
    for sample in range(SAMPLES):
        for i in range(ahead.squared.shape[2]):
            ahead.squared[group, sample, i] = ahead.norms[sample]


@compiled(**PART)
def _end(group, ahead):
    for sample in range(SAMPLES):
        for i in range(ahead.squared.shape[2]):
            squared = ahead.squared[group, sample, i] + ahead.node_norms[group, i] + ahead.absent[group, i]
            ahead.squared[group, sample, i] = squared


@compiled(**PART)
def _centre(tile, place, block, weights, centre, centred):
    """w − c of a tile's nodes, for a block of features; the places of features that there are not are 0."""
    lanes, begin = centred.shape[2], block * BLOCK_FEATURES
    count = min(BLOCK_FEATURES, weights.shape[1] - begin)
    for i in range(weights.shape[2] // lanes):
        group = place * (weights.shape[2] // lanes) + i
        for feature in range(count):
            for lane in range(lanes):
                value = weights[tile, begin + feature, i * lanes + lane] - centre[begin + feature]
                centred[group, feature, lane] = value
        for feature in range(count, BLOCK_FEATURES):
            for lane in range(lanes):
                centred[group, feature, lane] = 0


@compiled(**PART)
def _add_norms(centred, group, norms):
    lanes = centred.shape[2]
    for i in range(centred.shape[0]):
        for feature in range(centred.shape[1]):
            for lane in range(lanes):
                value = np.float64(centred[i, feature, lane])
                norms[group, i * lanes + lane] += value * value


@compiled(**ENTRY)
def learn_ahead(begin, count, tiles, room, ahead, error, segment):
    """Show the samples ahead, one after another; afterwards the tiles still have to catch up."""
    for t in range(count):
        node = _winner(begin, t, tiles, room, ahead, error, segment)
        segment.winners[begin + t, 0] = node // tiles.width
        segment.winners[begin + t, 1] = node % tiles.width
        if t + 1 < count:
            _measure_between(t, count, ahead.samples, ahead.norms, ahead.between)
            for group in range(ahead.squared.shape[0]):
                if _rate_group(group, begin + t, tiles, segment, room, ahead.rates):
                    _carry_forward(group, t, count, ahead.between, ahead.rates, ahead.squared)


@compiled(**PART)
def _measure_between(t, count, samples, norms, between):
    for s in range(t + 1, count):
        product = 0.0
        for block in range(samples.shape[0]):
            product += _product(samples[block, t], samples[block, s])
        between[s] = norms[t] + norms[s] - product / 2  # both have the factor −2


@compiled(**{**PART, "fastmath": {"contract", "reassoc"}})
def _product(one, other):
    total = 0.0
    for i in range(one.size):
        total += np.float64(one[i]) * np.float64(other[i])
    return total


@compiled(**PART)
def _rate_group(group, sample, tiles, segment, room, rates):
    """Fill in how far each node of a group moves towards a sample; return whether any does."""
    places = tiles.weights.shape[2]
    in_group, reached = rates.shape[1] // places, False
    for i in range(rates.shape[1]):
        rates[0, i] = 0
    for tile in range(group * in_group, min((group + 1) * in_group, tiles.caught_up.size)):
        if rate_tile(tile, sample, tiles, segment, room):
            reached = True
            for i in range(places):
                rates[0, (tile - group * in_group) * places + i] = room.rate[i]
    return reached


@compiled(**PART)
def _carry_forward(group, t, count, between, rates, squared):
    """Let the distances of a group's nodes to the samples after t follow its update."""
    for i in range(rates.shape[1]):
        rate = rates[0, i]
        rates[1, i], rates[2, i] = 1 - rate, rate * (1 - rate) * squared[group, t, i]
    for s in range(t + 1, count):
        apart = between[s]
        for i in range(rates.shape[1]):
            squared[group, s, i] = rates[1, i] * squared[group, s, i] + (rates[0, i] * apart - rates[2, i])


@compiled(**PART)
def _winner(begin, t, tiles, room, ahead, error, segment):
    """Return the best matching node of the sample t."""
    farthest = limit(_least(t, ahead), drift_at(t, error), error)
    places, nodes = tiles.weights.shape[2], ahead.squared.shape[2]
    count, last = 0, 0
    for group in range(ahead.squared.shape[0]):
        near = _count_near(ahead.squared[group, t], farthest)
        count, last = count + near, group if near > 0 else last
    if count == 1:
        place = _first_near(ahead.squared[last, t], farthest)
        return node_at(last * (nodes // places) + place // places, place % places, tiles)
    best, best_node = room.total_bits[0], -1
    for tile in range(tiles.caught_up.size):
        group, place = tile // (nodes // places), tile % (nodes // places) * places
        if _count_near(ahead.squared[group, t, place : place + places], farthest) > 0:
            catch_up_tile(tile, begin + t, tiles, segment, room)
            node, squared = nearest_of(tile, begin + t, tiles, segment, room)
            if best_node < 0 or squared < best or (squared == best and node < best_node):
                best, best_node = squared, node
    return best_node


@compiled(**PART)
def _count_near(squared, farthest):
    """Return how many distances are not beyond a limit; one that overflowed is not."""
    count = 0
    for i in range(squared.size):
        count += 0 if squared[i] > farthest else 1
    return count


@compiled(**PART)
def _first_near(squared, farthest):
    place = 0
    while squared[place] > farthest:
        place += 1
    return place


@compiled(**PART)
def _least(t, ahead):
    """Return the smallest distance to the sample t; as a minimum of integers, because that vectorises."""
    bits = ordered(ahead.squared_bits[0, t, 0], LEAST_INTEGER)
    for group in range(ahead.squared.shape[0]):
        for i in range(ahead.squared.shape[2]):
            bits = min(bits, ordered(ahead.squared_bits[group, t, i], LEAST_INTEGER))
    ahead.least_bits[0] = ordered(bits, LEAST_INTEGER)
    return ahead.least[0]


@compiled(**PART)
def drift_at(t, error):
    """Return Δ, data units, after t updates."""
    return error.centring + t * error.drift


@compiled(**PART)
def limit(nearest, drift, error):
    """Return the squared distance beyond which no node can win, when the smallest is `nearest`.

    A node at d wins only if d − E(d) ≤ m + E(m), m the smallest distance. Let b = 2.1 Δ, c = E(0) and q = 2 m + 3 b² +
    3 c. With a < 1/100 and b √d ≤ d / 4 + b², q − E(q) ≥ m + E(m), and beyond q all the more; up to q, E(d) ≤ E(q): so
    d ≤ m + E(m) + E(q).
    """
    nearest = nearest if nearest > 0 else 0.0
    doubtful = 2 * nearest + 3 * (2.1 * drift) ** 2 + 3 * doubt(0.0, drift, error)
    return nearest + doubt(nearest, drift, error) + doubt(doubtful, drift, error)


@compiled(**PART)
def doubt(squared, drift, error):
    """E(d) = a d + 2.1 Δ √d + 2.1 Δ² + c: how far the reference's distance d may be from the one carried forward."""
    return error.relative * squared + 2.1 * drift * (np.sqrt(squared) + drift) + error.absolute
