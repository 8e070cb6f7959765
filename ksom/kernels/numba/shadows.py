"""The shadows of a map's nodes: a few coordinates along the codebook's own axes, and the length of what is left.

The nodes of a map lie near a few axes. Of two points, the distance between their shadows never exceeds their own; so
shadows tell, with a fraction of the work, which few nodes may be nearest. Which axes they are decides only how few.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.numba.centred import Centred
from ksom.kernels.numba.products import BLOCK_FEATURES
from ksom.kernels.numba.register_products import lanes_for
from ksom.kernels.numba.vectors import LANES, aligned, multiple
from ksom.kernels.rounding import ShadowMargin, shadow_margin

FEW_FEATURES = 128
"""Up to so many, axes come from a decomposition of D × D, which takes a few milliseconds; beyond, from steps."""

STEPS = 3
"""How many subspace steps lead from any axes to good ones; from those of the last search, one does."""

AXES_NODES = 1024
"""So many nodes, spread over the map, tell where its axes are."""

CAST_NODES = 1024
"""For so many nodes shadows are made at a time: in float64, never of the whole map."""


class Cast(NamedTuple):
    """The nodes along all axes that there are, the longest first; any number of the first ones make shadows."""

    axes: NDArray[Any]
    """V, shape (D, axes), orthonormal or nearly so."""
    along: NDArray[np.float64]
    """Vᵀŵ of each node, ŵ = w − c, shape (nodes, axes), data units."""
    squares: NDArray[np.float64]
    """‖ŵ‖², shape (nodes,), data units²."""


class Shadows(NamedTuple):
    """What the search by shadows needs of a map."""

    axes: NDArray[Any]
    """V, shape (lane groups, D, lanes), filled up with zeros."""
    begun: NDArray[Any]
    """What coordinates are added to: zeros, shape (1, axes filled up)."""
    weights: NDArray[Any]
    """The shadows of the nodes, shape (lane groups, axes + 1, lanes), data units."""
    norms: NDArray[Any]
    """Their squared lengths, shape (1, nodes filled up to a multiple of `LANES`), data units²; enormous where there is
    no node. Those of `weights` are filled up to fewer."""


def principal_axes(rows: NDArray[Any], most: int, nearly: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return so many axes of centred rows, shape (D, most), the longest first.

    Parameters
    ----------
    rows : ndarray of shape (n, D)
        Rows whose mean is 0, or nearly.
    most : int
        How many axes, at most D.
    nearly : ndarray of shape (D, axes), optional
        Axes that are nearly right: those of the map as it was.
    """
    largest = np.abs(rows).max()
    rows, features = rows / (largest if largest > 0 else 1), rows.shape[1]
    if features <= FEW_FEATURES:
        return _longest(rows, most)
    if nearly is not None and nearly.shape[1] >= most:
        axes, steps = nearly[:, :most], 1
    else:
        axes, steps = np.random.default_rng(0).standard_normal((features, most)).astype(rows.dtype), STEPS
    for _ in range(steps):
        axes = np.linalg.qr(rows.T @ (rows @ axes))[0]
    turned: NDArray[Any] = axes @ _longest(rows @ axes, most)
    return turned


def _longest(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """Return the longest axes of rows, by a decomposition."""
    axes: NDArray[Any] = np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :most]
    return axes


class MapShadows:
    """Casts the shadows of a map's nodes, and keeps them.

    Parameters
    ----------
    group : Centred
        All nodes of the map.
    nearly : ndarray of shape (D, axes), optional
        The axes of nearly the same map.
    """

    def __init__(self, group: Centred, nearly: NDArray[Any] | None = None) -> None:
        self.group = group
        self._nearly = nearly
        self._cast: Cast | None = None
        self._made: dict[int, tuple[Shadows, ShadowMargin]] = {}

    @property
    def centre(self) -> NDArray[Any]:
        """c, shape (D,), data units."""
        return self.group.centre

    @property
    def axes(self) -> NDArray[Any] | None:
        """The axes that were found last, shape (D, axes); beyond them those that were nearly right."""
        if self._cast is None or self._nearly is None:
            return self._nearly if self._cast is None else self._cast.axes
        return np.hstack([self._cast.axes, self._nearly[:, self._cast.axes.shape[1] :]])

    def cast(self, most: int) -> Cast:
        """Return the nodes along so many axes, at least."""
        if self._cast is None or self._cast.axes.shape[1] < most:
            every = max(1, len(self.group.rows) // AXES_NODES)
            rows = self.group.rows[::every] - self.centre
            self._cast = cast(self.group, principal_axes(rows, most, self.axes))
        return self._cast

    def along(self, axes: int) -> tuple[Shadows, ShadowMargin]:
        """Return the shadows along the first so many axes, and what bounds the scores between them."""
        if axes not in self._made:
            self._made[axes] = shadows(self.group, self.cast(axes), axes)
        return self._made[axes]


def cast(group: Centred, axes: NDArray[Any]) -> Cast:
    """Return the nodes of a map along axes, shape (D, axes)."""
    most = axes.shape[1]
    along, squares = np.empty((len(group.rows), most)), np.empty(len(group.rows))
    for begin in range(0, len(group.rows), CAST_NODES):
        some = slice(begin, begin + CAST_NODES)
        centred = (group.rows[some] - group.centre).astype(np.float64)
        along[some], squares[some] = centred @ axes.astype(np.float64), np.einsum("ij,ij->i", centred, centred)
    return Cast(axes, along, squares)


def lack_of_orthonormality(axes: NDArray[Any]) -> float:
    """Return a bound on ‖VᵀV − 1‖, rounding in float64 included.

    Examples
    --------
    >>> lack_of_orthonormality(np.eye(3)[:, :2]) < 1e-14, round(lack_of_orthonormality(np.array([[1.1]])), 6)
    (True, 0.21)
    """
    features, count = axes.shape
    off = axes.T.astype(np.float64) @ axes.astype(np.float64) - np.eye(count)
    return float(np.linalg.norm(off) * (1 + 1e-6) + 2 * count * (features + 2) * np.finfo(np.float64).eps)


def shadows(group: Centred, nodes: Cast, count: int) -> tuple[Shadows, ShadowMargin]:
    """Return the shadows along the first `count` axes, and what bounds the scores between them."""
    dtype = group.weights.dtype
    axes, along = nodes.axes[:, :count], nodes.along[:, :count]
    off = axes.T.astype(np.float64) @ axes.astype(np.float64) - np.eye(count)
    rest = nodes.squares - np.einsum("ij,ij->i", along, along) + np.einsum("ij,ij->i", along @ off, along)
    cast_nodes = np.empty((len(along), count + 1), dtype)
    cast_nodes[:, :count], cast_nodes[:, count] = along, np.sqrt(np.maximum(rest, 0))
    norms = aligned((1, multiple(len(along), LANES)), dtype)
    norms[:] = np.finfo(dtype).max / 4
    norms[0, : len(along)] = np.einsum("ij,ij->i", cast_nodes, cast_nodes, dtype=np.float64)
    axes_lanes = _in_lanes(axes.T)
    begun = np.zeros((1, axes_lanes.shape[0] * axes_lanes.shape[2]), dtype)
    made = Shadows(axes_lanes, begun, _in_lanes(cast_nodes), norms)
    return made, shadow_margin(len(axes), count, BLOCK_FEATURES, lack_of_orthonormality(axes), dtype)


def _in_lanes(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows as `register_products` reads them, shape (lane groups, columns, lanes)."""
    together = lanes_for(len(rows), rows.dtype)
    filled = np.zeros((multiple(len(rows), together), rows.shape[1]), rows.dtype)
    filled[: len(rows)] = rows
    made = aligned((len(filled) // together, rows.shape[1], together), rows.dtype)
    made[:] = filled.reshape(-1, together, rows.shape[1]).swapaxes(1, 2)
    return made
