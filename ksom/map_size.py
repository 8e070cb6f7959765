"""A map's size, chosen to fit the data."""

import logging
import math
from collections.abc import Callable
from typing import Any

from ksom.arguments import require_integer
from ksom.dataset import Dataset
from ksom.errors import ParameterError
from ksom.feed import Feed
from ksom.kohonensom_model import KohonenSOM
from ksom.method.initialisation import Source
from ksom.method.principal_axes import principal_axes

logger = logging.getLogger(__name__)

AUTO = "auto"
"""A side of the map that the data are to choose."""

NODES_PER_ROOT = 5.0
"""How many nodes for √N samples."""

LONGEST = 3.0
"""Longer side by shorter side, at most: on a narrower map only the first axis would be seen."""


def chosen_size(height: Any, width: Any, dataset: Dataset, seen_by: Callable[[], KohonenSOM]) -> tuple[Any, Any]:
    """Return a map's rows and columns, with numbers in place of "auto"; None beside an "auto" is "auto" too.

    Parameters
    ----------
    height, width : int, "auto" or None
        What was asked for; None: nothing.
    dataset : Dataset
        The samples.
    seen_by : callable
        Returns a map of any size that sees the samples as the one to be made will.

    Raises
    ------
    DataError, ParameterError
        If the data cannot be learned from, or a side is no size.
    """
    if not any(isinstance(side, str) and side == AUTO for side in (height, width)):
        return height, width
    feed = Feed(dataset, intake=seen_by().intake)
    return map_size(feed, *(AUTO if side is None else side for side in (height, width)))


def map_size(source: Source, height: int | str = AUTO, width: int | str = AUTO) -> tuple[int, int]:
    """Return the rows and columns of a map for some samples, and log why.

    5 · √N nodes, at least 2 along a side that is chosen. If both are, the side ratio is √(λ₁/λ₂), at most 3, with λ the
    variances along the first two principal axes, and columns are the longer side. A height that is chosen is even, so
    that the rows of a hexagonal lattice can be wrapped.

    Parameters
    ----------
    source : Feed
        The N samples, as the map sees them.
    height, width : int or "auto"
        What is given already.

    Raises
    ------
    ParameterError
        If a side is neither a positive integer nor "auto".

    References
    ----------
    J. Vesanto et al., SOM Toolbox for Matlab 5, Helsinki University of Technology, report A57, 2000, section 4.

    Examples
    --------
    >>> from ksom.dataset import Dataset
    >>> from ksom.feed import Feed
    >>> plate = Feed(Dataset([[x / 10, x % 3] for x in range(100)]))
    >>> map_size(plate), map_size(plate, width=5)
    ((4, 12), (10, 5))
    """
    _require_side("height", height)
    _require_side("width", width)
    nodes = NODES_PER_ROOT * math.sqrt(len(source))
    why = f"5 √N = {nodes:.0f}"
    if height == width == AUTO:
        ratio = _side_ratio(source)
        width = max(2, round(math.sqrt(nodes * ratio)))
        why += f", side ratio {ratio:.2g} as √(λ1/λ2), at most {LONGEST:g}"
    columns = max(2, round(nodes / int(height))) if width == AUTO else int(width)
    rows = max(2, 2 * round(nodes / columns / 2)) if height == AUTO else int(height)
    logger.info("%d × %d nodes: %s", rows, columns, why)
    return rows, columns


def _side_ratio(source: Source) -> float:
    """Return √(λ₁/λ₂), at most 3: how much longer the data are than wide; 1 where they have no extent."""
    first, second = (float(deviation) for deviation in principal_axes(source.blocks).deviations)
    if first == 0:
        return 1.0
    return min(LONGEST, first / second) if second > 0 else LONGEST


def _require_side(name: str, value: Any) -> None:
    try:
        if value != AUTO:
            require_integer(name, value, minimum=1)
    except ParameterError:
        raise ParameterError(name, 'be an integer of at least 1, or "auto"', value) from None
