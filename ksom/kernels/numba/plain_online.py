"""Online training, compiled, without leaving anything out: where nothing bounds what an update does.

A rate below 0 pushes a node away from the sample, and a node that is put back on the sphere does not move by the
update's formula: no box moves with either. Every sample is measured against every node.
"""

import numpy as np

from ksom.kernels.numba.compilation import ENTRY, PART, compiled
from ksom.kernels.numba.online import nearest_of, rate_tile, update
from ksom.kernels.numba.segment import Segment


def is_pushing(segment: Segment) -> bool:
    """Whether a rate of a segment is below 0."""
    rates, factors = segment.row_rates_within[:, -1], segment.column_factors_within[:, -1]
    return bool(rates.min() < 0 or factors.min() < 0)


@compiled(**ENTRY)
def learn_plainly(tiles, segment, room, on_sphere):
    """Show the segment's samples, one after another."""
    for sample in range(segment.samples.shape[0]):
        node = _nearest(sample, tiles, segment, room)
        segment.winners[sample, 0] = node // tiles.width
        segment.winners[sample, 1] = node % tiles.width
        for tile in range(tiles.caught_up.size):
            if rate_tile(tile, sample, tiles, segment, room):
                update(tiles.weights, tile, segment.samples, segment.missing, sample, room.rate)
                if on_sphere:
                    _put_on_sphere(tiles.weights, tile, room.rate, room.totals)


@compiled(**PART)
def _nearest(sample, tiles, segment, room):
    """Return the best matching node."""
    best_node, best = nearest_of(0, sample, tiles, segment, room)
    for tile in range(1, tiles.caught_up.size):
        node, total = nearest_of(tile, sample, tiles, segment, room)
        if total < best or (total == best and node < best_node):
            best, best_node = total, node
    return best_node


@compiled(**PART)
def _put_on_sphere(weights, tile, rate, lengths):
    """Divide the weights of those nodes of a tile that moved by their lengths, as `method.sphere.put_on_sphere`."""
    for i in range(lengths.size):
        lengths[i] = 0
    for feature in range(weights.shape[1]):
        for i in range(lengths.size):
            lengths[i] = lengths[i] + weights[tile, feature, i] * weights[tile, feature, i]
    for i in range(lengths.size):
        length = np.sqrt(lengths[i])
        lengths[i] = length if rate[i] != 0 and length > 0 else 1
    for feature in range(weights.shape[1]):
        for i in range(lengths.size):
            weights[tile, feature, i] = weights[tile, feature, i] / lengths[i]
            weights[tile, feature, i] += 0  # what underflows must not become −0
