"""The axes of a picture that is no map."""

from typing import TYPE_CHECKING

from ksom.pictures.plots.figure import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(ax: "Axes | None", width: float, height: float) -> "Axes":
    """Return the given axes, or new ones of a pyplot figure, as a notebook shows them, so many inches wide and high.

    Raises
    ------
    NotInstalled
        If matplotlib is not there.
    """
    require_matplotlib()
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]
