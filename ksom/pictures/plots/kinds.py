"""The kinds of pictures that can be asked for by name."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ksom.errors import ParameterError
from ksom.layers import DISTANCES, HITS, LABELS
from ksom.names import nearest
from ksom.pictures.plots import needs, pages
from ksom.pictures.plots.kind import Kind
from ksom.pictures.plots.shown import Shown

ALL = "all"
"""Stands for every kind."""

FIRST, IF_KNOWN = ("umatrix", "planes", "hits", "curves"), ("labels", "clusters")
"""What a first look shows: always, and if the map has been told."""

WHOLE = ("prototypes", "prototype_curves")
"""What it shows in place of planes, where samples are such."""

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("umatrix", "how far neighbours are apart: ridges are borders", pages.umatrix),
        Kind("planes", "each feature's values over the map", pages.planes),
        Kind("hits", "how many samples each node won", pages.hits, needs.samples_or(HITS), needs.unless_has(HITS)),
        Kind(
            "distances",
            "how far each node's samples are from it",
            pages.distances,
            needs.samples_or(DISTANCES),
            needs.unless_has(DISTANCES),
        ),
        Kind("colours", "each node in a colour for its weights", pages.colours),
        Kind("unfolding", "the net of the nodes over the data", pages.unfolding, wants_data=needs.always),
        Kind("curves", "quality and schedules over the training", pages.curves, needs.history),
        Kind(
            "labels",
            "what most samples of each node are",
            pages.labels,
            needs.labels,
            needs.unless_has(LABELS),
            of_training=False,
        ),
        Kind(
            "pies",
            "what all samples of each node are",
            pages.pies,
            needs.labels,
            needs.unless_has(LABELS),
            of_training=False,
        ),
        Kind("clusters", "which nodes belong together", pages.clusters, needs.clusters, of_training=False),
        Kind(
            "features",
            "what a node or each cluster is like, in bars",
            pages.features,
            needs.groups,
            needs.asks_classes,
            of_training=False,
        ),
        Kind("radar", "the same over spokes", pages.radar, needs.groups, needs.asks_classes, of_training=False),
        Kind("prototypes", "the nodes' pictures, of pictures", pages.prototypes, needs.pictures),
        Kind("prototype_curves", "the nodes' curves over time", pages.prototype_curves, needs.time),
        Kind(
            "trajectory",
            "the way of a series over the map",
            pages.trajectory,
            needs.series,
            needs.asked_by_name,
            of_training=False,
        ),
    )
}
"""By their names, in the order in which they are drawn."""


class Asked(NamedTuple):
    """Which kinds somebody asks for."""

    kinds: tuple[Kind, ...]
    """None: a first look."""
    are_named: bool
    """Whether each was named: then one that cannot be drawn is an error."""


def kinds_asked(argument: str, told: Any) -> Asked:
    """Return the kinds that are told: names, with commas or as a list, or "all".

    Parameters
    ----------
    argument : str
        What the argument is called, for messages.
    told : str or sequence of str
        The names, in any case.

    Raises
    ------
    ParameterError
        If there is no such kind.

    Examples
    --------
    >>> asked = kinds_asked("kind", "curves, unfolding")
    >>> [kind.name for kind in asked.kinds], asked.are_named
    (['curves', 'unfolding'], True)
    """
    names = _names(argument, told)
    for name in names:
        if name not in {ALL, *KINDS}:
            must = f"be one of {', '.join(KINDS)}, or {ALL}{nearest(name, [*KINDS, ALL])}"
            raise ParameterError(argument, must, name)
    if ALL in names:
        return Asked(tuple(KINDS.values()), are_named=False)
    return Asked(tuple(KINDS[name] for name in names), are_named=bool(names))


def kinds_of_training(argument: str, told: Any) -> tuple[Kind, ...]:
    """Return the kinds that are told, if a training that goes on can show them; "all": those that it can.

    Raises
    ------
    ParameterError
        If there is no such kind, or it is of what a map is told afterwards.
    """
    asked = kinds_asked(argument, told)
    possible = tuple(kind for kind in asked.kinds if kind.of_training)
    if (asked.are_named and possible != asked.kinds) or not asked.kinds:
        able = ", ".join(kind.name for kind in KINDS.values() if kind.of_training)
        raise ParameterError(argument, f"be one of {able}; `ksom plot` draws the others afterwards", told)
    return possible


def first_look(shown: Shown) -> tuple[Kind, ...]:
    """Return what shows a map to somebody who sees it for the first time.

    Planes of pixels, or of hours, tell little: pictures and curves over time are shown as such.
    """
    known = [name for name in IF_KNOWN if KINDS[name].lacks(shown) is None]
    instead = next((name for name in WHOLE if KINDS[name].lacks(shown) is None), "planes")
    return tuple(KINDS[instead if name == "planes" else name] for name in (*FIRST, *known))


def _names(argument: str, told: Any) -> list[str]:
    parts = [told] if isinstance(told, str) else told
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise ParameterError(argument, "be the names of kinds of pictures, such as [umatrix, planes]", told)
    names = [name.strip().lower().replace("-", "_") for part in parts for name in part.split(",")]
    return list(dict.fromkeys(filter(None, names)))
