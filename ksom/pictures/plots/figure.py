"""The figure and the axes that a picture of nodes is drawn in, and what stands beside the nodes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import NotInstalled
from ksom.method.lattice import Lattice
from ksom.pictures.plots.colours import FAINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axes._base import _AxesBase
    from matplotlib.backend_bases import RendererBase
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import LayoutEngine
    from matplotlib.transforms import Bbox

LONGER_SIDE, FLAT = 5.0, 6.2
"""Inches of a map's longer side in a figure of its own; of a map that is more than twice as wide as it is high."""
BESIDE, BESIDE_LEGEND, MARGIN = 1.2, 2.4, 0.08
"""Inches beside a map for its colour bar or for a legend, and around all."""
SLIMMEST = 25
"""How much longer than wide a map is drawn at most: a longer one is stretched, or it could not be seen."""
BAR, GAP = 0.14, 0.12
"""Inches that a colour bar is thick, and away from the nodes."""
BAR_BELOW, BAR_POINTS = "bar below", 52
"""What a colour bar below a map is marked by, and how many points it takes with its numbers and its name."""


class Bounds(NamedTuple):
    """Where what is drawn of a map ends, lattice steps, y downwards."""

    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def of(cls, lattice: Lattice, at: NDArray[np.float64] | None = None, scale: float = 1.0) -> "Bounds":
        """Return those of a map's nodes, or of smaller cells at other places, shape (n, 2)."""
        corners, places = scale * np.array(lattice.outline), lattice.positions() if at is None else at
        (left, top), (right, bottom) = (
            places.min(axis=0) + corners.min(axis=0),
            places.max(axis=0) + corners.max(axis=0),
        )
        return cls(float(left), float(right), float(top), float(bottom))

    @property
    def width(self) -> float:
        """From the left to the right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From the top to the bottom."""
        return self.bottom - self.top


def require_matplotlib() -> None:
    """Make sure that there is matplotlib.

    Raises
    ------
    NotInstalled
        If it is not there.
    """
    try:
        import matplotlib as mpl  # noqa: F401 (asked only whether it is there)
    except ImportError as error:
        told = "pictures are drawn by matplotlib, which is not installed: pip install matplotlib"
        raise NotInstalled(told) from error


def new_figure(width: float, height: float, *, is_laid_out: bool = True) -> "Figure":
    """Return an empty figure that nobody else holds: it is gone when it is let go, and no window shows it.

    Parameters
    ----------
    width, height : float
        Inches.
    is_laid_out : bool
        Whether axes make room for what is written around them.

    Raises
    ------
    NotInstalled
        If matplotlib is not there.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=_layout() if is_laid_out else None)


def axes_for(lattice: Lattice, ax: "Axes | None", beside: float = BESIDE) -> "Axes":
    """Return the axes to draw in: the given ones, or new ones of a pyplot figure, as a notebook shows them.

    Raises
    ------
    NotInstalled
        If matplotlib is not there.
    """
    require_matplotlib()
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size_for(lattice, beside), layout=_layout())[1]


def axes_of_size(ax: "Axes | None", width: float, height: float) -> "Axes":
    """Return the axes to draw in, where that is no map: likewise, in a figure so many inches wide and high.

    Raises
    ------
    NotInstalled
        If matplotlib is not there.
    """
    require_matplotlib()
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout=_layout())[1]


def _layout() -> "LayoutEngine":
    """Return the layout of all figures: with room for what is written around the axes."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    class Settled(ConstrainedLayoutEngine):
        """One that is done as often as it takes: a map that becomes wider pushes its legend."""

        def execute(self, fig: "Figure") -> None:
            for _ in range(2 if len(fig.axes) == 1 else 1):
                super().execute(fig)

    return Settled(w_pad=MARGIN, h_pad=MARGIN)


def size_for(lattice: Lattice, beside: float = BESIDE) -> tuple[float, float]:
    """Return the width and height of a figure of one map, inches, with room for a title and a colour bar.

    So much room beside the map, or a fixed one below a map that is more than twice as wide as it is high.
    """
    left, right, top, bottom = Bounds.of(lattice)
    width, height = right - left, bottom - top
    longer = max(width, height)
    width, height = max(width / longer, 1 / SLIMMEST), max(height / longer, 1 / SLIMMEST)
    if width > 2 * height:
        return FLAT + 0.4, height * FLAT + 1.5
    return max(4.0, width * LONGER_SIDE + beside), height * LONGER_SIDE + 0.8


def prepare(ax: "Axes", bounds: Bounds, title: str | None) -> None:
    """Make axes those of a map: row 0 on top, as high as it is wide, and nothing else to be seen."""
    ax.set(xlim=(bounds.left, bounds.right), ylim=(bounds.bottom, bounds.top))
    slim = bounds.width / bounds.height / SLIMMEST, bounds.height / bounds.width / SLIMMEST
    stretch = max(1.0, slim[0]) / max(1.0, slim[1])
    ax.set_aspect(stretch, adjustable="box")
    ax.set_axis_off()
    if title:
        ax.set_title(title, fontsize="medium", y=1.0, pad=9)


def draw_bar(
    ax: "Axes", colours: "Colormap", norm: "Normalize", bounds: Bounds, label: str | None, *, ticks: Any = None
) -> None:
    """Draw a colour bar as long as the map: on its right, below one that is more than twice as wide as it is high."""
    from matplotlib.cm import ScalarMappable

    below = bounds.width > 2 * bounds.height
    beside = ax.inset_axes((0, 0, 1, 1), gid=BAR_BELOW if below else None)
    beside.set_axes_locator(_Beside(ax, below=below))
    lies = "horizontal" if below else "vertical"
    scale = ScalarMappable(norm, colours)
    bar = ax.figure.colorbar(scale, cax=beside, orientation=lies, label=label or "", ticks=ticks)
    bar.outline.set_visible(False)
    beside.tick_params(labelsize="small", length=2)


def root_of(ax: "Axes") -> "Figure":
    """Return the figure that axes are in, also those of a part of it."""
    figure = ax.figure
    while figure.figure is not figure:
        figure = figure.figure
    return figure


def draw_notes(ax: "Axes", notes: Sequence[str]) -> None:
    """Write remarks under a map, a line each."""
    if notes:
        has_bar_below = any(axes.get_gid() == BAR_BELOW for axes in ax.child_axes)
        ax.annotate(
            "\n".join(notes), (0, 0), (0, -BAR_POINTS if has_bar_below else -8), xycoords="axes fraction",
            textcoords="offset points", ha="left", va="top", fontsize="x-small", color=FAINT, gid="notes",
        )  # fmt: skip


class _Beside:
    """Where a colour bar is: beside its map, as long as that has come to be drawn, and always of one thickness."""

    def __init__(self, ax: "Axes", *, below: bool) -> None:
        self.ax, self.below = ax, below

    def __call__(self, _bar: "_AxesBase", _renderer: "RendererBase | None") -> "Bbox":
        from matplotlib.transforms import Bbox

        self.ax.apply_aspect()
        box, (width, height) = self.ax.get_position(), root_of(self.ax).get_size_inches()
        if self.below:
            return Bbox.from_bounds(box.x0, box.y0 - (GAP + BAR) / height, box.width, BAR / height)
        return Bbox.from_bounds(box.x1 + GAP / width, box.y0, BAR / width, box.height)
