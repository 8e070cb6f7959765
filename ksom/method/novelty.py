"""How far samples are from their best matching node, node by node, and what is unusually far.

The *score* of a sample with the best matching node b at the distance d is d / u_b, where u_b is the distance that is
usual there: 1 is usual, 2 is twice as far as usual, and there is no largest. It has no unit. With n_b hits, median
distance q_b of these samples, median distance q of all of them, and N(b) the neighbours of b on the lattice,

    around_b = (Σ_N(b) n_j q_j + 3 q) / (Σ_N(b) n_j + 3),   u_b = min(c, (n_b q_b + 3 around_b) / (n_b + 3)).

So a node with few hits believes its neighbours, and where those have few too, the whole map; medians do not mind some
oddities among the samples. A node that oddities of the training data have got for themselves has large distances, with
which it would excuse later ones: c is the u_b that the nodes of 9 in 10 samples do not exceed.

How well that tells strange samples from others, as the area under the ROC curve and the average precision, on maps of
15 × 15 nodes with the scaling "standard", 30 iterations of "batch":

======================================  =============  =============  =============
samples                                 d alone        d / u_b        without c
======================================  =============  =============  =============
shuttle, learned from 20,000 normal     0.999, 0.968   0.999, 0.967   0.993, 0.967
the same with 200 strange ones in it    0.986, 0.887   0.969, 0.861   0.500, 0.136
shuttle, learned from all 49,097        0.829, 0.316   0.660, 0.194   0.513, 0.093
groups of different density             0.787, 0.452   0.989, 0.951   0.990, 0.954
a machine with one sensor gone wrong    0.881, 0.544   0.926, 0.658   0.928, 0.669
======================================  =============  =============  =============

Shuttle is the set of that name in the package river 0.26.1, with 3,511 strange ones among 49,097 rows of 9 features;
means of three draws. The groups are 8 normal ones of 6 features whose deviations go from 0.1 to 2; a strange sample
lies two to three radii of its group away. Of the machine's 8 sensors, whose noise rises with the load, one is 4 to 8
deviations off. Shrinking by 10 or 30 hits instead of 3, or means instead of medians, are within 0.01 of these figures,
and worse where there are two samples to a node. Learned from all of shuttle, 7 in 100 of which are strange, a map has
nodes for the strange ones: then no comparison of distances finds them, and this one less than others. Learn from what
is usual.

The threshold is a quantile of the scores of samples that were held out, 0.99 by default. Of shuttle's it then flags 1.0
to 1.4 % of the normal ones and 99.9 to 100 % of the strange ones; 49 to 56 % of these where 200 such have been learned
from, of which the largest distance in training, as a threshold, would have found 0.1 to 0.6 %.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.hits import won
from ksom.method.lattice import NOBODY, Lattice, neighbours
from ksom.method.matches import Found, counted

DIGITS = 9
"""Binary digits of a distance that are kept after the first: it is known to one part in 512, 0.2 %."""

CUT, BINS = 52 - DIGITS, np.int64(1) << (11 + DIGITS)
"""How many digits of a float64 are cut off, and how many numbers are left."""

SHRINKING, ORDINARY = 3, 0.9
"""How many hits count as much as what is around, and the share of samples whose nodes are ordinary ones."""


class NodeDistances:
    """How far samples are from their best matching nodes, counted node by node in bins of 0.2 %.

    A bin holds the float64 numbers that agree in all but their last 43 binary digits. So the counts, and all that
    follows from them, are the same however the samples are divided, and two of them add up to that of both; there are
    about 1,700 bins in a factor of ten, and memory is needed only for those that hold a sample.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.

    Attributes
    ----------
    hits : ndarray of int64, shape (height, width)
        How many samples each node won.
    """

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self.hits = np.zeros((lattice.height, lattice.width), dtype=np.int64)
        self._keys, self._counts = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)

    @property
    def samples(self) -> int:
        """How many were counted."""
        return int(self.hits.sum())

    def add(self, found: Found) -> None:
        """Count some samples."""
        nodes, distances = found.nodes[:, 0], found.distances[:, 0].astype(np.float64)
        self.hits += won(self.lattice, nodes)
        keys = nodes * BINS + (distances.view(np.int64) >> CUT)
        self._keys, self._counts = counted(self._keys, self._counts, keys)

    def of_nodes(self, levels: tuple[float, ...]) -> NDArray[np.float64]:
        """Return quantiles of the distances that the samples of each node have, shape (height, width, Q), map units.

        That of level p among n samples is the ⌈p · n⌉-th smallest, rounded up by at most 0.2 %; NaN without samples.
        """
        hits, ends, last = self.hits.ravel(), np.cumsum(self.hits), np.cumsum(self._counts)
        made = np.full((len(hits), len(levels)), np.nan)
        for column, level in enumerate(levels):
            ranks = (ends - hits + _ranks(level, hits))[hits > 0]
            made[hits > 0, column] = self._distances[np.searchsorted(last, ranks)]
        return made.reshape(*self.hits.shape, len(levels))

    def of_all(self, level: float) -> float:
        """Return the quantile of all distances, map units; see `of_nodes`."""
        return quantile(self._distances, self._counts, level)

    def of_scores(self, usual: NDArray[np.float64], level: float) -> float:
        """Return the quantile of the samples' scores, d / u_b: no more than a share of 1 − level of them exceed it."""
        return quantile(self._distances / usual.ravel()[self._keys // BINS], self._counts, level)

    @property
    def _distances(self) -> NDArray[np.float64]:
        """The largest number in each bin, map units; 0 for the bin of 0."""
        bins = self._keys % BINS
        largest = (((bins + 1) << CUT) - 1).view(np.float64)
        return np.where(bins > 0, largest, 0.0)


def quantile(values: NDArray[np.float64], counts: NDArray[np.int64], level: float) -> float:
    """Return the ⌈level · n⌉-th smallest of n values, each of which is there so many times.

    Examples
    --------
    >>> quantile(np.array([5.0, 1.0, 9.0]), np.array([1, 8, 1]), 0.9)
    5.0
    """
    order = np.argsort(values, kind="stable")
    last = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(last, _ranks(level, last[-1]))])


def usual_distances(distances: NodeDistances, at_least: float) -> NDArray[np.float64]:
    """Return the distance u that is usual at each node, shape (height, width), map units; the formula is above.

    Parameters
    ----------
    distances : NodeDistances
        Of at least one sample.
    at_least : float
        The smallest u, > 0, map units: where all samples are their nodes' weights, what rounding may make of 0.
    """
    hits = distances.hits.ravel()
    medians, overall = np.nan_to_num(distances.of_nodes((0.5,)).ravel()), distances.of_all(0.5)
    near, total = np.zeros(len(hits), dtype=np.int64), np.zeros(len(hits))
    for others in neighbours(distances.lattice).T:
        there = others != NOBODY
        near[there] += hits[others[there]]
        total[there] += hits[others[there]] * medians[others[there]]
    around = (total + SHRINKING * overall) / (near + SHRINKING)
    own = (hits * medians + SHRINKING * around) / (hits + SHRINKING)
    usual = np.clip(own, at_least, max(at_least, quantile(own, hits, ORDINARY)))
    return usual.reshape(distances.hits.shape)


def _ranks(level: float, counts: Any) -> Any:
    """Return which of so many ascending values is the quantile, from 1."""
    return np.maximum(1, np.ceil(level * counts * (1 - 1e-12))).astype(np.int64)
