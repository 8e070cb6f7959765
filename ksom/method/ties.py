"""Equals in an order: where their places begin and end, so that a mean over all orders of them can be taken."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def equals(ordered: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each entry where the equals that it is one of begin, and where they end; of ascending rows.

    Parameters
    ----------
    ordered : ndarray of shape (n, m)
        Each row ascending.

    Examples
    --------
    >>> [places.tolist() for places in equals(np.array([[1, 4, 4, 9]]))]
    [[[0, 1, 1, 3]], [[1, 3, 3, 4]]]
    """
    count = ordered.shape[1]
    begins = np.ones((len(ordered), count + 1), dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=begins[:, 1:-1])
    places = np.arange(count + 1)
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=1)[:, :-1]
    end = np.minimum.accumulate(np.where(begins, places, count)[:, :0:-1], axis=1)[:, ::-1]
    return first, end


def means_of_equals(values: NDArray[np.float64], ordered: NDArray[Any]) -> NDArray[np.float64]:
    """Return values in the order of ascending rows, each the mean of those whose entries are equal; shape (n, m).

    Examples
    --------
    >>> means_of_equals(np.array([[5.0, 1.0, 3.0]]), np.array([[0.0, 2.0, 2.0]])).tolist()
    [[5.0, 2.0, 2.0]]
    """
    first, end = equals(ordered)
    sums = np.zeros((len(ordered), ordered.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    means: NDArray[np.float64] = (np.take_along_axis(sums, end, 1) - np.take_along_axis(sums, first, 1)) / (end - first)
    return means
