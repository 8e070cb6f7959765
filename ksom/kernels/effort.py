"""How long the numpy backend would take: whether that is worth loading a compiler for.

The constants are fitted to 1 … 256 features and 25 … 10,000 nodes. `python -m benchmarks.choice` shows whole trainings
beside the model: of 110 that take numpy 0.1 to 7 s, "auto" took the slower backend for 8, which cost 4 % of the time.
"""

from typing import NamedTuple

from ksom.kernels.backend import BLOCK_DISTANCES
from ksom.kernels.node_sums import SUM_ROWS

LOADING_SECONDS = 0.6
"""What it takes to load numba and kernels that were compiled before; once on every machine, about 10 s to compile."""

CALL_SECONDS, FEATURE_SECONDS = 15e-6, 3.6e-6
"""To show one sample, or to search for one block of them: at all, and for each feature, which numpy is called for."""

VALUE_SECONDS = 0.5e-9
"""For each weight that is looked at, for each sample."""

SAMPLE_NODES = 30
"""A sample in a block costs as much as so many nodes more."""

PLANE_SECONDS, SMOOTHED_SECONDS = 10e-6, 1.6e-9
"""To add one row or column of the map to a neighbourhood's sums: at all, and for each sum."""


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
