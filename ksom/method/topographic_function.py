"""The topographic function: how far apart on one side is what is adjacent on the other."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.method.lattice import squared_distances, steps
from ksom.method.matches import Map, matches
from ksom.method.paths import Graph
from ksom.method.umatrix import neighbouring

STEPS = 5
"""How far the function is looked at, unless more is said."""


class TopographicFunction(NamedTuple):
    """Φ at k = −most … most."""

    k: NDArray[np.int64]
    """Steps: > 0 on the lattice, < 0 among the nodes that share samples."""
    values: NDArray[np.float64]
    """Φ(k), in the mean over nodes; 0 everywhere on a map that preserves all."""

    @property
    def at_zero(self) -> float:
        """Φ(0), which counts both sides' nearest."""
        return float(self.values[len(self.values) // 2])


def topographic_function(som: Map, samples: Any, most: int = STEPS) -> TopographicFunction:
    """Return Φ(k), how many partners of a node are farther away than |k|, in the mean over the nodes.

    Two nodes are *adjacent in the data* if they are best and second best of some sample (the induced Delaunay graph).

        Φ(k)  for k > 0: nodes adjacent in the data that are more than k steps apart on the lattice;
        Φ(−k) for k > 0: nodes at 1 on the lattice that are more than k steps apart in the data's graph;
        Φ(0) = Φ(1) + Φ(−1).

    A step on a rectangular lattice goes to one of 8 neighbours, so steps are the maximum norm; nodes at 1 are 4, on a
    hexagonal lattice 6. Large k > 0 with Φ > 0: the map is folded, its dimension too low; k < 0: too high, or too few
    samples to know who is adjacent.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Matches
        Data units.
    most : int
        The largest k, at least 1.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `quantization_error`.

    References
    ----------
    T. Villmann, R. Der, M. Herrmann and T. Martinetz, Topology preservation in self-organizing feature maps: exact
    definition and measurement, IEEE Transactions on Neural Networks 8(2), 1997.
    """
    reach = np.arange(1, require_integer("most", most, minimum=1) + 1)
    found = matches(som, samples)
    lattice = found.lattice
    adjacent = np.unique(np.sort(found.pairs, axis=1), axis=0)
    beside = neighbouring(lattice)
    beside = beside[squared_distances(lattice, beside[:, 0], beside[:, 1]) <= 1]
    on_lattice = steps(lattice, adjacent[:, 0], adjacent[:, 1])
    in_data = Graph(lattice.size, adjacent).paths(beside, most)
    above, below = (2 * (apart[:, np.newaxis] > reach).sum(axis=0) / lattice.size for apart in (on_lattice, in_data))
    values = np.concatenate([below[::-1], [above[0] + below[0]], above])
    return TopographicFunction(np.arange(-most, most + 1), values)
