"""Placeholder until plots-maps is there."""

from typing import TYPE_CHECKING

from ksom.errors import NotInstalled, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 40


def axes_or_new(ax: "Axes | None", size: tuple[float, float] = (6.4, 4.8)) -> "Axes":
    """Return given axes, or those of a new figure, so many inches wide and high."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise NotInstalled(f"plots need matplotlib ({error}); pip install matplotlib") from error
    return plt.subplots(figsize=size, layout="constrained")[1]


def shown(name: str, longest: int = LONGEST) -> str:
    """Return a name as a picture shows it: short, on one line, `$` as itself."""
    line = one_line(name)
    return (line if len(line) <= longest else f"{line[: longest - 1]}…").replace("$", r"\$")
