"""Boxes around the weights of tiles: what may be left out, and the memory that kernels work in."""

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ksom.kernels.numba.compilation import PART, compiled
from ksom.kernels.numba.tiles import Tiles
from ksom.kernels.numba.vectors import aligned, integers, ordered


class Room(NamedTuple):
    """Memory that the kernels work in; every thread has its own."""

    factors: NDArray[Any]
    """Of the columns of a tile, shape (tile_width,)."""
    odd_factors: NDArray[Any]
    """The same for the tile's odd rows, where there are several phases."""
    rates: NDArray[Any]
    """alpha · h for each node of a tile, shape (tile_height, tile_width)."""
    rate: NDArray[Any]
    """The same memory, flat."""
    totals: NDArray[Any]
    """Sums of terms of a tile's nodes."""
    total_bits: NDArray[Any]
    """The same memory, read as integers."""
    bounds: NDArray[Any]
    """Lower bounds of the sums of terms in each tile."""
    bounds_bits: NDArray[Any]
    """The same memory, read as integers."""
    least: NDArray[Any]
    """Smallest rate in each tile."""
    most: NDArray[Any]
    """Largest rate in each tile."""


def make_room(tiles: Tiles) -> Room:
    """Return memory for one thread."""
    dtype, padded = tiles.weights.dtype, tiles.low.shape[1]
    rates = aligned((tiles.tile_height, tiles.tile_width), dtype)
    totals, bounds = aligned((rates.size,), dtype), aligned((padded,), dtype)
    least, most = aligned((padded,), dtype), aligned((padded,), dtype)
    least[:] = most[:] = 0
    factors, odd_factors = aligned((tiles.tile_width,), dtype), aligned((tiles.tile_width,), dtype)
    views = rates, rates.reshape(-1), totals, integers(totals), bounds, integers(bounds), least, most
    return Room(factors, odd_factors, *views)


def in_room(kernel: Callable[..., None], tiles: Tiles) -> Callable[..., None]:
    """Return a kernel that is called with tiles and memory to work in as one that is called without."""

    def part(start: int, stop: int, *arrays: Any) -> None:
        kernel(start, stop, tiles, make_room(tiles), *arrays)

    return part


@compiled(**PART)
def first_node(tile, tiles):
    """Return the lowest index of a tile's nodes."""
    row, column = tile // tiles.tile_columns * tiles.tile_height, tile % tiles.tile_columns * tiles.tile_width
    return row * tiles.width + column


@compiled(**PART)
def term(difference, terms):
    """Return the term of a difference: its square or its magnitude."""
    return difference * difference if len(terms) == 1 else abs(difference)


@compiled(**PART)
def added(total, one, terms):
    """Return a total with one more term, or the larger of both."""
    if len(terms) < 3:
        return total + one
    return one if one > total else total


@compiled(**PART)
def is_there(missing, sample, feature):
    """Whether a sample has a value; `missing` is None where every sample has all, and then nothing is asked."""
    return True if missing is None else not missing[sample, feature]


@compiled(**PART)
def measure_distances(tiles, tile, samples, missing, sample, totals):
    """Σ term(w − x) for all nodes of a tile, feature by feature as in the reference."""
    begun = 0
    if missing is None:
        value, begun = samples[sample, 0], 1
        for i in range(totals.size):
            totals[i] = term(tiles.weights[tile, 0, i] - value, tiles.terms)
    else:
        for i in range(totals.size):
            totals[i] = 0
    for feature in range(begun, tiles.weights.shape[1]):
        if is_there(missing, sample, feature):
            value = samples[sample, feature]
            for i in range(totals.size):
                totals[i] = added(totals[i], term(tiles.weights[tile, feature, i] - value, tiles.terms), tiles.terms)


@compiled(**PART)
def bound_boxes(tiles, samples, missing, sample, bounds):
    """Σ term of a sample's difference from each box: no node in it is nearer.

    Differences, terms and sums are rounded in the same order as a node's own, and rounding never changes an order; so
    the bound holds for the computed distances, without a margin.
    """
    bounds[:] = 0
    for feature in range(tiles.low.shape[0]):
        if is_there(missing, sample, feature):
            value = samples[sample, feature]
            for tile in range(bounds.size):
                below, above = tiles.low[feature, tile] - value, value - tiles.high[feature, tile]
                outside = below if below > above else above
                outside = outside if outside > 0 else outside - outside
                bounds[tile] = added(bounds[tile], term(outside, tiles.terms), tiles.terms)


@compiled(**PART)
def move_boxes(low, high, least, most, samples, missing, sample, leeway, underflow):
    """Move each box so that it holds its tile's weights after an update.

    w + rate · (x − w) grows with w, because rates are at most 1; so the lower corner moves by the formula, with the
    rate that leaves it lowest, and then outwards by what rounding may do: with ε the working precision's epsilon and M
    the largest magnitude among the corners and the sample, a difference is at most 2M and the result at most M, so that
    a node's three roundings add up to at most 2.5 ε M, the corner's own to as much, and moving it out to ε M / 2. The
    slack is 8 ε M, and the smallest normal number for products that underflow.
    """
    for feature in range(low.shape[0]):
        if not is_there(missing, sample, feature):
            continue
        value = samples[sample, feature]
        for tile in range(least.size):
            from_low, from_high = value - low[feature, tile], value - high[feature, tile]
            magnitude = max(abs(low[feature, tile]), abs(high[feature, tile]), abs(value))
            slack = leeway * magnitude + underflow if most[tile] > 0 else value - value
            lowest = least[tile] if from_low > 0 else most[tile]
            highest = most[tile] if from_high > 0 else least[tile]
            low[feature, tile] = low[feature, tile] + lowest * from_low - slack
            high[feature, tile] = high[feature, tile] + highest * from_high + slack


@compiled(**PART)
def measure_box(weights_bits, tile, low_bits, high_bits, least_integer):
    """Make a tile's box as small as its weights allow."""
    for feature in range(weights_bits.shape[1]):
        low = high = ordered(weights_bits[tile, feature, 0], least_integer)
        for i in range(weights_bits.shape[2]):
            bits = ordered(weights_bits[tile, feature, i], least_integer)
            low, high = min(low, bits), max(high, bits)
        low_bits[feature, tile] = ordered(low, least_integer)
        high_bits[feature, tile] = ordered(high, least_integer)
