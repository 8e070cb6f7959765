"""Component planes: what each feature is over the map, one by one or many on a page."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ksom.answers import Answers
from ksom.arguments import require_choice, require_integer
from ksom.encoding import called, share_factors
from ksom.errors import ParameterError
from ksom.names import nearest
from ksom.pictures.plots.colours import FAINT
from ksom.pictures.plots.figure import SLIMMEST, Bounds, new_figure
from ksom.pictures.plots.known import names_of
from ksom.pictures.plots.nodes import JOINED, draw_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALES = ("own", "shared")
PLANES_ON_A_PAGE = 20
MOST_COLUMNS = 5
PLANE, NARROWEST = 2.1, 1.8
"""Inches of a plane's longer side on a page, and of what it has in width at least."""
TITLE, LEFT, FOOT = 0.35, 0.12, 0.25
"""Inches above each plane, left of it, and under all."""
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
    values = _told(som)[..., number]
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
        known = called(som.features, som.feature_names, som.encoding)
        if feature not in known:
            raise ParameterError(
                "feature", f"be one of the map's {len(known)} features{nearest(feature, known)}", feature
            )
        return known.index(feature)
    return require_integer("feature", feature, minimum=0, maximum=som.features - 1)


def _told(som: Answers) -> NDArray[np.float64]:
    """Return the prototypes as they are shown, shape (height, width, D): data units, of a category shares."""
    return som.prototypes * share_factors(som.encoding, som.features)


def _pages(som: Answers, numbers: list[int], scale: str, on_a_page: int) -> "Iterator[Figure]":
    prototypes = _told(som)
    low, high = _shared(prototypes[..., numbers]) if scale == "shared" else (None, None)
    sheet = _Sheet(Bounds.of(som.lattice), min(on_a_page, len(numbers)))
    names, pages = names_of(som, NAME), -(-len(numbers) // on_a_page)
    for page in range(pages):
        on_it = numbers[page * on_a_page : (page + 1) * on_a_page]
        figure = sheet.figure(len(on_it))
        for place, number in enumerate(on_it):
            ax = figure.add_axes(sheet.place(place, len(on_it)))
            values = prototypes[..., number]
            draw_nodes(som.lattice, values, ax=ax, title=names[number], low=low, high=high, notes=False)
            ax.title.set_fontsize("small")
        told = [f"page {page + 1} of {pages}"] if pages > 1 else []
        told += [JOINED[som.lattice.wrap]] if som.lattice.wrap in JOINED else []
        told += ["all on one scale"] if scale == "shared" and len(numbers) > 1 else []
        told += [UNKNOWN] if not np.isfinite(prototypes[..., on_it]).all() else []
        figure.text(0.5, 0.06 / figure.get_figheight(), "; ".join(told), fontsize="x-small", color=FAINT, ha="center")
        yield figure


class _Sheet:
    """Where the planes are on a page: rows of cells that are alike, each with room for a title and a colour bar.

    No layout is looked for: with 20 planes that took longer than to draw them.
    """

    def __init__(self, bounds: Bounds, planes: int) -> None:
        longer = max(bounds.width, bounds.height)
        self.width, self.height = (PLANE * max(1 / SLIMMEST, side / longer) for side in (bounds.width, bounds.height))
        free = max(0.0, NARROWEST - self.width)  # half of it is on the right
        self.right, self.below = (0.3, 0.6) if bounds.width > 2 * bounds.height else (max(0.12, 0.95 - free / 2), 0.2)
        self.cell = self.width + free + LEFT + self.right, self.height + TITLE + self.below
        most = MOST_COLUMNS if bounds.width < 4 * bounds.height else 3
        self.columns = -(-planes // -(-planes // most))

    def rows(self, planes: int) -> int:
        """Return how many rows so many planes take."""
        return -(-planes // self.columns)

    def figure(self, planes: int) -> "Figure":
        """Return an empty page for so many planes."""
        width, height = self.cell
        return new_figure(self.columns * width, self.rows(planes) * height + FOOT, is_laid_out=False)

    def place(self, number: int, planes: int) -> tuple[float, float, float, float]:
        """Return where a plane is: left, bottom, width and height, as shares of the page."""
        row, column = divmod(number, self.columns)
        width, height = self.cell
        across, down = self.columns * width, self.rows(planes) * height + FOOT
        left, top = column * width + LEFT, row * height + TITLE
        return left / across, 1 - (top + self.height) / down, (width - LEFT - self.right) / across, self.height / down


def _shared(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    there = values[np.isfinite(values)]
    return (float(there.min()), float(there.max())) if there.size else (None, None)
