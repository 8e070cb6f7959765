"""How well a map fits samples: quantization error, topographic error, dead nodes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.method.lattice import are_neighbours
from ksom.method.matches import Map, Matches, checked, matches, walk


class Quality(NamedTuple):
    """The quality of a map on some samples."""

    quantization_error: float
    """Data units."""
    topographic_error: float
    """A share, from 0 to 1."""


def quality(som: Map, samples: ArrayLike) -> Quality:
    """Measure both errors in one search; see `quantization_error` and `topographic_error`."""
    if checked(som).lattice.size == 1:
        return Quality(quantization_error(som, samples), 0.0)
    nodes, distances = som.best_matching_nodes(samples, 2, return_distances=True)
    return Quality(float(distances[:, 0].mean(dtype=np.float64)), _share_apart(som, nodes))


def quantization_error(som: Map, samples: Any) -> float:
    """Return the mean distance of a sample to its best matching node, 1/N · Σ ‖x − w_b(x)‖, map units.

    The distance is the map's own.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Matches
        Data units.

    Raises
    ------
    ParameterError
        If `som` is no map.
    DataError
        If the samples are not finite numbers of shape (N, D).
    NotTrained
        If the map has no weights yet.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001.
    """
    if isinstance(samples, Matches):
        return samples.distance / samples.samples
    total, count = 0.0, 0
    for found in walk(som, samples, 1):
        total += float(found.distances.sum(dtype=np.float64))
        count += len(found.distances)
    return total / count


def topographic_error(som: Map, samples: Any) -> float:
    """Return the share of samples whose best and second best nodes are not neighbours on the lattice.

    A node of a rectangular lattice has 8 neighbours, one of a hexagonal lattice 6; around the edge where it is wrapped.
    0 by definition on a map of one node. Arguments and errors are those of `quantization_error`.

    References
    ----------
    K. Kiviluoto, Topology preservation in self-organizing maps, Proc. ICNN 1996.
    """
    found = matches(som, samples)
    if found.lattice.size == 1:
        return 0.0
    apart = ~are_neighbours(found.lattice, found.pairs[:, 0], found.pairs[:, 1])
    return int(found.counts[apart].sum()) / found.samples


def dead_nodes(som: Map, samples: Any) -> float:
    """Return the share of nodes that are no sample's best, from 0 to 1.

    At least 1 − N/K, where there are more nodes than samples.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Matches
        Data units.

    Raises
    ------
    ParameterError, DataError, NotTrained
        As `quantization_error`.
    """
    return float((matches(som, samples).hits == 0).mean())


def _share_apart(som: Map, nodes: NDArray[np.int64]) -> float:
    return float((~are_neighbours(som.lattice, nodes[:, 0], nodes[:, 1])).mean())
