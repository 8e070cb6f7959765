"""The hit map: how many samples each node won."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ksom.answers import Answers
from ksom.layers import HITS
from ksom.method.hits import hits
from ksom.pictures.plots.figure import require_matplotlib
from ksom.pictures.plots.known import layer_of
from ksom.pictures.plots.nodes import draw_nodes
from ksom.pictures.plots.written import write_into

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_hits(som: Answers, samples: Any = None, *, ax: "Axes | None" = None, title: str | None = "Hits") -> "Axes":
    """Draw how many samples each node won, with the numbers where there is room for them.

    The colours follow the square root, so that a few crowded nodes do not make all others alike.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    samples : array_like of shape (N, D), table or Dataset, optional
        Which samples, data units; default: those of the map's layer `hits`.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title : str, optional
        Above the map.

    Raises
    ------
    ParameterError
        If there are no samples, and no layer either.
    DataError, NotTrained
        As `best_matching_nodes`.
    NotInstalled
        If matplotlib is not there.
    """
    require_matplotlib()
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import MaxNLocator

    counts = layer_of(som, HITS).values if samples is None else hits(som, samples)
    total = f"samples (of {int(counts.sum()):,})"
    ax = draw_nodes(
        som.lattice, np.where(counts > 0, counts, np.nan), ax=ax, title=title, label=total,
        norm=PowerNorm(0.5, 0, max(1, counts.max())), ticks=MaxNLocator(6, integer=True), empty="grey: no sample",
    )  # fmt: skip
    write_into(ax, som.lattice, [f"{count:,}" if count else "" for count in counts.ravel().tolist()])
    return ax
