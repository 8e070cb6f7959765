"""Whether a map lies over the data without folds: which way its cells face, and whether its rows and columns go on."""

import numpy as np
from numpy.typing import NDArray

COARSE = 10
"""A side of the map as it is looked at: a fold is large, and so is told from how a large map follows single samples."""

LEAST_SIDE = 4
"""Rows and columns of a map that can be creased: on a smaller one every fold is at the edge."""

TURNED = -0.8
"""Two cells face away from each other if the cosine between them is less. The cells of planes that were folded on
purpose have −1; of the sheets in iris, wine and digits, which bend, hardly any two are below −0.5."""

WON_CORNERS = 3
"""Of a cell's four nodes, so many must have won a sample: between two clusters a sheet may lie as it likes."""


def creases(weights: NDArray[np.floating], hits: NDArray[np.int64] | None = None) -> float:
    """Return how often a map is folded over, in creases as long as its shorter side.

    A cell is spanned by the steps e to the right and f downwards from a node; it faces e ∧ f, and two cells by
    cos = ((e·e')(f·f') − (e·f')(f·e')) / (|e ∧ f| |e' ∧ f'|). Where a sheet is folded over, neighbouring cells face
    away from each other, cos < −0.8, all along the crease: so the number of such pairs, by the shorter side's steps, is
    0 for a map without folds and 1 for each crease across it, such as that of a map twisted like a butterfly. It works
    in any number of features; on a map of more than 10 rows or columns, on the means of patches.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D)
        Map units. On a wrapped axis the seam is not looked at.
    hits : ndarray of shape (H, W), optional
        How many samples each node won: cells without samples do not count.

    Returns
    -------
    float
        0 for a map of fewer than 4 rows or columns.

    Examples
    --------
    >>> flat = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1)
    >>> folded = np.stack([np.abs(flat[..., 0] - 2), flat[..., 1]], axis=-1)
    >>> creases(flat), creases(folded)
    (0.0, 1.0)
    """
    sheet = _coarse(np.asarray(weights, dtype=np.float64))
    height, width = sheet.shape[:2]
    if min(height, width) < LEAST_SIDE:
        return 0.0
    right, down = np.diff(sheet, axis=1)[:-1], np.diff(sheet, axis=0)[:, :-1]
    counts = np.ones((height - 1, width - 1), dtype=np.bool_) if hits is None else _won(hits)
    areas = np.sqrt(np.maximum(_between(right, down, right, down), 0))
    turned = 0
    for here, there in (((slice(1, None),), (slice(-1),)), ((slice(None), slice(1, None)), (slice(None), slice(-1)))):
        faces = _between(right[here], down[here], right[there], down[there])
        turned += int(((faces < TURNED * areas[here] * areas[there]) & counts[here] & counts[there]).sum())
    return float(turned / (min(height, width) - 1))


def turned_back(weights: NDArray[np.floating]) -> float:
    """Return the share of nodes at which a row or a column of the map turns back: how far it is from any order.

    There the steps to the node and from it make an angle of more than 90°. Of weights that are random, two thirds and
    more do; of a map in order hardly any: up to a fifth, where it follows single samples.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D)
        Map units.

    Returns
    -------
    float
        From 0 to 1; 0 for a map without three nodes in a row.
    """
    back = np.concatenate([_turns(np.asarray(weights, dtype=np.float64), axis) for axis in (0, 1)])
    return float(back.mean()) if back.size else 0.0


def _turns(weights: NDArray[np.float64], axis: int) -> NDArray[np.bool_]:
    steps = np.moveaxis(np.diff(weights, axis=axis), axis, 0)
    turns: NDArray[np.bool_] = ((steps[1:] * steps[:-1]).sum(axis=-1) < 0).ravel()
    return turns


def _between(
    right: NDArray[np.float64],
    down: NDArray[np.float64],
    other_right: NDArray[np.float64],
    other_down: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return (e ∧ f) · (e' ∧ f') of cells."""
    straight = (right * other_right).sum(axis=-1) * (down * other_down).sum(axis=-1)
    across = (right * other_down).sum(axis=-1) * (down * other_right).sum(axis=-1)
    between: NDArray[np.float64] = straight - across
    return between


def _won(hits: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cells have samples."""
    won = (_coarse(np.asarray(hits, dtype=np.float64)[..., np.newaxis])[..., 0] > 0).astype(np.int64)
    corners = won[1:, 1:] + won[1:, :-1] + won[:-1, 1:] + won[:-1, :-1]
    return corners >= WON_CORNERS


def _coarse(sheet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of patches of a sheet, at most 10 × 10; a smaller sheet as it is."""
    for axis in (0, 1):
        length = sheet.shape[axis]
        starts = np.arange(min(length, COARSE)) * length // min(length, COARSE)
        sizes = np.diff([*starts, length])
        shape = [-1 if other == axis else 1 for other in range(sheet.ndim)]
        sheet = np.add.reduceat(sheet, starts, axis=axis) / sizes.reshape(shape)
    return sheet
