"""The way of a series over the map: from the best matching node of each sample to that of the next."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.dataset import Dataset
from ksom.datasets.windows import Windows
from ksom.errors import DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Lattice
from ksom.method.matches import checked, walk
from ksom.method.umatrix import umatrix
from ksom.pictures.plots.colours import INK, KINDS, PAPER, rgb
from ksom.pictures.plots.figure import BESIDE, BESIDE_LEGEND, Bounds, axes_for, draw_bar, draw_notes
from ksom.pictures.plots.legend import draw_legend
from ksom.pictures.plots.nodes import JOINED, draw_nodes
from ksom.pictures.plots.texts import shown
from ksom.pictures.plots.thinning import ordinal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = -1
"""In the place of a node: nothing is known of this sample, the way is broken here."""

MOST_SERIES = 7
"""Ways in one picture: as many as have colours that everybody tells apart."""

MOST_STEPS = 5_000
"""Samples of one way; of a longer series every so many are taken."""

PALEST = 0.35
"""How much of its colour a way has where it begins, where colours tell the series apart."""

GROUND, TIME = "Greys", "plasma"
"""The colours of the U-matrix, and of time on it."""


class Way(NamedTuple):
    """Where a series goes."""

    name: str
    nodes: NDArray[np.int64]
    """The best matching node of each sample, `GAP` for one without any value, shape (n,)."""
    times: NDArray[np.float64]
    """When each is, rising, shape (n,)."""


def ways(
    som: KohonenSOM, samples: Any, series: ArrayLike | None = None, times: ArrayLike | None = None
) -> dict[str, Way]:
    """Return where each series goes, by its name, in the order in which they first come.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units; each series in the order of time, unless `times` says another. A sample of an array that has no
        value at all (NaN throughout) is a gap.
    series : array_like of shape (N,), optional
        The name of the series that each sample is of. Default: what a data set tells, see `series_of`; else all are of
        one.
    times : array_like of shape (N,), optional
        When each sample is: numbers. Default: how many of its series came before it.

    Raises
    ------
    ParameterError
        If there is not one name and one time for each sample.
    DataError, NotTrained
        As `som.best_matching_nodes`.
    """
    nodes = _nodes(checked(som), som.walkable(samples))
    series = series_of(samples) if series is None else series
    names = np.full(len(nodes), "") if series is None else _one_each("series", series, len(nodes)).astype(np.str_)
    when = None if times is None else _times(times, len(nodes))
    different, first, which = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable") if when is None else np.lexsort((when, which))
    stops = np.cumsum(np.bincount(which))
    found = {}
    for number in np.argsort(first):
        own = order[0 if number == 0 else stops[number - 1] : stops[number]]
        name, since = str(different[number]), np.arange(len(own), dtype=float) if when is None else when[own]
        found[name] = Way(name, nodes[own], since)
    return found


def series_of(samples: Any) -> NDArray[Any] | None:
    """Return the series that each sample of a data set is of, if it tells: a recording, or an id that comes again.

    None: it does not, or there is only one.

    Parameters
    ----------
    samples : Dataset, or anything else
        `Windows` over several recordings; or a data set whose ids are half as many as its samples, or fewer, such as a
        table of countries, year by year.
    """
    if isinstance(samples, Windows):
        recordings = samples.places().recording
        return recordings if len(np.unique(recordings)) > 1 else None
    ids = samples.names_of(slice(None)) if isinstance(samples, Dataset) else None
    return ids if ids is not None and 2 * len(np.unique(ids)) <= len(ids) else None


def _nodes(som: KohonenSOM, samples: Any) -> NDArray[np.int64]:
    is_gap = np.zeros(len(samples), dtype=np.bool_)
    if isinstance(samples, np.ndarray) and samples.dtype.kind == "f":
        is_gap = np.logical_and.reduce(np.isnan(samples), axis=1)
    if is_gap.all():
        raise DataError("samples: no sample has any value, so there is no way to draw")
    nodes = np.full(len(samples), GAP)
    known = samples[~is_gap] if is_gap.any() else samples
    nodes[~is_gap] = np.concatenate([found.nodes[:, 0] for found in walk(som, known, 1)])
    return nodes


def _one_each(argument: str, given: ArrayLike, number: int) -> NDArray[Any]:
    array = np.asarray(given)
    if array.shape != (number,):
        raise ParameterError(argument, f"have the shape ({number},), one for each sample", array.shape)
    return array


def _times(given: ArrayLike, number: int) -> NDArray[np.float64]:
    array = _one_each("times", given, number)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ParameterError("times", "be finite numbers", given)
    return array.astype(np.float64)


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
        See `ways`.
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
        ("start", slice(1), np.array([to_rgb(PAPER)]), 120),
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
