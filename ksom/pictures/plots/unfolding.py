"""The map among its data: the net of its nodes over the first two principal components of the samples."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Lattice, squared_distances
from ksom.method.matches import checked, drawn_rows
from ksom.method.principal_axes import principal_axes
from ksom.method.umatrix import neighbouring
from ksom.pictures.plots.colours import FAINT, INK, KINDS
from ksom.pictures.plots.figure import axes_of_size
from ksom.pictures.plots.thinning import ordinal
from ksom.samples import Block

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SAMPLES = 5000
MOST_VALUES = 2**24
"""Samples that are drawn, and how many values they have in all: of very many features, fewer samples."""

MOST_LINES = 40
"""Rows, or columns, of nodes that are drawn as lines: with more of them the net becomes a blot."""

FLATTEST = 0.05
"""Both components are drawn to the same scale, unless the second would be so thin a band, of the first's length."""


class Unfolding(NamedTuple):
    """Samples and nodes in the plane of two principal components."""

    samples: NDArray[np.float64]
    """Shape (n, 2), map units from the samples' mean."""
    nodes: NDArray[np.float64]
    """Shape (K, 2), likewise."""
    shares: NDArray[np.float64]
    """Which share of the samples' variance each component has, shape (2,); NaN if they do not vary."""


def unfolding(som: KohonenSOM, samples: Any = None) -> Unfolding:
    """Return where samples and nodes lie in the plane in which the samples spread most.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset, optional
        Data units; 5,000 of them at most are looked at, drawn always alike; a missing value counts as the mean.
        Default: the nodes stand for them.

    Raises
    ------
    DataError, NotTrained
        As `som.best_matching_nodes`.
    """
    weights = checked(som).weights.reshape(som.lattice.size, -1)
    block = _block(som, samples, weights)
    axes = principal_axes(lambda: [block])
    centred = block.values - axes.mean
    if block.missing is not None:
        centred[block.missing] = 0
    total = np.square(centred).mean(axis=0).sum()
    found = centred @ axes.directions.T
    spread = np.square(found).mean(axis=0)
    shares = spread / total if total > 0 else np.full(2, np.nan)
    step = max(1, MOST_VALUES // weights.shape[1])  # never are all weights held in float64
    pieces = (weights[first : first + step] - axes.mean for first in range(0, len(weights), step))
    return Unfolding(found, np.concatenate([piece @ axes.directions.T for piece in pieces]), shares)


def _spread_out(found: Unfolding) -> Unfolding:
    """Return nodes of data of one direction one above the other, in their order, so that they can be told apart."""
    if found.shares[1] != 0:
        return found
    order = np.arange(len(found.nodes), dtype=np.float64)
    below = np.full(len(found.samples), -0.05 * len(order) - 0.5)
    samples, nodes = (np.stack([of[:, 0], y], axis=1) for of, y in ((found.samples, below), (found.nodes, order)))
    return Unfolding(samples, nodes, found.shares)


def _block(som: KohonenSOM, samples: Any, weights: NDArray[Any]) -> Block:
    most = max(100, min(MOST_SAMPLES, MOST_VALUES // weights.shape[1]))
    generator = np.random.default_rng(0)
    if samples is None:
        chosen = generator.choice(len(weights), min(most, len(weights)), replace=False)
        return Block(weights[np.sort(chosen)].astype(np.float64))
    _, block = drawn_rows(som, som.walkable(samples), most, generator)
    return block._replace(values=np.asarray(block.values, np.float64), weights=None)


def draw_unfolding(som: KohonenSOM, samples: Any = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the net of the nodes over the samples, in the plane in which these spread most: does the map unfold.

    Samples are faint points. Lines join neighbours in the map: on a rectangular lattice those in the same row or
    column. A map that unfolded is a net without knots over the points; one that crosses itself is folded, at least as
    seen in two dimensions. The map's edge, where it has one, is drawn stronger. Of a large map, every so many rows and
    columns are drawn; the title tells.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    samples : array_like of shape (N, D), table or Dataset, optional
        See `unfolding`.
    ax : matplotlib Axes, optional
        Where; default: those of a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DataError, NotTrained
        As `unfolding`.
    NotInstalled
        If matplotlib is not installed.
    """
    ax = axes_of_size(ax, 6.4, 5.6)
    from matplotlib.collections import LineCollection

    found, lattice = _spread_out(unfolding(som, samples)), som.lattice
    if samples is not None:
        ax.plot(*found.samples.T, ".", color=FAINT, alpha=0.35, markersize=5, markeredgewidth=0, label="samples")
    step = -(-max(lattice.height, lattice.width) // MOST_LINES)
    for paths, colour, width, what in (
        (net(lattice, step), KINDS[4], 0.8, "net"),
        (list(hem(lattice)), KINDS[5], 1.8, "the map's edge"),
    ):
        if not paths:
            continue
        lines = LineCollection([found.nodes[path] for path in paths], colors=colour, linewidths=width, label=what)
        ax.add_collection(lines)
    if step == 1:
        size = 3.5 if lattice.size <= 900 else 2
        ax.plot(*found.nodes.T, "o", color=INK, markersize=size, markeredgewidth=0, label="nodes")
    ax.autoscale_view()
    _label(ax, found, step, "nodes" if samples is None else "data")
    return ax


def net(lattice: Lattice, step: int = 1) -> list[NDArray[np.int64]]:
    """Return the nodes along each line of the net: neighbours at the least distance, or only every so many rows.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    step : int
        1: a line for each two neighbours; else one along every `step`-th row and column.
    """
    if step == 1:
        pairs = neighbouring(lattice)
        return list(pairs[squared_distances(lattice, *pairs.T) <= 1])
    index = np.arange(lattice.size).reshape(lattice.height, lattice.width)
    rows = [_closed(row, is_wrapped=lattice.wrap in {"columns", "both"}) for row in index[::step]]
    return rows + [_closed(column, is_wrapped=lattice.wrap in {"rows", "both"}) for column in index.T[::step]]


def hem(lattice: Lattice) -> Iterator[NDArray[np.int64]]:
    """Yield the nodes along each side at which the lattice ends."""
    index = np.arange(lattice.size).reshape(lattice.height, lattice.width)
    if min(lattice.height, lattice.width) == 1:
        return  # a chain is all edge
    if lattice.wrap not in {"rows", "both"}:
        for side in (index[0], index[-1]):
            yield _closed(side, is_wrapped=lattice.wrap == "columns")
    if lattice.wrap not in {"columns", "both"}:
        for side in (index[:, 0], index[:, -1]):
            yield _closed(side, is_wrapped=lattice.wrap == "rows")


def _closed(line: NDArray[np.int64], *, is_wrapped: bool) -> NDArray[np.int64]:
    """Return the nodes of a row or column, with the first of them once more where it follows the last."""
    return np.append(line, line[:1]) if is_wrapped and len(line) > 2 else line


def _label(ax: "Axes", found: Unfolding, step: int, of: str) -> None:
    for axis, share, number in zip((ax.xaxis, ax.yaxis), found.shares, (1, 2), strict=True):
        told = "no spread" if np.isnan(share) else f"{share:.0%} of the variance"
        axis.set_label_text(f"principal component {number} ({told})")
    if found.shares[1] == 0:
        ax.set_ylabel("node (there is no second component)")
    thinned = f"; every {ordinal(step)} row and column" if step > 1 else ""
    ax.set_title(f"The map's net over its {of}{thinned}", fontsize="medium", pad=9)
    extent = np.ptp(np.concatenate([found.samples, found.nodes]), axis=0)
    if extent.min() > FLATTEST * extent.max() and found.shares[1] != 0:
        ax.set_aspect("equal", adjustable="datalim")
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, fontsize="small", frameon=False)
