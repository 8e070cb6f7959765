"""What work costs: how long the numpy backend takes, whether that is worth loading a compiler for; and how much memory.

The constants are fitted to 1 … 256 features and 25 … 10,000 nodes. `python -m benchmarks.choice` shows whole trainings
beside the model: of 110 that take numpy 0.1 to 7 s, "auto" took the slower backend for 8, which cost 4 % of the time.
"""

from typing import NamedTuple

from ksom.kernels.backend import BLOCK_DISTANCES
from ksom.kernels.node_sums import PART_ROWS, SUM_ROWS

LOADING_SECONDS = 0.6
"""What it takes to load numba and kernels that were compiled before; nobody waits for others: see `at_once`."""

CALL_SECONDS, FEATURE_SECONDS = 15e-6, 3.6e-6
"""To show one sample, or to search for one block of them: at all, and for each feature, which numpy is called for."""

VALUE_SECONDS = 0.5e-9
"""For each weight that is looked at, for each sample."""

SAMPLE_NODES = 30
"""A sample in a block costs as much as so many nodes more."""

PLANE_SECONDS, SMOOTHED_SECONDS = 10e-6, 1.6e-9
"""To add one row or column of the map to a neighbourhood's sums: at all, and for each sum."""

NODES_FOR_SAMPLE = 8
"""How many nodes numba can put into other tiles in the time that these save for one sample."""

GROUP_BYTES = 2**25
"""How much of the map numba centres at a time: 32 MB, so that a large map is never held twice."""

FLOAT64 = 8
"""Bytes of a number in float64."""

FACTORS = 24
"""So many numbers are held for each node where factors are no product: a table for each parity, others to make them."""

PADDING, ROOM_BYTES = 1.1, 2**24
"""What tiles hold beyond the map's edge, and boxes, in shares of all; what kernels work in."""

LEAST_PLACES = 2**8
"""For so many nodes more numba has room in any case: a tile takes up to 128 more than there are, its box and those that
are not there another 128. Of many features, and on a small map, that is most of all."""


class Work(NamedTuple):
    """What a map will be asked to do, as far as known."""

    shown: int = 0
    """Samples that are learned one after another."""
    searched: int = 0
    """Samples that are searched for, many at a time."""
    searches: int = 1
    """In so many calls."""
    smoothed: int = 0
    """How often sums over samples are smoothed over the map."""
    is_sparse: bool = False
    """Whether the samples are sparse: these are searched for in the map as it is."""


def numpy_seconds(work: Work, height: int, width: int, features: int) -> float:
    """Return how long the numpy backend takes for some work, about, seconds.

    Examples
    --------
    >>> wine = numpy_seconds(Work(shown=178 * 1000), 8, 8, 13)
    >>> search = numpy_seconds(Work(searched=1000), 10, 10, 3)
    >>> wine > 10, search < 0.001
    (True, True)
    """
    nodes = height * width
    block = min(SUM_ROWS, max(1, BLOCK_DISTANCES // nodes))
    calls = work.shown + work.searched / block + work.searches
    values = (work.shown * nodes + work.searched * (nodes + SAMPLE_NODES)) * features
    planes = work.smoothed * (height + width)
    return (
        calls * (CALL_SECONDS + features * FEATURE_SECONDS)
        + values * VALUE_SECONDS
        + planes * (PLANE_SECONDS + nodes * (features + 1) * SMOOTHED_SECONDS)
    )


def peak_bytes(
    backend: str, work: Work, nodes: int, features: int, itemsize: int, *, phases: int = 1, is_product: bool = True
) -> int:
    """Return how much memory a map takes while it does some work, beside the samples.

    First weights are drawn in float64 and cast; whoever looks at the weights has a copy. For a batch that is large
    beside the map numba searches in a map cut anew, parts of which are centred; of a batch of more than a part, the
    sums are kept beside those of the part. Then these are smoothed over the map, and must stay as they are until all
    nodes have moved: numpy makes three more of them, and numba one, if the map is large; on a lattice of several phases
    it makes two. The factors of a neighbourhood that is no product are as large as the map.
    """
    weights, drawn, sums = nodes * features * itemsize, nodes * features * FLOAT64, nodes * (features + 1) * FLOAT64
    peak = drawn + weights
    if work.smoothed:
        batch = work.searched / max(1, work.searches)
        searching = weights + (2 if batch > PART_ROWS else 1) * sums
        if backend == "numba" and not work.is_sparse and batch >= nodes / NODES_FOR_SAMPLE:
            searching += 2 * weights + min(2 * weights, 2 * GROUP_BYTES)
        in_numba = 2 if phases == 1 or not is_product else 3
        moving = weights + (in_numba if backend == "numba" else 4) * sums
        moving += 0 if is_product else FACTORS * nodes * FLOAT64
        peak = max(peak, searching, moving)
    least = LEAST_PLACES * features * itemsize if backend == "numba" else 0
    return int(peak * PADDING) + least + ROOM_BYTES
