"""The distortion: what training makes small, at a given radius of the neighbourhood."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.method.lattice import Lattice
from ksom.method.matches import MeasuringMap
from ksom.method.neighbourhood import Factors, Neighbourhood, whole_factors
from ksom.method.residuals import residuals

SIGMA = 1.0
"""Lattice steps: a map does not know its last radius; at 1 the nodes next to the best count, and hardly any others."""


def distortion(
    som: MeasuringMap, samples: Any, sigma: float = SIGMA, neighbourhood: Neighbourhood | None = None
) -> float:
    """Return 1/N · Σ_x Σ_k h(b(x), k; sigma) ‖x − w_k‖², map units².

    Computed without a sum over samples, or over pairs of nodes: A_k − 2 w_k · B_k + w_k² C_k for each node, where A, B
    and C are sums of squares, sums and numbers of the samples of all nodes b, weighted by h(b, k); all seen from the
    samples' mean, so that nothing is lost far from the origin.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table, Dataset or Residuals
        Data units.
    sigma : float
        Radius of the neighbourhood, lattice steps, > 0.
    neighbourhood : Neighbourhood, optional
        h; by default the map's own.

    Raises
    ------
    ParameterError
        If sigma is not a number > 0, or `som` is no map.
    DataError, NotTrained
        As `quantization_error`.

    References
    ----------
    J. Vesanto, M. Sulkava and J. Hollmén, On the decomposition of the self-organizing map distortion measure, Proc.
    WSOM 2003.
    """
    radius = require_number("sigma", sigma, above=0, unit="lattice steps")
    found = residuals(som, samples)
    centre = found.mean
    h = neighbourhood or som.neighbourhood
    factors = whole_factors(h, found.lattice, radius)
    away = found.weights - centre
    squares, sums, counts = (
        _smoothed(values, factors, found.lattice)
        for values in (found.around(centre), found.sums + found.counts * away, found.counts)
    )
    total = squares - 2 * sums * away + counts * away * away
    value = float(total.sum() / found.samples)
    return value if h.lowest < 0 else max(0.0, value)


def _smoothed(values: NDArray[np.float64], factors: Factors, lattice: Lattice) -> NDArray[np.float64]:
    """Return Σ_b h(b, k) values[b] for every node k, shape (K, n): along rows, then along columns, phase by phase."""
    grid = values.reshape(lattice.height, lattice.width, -1)
    down, right = (np.subtract.outer(np.arange(n), np.arange(n)) + n - 1 for n in grid.shape[:2])
    phases = factors.phases[np.arange(lattice.height) % 2, down]  # of target row and source row
    total = np.zeros_like(grid)
    for phase in np.flatnonzero(factors.columns.any(axis=1)):  # of those of a bubble, most are 0
        rows = np.where(phases == phase, factors.rows[down], 0)
        total += np.einsum("ts,rsn->rtn", factors.columns[phase][right], np.einsum("ts,swn->twn", rows, grid))
    return total.reshape(values.shape)
