"""A picture of the weights: each node a block of one colour."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.sparse_rows import SamplesLike, SparseRows

SMALLEST_SIDE = 16
"""Pixels that the shorter side of a picture has at least, so that a map of one row can be seen."""

LARGEST_SIDE = 8192
"""Pixels that the longer side is asked to have, at most."""

MOST_NODES = 4096
"""Nodes that the colours of a map follow from, where there are no samples."""

PROBE_BYTES = 2**24
"""How much of a sparse probe is looked at in full, to choose colours."""


def require_size(size: Any) -> int:
    """Return `size` if a picture's longer side can have so many pixels: 16 to 8192.

    Raises
    ------
    ParameterError
        For anything else.
    """
    return require_integer("size", size, minimum=SMALLEST_SIDE, maximum=LARGEST_SIDE)


class Colours(NamedTuple):
    """How weights become colours: (w − origin) · axes, from `low` to `high` along each axis; fixed over a film."""

    origin: NDArray[np.float64]
    """Shape (D,), data units."""
    axes: NDArray[np.float64]
    """Shape (D, 1) for grey or (D, 3) for red, green, blue."""
    low: NDArray[np.float64]
    """Where each axis is black, data units, shape (1,) or (3,)."""
    high: NDArray[np.float64]
    """Where each axis is full, data units, shape (1,) or (3,)."""

    @property
    def shows_features(self) -> bool:
        """Whether three features are the colours themselves."""
        return self.axes.shape == (3, 3) and bool((self.axes == np.eye(3)).all()) and not self.origin.any()

    def of(self, weights: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the colour of each node, shape (H, W, 3)."""
        planes = np.moveaxis(weights, 2, 0).reshape(weights.shape[2], -1)  # loops over nodes, not over three numbers
        extent = np.where(self.high > self.low, self.high - self.low, 1.0)
        turned = (self.axes / extent).T
        shares = turned @ planes
        shares -= (turned @ self.origin + self.low / extent)[:, np.newaxis]
        np.clip(shares, 0, 1, out=shares)
        shares *= 255
        pixels = np.rint(shares, out=shares).astype(np.uint8).T.reshape(*weights.shape[:2], -1)
        return np.broadcast_to(pixels, (*weights.shape[:2], 3))


def colours_for(probe: SamplesLike) -> Colours:
    """Choose colours for data like the probe's.

    Three features in [0, 1] are the colours themselves; one feature is grey, from its smallest to its largest value;
    otherwise the probe's first three principal components are red, green and blue, each over its range.

    Parameters
    ----------
    probe : ndarray of shape (n, D), or SparseRows
        Samples, data units; of sparse ones, a few are looked at.
    """
    samples = np.asarray(_few(probe) if isinstance(probe, SparseRows) else probe, dtype=np.float64)
    features = samples.shape[1]
    if features == 3 and samples.min() >= 0 and samples.max() <= 1:
        return Colours(np.zeros(3), np.eye(3), np.zeros(3), np.ones(3))
    origin = samples.mean(axis=0)
    axes = np.ones((1, 1)) if features == 1 else principal_axes(samples - origin)
    scores = (samples - origin) @ axes
    return Colours(origin, axes, scores.min(axis=0), scores.max(axis=0))


def colours_of_nodes(weights: NDArray[Any]) -> Colours:
    """Choose colours for a map by its own nodes: by all of them, or at most 4,096 that are evenly spaced.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D) or (K, D)
        Map units.
    """
    nodes = weights.reshape(-1, weights.shape[-1])
    return colours_for(nodes[:: -(-len(nodes) // MOST_NODES)])


def _few(probe: SparseRows) -> NDArray[np.float64]:
    """Return as many sparse samples, evenly spaced, as take no more than `PROBE_BYTES` in full; at least two."""
    most = max(2, PROBE_BYTES // (8 * probe.shape[1]))
    return probe[:: -(-len(probe) // most)].toarray(np.float64)


def principal_axes(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first three principal axes of centred samples, shape (D, 3); the missing ones are zero.

    Each axis points to where its largest entry is positive: decomposition alone leaves the sign open.
    """
    _, extents, rows = np.linalg.svd(centred, full_matrices=False)
    axes = np.zeros((centred.shape[1], 3))
    for axis, row in enumerate(rows[:3][extents[:3] > 1e-9 * extents[0]]):  # the others are rounding
        axes[:, axis] = row * np.sign(row[np.argmax(np.abs(row))])
    return axes


class Scale(NamedTuple):
    """How a map is drawn as pixels, along rows and along columns."""

    enlarge: tuple[int, int]
    """Pixels per node."""
    reduce: tuple[int, int]
    """Nodes per pixel, which shows the first of them: a colour that is in the map, as a mean may not be."""

    @classmethod
    def to_fit(cls, height: int, width: int, size: int) -> "Scale":
        """Choose the scale at which the longer side has about `size` pixels, in whole blocks."""
        longer = max(height, width)
        enlarge, reduce = max(1, size // longer), -(-longer // size)

        def least(side: int) -> int:
            return max(enlarge, -(-SMALLEST_SIDE // -(-side // reduce)))

        return cls((least(height), least(width)), (min(reduce, height), min(reduce, width)))

    def reduced(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Return the weights of one node of each `reduce` block of nodes, shape (h, w, D)."""
        return weights[:: self.reduce[0], :: self.reduce[1]]

    def enlarged(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return a picture with an `enlarge` block of pixels for each pixel."""
        return enlarged(pixels, self.enlarge)


def enlarged(pixels: NDArray[Any], times: tuple[int, int]) -> NDArray[Any]:
    """Return a picture with a block of pixels, so many down and across, for each pixel."""
    return np.repeat(np.repeat(pixels, times[0], axis=0), times[1], axis=1)
