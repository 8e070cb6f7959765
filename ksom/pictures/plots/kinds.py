"""The kinds of pictures that can be asked for by name."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ksom.errors import ParameterError
from ksom.layers import HITS, LABELS
from ksom.names import nearest
from ksom.pictures.picture import colours_for
from ksom.pictures.plots.curves import MOST, OF_THE_CLOCK, draw_curves
from ksom.pictures.plots.figure import new_figure, size_for
from ksom.pictures.plots.kind import Kind, Pages
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.shown import Shown
from ksom.pictures.plots.unfolding import draw_unfolding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all"
"""Stands for every kind."""

FIRST, IF_KNOWN = ("umatrix", "planes", "hits", "curves"), ("labels", "clusters")
"""What a first look shows: always, and if the map has been told."""

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("colours", "each node in a colour that stands for its weights", draw.colours),
        Kind("umatrix", "how far each node is from its neighbours: ridges are borders of clusters", draw.umatrix),
        Kind("planes", "each feature's values over the map", draw.planes),
        Kind("hits", "how many samples each node won", draw.hits, lacks.hits, lacks.hits_and_data),
        Kind("distances", "how far each node's samples are from it", draw.distances, lacks.distances, lacks.distances_and_data),
        Kind("unfolding", "the net of the nodes over the data", draw.unfolding, wants_data=lacks.data),
        Kind("curves", "quality and schedules over the training", draw.curves, lacks.curves),
        Kind("labels", "the most frequent class of each node's samples", draw.labels, lacks.labels, of_training=False),
        Kind("pies", "the shares of classes in each node", draw.pies, lacks.labels, of_training=False),
        Kind("clusters", "which nodes belong together", draw.clusters, lacks.clusters, of_training=False),
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
    if asked.are_named and possible != asked.kinds or not asked.kinds:
        able = ", ".join(kind.name for kind in KINDS.values() if kind.of_training)
        raise ParameterError(argument, f"be one of {able}; `ksom plot` draws the others afterwards", told)
    return possible


def first_look(shown: Shown) -> tuple[Kind, ...]:
    """Return what shows a map to somebody who sees it for the first time."""
    known = [name for name in IF_KNOWN if KINDS[name].lacks(shown) is None]
    return tuple(KINDS[name] for name in (*FIRST, *known))


def _names(argument: str, told: Any) -> list[str]:
    parts = [told] if isinstance(told, str) else told
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise ParameterError(argument, "be the names of kinds of pictures, such as [umatrix, planes]", told)
    names = [name.strip().lower() for part in parts for name in part.split(",")]
    return list(dict.fromkeys(filter(None, names)))
