"""Online training, compiled: the reference's bits with a fraction of its work.

Three ideas, none of which changes a bit:

*Look only where the winner can be.* Each tile of nodes has a box that holds its weights. A tile whose box is farther
from the sample than the best node so far cannot hold a better one; of a 100 × 100 map a sample looks into 2 tiles.

*Move boxes without looking at weights.* An update moves the corners of a box by its own formula, with the tile's
largest and smallest rate, rounded outwards. A box is measured anew when its tile is looked into.

*Let tiles catch up.* Nobody needs the weights of a tile before somebody looks into it, so updates wait until then, or
until the segment's end. A tile then learns hundreds of samples while it is in the first cache, and different tiles may
do so on different threads. The order of the updates of one node is always that of the samples.
"""

import numpy as np

from ksom.kernels.numba.boxes import bound_boxes, first_node, is_there, measure_box, measure_distances, move_boxes
from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.vectors import first, smallest

MEASURE_AFTER = 4
"""A box is measured when it was moved by so many samples at least: measuring takes twice as long as moving it."""


@compiled(**ENTRY)
def learn(tiles, segment, room):
    """Show the segment's samples, one after another; afterwards the tiles still have to catch up."""
    for sample in range(segment.samples.shape[0]):
        if tiles.caught_up.size == 1:
            node, _ = _look_into(np.int64(0), sample, tiles, segment, room)  # a mere 0 has a type of its own
        else:
            node = _search(sample, tiles, segment, room)
        segment.winners[sample, 0] = node // tiles.width
        segment.winners[sample, 1] = node % tiles.width
        if tiles.caught_up.size > 1:
            _rate_tiles(sample, tiles, segment, room)
            move_boxes(
                tiles.low,
                tiles.high,
                room.least,
                room.most,
                segment.samples,
                segment.missing,
                sample,
                tiles.leeway,
                tiles.underflow,
            )


@compiled(**ENTRY)
def catch_up(start, stop, tiles, room, segment):
    """Let the tiles start … stop − 1 learn all of the segment."""
    for tile in range(start, stop):
        catch_up_tile(tile, segment.samples.shape[0], tiles, segment, room)
        tiles.caught_up[tile] = 0
        tiles.measured[tile] = 0


@compiled(**PART)
def _search(sample, tiles, segment, room):
    """Return the best matching node: look into the tiles, nearest box first, until no box is nearer than a node."""
    bound_boxes(tiles, segment.samples, segment.missing, sample, room.bounds)
    best, best_node = room.bounds_bits[0], -1
    while True:
        bound = smallest(room.bounds_bits)
        tile = first(room.bounds_bits, bound)
        if best_node >= 0 and (bound > best or tile >= tiles.caught_up.size):
            return best_node
        room.bounds[tile] = np.inf
        if best_node < 0 or bound < best or first_node(tile, tiles) < best_node:
            node, total = _look_into(tile, sample, tiles, segment, room)
            if best_node < 0 or total < best or (total == best and node < best_node):
                best, best_node = total, node


@compiled(**PART)
def _look_into(tile, sample, tiles, segment, room):
    """Return a tile's nearest node and the bits of its sum of terms; measure its box, if it was moved often."""
    catch_up_tile(tile, sample, tiles, segment, room)
    if tiles.caught_up.size > 1 and sample - tiles.measured[tile] >= MEASURE_AFTER:
        measure_box(tiles.weights_bits, tile, tiles.low_bits, tiles.high_bits, tiles.least_integer)
        tiles.measured[tile] = sample
    return nearest_of(tile, sample, tiles, segment, room)


@compiled(**PART)
def nearest_of(tile, sample, tiles, segment, room):
    """Return a tile's nearest node, the first of equals, and the bits of its sum of terms."""
    measure_distances(tiles, tile, segment.samples, segment.missing, sample, room.totals)
    total = smallest(room.total_bits)
    return node_at(tile, first(room.total_bits, total), tiles), total


@compiled(**PART)
def node_at(tile, place, tiles):
    """Return the index of the node at a place of a tile."""
    return first_node(tile, tiles) + place // tiles.tile_width * tiles.width + place % tiles.tile_width


@compiled(**PART)
def catch_up_tile(tile, stop, tiles, segment, room):
    """Let a tile learn the samples before `stop` that it has not learned yet."""
    for sample in range(tiles.caught_up[tile], stop):
        if rate_tile(tile, sample, tiles, segment, room):
            update(tiles.weights, tile, segment.samples, segment.missing, sample, room.rate)
    tiles.caught_up[tile] = stop


@compiled(**PART)
def rate_tile(tile, sample, tiles, segment, room):
    """Fill in how far each node of a tile moves towards a sample; return whether any does."""
    top, left = tile // tiles.tile_columns * tiles.tile_height, tile % tiles.tile_columns * tiles.tile_width
    bottom, right = min(top + tiles.tile_height, tiles.height) - 1, min(left + tiles.tile_width, tiles.width) - 1
    block, row, column = segment.block[sample], segment.winners[sample, 0], segment.winners[sample, 1]
    if (
        _nearest(row, top, bottom, segment.row_around) > segment.row_reach[block]
        or _nearest(column, left, right, segment.column_around) > segment.column_reach[block]
    ):
        return False
    start, last = left - column + tiles.width - 1, right - left
    phases = segment.column_factors.shape[1]
    if phases == 1:
        _copy_factors(segment.column_factors, block, np.int64(0), start, last, room.factors)
    two_ago = one_ago = np.int64(-1)
    for i in range(room.rates.shape[0]):
        down = min(top + i, bottom) - row + tiles.height - 1  # beyond the map's edge the last row's
        factors = room.factors
        if phases > 1:  # on a hexagonal lattice every other row has the same
            phase, factors = np.int64(segment.phases[row % 2, down]), room.factors if i % 2 == 0 else room.odd_factors
            if phase != two_ago:
                _copy_factors(segment.column_factors, block, phase, start, last, factors)
            two_ago, one_ago = one_ago, phase
        row_rate = segment.row_rates[block, down]
        for j in range(room.rates.shape[1]):
            room.rates[i, j] = row_rate * factors[j]
    return True


@compiled(**PART)
def _copy_factors(column_factors, block, phase, start, last, factors):
    """Copy the factors of a tile's columns; after the last one, beyond the map's edge, they are that one's."""
    for i in range(last + 1):
        factors[i] = column_factors[block, phase, np.uint64(start + i)]
    for i in range(last + 1, factors.size):
        factors[i] = factors[last]


@compiled(**PART)
def update(weights, tile, samples, missing, sample, rate):
    """w ← w + rate · (x − w) for all nodes of a tile. A rate of 0 changes nothing: no weight is −0."""
    for feature in range(weights.shape[1]):
        if is_there(missing, sample, feature):
            value = samples[sample, feature]
            for i in range(rate.size):
                weight = weights[tile, feature, i]
                weights[tile, feature, i] = weight + rate[i] * (value - weight)


@compiled(**PART)
def _rate_tiles(sample, tiles, segment, room):
    """Smallest and largest rate of each tile's nodes; they round as the nodes' own do, so none is outside."""
    block, row, column = segment.block[sample], segment.winners[sample, 0], segment.winners[sample, 1]
    for j in range(tiles.tile_columns):  # where the first row of tiles will be, which is done last
        left, right = j * tiles.tile_width, min((j + 1) * tiles.tile_width, tiles.width) - 1
        nearest = _nearest(column, left, right, segment.column_around)
        farthest = _farthest(column, left, right, segment.column_around)
        room.least[j] = segment.column_factors_within[block, farthest]
        room.most[j] = segment.column_factors_beyond[block, nearest]
    for i in range(tiles.tile_rows - 1, -1, -1):
        top, bottom = i * tiles.tile_height, min((i + 1) * tiles.tile_height, tiles.height) - 1
        nearest = _nearest(row, top, bottom, segment.row_around)
        farthest = _farthest(row, top, bottom, segment.row_around)
        least, most = segment.row_rates_within[block, farthest], segment.row_rates_beyond[block, nearest]
        for j in range(tiles.tile_columns):
            room.least[i * tiles.tile_columns + j] = least * room.least[j]
            room.most[i * tiles.tile_columns + j] = most * room.most[j]


@compiled(**PART)
def _nearest(winner, start, end, around):
    """Return the distance of the winner to the nearest of the rows (or columns) start … end, the shorter way round."""
    return min(max(start - winner, winner - end, 0), start + around - winner, winner + around - end)


@compiled(**PART)
def _farthest(winner, start, end, around):
    """Return the distance of the winner to the farthest of the rows (or columns) start … end, the shorter way round."""
    nearest, farthest = max(start - winner, winner - end, 0), max(end - winner, winner - start)
    if 2 * farthest <= around:
        return farthest
    return around - nearest if 2 * nearest >= around else around // 2
