"""What the known layers of a map hold: shape, kind and range of their numbers, and what tells their meaning.

A layer of another name is kept as it is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted

HITS, LABELS, NEAREST_LABELLED, CLUSTERS = "hits", "labels", "nearest_labelled", "clusters"
DISTANCES, USUAL_DISTANCE = "distances", "usual_distance"
"""The known layers."""

Claims = Iterator[tuple[bool, str]]
"""Whether something holds, and what it is; each is looked at only where those before it hold."""


def require_meaning(name: str, values: NDArray[Any], about: Mapping[str, Any]) -> None:
    """Refuse a known layer that does not mean what its name says.

    Parameters
    ----------
    name : str
        What it is called: `hits`, `labels`, `nearest_labelled`, `clusters`, `distances` and `usual_distance` are known.
    values : ndarray of shape (height, width) or (height, width, n)
        Its numbers.
    about : mapping
        What they mean.

    Raises
    ------
    DataError
        Saying what must hold.

    Examples
    --------
    >>> require_meaning("hits", np.array([[3, 0]]), {"samples": 3})
    """
    claims = _KNOWN.get(name)
    broken = None if claims is None else next((told for holds, told in claims(values, about) if not holds), None)
    if broken is not None:
        raise DataError(f"its layer {name!r} must {broken}")


def _hits(values: NDArray[Any], about: Mapping[str, Any]) -> Claims:
    yield _are_counts(values, 2), "hold how many samples each node won, integers >= 0"
    yield _is_count(about.get("samples")), _tells("samples", "how many samples there were, an integer >= 0", about)


def _labels(values: NDArray[Any], about: Mapping[str, Any]) -> Claims:
    yield _are_counts(values, 3), "hold how often each node won each label, integers >= 0"
    names, column = about.get("names"), about.get("column")
    yield _are_texts(names, values.shape[2]), _tells("names", f"what its {values.shape[2]} labels are called", about)
    yield isinstance(column, str | None), _tells("column", "which column they were in, a text or null", about)


def _nearest_labelled(values: NDArray[Any], _about: Mapping[str, Any]) -> Claims:
    are_nodes = _are_integers(values, 2) and values.min() >= 0 and values.max() < values.size
    yield bool(are_nodes), f"hold the number of a node for each, from 0 to {values.size - 1}"


def _clusters(values: NDArray[Any], about: Mapping[str, Any]) -> Claims:
    number: Any = about.get("clusters")
    yield _are_integers(values, 2), "hold the cluster of each node, an integer, -1 for none"
    yield _is_count(number), _tells("clusters", "how many clusters there are, an integer >= 0", about)
    yield values.min() >= -1 and values.max() < number, f"hold clusters from 0 to {quoted(number - 1)}, or -1"
    yield isinstance(about.get("method"), str), _tells("method", "how they were found, a text", about)


def _distances(values: NDArray[Any], about: Mapping[str, Any]) -> Claims:
    levels, threshold = about.get("levels"), about.get("threshold")
    are_distances = values.ndim == 3 and values.dtype == np.float64 and not (values < 0).any()
    yield are_distances and not np.isinf(values).any(), "hold quantiles of each node's distances, float64, >= 0"
    told = f"the levels of its {values.shape[2]} quantiles, rising, in [0, 1]"
    yield _are_levels(levels, values.shape[2]), _tells("levels", told, about)
    yield threshold is None or _is_number(threshold), _tells("threshold", "above which score a sample is new", about)
    yield _is_number(about.get("quantile"), most=1), _tells("quantile", "a share of samples in [0, 1]", about)
    yield _is_count(about.get("calibrated_on")), _tells("calibrated_on", "a number of samples, an integer >= 0", about)
    yield isinstance(about.get("held_out"), bool), _tells("held_out", "whether the map learned without them", about)


def _usual_distance(values: NDArray[Any], _about: Mapping[str, Any]) -> Claims:
    are_numbers = values.ndim == 2 and values.dtype == np.float64
    told = "hold the distance that is usual at each node, float64, finite and > 0"
    yield are_numbers and bool(((values > 0) & np.isfinite(values)).all()), told


_KNOWN: Mapping[str, Callable[[NDArray[Any], Mapping[str, Any]], Claims]] = {
    HITS: _hits,
    LABELS: _labels,
    NEAREST_LABELLED: _nearest_labelled,
    CLUSTERS: _clusters,
    DISTANCES: _distances,
    USUAL_DISTANCE: _usual_distance,
}


def _tells(key: str, what: str, about: Mapping[str, Any]) -> str:
    return f"tell in `{key}` {what}, got {quoted(about.get(key))}"


def _are_integers(values: NDArray[Any], dimensions: int) -> bool:
    return values.ndim == dimensions and values.dtype.kind in "iu"


def _are_counts(values: NDArray[Any], dimensions: int) -> bool:
    return _are_integers(values, dimensions) and bool((values >= 0).all())


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any, most: float = np.inf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most and value < np.inf


def _are_texts(names: Any, number: int) -> bool:
    return isinstance(names, list) and len(names) == number and all(isinstance(name, str) for name in names)


def _are_levels(levels: Any, number: int) -> bool:
    are_shares = isinstance(levels, list) and len(levels) == number and all(_is_number(level, 1) for level in levels)
    return are_shares and levels == sorted(levels)
