"""The distance map: how far the samples of each node are from it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.answers import Answers
from ksom.arguments import require_number
from ksom.errors import ParameterError
from ksom.layers import DISTANCES
from ksom.method.matches import walk
from ksom.method.novelty import NodeDistances
from ksom.pictures.plots.known import distance_label, layer_of
from ksom.pictures.plots.nodes import draw_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEDIAN = 0.5


def draw_distances(
    som: Answers,
    samples: Any = None,
    *,
    level: float = MEDIAN,
    ax: "Axes | None" = None,
    title: str | None = "Distance of the samples to their nodes",
) -> "Axes":
    """Draw a quantile of the distances that each node's samples have to it: high where the map fits the data badly.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights, on any lattice.
    samples : array_like of shape (N, D), table or Dataset, optional
        Which samples, data units; default: those that the map was calibrated on, from its layer `distances`.
    level : float
        Which quantile, in [0, 1]; 0.5 is the median, 1 the largest. The layer holds only some of them.
    ax : Axes, optional
        Where to; default: new axes of a pyplot figure.
    title : str, optional
        Above the map.

    Raises
    ------
    ParameterError
        If there are no samples, and no layer either or not this quantile in it.
    DataError, NotTrained
        As `best_matching_nodes`.
    NotInstalled
        If matplotlib is not there.
    """
    require_number("level", level, at_least=0, at_most=1)
    values = _kept(som, level) if samples is None else _measured(som, samples, level)
    label = distance_label(som, "median distance" if level == MEDIAN else f"distance, {level:.0%} quantile")
    return draw_nodes(som.lattice, values, ax=ax, title=title, label=label, empty="grey: no sample")


def _kept(som: Answers, level: float) -> NDArray[np.float64]:
    values, about = layer_of(som, DISTANCES)
    if level not in about["levels"]:
        raise ParameterError("level", f"be one of {about['levels']}, which the map keeps; or give samples", level)
    kept: NDArray[np.float64] = values[..., about["levels"].index(level)]
    return kept


def _measured(som: Answers, samples: Any, level: float) -> NDArray[np.float64]:
    learned = NodeDistances(som.lattice)
    for found in walk(som, samples, 1):
        learned.add(found)
    return learned.of_nodes((level,))[..., 0]
