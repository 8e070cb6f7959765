"""Which nodes a picture of a map shows where: blocks on a rectangular lattice, hexagons on a hexagonal one."""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice
from ksom.pictures.picture import SMALLEST_SIDE, Scale
from ksom.pictures.raster import NOWHERE, nodes_of_pixels


class View(Protocol):
    """How a map is drawn as pixels: first what is to be seen of the nodes, then where it is seen."""

    @property
    def reduce(self) -> tuple[int, int]:
        """Nodes for which one of them stands, down and across."""
        ...

    def reduced(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what is seen of the nodes' values, shape (height, width, …), in some rows and columns (h, w, …)."""
        ...

    def spread(self, seen: NDArray[Any], background: Any) -> NDArray[Any]:
        """Return a picture of what is seen, the background where there is no node."""
        ...


def view_of(lattice: Lattice, size: int) -> View:
    """Return how a map is drawn on about `size` pixels of its longer side.

    A hexagonal lattice of one row or one column, or so long that it would be less than 16 pixels high, is drawn as
    blocks: they can be made as high as one likes.
    """
    height, width = lattice.height, lattice.width
    if lattice.shift and min(height, width) > 1:
        hexagons = Hexagons(lattice, size)
        if min(hexagons.shape) >= SMALLEST_SIDE:
            return hexagons
    return Blocks(Scale.to_fit(height, width, size))


class Blocks:
    """Each node a block of pixels, or each pixel one of a block of nodes.

    Parameters
    ----------
    scale : Scale
        How many.
    """

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.reduce = scale.reduce

    def reduced(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of one node of each block of nodes."""
        return self.scale.reduced(values)

    def spread(self, seen: NDArray[Any], background: Any = None) -> NDArray[Any]:
        """Return a picture with a block for each."""
        return self.scale.enlarged(seen)


class Hexagons:
    """Each pixel shows the node whose area covers its middle.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement, with shifted rows.
    size : int
        Pixels of the longer side, about: hexagons are a whole number of pixels wide, where there are so many.
    """

    def __init__(self, lattice: Lattice, size: int) -> None:
        across, down = _extent(lattice)
        pixels = size / max(across, down)  # for a step
        even = 2 * math.floor(pixels / 2)  # half a step is a whole number as well
        self._nodes = nodes_of_pixels(lattice, round((even or pixels) * max(across, down)))
        self._is_node = self._nodes != NOWHERE
        self._by_pixel = lattice.size > self._nodes.size
        self.shape = self._nodes.shape
        self.reduce = (max(1, round(1 / pixels)),) * 2

    def reduced(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of all nodes, or of the one that each pixel shows, where these are fewer."""
        return values.reshape(-1, *values.shape[2:])[self._nodes] if self._by_pixel else values

    def spread(self, seen: NDArray[Any], background: Any) -> NDArray[Any]:
        """Return a picture with a hexagon for each node."""
        rest = seen.shape[2:]
        picture = seen if self._by_pixel else seen.reshape(-1, *rest)[self._nodes]
        return np.where(
            self._is_node.reshape(*self.shape, *[1] * len(rest)), picture, np.asarray(background, seen.dtype)
        )


def _extent(lattice: Lattice) -> tuple[float, float]:
    """Return how wide and how high all nodes' areas are together, lattice steps."""
    corners = np.array(lattice.outline)
    corner = corners.max(axis=0) - corners.min(axis=0)
    across = lattice.width - 1 + lattice.shift + corner[0]
    return float(across), float((lattice.height - 1) * math.sqrt(lattice.row_square) + corner[1])
