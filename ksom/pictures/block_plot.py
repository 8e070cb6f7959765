"""Curves as text: columns of block letters, some lines high."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCKS, ASCII_BLOCKS = " ▁▂▃▄▅▆▇█", " .-=#"
"""From nothing to a full letter."""


def block_plot(
    at: NDArray[np.int64], values: NDArray[np.float64], width: int, height: int, *, end: int, is_ascii: bool = False
) -> list[str]:
    """Return a curve as text, from 0 or its lowest value up to its highest.

    Parameters
    ----------
    at : ndarray of shape (n,)
        Iterations, rising.
    values : ndarray of shape (n,)
        What was known then; what is not finite leaves a gap.
    width, height : int
        Letters, at least 1.
    end : int
        The iteration at the right end, so that the curve grows towards it.
    is_ascii : bool
        Whether only ASCII may be used.

    Examples
    --------
    >>> block_plot(np.arange(1, 5), np.array([8.0, 6.0, 4.0, 0.0]), 4, 1, end=4)
    ['█▆▄▁']
    """
    letters = ASCII_BLOCKS if is_ascii else BLOCKS
    known = np.isfinite(values)
    at, values = at[known], values[known]
    if not len(values):
        return [" " * width] * height
    low, high = min(0.0, float(values.min())), float(values.max())
    steps = len(letters) - 1
    share = (values / 2 - low / 2) / ((high / 2 - low / 2) or 1.0)
    columns = _columns(at, share, width, end)
    heights = [None if math.isnan(one) else max(1, round(one * height * steps)) for one in columns]
    return [
        "".join(" " if one is None else letters[min(max(one - row * steps, 0), steps)] for one in heights)
        for row in reversed(range(height))
    ]


def _columns(at: NDArray[np.int64], share: NDArray[np.float64], width: int, end: int) -> Sequence[float]:
    """Return the mean of each column; one between two that are known has the value of the one before."""
    place = np.clip((at * width - 1) // max(end, 1), 0, width - 1)
    total, count = (np.bincount(place, weights, minlength=width) for weights in (share, None))
    columns = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    for column in range(1, int(place.max())):
        if math.isnan(columns[column]):
            columns[column] = columns[column - 1]
    return [float(column) for column in columns]
