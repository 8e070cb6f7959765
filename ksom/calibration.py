"""Calibration: what a map has to know of usual samples to say which ones are not, kept in its layers.

Three layers are made in one search: `hits`, `distances` (quantiles of the distances that each node has; the threshold
of scores) and `usual_distance`, by which `ksom.method.novelty` divides.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.errors import DataError, NotCalibrated
from ksom.layers import DISTANCES, HITS, USUAL_DISTANCE
from ksom.map_file import Layer
from ksom.method.distance import Distance
from ksom.method.matches import Found, Map, walk
from ksom.method.novelty import NodeDistances, usual_distances
from ksom.method.strange_features import UsualTerms

LEVELS = (0.5, 0.9, 0.99, 1.0)
"""Of the quantiles that are kept of each node's distances."""

QUANTILE = 0.99
"""Of the scores, what the threshold is by default."""


class CalibratedMap(Map, Protocol):
    """A map whose distance is known."""

    @property
    def distance(self) -> Distance:
        """How far a sample is from a node."""
        ...


def calibration(
    som: CalibratedMap,
    samples: Any,
    held_out: Any = None,
    quantile: float = QUANTILE,
    is_over: Callable[[], bool] = lambda: False,
) -> dict[str, Layer] | None:
    """Return the layers that a map's novelty needs, made in one search over samples.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), or Dataset
        What it has learned from, data units; read piece by piece.
    held_out : array_like of shape (n, D), or Dataset, optional
        Samples that it has not learned from, whose scores give the threshold. Default: the same samples.
    quantile : float
        Which quantile of their scores is the threshold, above 0 and at most 1.
    is_over : function, optional
        Asked from time to time whether to leave off.

    Returns
    -------
    dict of str to Layer, or None
        `hits`, `distances`, `usual_distance`; None where it left off.

    Raises
    ------
    ParameterError
        If the quantile is no such number.
    DataError, NotTrained
        As `best_matching_nodes`; or if there is no sample.
    """
    level = require_number("quantile", quantile, above=0, at_most=1)
    learned, terms = NodeDistances(som.lattice), UsualTerms(som.distance, som.weights)
    others = learned if held_out is None else NodeDistances(som.lattice)
    if not _counted(som, samples, [learned.add, terms.add], is_over):
        return None
    if held_out is not None and not _counted(som, held_out, [others.add], is_over):
        return None
    usual = usual_distances(learned, _rounding(som.weights))
    about = {
        "levels": list(LEVELS),
        "threshold": others.of_scores(usual, level),
        "quantile": level,
        "calibrated_on": others.samples,
        "held_out": held_out is not None,
        "usual_terms": terms.mean.tolist(),
    }
    return {
        HITS: Layer(learned.hits, {"samples": learned.samples}),
        DISTANCES: Layer(learned.of_nodes(LEVELS), about),
        USUAL_DISTANCE: Layer(usual),
    }


def scores(layers: Mapping[str, Layer], nodes: NDArray[np.int64], distances: NDArray[Any]) -> NDArray[np.float64]:
    """Return the scores of samples, d / u_b, of shape (n,); `ksom.method.novelty` has the formula.

    Parameters
    ----------
    layers : mapping of str to Layer
        Those of a map.
    nodes : ndarray of shape (n,)
        Best matching nodes of the samples, row * width + column.
    distances : ndarray of shape (n,)
        How far they are, map units.

    Raises
    ------
    NotCalibrated
        If the map does not know which distances are usual.
    """
    made: NDArray[np.float64] = distances / _layer(layers, USUAL_DISTANCE).values.ravel()[nodes]
    return made


def threshold(layers: Mapping[str, Layer]) -> float:
    """Return the score up to which samples are usual.

    Raises
    ------
    NotCalibrated
        If the map knows none.
    """
    known = _layer(layers, DISTANCES).about.get("threshold")
    if known is None:
        raise _not_calibrated("threshold")
    return float(known)


def usual_terms(layers: Mapping[str, Layer], features: int) -> NDArray[np.float64]:
    """Return the mean term of each of so many features over the training samples, shape (D,).

    Raises
    ------
    NotCalibrated
        If the map does not know them.
    """
    known = _layer(layers, DISTANCES).about.get("usual_terms")
    if not isinstance(known, list) or len(known) != features or not all(map(_is_term, known)):
        raise _not_calibrated("usual terms of its features")
    return np.array(known, dtype=np.float64)


def _counted(som: Map, samples: Any, adding: list[Callable[[Found], None]], is_over: Callable[[], bool]) -> bool:
    """Hand the samples to what counts them; return whether it was all of them, of which there must be one."""
    some = False
    for found in walk(som, samples, 1):
        for add in adding:
            add(found)
        some = True
        if is_over():
            return False
    if not some:
        raise DataError("samples: there must be at least one to calibrate the map on")
    return True


def _rounding(weights: NDArray[Any]) -> float:
    """Return how far rounding may put a sample from weights that are its own, map units, > 0."""
    largest = max(float(weights.max()), -float(weights.min()))
    return max(float(np.finfo(weights.dtype).eps) * largest, float(np.finfo(np.float32).tiny))


def _is_term(value: Any) -> bool:
    return isinstance(value, float) and 0 <= value < np.inf


def _layer(layers: Mapping[str, Layer], name: str) -> Layer:
    if name not in layers:
        raise _not_calibrated(f"layer `{name}`")
    return layers[name]


def _not_calibrated(what: str) -> NotCalibrated:
    return NotCalibrated(f"this map has no {what}, so it cannot say what is novel: som.calibrate(samples) makes it")
