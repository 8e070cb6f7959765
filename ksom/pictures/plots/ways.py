"""Where series go on a map: the best matching node of each sample, series by series, in the order of time."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.dataset import Dataset
from ksom.datasets.windows import Windows
from ksom.errors import DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.matches import checked, walk

GAP = -1
"""In the place of a node: nothing is known of this sample, the way is broken here."""


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
