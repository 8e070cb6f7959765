"""What a part of 262,144 × 50 costs a worker, and what its sums weigh: measured with the real kernel, on one core."""

import pickle
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.data import mixture
from ksom.compute.fold_by_ranges import FiledPart, FoldByRanges, FoldedRange
from ksom.compute.here import Here
from ksom.kernels import get_backend
from ksom.kernels.node_sums import PART_ROWS, NodeSums
from ksom.kernels.used_sums import UsedSums, used
from ksom.method.lattice import LATTICES
from ksom.method.neighbourhood import NEIGHBOURHOODS, whole_factors
from ksom.samples import Block

FEATURES = 50
SIDES = {32: PART_ROWS, 100: PART_ROWS // 8, 316: PART_ROWS // 32, 1000: PART_ROWS // 64}
"""How many samples are searched on a map of this side; the rest of the part is computed from them."""
FEW = 64
WAVE = 3


class Costs(NamedTuple):
    """Of one part, on a map of side × side nodes; seconds, bytes."""

    side: int
    searched: int
    """Samples that were searched; `part` is scaled up from their time."""
    part: float
    sums: UsedSums
    """Of a whole part whose samples fall anywhere: the most that there may be."""
    pickled: bytes
    write_weights: float
    read_weights: float
    move: float
    """Of the coordinator, once an iteration: the neighbourhood, and the nodes to their means."""


class RangeCosts(NamedTuple):
    """Of the sums that workers add, on the largest map; seconds."""

    write: float
    """A part's file."""
    add: float
    """One part, all ranges together."""
    ranges: int
    nodes: int
    """How many nodes that part had."""


def costs(side: int) -> Costs:
    """Measure a part on a map whose nodes lie at samples, as on one that was not trained."""
    rows, nodes = SIDES[side], side * side
    samples = mixture(rows, FEATURES)
    chance = np.random.default_rng(0)
    weights = samples[chance.integers(rows, size=nodes)].reshape(side, side, FEATURES)
    kernels = get_backend("numba", weights, "float32", threads=1)
    kernels.node_sums([Block(samples[:FEW])])
    few = _seconds(lambda: kernels.node_sums([Block(samples[:FEW])]))  # that the map is prepared is not scaled up
    part = few + (_seconds(lambda: kernels.node_sums([Block(samples)])) - few) * (PART_ROWS - FEW) / (rows - FEW)
    sums = _of_anywhere(nodes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.npy")
        write = _seconds(lambda: np.save(path, weights))
        read = _seconds(lambda: np.load(path).sum())
    factors = whole_factors(NEIGHBOURHOODS["gaussian"](), LATTICES["rectangular"](side, side), side / 8)
    total = sums.of_all(nodes)
    if side < max(SIDES):  # the first of them compiles, or is loaded
        deque(kernels.moving_to_means(total, factors), maxlen=0)
    move = _seconds(lambda: deque(kernels.moving_to_means(total, factors), maxlen=0))
    return Costs(side, rows, part, sums, pickle.dumps(sums, pickle.HIGHEST_PROTOCOL), write, read, move)


def range_costs(of: Costs) -> RangeCosts:
    """Measure what the files of parts and of ranges cost; the files of real parts, in the system's cache."""
    compute = Here()
    folder = compute.shared
    bounds = FoldByRanges(compute, of.side**2, FEATURES).bounds
    write = _seconds(lambda: [FiledPart(lambda _: of.sums, folder, bounds)(part) for part in range(WAVE)]) / WAVE
    ranges = range(len(bounds) - 1)
    for number in ranges:
        FoldedRange(folder, bounds, 1, range(WAVE), is_first=True)(number)
    again = FoldedRange(folder, bounds, 2, range(WAVE), is_first=False)
    add = _seconds(lambda: [again(number) for number in ranges]) / WAVE
    compute.close()
    return RangeCosts(write, add, len(ranges), len(of.sums.nodes))


def _of_anywhere(nodes: int) -> UsedSums:
    chance = np.random.default_rng(1)
    counts = np.bincount(chance.integers(nodes, size=PART_ROWS), minlength=nodes)[:, np.newaxis].astype(float)
    return used(NodeSums(chance.random((nodes, FEATURES)) * counts, counts))


def _seconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began
