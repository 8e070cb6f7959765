"""Whether samples that are close on the map are close in the data, and the other way round."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.errors import Undefined
from ksom.method.distance import MOST_TERMS, between
from ksom.method.lattice import squares_between
from ksom.method.matches import MeasuringMap, checked, drawn
from ksom.method.random_streams import stream
from ksom.method.ties import equals

MOST_SAMPLES = 2000
"""Samples by which the ranks are measured: all of them compare with all, which takes a second or two."""

ROWS_AT_ONCE = 2**19
"""How many distances are ranked at a time: 4 MB."""


class RankAgreement(NamedTuple):
    """How well ranks of closeness on the map agree with those in the data, both from 0 to 1."""

    trustworthiness: float
    """1: whoever is close on the map is close in the data."""
    neighbourhood_preservation: float
    """1: whoever is close in the data is close on the map."""
    samples: int
    """How many were measured."""


def rank_agreement(som: MeasuringMap, samples: Any, neighbours: int = 5, seed: int = 0) -> RankAgreement:
    """Return trustworthiness and neighbourhood preservation, which share their work.

    With r(i, j) the rank of j by its distance from i, and the k nearest of each sample as its neighbours,

        trustworthiness = 1 − 2 / (n k (2n − 3k − 1)) · Σ_i Σ_j (r_data(i, j) − k),

    over the j that are neighbours of i on the map and not in the data; neighbourhood preservation, or continuity, the
    same with both exchanged. In the data the distance is the map's own; on the map it is the lattice's, from best
    matching node to best matching node. *Ties*, which a lattice is full of, are broken in every order, and the mean is
    taken: the result depends neither on the order of the samples nor on the way the map is turned. Where there are no
    ties it is what scikit-learn's `trustworthiness` gives.

    Of more than 2,000 samples as many are drawn, without replacement; fewer where there are more than 536 features: n
    with n² · D <= 2³¹.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    neighbours : int
        k, at least 1 and less than half of the samples.
    seed : int
        Seed of the drawing.

    Raises
    ------
    Undefined
        If there are too few samples for so many neighbours.
    ParameterError, DataError, NotTrained
        As `quantization_error`.

    References
    ----------
    J. Venna and S. Kaski, Neighborhood preservation in nonlinear projection methods: an experimental study, ICANN 2001.
    """
    k = require_integer("neighbours", neighbours, minimum=1)
    most = min(MOST_SAMPLES, math.isqrt(MOST_TERMS // checked(som).weights.shape[2]))
    found = drawn(som, samples, most, stream(seed, "measured samples"))
    block, winners, size = found.block, found.nodes[:, 0], len(found.nodes)
    if 2 * k >= size:
        raise Undefined(f"there must be more than {2 * k} samples to rank {k} neighbours, got {size}")
    at_once = max(1, ROWS_AT_ONCE // size)
    pieces = (np.arange(start, min(start + at_once, size)) for start in range(0, size, at_once))
    return agreement(
        (
            (
                few,
                between(som.distance, block.rows(few[0], few[-1] + 1), block),
                squares_between(som.lattice, winners[few], winners),
            )
            for few in pieces
        ),
        size,
        k,
    )


def agreement(
    rows: Iterable[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]], size: int, k: int
) -> RankAgreement:
    """Return how well ranks in the data and on the map agree; see `rank_agreement`.

    Parameters
    ----------
    rows : iterable of (ndarray of shape (n,), ndarray of shape (n, size), ndarray of shape (n, size))
        Some samples, and their distances to all samples in the data and on the map; may be worked in.
    size : int
        How many samples there are in all.
    k : int
        How many are neighbours.
    """
    untrusted, lost = 0.0, 0.0
    for samples, in_data, on_map in rows:
        data_ranks, map_ranks = _ranked(in_data, samples, k), _ranked(on_map, samples, k)
        untrusted += float((map_ranks.nearness * data_ranks.excess).sum())
        lost += float((data_ranks.nearness * map_ranks.excess).sum())
    scale = 2 / (size * k * (2 * size - 3 * k - 1))
    return RankAgreement(1 - scale * untrusted, 1 - scale * lost, size)


def trustworthiness(som: MeasuringMap, samples: Any, neighbours: int = 5, seed: int = 0) -> float:
    """Return how far one can trust that samples close on the map are close in the data: 1 for always.

    The formula, the treatment of ties, and how many samples are drawn, are in `rank_agreement`, which gives this and
    `neighbourhood_preservation` at once.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    neighbours : int
        How many, k, at least 1 and less than half of the samples.
    seed : int
        Seed of the drawing.

    Raises
    ------
    Undefined, ParameterError, DataError, NotTrained
        As `rank_agreement`.

    References
    ----------
    J. Venna and S. Kaski, Neighborhood preservation in nonlinear projection methods: an experimental study, ICANN 2001.
    """
    return rank_agreement(som, samples, neighbours, seed).trustworthiness


def neighbourhood_preservation(som: MeasuringMap, samples: Any, neighbours: int = 5, seed: int = 0) -> float:
    """Return how far samples close in the data are close on the map, also called continuity: 1 for always.

    The formula, the treatment of ties, and how many samples are drawn, are in `rank_agreement`, which gives this and
    `trustworthiness` at once.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    neighbours : int
        How many, k, at least 1 and less than half of the samples.
    seed : int
        Seed of the drawing.

    Raises
    ------
    Undefined, ParameterError, DataError, NotTrained
        As `rank_agreement`.

    References
    ----------
    J. Venna and S. Kaski, Neighborhood preservation in nonlinear projection methods: an experimental study, ICANN 2001.
    """
    return rank_agreement(som, samples, neighbours, seed).neighbourhood_preservation


class _Ranked(NamedTuple):
    """What the ranks of some rows of distances come to, in the mean over all orders of equals."""

    nearness: NDArray[np.float64]
    """The probability of being one of the k nearest."""
    excess: NDArray[np.float64]
    """How far the rank is beyond k, 0 if it is not."""


def _ranked(distances: NDArray[np.float64], own: NDArray[np.int64], k: int) -> _Ranked:
    """Rank each row of distances; sample `own[i]` is row i's own, and ranked last: it is nobody's neighbour."""
    distances[np.arange(len(own)), own] = np.inf
    order = np.argsort(distances, axis=1)
    first, end = equals(np.take_along_axis(distances, order, axis=1))
    ranks = np.arange(distances.shape[1] + 1)
    made = _Ranked(np.empty_like(distances), np.empty_like(distances))
    for ranked, upto in zip(made, (np.minimum(ranks, k), np.cumsum(np.maximum(0, ranks - k))), strict=True):
        np.put_along_axis(ranked, order, (upto[end] - upto[first]) / (end - first), axis=1)
    return made
