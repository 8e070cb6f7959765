"""Online training of many features: look ahead at the next samples, in blocks; see `ahead` for the idea."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.ahead import (
    ABSENT,
    SAMPLES,
    Ahead,
    AheadRoom,
    CarriedError,
    learn_ahead,
    score_groups,
)
from ksom.kernels.numba.boxes import Room, make_room
from ksom.kernels.numba.products import BLOCK_FEATURES
from ksom.kernels.numba.register_products import SAMPLES as FEW
from ksom.kernels.numba.register_products import lanes
from ksom.kernels.numba.segment import Segment
from ksom.kernels.numba.terms import SQUARES
from ksom.kernels.numba.tiles import Tiles, tile_nodes
from ksom.kernels.numba.vectors import aligned, integers

MANY_FEATURES = 128
"""From here on looking ahead is faster, on one core: 2 times at 784 features on 100 × 100 nodes, 1.3 times on 30 × 30;
with 64 features it takes 1.5 times as long. And most of it can be shared among cores, where boxes use one."""

FEW_SAMPLES = 8
"""Fewer are shown without looking ahead: that costs as much as measuring some samples' distances to all nodes."""

GROUP_NODES = 256
"""How many nodes are scored together: rows of 2 kB."""


def is_worth_it(tiles: Tiles, samples: int) -> bool:
    """Whether looking ahead is faster than boxes around tiles."""
    return (
        tiles.terms == SQUARES
        and tiles.weights.shape[1] >= MANY_FEATURES
        and len(tiles.weights) > 1
        and samples >= FEW_SAMPLES
    )


class LookAhead:
    """Shows samples to a map of many features.

    Parameters
    ----------
    tiles : Tiles
        The map. Its boxes do not hold it afterwards.
    room : Room
        Memory for the calling thread.
    share_out : callable
        How work is shared among threads, as `NumbaBackend` does.
    """

    def __init__(self, tiles: Tiles, room: Room, share_out: Callable[..., None]) -> None:
        self._tiles, self._room, self._share_out = tiles, room, share_out
        self._ahead = make_ahead(tiles)
        self._rooms: list[tuple[Room, AheadRoom]] = []  # of the threads, kept: to make one took as long as 2 samples

    def learn(self, segment: Segment) -> None:
        """Show the segment's samples, one after another; afterwards the tiles still have to catch up."""
        for begin in range(0, len(segment.samples), SAMPLES):
            samples = segment.samples[begin : begin + SAMPLES]
            look_at(samples, self._ahead)
            work = len(samples) * self._tiles.weights.size
            self._share_out(self._score, len(self._ahead.squared), work, 1, segment, begin, len(samples))
            learning_rate = float(segment.row_rates[segment.block[begin : begin + SAMPLES]].max())
            error = carried_error(self._tiles, self._ahead, learning_rate)
            learn_ahead(begin, len(samples), self._tiles, self._room, self._ahead, error, segment)

    def _score(self, start: int, stop: int, segment: Segment, begin: int, count: int) -> None:
        try:
            room, scoring = self._rooms.pop()
        except IndexError:
            room, scoring = make_room(self._tiles), make_ahead_room(self._tiles)
        score_groups(start, stop, self._tiles, room, scoring, self._ahead, segment, begin, count)
        self._rooms.append((room, scoring))


def make_ahead(tiles: Tiles) -> Ahead:
    """Return memory to look ahead with."""
    count, features, places = tiles.weights.shape
    in_group = _tiles_in_group(places)
    groups, blocks = -(-count // in_group), -(-features // BLOCK_FEATURES)
    shape = (groups, in_group * places)
    nodes = np.full(groups * in_group * places, -1)
    nodes[: count * places] = tile_nodes(tiles).ravel()
    absent = np.full(nodes.shape, ABSENT)
    absent[np.unique(nodes, return_index=True)[1]] = 0
    absent[nodes < 0] = ABSENT
    squared, least = aligned((groups, SAMPLES, shape[1]), np.float64), np.zeros(1)
    return Ahead(
        np.zeros((blocks, SAMPLES, BLOCK_FEATURES), dtype=tiles.weights.dtype),
        np.zeros(blocks * BLOCK_FEATURES, dtype=tiles.weights.dtype),
        np.zeros(SAMPLES),
        np.zeros(SAMPLES),
        absent.reshape(shape),
        squared,
        integers(squared),
        np.zeros(shape),
        np.zeros((3, shape[1])),
        least,
        integers(least),
    )


def _tiles_in_group(places: int) -> int:
    """Return how many tiles of so many places are scored together."""
    return max(1, GROUP_NODES // places)


def make_ahead_room(tiles: Tiles) -> AheadRoom:
    """Return memory for one thread."""
    nodes = _tiles_in_group(tiles.weights.shape[2]) * tiles.weights.shape[2]
    dtype = tiles.weights.dtype
    together = lanes(dtype)
    weights, zeros = aligned((nodes // together, BLOCK_FEATURES, together), dtype), aligned((1, together), dtype)
    weights[:], zeros[:] = 0, 0
    return AheadRoom(weights, aligned((FEW, together), dtype), zeros)


def look_at(samples: NDArray[Any], ahead: Ahead) -> None:
    """Take the next samples, shape (n, D), n up to `SAMPLES`."""
    count, features = samples.shape
    ahead.centre[:features] = samples.mean(axis=0)
    from_centre = np.zeros((SAMPLES, ahead.centre.size), dtype=samples.dtype)
    from_centre[:count, :features] = samples - ahead.centre[:features]
    ahead.norms[:] = np.einsum("ij,ij->i", from_centre, from_centre, dtype=np.float64)
    ahead.samples[:] = -2 * from_centre.reshape(SAMPLES, -1, BLOCK_FEATURES).swapaxes(0, 1)


def carried_error(tiles: Tiles, ahead: Ahead, learning_rate: float) -> CarriedError:
    """Return what `ahead.doubt` needs to tell how far a distance carried forward may be from the reference's.

    W and X are the largest ‖w − c‖ and ‖x − c‖, S = max(W, X), n is the number of features, u half the working
    precision's epsilon, v half of float64's, η the smallest number of the working precision, γ_m = m u / (1 − m u).

    - The reference rounds differences, squares and sums: γ_(n+2) of its distance, and n η where squares underflow.
    - w − c and x − c are rounded: the distances carried forward are those between points that are off by u S each.
    - An update rounds three times: in exact numbers, a node's weights w + r (x − w) are off by no more than u ‖w‖ +
      2 u r ‖x − w‖ + 2 √n η; ‖w‖ is at most ‖c‖ + S and ‖x − w‖ at most 2 S, since a weight stays among weights and
      samples. Errors made before shrink by 1 − r, so that this much is added to Δ with each update, to 2 u S at first.
      A distance d is then off by Δ, its square by 2 Δ d + Δ².
    - Products are summed in the working precision for a block of features, in whatever order, and then in float64; they
      are off by 2 γ_m S² for m = 2 more than a block has, and by 4 n η where they underflow.
    - In float64, sums of n numbers and 64 steps forward, of which each adds less than 8 v 4 S², are off by less than
      65 (3 n + 18) v 4 S², because the errors that come together in a step have the weights (1 − r), r and r (1 − r).

    Where products might overflow, or features are too many, no bound holds: c is infinite.
    """
    features = tiles.weights.shape[1]
    precision = np.finfo(tiles.weights.dtype)
    unit, least = float(precision.eps) / 2, float(precision.smallest_subnormal)
    largest = float(np.sqrt(max(ahead.node_norms.max(), ahead.norms.max())))
    size = float(np.linalg.norm(ahead.centre.astype(np.float64))) + largest
    drift = 1.1 * unit * (size + 4 * learning_rate * largest) + 2 * np.sqrt(features) * least
    products = 2.1 * (BLOCK_FEATURES + 2) * unit * largest * largest
    carried = 65 * (3 * features + 18) * float(np.finfo(np.float64).eps) / 2 * 4 * largest * largest
    relative, absolute = 1.01 * (features + 2) * unit, 2.1 * (products + carried + 5 * features * least)
    if not (32 * largest * largest < float(precision.max) and relative < 1 / 100):
        absolute = np.inf
    return CarriedError(relative, 2.1 * unit * largest, drift, absolute)
