"""The way of a series over the map: from the best matching node of each sample to that of the next."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.errors import ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Lattice
from ksom.method.umatrix import umatrix
from ksom.pictures.plots.colours import INK, KINDS, PAPER, rgb
from ksom.pictures.plots.figure import BESIDE, BESIDE_LEGEND, Bounds, axes_for, draw_bar, draw_notes
from ksom.pictures.plots.legend import draw_legend
from ksom.pictures.plots.nodes import JOINED, draw_nodes
from ksom.pictures.plots.texts import shown
from ksom.pictures.plots.thinning import ordinal
from ksom.pictures.plots.ways import GAP, Way, ways

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SERIES = 7
"""Ways in one picture: as many as have colours that everybody tells apart."""

MOST_STEPS = 5_000
"""Samples of one way; of a longer series every so many are taken."""

PALEST = 0.35
"""How much of its colour a way has where it begins, where colours tell the series apart."""

GROUND, TIME = "Greys", "plasma"
"""The colours of the U-matrix, and of time on it."""


def draw_trajectory(
    som: KohonenSOM,
    samples: Any,
    series: ArrayLike | None = None,
    *,
    times: ArrayLike | None = None,
    only: Sequence[str] | None = None,
    label: str = "sample",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the way of a series of samples over the U-matrix, from best matching node to best matching node.

    A ring is the start, a large dot the end. The colour of one way is time; several have colours of their own, which
    are pale at the start. At a wrapped edge a way goes out and comes in again on the other side.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    samples, series, times
        See `ksom.pictures.plots.ways.ways`.
    only : sequence of str, optional
        Which series, at most 7. Default: the first ones; it is told how many there are.
    label : str
        What the times are, for the colour bar.
    ax : matplotlib Axes, optional
        Where; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        Of its collections, those whose `get_gid()` is "way" are the lines, one for each series.

    Raises
    ------
    ParameterError
        If there is no such series, or too many are asked for; or as `ways`.
    DataError, NotTrained
        As `ways`.
    NotInstalled
        If matplotlib is not installed.
    """
    found = ways(som, samples, series, times)
    chosen = _chosen(found, only)
    whose = f"The way of {shown(chosen[0].name)}" if chosen[0].name else "The samples' way"
    title = f"{'Ways' if len(chosen) > 1 else whose} over the map"
    ground = umatrix(som)
    steepest = float(np.nanmax(ground)) if np.isfinite(ground).any() else 1.0
    ax = axes_for(som.lattice, ax, BESIDE_LEGEND if len(chosen) > 1 else BESIDE)
    draw_nodes(
        som.lattice, ground, ax=ax, title=title, colours=GROUND, low=0, high=2 * steepest, bar=False, notes=False
    )
    step = max(1, -(-max(len(way.nodes) for way in chosen) // MOST_STEPS))
    for number, way in enumerate(chosen):
        _draw(ax, som.lattice, _thinned(way, step), None if len(chosen) == 1 else KINDS[number])
    if len(chosen) == 1:
        _draw_time(ax, som.lattice, chosen[0], label)
    draw_notes(ax, _notes(som.lattice, len(chosen), len(found), step))
    if len(chosen) > 1:
        draw_legend(ax, [(shown(way.name), rgb(colour)) for way, colour in zip(chosen, KINDS, strict=False)])
    return ax


def _chosen(found: dict[str, Way], only: Sequence[str] | None) -> list[Way]:
    if only is None:
        return list(found.values())[:MOST_SERIES]
    names = [only] if isinstance(only, str) else list(only)
    for name in names:
        if name not in found:
            raise ParameterError("only", f"be names of series; there are {len(found):,}", name)
    if not 0 < len(names) <= MOST_SERIES:
        raise ParameterError("only", f"be 1 to {MOST_SERIES} names of series", names)
    return [found[name] for name in dict.fromkeys(names)]


def _thinned(way: Way, step: int) -> Way:
    """Return every so many samples of a way, and the last."""
    kept = np.unique(np.append(np.arange(0, len(way.nodes), step), len(way.nodes) - 1))
    return Way(way.name, way.nodes[kept], way.times[kept])


def _notes(lattice: Lattice, drawn: int, there_are: int, step: int) -> list[str]:
    notes = ["ring: start, dot: end; the ground is darker where neighbours differ more"]
    if drawn < there_are:
        notes.append(f"{drawn} of {there_are:,} series")
    if step > 1:
        notes.append(f"every {ordinal(step)} sample")
    return [*notes, *([JOINED[lattice.wrap]] if lattice.wrap in JOINED else [])]


def pieces(lattice: Lattice, nodes: NDArray[np.int64]) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Return the straight pieces of a way, each of two points, and after which sample each comes.

    There is none where the way stays, or is broken; two or three where it crosses wrapped edges, by the shorter way
    round.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    nodes : ndarray of shape (n,)
        Node indices, or `GAP`.
    """
    positions = lattice.positions()
    moves = np.flatnonzero((nodes[1:] != nodes[:-1]) & (nodes[1:] != GAP) & (nodes[:-1] != GAP))
    start, plain = positions[nodes[moves]], positions[nodes[moves + 1]] - positions[nodes[moves]]
    origin, period = _seams(lattice)
    shortest = plain - np.where(np.isfinite(period), period, 0) * np.rint(plain / period)
    cut, after = [], []
    for move, begin, straight, shorter in zip(moves, start, plain, shortest, strict=True):
        found = [np.stack([begin, begin + straight])] if (straight == shorter).all() else []
        for piece in found or _wrapped(begin, shorter, origin, period):
            cut.append(piece)
            after.append(move)
    return cut, np.array(after, dtype=np.int64)


def _seams(lattice: Lattice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where x and y of a wrapped lattice begin, and after how much they begin again; infinity: never."""
    row = float(np.sqrt(lattice.row_square))
    period = np.full(2, np.inf)
    if lattice.wrap in {"columns", "both"}:
        period[0] = lattice.width
    if lattice.wrap in {"rows", "both"}:
        period[1] = lattice.height * row
    return np.array([Bounds.of(lattice).left + (lattice.shift / 2 if lattice.height > 1 else 0), -row / 2]), period


def _wrapped(
    begin: NDArray[np.float64], way: NDArray[np.float64], origin: NDArray[np.float64], period: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the pieces of a straight way that leaves the map at a wrapped edge, each where it is to be seen."""
    cuts = {0.0, 1.0}
    for axis in range(2):
        for seam in (origin[axis], origin[axis] + period[axis]):
            share = (seam - begin[axis]) / way[axis] if way[axis] and np.isfinite(seam) else np.inf
            if 0 < share < 1:
                cuts.add(float(share))
    found = []
    for first, last in pairwise(sorted(cuts)):
        ends = begin + np.array([[first], [last]]) * way
        lap = np.floor((ends.mean(axis=0) - origin) / period)
        found.append(ends - np.where(np.isfinite(period), period, 0) * lap)
    return found


def _draw(ax: "Axes", lattice: Lattice, way: Way, colour: str | None) -> None:
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    table = colormaps[TIME]
    if colour is not None:
        pale = PALEST * np.array(to_rgb(colour)) + (1 - PALEST)
        table = LinearSegmentedColormap.from_list("series", [tuple(pale), colour])
    cut, after = pieces(lattice, way.nodes)
    first, last = float(way.times[0]), float(way.times[-1])
    shares = (way.times - first) / (last - first) if last > first else np.ones(len(way.times))
    ax.add_collection(LineCollection(cut, colors=INK, linewidths=4.2, capstyle="round", gid="outline"), autolim=False)
    lines = LineCollection(cut, colors=table(shares[after]), linewidths=2.4, capstyle="round", gid="way")
    ax.add_collection(lines, autolim=False)
    known = np.flatnonzero(way.nodes != GAP)
    places, order = lattice.positions()[way.nodes[known]], table(shares[known])
    for which, at, colours, size in (
        ("stays", slice(None), order, 14),
        ("start", slice(1), np.array([to_rgb(PAPER)]), 100),
        ("end", slice(-1, None), order[-1:], 60),
    ):
        x, y = places[at].T
        ax.scatter(
            x, y, c=colours, s=size, linewidths=0.6 if which == "stays" else 1.6, gid=which, edgecolors=INK, zorder=3,
            clip_on=False,
        )  # fmt: skip


def _draw_time(ax: "Axes", lattice: Lattice, way: Way, label: str) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    first, last = float(way.times[0]), float(way.times[-1])
    draw_bar(
        ax, colormaps[TIME], Normalize(first, last if last > first else first + 1), Bounds.of(lattice), shown(label)
    )
