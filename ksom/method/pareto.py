"""What nothing else is better than, where two things are to be small."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pareto_front(points: ArrayLike) -> NDArray[np.bool_]:
    """Return which points are on the Pareto front: no other one is at most as large in both, and smaller in one.

    Parameters
    ----------
    points : array_like of shape (n, 2)
        Both to be small; a point with a NaN is not on the front.

    Returns
    -------
    ndarray of shape (n,)
        Equal points are all on it, or none.

    Examples
    --------
    >>> pareto_front([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 1.0]]).tolist()
    [True, True, False, True]
    """
    both = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    is_on = np.zeros(len(both), dtype=np.bool_)
    least, at = np.inf, np.nan
    for index in np.lexsort((both[:, 1], both[:, 0])):
        first, second = both[index]
        if np.isnan(first) or np.isnan(second):
            continue
        is_on[index] = second < least or (second == least and first == at)
        if second < least:
            least, at = second, first
    return is_on
