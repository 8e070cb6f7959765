"""The measure of Kaski and Lagus: quantization error and continuity in one number."""

from typing import Any

from ksom.method.matches import MeasuringMap, matches
from ksom.method.paths import Graph
from ksom.method.umatrix import edges


def kaski_lagus(som: MeasuringMap, samples: Any) -> float:
    """Return 1/N · Σ [ d(x, w_b) + shortest path from b to s ], b and s the best and second best node, map units.

    A path goes from neighbour to neighbour on the lattice; each step is as long as the distance d of their weights in
    the data, the map's own. Low if samples are close to their nodes *and* the map is continuous there. On a map of one
    node it is the quantization error.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Matches
        Data units.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `quantization_error`.

    References
    ----------
    S. Kaski and K. Lagus, Comparing self-organizing maps, Proc. ICANN 1996.
    """
    found = matches(som, samples)
    paths = Graph(found.lattice.size, *edges(som)).paths(found.pairs)
    return (found.distance + float(found.counts @ paths)) / found.samples
