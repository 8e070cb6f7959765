"""The smallest of a row of scores, and where the small ones are: in each of 64 lanes, and then of the lanes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.numba.compilation import LOOSE, PART, compiled
from ksom.kernels.numba.vectors import LANES, aligned, integers, ordered

FROM_FIRST = np.int64(-1)
"""Before the first lane: a mere −1 has a type of its own, for which `next_lane` would be compiled once more."""


class Lanes(NamedTuple):
    """Memory for the smallest scores."""

    least: NDArray[Any]
    """The smallest score in each lane, shape (lanes,)."""
    least_bits: NDArray[Any]
    """The same memory, read as integers."""
    nearest: NDArray[Any]
    """The smallest score of all lanes, shape (1,)."""
    nearest_bits: NDArray[Any]
    """The same memory, read as integers."""


def make_lanes(dtype: DTypeLike) -> Lanes:
    """Return memory for one row of scores."""
    least, nearest = aligned((LANES,), dtype), aligned((1,), dtype)
    return Lanes(least, integers(least), nearest, integers(nearest))


@compiled(**LOOSE)
def least_in_lanes(scores, least):
    """Find the smallest score of the nodes 0, 64, 128 …; of 1, 65, 129 …; and so on: 22 ns for 1024 nodes."""
    for lane in range(LANES):
        least[lane] = scores[lane]
    for begin in range(LANES, scores.size, LANES):
        for lane in range(LANES):
            score, so_far = scores[np.uint64(begin + lane)], least[np.uint64(lane)]
            least[np.uint64(lane)] = score if score < so_far else so_far


@compiled(**PART)
def smallest_of(lanes, least_integer):
    """Return the smallest of the lanes' scores.

    As a minimum of integers in the floats' order, because that vectorises; see `vectors.smallest`.
    """
    bits = ordered(lanes.least_bits[0], least_integer)
    for lane in range(LANES):
        bits = min(bits, ordered(lanes.least_bits[lane], least_integer))
    lanes.nearest_bits[0] = ordered(bits, least_integer)
    return lanes.nearest[0]


@compiled(**PART)
def next_lane(least, limit, after):
    """Return the next lane with a score within the limit; `LANES` if there is none.

    Without a break, so that it vectorises.
    """
    lane = LANES
    for i in range(LANES):
        lane = min(lane, i if least[i] <= limit and i > after else LANES)
    return lane
