"""How well a map fits samples: quantization error, topographic error."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice, are_neighbours


class Map(Protocol):
    """Anything that finds best matching nodes on a lattice: a KohonenSOM, or the run that a hook sees."""

    @property
    def lattice(self) -> Lattice:
        """The nodes' arrangement."""
        ...

    def best_matching_nodes(self, samples: ArrayLike, k: int = 1, *, return_distances: bool = False) -> Any:
        """See `KohonenSOM.best_matching_nodes`."""
        ...


class Quality(NamedTuple):
    """The quality of a map on some samples."""

    quantization_error: float
    """Data units."""
    topographic_error: float
    """A share, from 0 to 1."""


def quality(som: Map, samples: ArrayLike) -> Quality:
    """Measure both errors in one search; see `quantization_error` and `topographic_error`."""
    if _checked(som).lattice.size == 1:
        return Quality(quantization_error(som, samples), 0.0)
    nodes, distances = som.best_matching_nodes(samples, 2, return_distances=True)
    return Quality(_mean(distances[:, 0]), _share_apart(som, nodes))


def quantization_error(som: Map, samples: ArrayLike) -> float:
    """Return the mean distance of a sample to its best matching node, 1/N · Σ ‖x − w_b(x)‖, data units.

    Parameters
    ----------
    som : KohonenSOM or Run
        A map with weights.
    samples : array_like of shape (n, D)
        Data units.

    Raises
    ------
    ParameterError
        If `som` is no map.
    DataError
        If the samples are not finite numbers of shape (n, D).
    NotTrained
        If the map has no weights yet.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001.
    """
    return _mean(_checked(som).best_matching_nodes(samples, return_distances=True)[1])


def topographic_error(som: Map, samples: ArrayLike) -> float:
    """Return the share of samples whose best and second best nodes are not neighbours on the lattice.

    A node of a rectangular lattice has 8 neighbours. 0 by definition on a map of one node. Arguments and errors are
    those of `quantization_error`.

    References
    ----------
    K. Kiviluoto, Topology preservation in self-organizing maps, Proc. ICNN 1996.
    """
    return 0.0 if _checked(som).lattice.size == 1 else _share_apart(som, som.best_matching_nodes(samples, 2))


def _checked(som: Map) -> Map:
    if isinstance(som, type) or not hasattr(som, "best_matching_nodes"):
        raise ParameterError("som", "be a KohonenSOM, the samples come after it", som)
    return som


def _mean(distances: NDArray[np.float64]) -> float:
    return float(distances.mean(dtype=np.float64))


def _share_apart(som: Map, nodes: NDArray[np.int64]) -> float:
    return float((~are_neighbours(som.lattice, nodes[:, 0], nodes[:, 1])).mean())
