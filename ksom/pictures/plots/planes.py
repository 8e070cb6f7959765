"""Component planes: what each feature is over the map, one by one or many on a page."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ksom.answers import Answers
from ksom.arguments import require_choice, require_integer
from ksom.errors import ParameterError
from ksom.pictures.plots.colours import FAINT
from ksom.pictures.plots.figure import SLIMMEST, Bounds, new_figure
from ksom.pictures.plots.known import names_of
from ksom.pictures.plots.nodes import JOINED, draw_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALES = ("own", "shared")
PLANES_ON_A_PAGE = 20
CELL = 2.1
"""Inches of a plane's longer side on a page."""
MOST_COLUMNS = 5
NAME = 22
"""Characters of a feature's name on a page."""
UNKNOWN = "grey: not learned"
"""A feature of weight 0 has no value in data units."""


def draw_plane(
    som: Answers,
    feature: int | str,
    *,
    ax: "Axes | None" = None,
    title: str | None = None,
    low: float | None = None,
    high: float | None = None,
) -> "Axes":
    """Draw the value that a feature has in each node's prototype, data units.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    feature : int or str
        Its number, from 0, or its name.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title : str, optional
        Above the map, as matplotlib takes it; default: the feature's name.
    low, high : float, optional
        Which values are the first and the last colour; default: the smallest and the largest.

    Raises
    ------
    ParameterError
        If there is no such feature.
    NotTrained
        If the map has no weights yet.
    NotInstalled
        If matplotlib is not there.
    """
    number = feature_of(som, feature)
    label = names_of(som)[number]
    values = som.prototypes[..., number]
    return draw_nodes(som.lattice, values, ax=ax, title=title or label, label=label, low=low, high=high, empty=UNKNOWN)


def pages_of_planes(
    som: Answers, features: Sequence[int | str] | None = None, *, scale: str = "own", on_a_page: int = PLANES_ON_A_PAGE
) -> "Iterator[Figure]":
    """Yield pages of component planes, one by one: of 500 features, only a page is held at a time.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    features : sequence of int or str, optional
        Their numbers or names, in order; default: all.
    scale : {"own", "shared"}
        Whether each plane's colours go from its own smallest to its own largest value, or all from the smallest to the
        largest value of all that are drawn, which compares features of one unit.
    on_a_page : int
        Planes on a page, at most.

    Raises
    ------
    ParameterError
        If there is no such feature, or no such scale; before the first page.
    NotTrained
        If the map has no weights yet.
    NotInstalled
        If matplotlib is not there.
    """
    require_choice("scale", scale, SCALES)
    require_integer("on_a_page", on_a_page, minimum=1)
    numbers = [feature_of(som, feature) for feature in (range(som.features) if features is None else features)]
    if not numbers:
        raise ParameterError("features", "name one at least", features)
    return _pages(som, numbers, scale, on_a_page)


def feature_of(som: Answers, feature: int | str) -> int:
    """Return the number of a feature.

    Raises
    ------
    ParameterError
        If there is none of that number or name.
    """
    if isinstance(feature, str):
        if som.feature_names is None or feature not in som.feature_names:
            known = "it has no names" if som.feature_names is None else "names are " + ", ".join(som.feature_names)
            raise ParameterError("feature", f"be one of the map's; {known}", feature)
        return som.feature_names.index(feature)
    return require_integer("feature", feature, minimum=0, maximum=som.features - 1)


def _pages(som: Answers, numbers: list[int], scale: str, on_a_page: int) -> "Iterator[Figure]":
    low, high = _shared(som, numbers) if scale == "shared" else (None, None)
    pages = -(-len(numbers) // on_a_page)
    columns = _columns(Bounds.of(som.lattice), min(on_a_page, len(numbers)))
    for page in range(pages):
        figure = _page(som, numbers[page * on_a_page : (page + 1) * on_a_page], columns, low, high)
        told = [f"page {page + 1} of {pages}"] if pages > 1 else []
        told += [JOINED[som.lattice.wrap]] if som.lattice.wrap in JOINED else []
        told += ["all on one scale"] if scale == "shared" and len(numbers) > 1 else []
        if told:
            figure.supxlabel("; ".join(told), fontsize="x-small", color=FAINT)
        yield figure


def _page(som: Answers, numbers: list[int], columns: int, low: float | None, high: float | None) -> "Figure":
    bounds, names = Bounds.of(som.lattice), names_of(som, NAME)
    rows = -(-len(numbers) // columns)
    longer = max(bounds.width, bounds.height)
    width, height = (CELL * max(1 / SLIMMEST, side / longer) for side in (bounds.width, bounds.height))
    beside, below = (0.3, 0.5) if bounds.width > 2 * bounds.height else (0.9, 0.1)  # the colour bar
    figure = new_figure(columns * (max(width, 1.2) + beside), rows * (height + 0.4 + below) + 0.2)
    prototypes = som.prototypes
    for place, number in enumerate(numbers):
        ax = figure.add_subplot(rows, columns, place + 1)
        draw_nodes(som.lattice, prototypes[..., number], ax=ax, title=names[number], low=low, high=high, notes=False)
        ax.title.set_fontsize("small")
    return figure


def _columns(bounds: Bounds, planes: int) -> int:
    """Return how many planes are side by side: as many in each row, and fewer of flat ones."""
    most = MOST_COLUMNS if bounds.width < 4 * bounds.height else 3
    return -(-planes // -(-planes // most))


def _shared(som: Answers, numbers: list[int]) -> tuple[float | None, float | None]:
    values = som.prototypes[..., numbers]
    there = values[np.isfinite(values)]
    return (float(there.min()), float(there.max())) if there.size else (None, None)
