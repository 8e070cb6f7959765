"""The unit sphere, on which directions are compared."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def put_on_sphere(planes: NDArray[Any], moved: NDArray[np.bool_]) -> None:
    """Divide weight vectors by their lengths, in place.

    The length is √Σ w², squares added feature by feature, in order, in the precision of the planes. A vector whose
    squares add up to 0 stays as it is.

    Parameters
    ----------
    planes : ndarray of shape (D, height, width)
        Weights, feature by feature.
    moved : ndarray of bool, shape (height, width)
        Which nodes; the others keep their bits.
    """
    lengths = _lengths(planes)
    planes /= np.where(moved & (lengths > 0), lengths, planes.dtype.type(1))
    planes += 0  # what underflows must not become −0


def placed_on_sphere(weights: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return first weights on the sphere, shape (height, width, D), in the working precision.

    Those that are there already, but for rounding, keep their bits: so that a map goes on from a file, or from one
    backend to the other, with the weights that it had.
    """
    placed = weights.astype(dtype)
    planes = np.moveaxis(placed.astype(np.float64), -1, 0)
    put_on_sphere(planes, np.abs(_lengths(planes) - 1) > (len(planes) + 8) * np.finfo(dtype).eps)
    placed[:] = np.moveaxis(planes, 0, -1)
    return placed


def _lengths(planes: NDArray[Any]) -> NDArray[Any]:
    totals = np.zeros(planes.shape[1:], dtype=planes.dtype)
    for plane in planes:
        totals += plane * plane
    lengths: NDArray[Any] = np.sqrt(totals)
    return lengths
