"""The nodes of a map, drawn: each as the area that is its own on the lattice, in one colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice
from ksom.pictures.plots.colours import AMOUNTS, MARK, NOTHING
from ksom.pictures.plots.figure import Bounds, axes_for, draw_bar, draw_notes, prepare, root_of
from ksom.pictures.raster import NOWHERE, nodes_of_pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize

MOST_OUTLINED = 10_000
"""Nodes that are drawn as shapes, at most; more of them are pixels."""
PIXELS = 1_200
"""Of the longer side of a map of more nodes."""
JOINED = {
    "rows": "dotted edges are joined: top with bottom",
    "columns": "dotted edges are joined: left with right",
    "both": "dotted edges are joined: left with right, top with bottom",
}
"""What the marks at wrapped edges say."""
EMPTY = "grey: no value"
"""What `NOTHING` says."""


def draw_nodes(
    lattice: Lattice,
    values: ArrayLike,
    *,
    ax: "Axes | None" = None,
    title: str | None = None,
    label: str | None = None,
    colours: "str | Colormap" = AMOUNTS,
    low: float | None = None,
    high: float | None = None,
    norm: "Normalize | None" = None,
    bar: bool = True,
    ticks: Any = None,
    notes: bool = True,
    remarks: Sequence[str] = (),
    empty: str = EMPTY,
    at: NDArray[np.float64] | None = None,
    scale: float = 1.0,
) -> "Axes":
    """Draw every node in the colour of its value, or in a given colour.

    A map of more than 10,000 nodes is drawn as pixels: the one in the middle of a pixel gives its colour.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    values : array_like of shape (height, width), (K,), (height, width, 3 or 4) or (K, 3 or 4)
        A number for each node; NaN: nothing is there. Or a colour: red, green, blue and how opaque, uint8, or floats in
        [0, 1].
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title, label : str, optional
        Above the map and at the colour bar; as matplotlib takes it, so what is named by others goes through
        `ksom.pictures.plots.texts.shown`.
    colours : str or Colormap
        The colours of numbers.
    low, high : float, optional
        Which numbers are the first and the last colour; default: the smallest and the largest.
    norm : Normalize, optional
        How numbers become colours, instead of evenly from `low` to `high`.
    bar : bool
        Whether there is a colour bar, for numbers.
    ticks : array_like or Locator, optional
        Which numbers are at the colour bar; default: as matplotlib chooses them, or the one that all nodes have.
    notes : bool
        Whether it is told under the map what the marks at wrapped edges say, and the colour of "nothing there".
    remarks : sequence of str
        What else is told there, a line each.
    empty : str
        What "nothing there" is.
    at : ndarray of shape (n, 2), optional
        Where there are cells instead of nodes, as `lattice.positions()`; there are n values then.
    scale : float
        How large each is drawn, of a node's area along both axes.

    Returns
    -------
    Axes
        The nodes are the last of its collections or images; x and y are `lattice.positions()`.

    Raises
    ------
    ParameterError
        If there is not one value or colour for each node.
    NotInstalled
        If matplotlib is not there.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from ksom.method.lattice import Hexagonal
    >>> ax = draw_nodes(Hexagonal(3, 4), np.arange(12), ax=Figure().subplots(), label="index")
    >>> len(ax.collections[0].get_paths())
    12
    """
    places = lattice.positions() if at is None else at
    given = _one_each(lattice, values, len(places))
    ax = axes_for(lattice, ax)
    prepare(ax, bounds := Bounds.of(lattice, at, scale), title)
    amounts = None if given.ndim > 1 else _Amounts(_table(colours), norm or _evenly(given, low, high))
    painted = given if amounts is None else amounts.coloured(given)
    if at is None and lattice.size > MOST_OUTLINED:
        _pixels(ax, lattice, painted)
    else:
        _shapes(ax, outlines(lattice, places, scale), painted)
    mark_joined_edges(ax, lattice.wrap, bounds)
    if amounts is not None and bar and np.isfinite(given).any():
        draw_bar(ax, amounts.colours, amounts.norm, bounds, label, ticks=_ticks(given) if ticks is None else ticks)
    if notes:
        is_empty = amounts is not None and not np.isfinite(given).all()
        joined = [JOINED[lattice.wrap]] if lattice.wrap in JOINED else []
        draw_notes(ax, [*joined, *([empty] if is_empty else []), *remarks])
    return ax


def outlines(lattice: Lattice, positions: NDArray[np.float64], scale: float = 1.0) -> NDArray[np.float64]:
    """Return the corners of a node's area around each position, shape (n, corners, 2); smaller, if asked for."""
    return positions[:, np.newaxis] + scale * np.array(lattice.outline)


def mark_joined_edges(ax: "Axes", wrap: str, bounds: Bounds) -> None:
    """Draw a dotted line along each wrapped edge."""
    from matplotlib.transforms import ScaledTranslation

    left, right, top, bottom = bounds
    lines = []
    if wrap in {"columns", "both"}:
        lines += [((left, left), (top, bottom), (-3, 0)), ((right, right), (top, bottom), (3, 0))]
    if wrap in {"rows", "both"}:
        lines += [((left, right), (top, top), (0, 3)), ((left, right), (bottom, bottom), (0, -3))]
    for x, y, (points_right, points_up) in lines:
        moved = ScaledTranslation(points_right / 72, points_up / 72, root_of(ax).dpi_scale_trans)
        ax.plot(x, y, ":", color=MARK, linewidth=1.6, clip_on=False, transform=ax.transData + moved, gid="joined")


class _Amounts(NamedTuple):
    """How numbers become colours."""

    colours: "Colormap"
    norm: "Normalize"

    def coloured(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return red, green, blue and how opaque, shape (K, 4)."""
        colours: NDArray[np.uint8] = self.colours(self.norm(np.ma.masked_invalid(values)), bytes=True)
        return colours


def _one_each(lattice: Lattice, values: ArrayLike, number: int) -> NDArray[Any]:
    """Return numbers of shape (K,), or colours of shape (K, 4), uint8."""
    given = np.asarray(values)
    if given.dtype.kind in "biuf" and given.size == number:
        return given.reshape(-1).astype(np.float64)
    if given.dtype.kind in "uf" and given.shape[-1:] in {(3,), (4,)} and given.size == number * given.shape[-1]:
        rows = given.reshape(number, -1)
        bytes_ = rows if rows.dtype == np.uint8 else np.rint(255 * np.clip(rows, 0, 1)).astype(np.uint8)
        return bytes_ if bytes_.shape[1] == 4 else np.insert(bytes_, 3, 255, axis=1)
    told = f"hold a number or a colour for each of {lattice.height} × {lattice.width} nodes"
    raise ParameterError("values", told, f"{given.dtype} of shape {given.shape}")


def _evenly(values: NDArray[np.float64], low: float | None, high: float | None) -> "Normalize":
    """Return the even scale; around a value that is everybody's, which so has the colour in the middle."""
    from matplotlib.colors import Normalize

    there = values[np.isfinite(values)]
    least, most = (there.min(), there.max()) if there.size else (0.0, 1.0)
    least, most = least if low is None else low, most if high is None else high
    if not least < most:
        around = max(abs(least) * 0.05, 1e-12) if least else 0.5
        least, most = least - around, least + around
    return Normalize(least, most)


def _ticks(values: NDArray[np.float64]) -> list[float] | None:
    """Return the number that everybody has, if so: there is no other one to be told."""
    there = values[np.isfinite(values)]
    return [float(there[0])] if (there == there[0]).all() else None


def _table(colours: "str | Colormap") -> "Colormap":
    from matplotlib import colormaps

    return (colormaps[colours] if isinstance(colours, str) else colours).with_extremes(bad=NOTHING)


def _shapes(ax: "Axes", corners: NDArray[np.float64], colours: NDArray[np.uint8]) -> None:
    from matplotlib.collections import PolyCollection

    shapes = PolyCollection(list(corners), facecolors=colours / 255, linewidths=0.4)
    shapes.set_edgecolor("face")  # or the ground would be seen between them
    shapes.set_clip_on(False)
    ax.add_collection(shapes, autolim=False)


def _pixels(ax: "Axes", lattice: Lattice, colours: NDArray[np.uint8]) -> None:
    left, right, top, bottom = Bounds.of(lattice)
    nodes, clear = nodes_of_pixels(lattice, PIXELS), np.zeros((1, 4), np.uint8)
    pixels = np.concatenate([colours, clear])[np.where(nodes == NOWHERE, lattice.size, nodes)]
    ax.imshow(pixels, extent=(left, right, bottom, top), aspect=ax.get_aspect())
