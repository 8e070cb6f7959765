"""What can stand beside the map in a film: the U-matrix, or the curve of a metric as it grows."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.method.distance import Distance, along
from ksom.method.lattice import NOBODY, Lattice, neighbours
from ksom.method.umatrix import PIECE_BYTES
from ksom.pictures.lettering import WHITE
from ksom.pictures.view import View

ENDS = np.array([[0, 32, 77], [124, 123, 120], [255, 234, 70]])
"""Near, in between, far: a ramp that is told apart by whoever sees colours however, like cividis."""
LEVELS = 32
"""Colours of a U-matrix."""
MOST_POINTS = 1000
"""Of a curve; of more, every second is left out."""
INK, GRID = np.array([11, 92, 173]), np.array([200, 205, 211])
"""Colours of a curve, and of its axes."""


class Weighed(Protocol):
    """What is looked at: a run."""

    iteration: int
    iterations: int

    @property
    def weights(self) -> NDArray[Any]:
        """Shape (H, W, D)."""
        ...

    @property
    def distance(self) -> Distance:
        """How far nodes are from each other."""
        ...


class Beside(Protocol):
    """What stands beside the map."""

    colours: NDArray[np.uint8]
    """Those that it needs, shape (n, 3)."""
    label: str
    """What it shows, after it was drawn."""

    def drawn(self, run: Weighed, shape: tuple[int, int], first: int) -> NDArray[np.uint8]:
        """Return the picture, as indices of colours: those of its own begin at `first`."""
        ...


class UMatrix:
    """The mean distance of each node to its neighbours, from a frame's least to its largest: each has its own scale.

    A map that is in order is hundreds of times smoother than one of random weights; on one scale for all frames
    nothing could be seen of it.

    Parameters
    ----------
    lattice : Lattice
        The nodes' arrangement.
    view : View
        How the map is drawn.
    """

    def __init__(self, lattice: Lattice, view: View) -> None:
        steps = np.linspace(0, 2, LEVELS)[:, np.newaxis]
        below = np.minimum(steps.astype(int), 1)
        ramp = ENDS[below[:, 0]] + (steps - below) * (ENDS[below[:, 0] + 1] - ENDS[below[:, 0]])
        self.colours = np.rint(ramp).astype(np.uint8)
        self.label = ""
        self._view = view
        self._seen = view.reduced(np.arange(lattice.size).reshape(lattice.height, lattice.width))
        self._neighbours = neighbours(lattice)[self._seen.ravel()]

    def drawn(self, run: Weighed, shape: tuple[int, int], first: int) -> NDArray[np.uint8]:
        """Return the picture; `shape` is that of the view."""
        distances = self._distances(run)
        low, high = float(distances.min()), float(distances.max())
        shares = (distances - low) / (high - low) if 0 < high - low < math.inf else np.zeros_like(distances)
        levels = np.minimum(shares * LEVELS, LEVELS - 1).astype(np.uint8) + np.uint8(first)
        self.label = f"U-matrix, blue {low:.3g}, yellow {high:.3g}"
        return self._view.spread(levels.reshape(self._seen.shape), WHITE)

    def _distances(self, run: Weighed) -> NDArray[np.float64]:
        """Return the mean distances of the nodes that are seen, a few of them at a time."""
        weights = run.weights.reshape(-1, run.weights.shape[2])
        nodes = self._seen.ravel()
        found = np.zeros(nodes.size)
        at_once = max(1, PIECE_BYTES // (8 * weights.shape[1]))
        for begin in range(0, nodes.size, at_once):
            here = slice(begin, begin + at_once)
            table = self._neighbours[here]
            own = weights[nodes[here]].astype(np.float64)
            total = sum(
                np.where(column == NOBODY, 0, along(run.distance, own, weights[column].astype(np.float64)))
                for column in table.T
            )
            found[here] = total / np.maximum(1, (table != NOBODY).sum(axis=1))
        return found


class Curve:
    """The latest value of a metric at each frame, over the iterations: from 0, or the lowest, to the highest so far.

    Parameters
    ----------
    metric : str
        Its name.
    """

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.colours = np.array([INK, GRID], dtype=np.uint8)
        self.label = ""
        self._points: list[tuple[int, float]] = []
        self._now: tuple[int, float] | None = None
        self._step, self._count = 1, 0

    def take(self, newest: Iterable[Any] | None) -> None:
        """Take the iteration and the value of the newest measurement, maybe again; None: there is none yet."""
        point = None if newest is None else _point(newest)
        if point is None or point == self._now or not math.isfinite(point[1]):
            return
        if self._count % self._step == 0:
            self._points.append(point)
        self._count += 1
        if len(self._points) > MOST_POINTS:
            self._points, self._step = self._points[::2], 2 * self._step
        self._now = point

    def drawn(self, run: Weighed, shape: tuple[int, int], first: int) -> NDArray[np.uint8]:
        """Return the picture."""
        height, width = shape
        picture = np.full(shape, WHITE, dtype=np.uint8)
        bold = max(1, max(shape) // 250)
        ink, grid = first, first + 1
        picture[:, :bold] = picture[-bold:] = grid
        if self._now is None:
            self.label = f"{self.metric}: not yet"
            return picture
        points = np.array([*self._points, self._now])
        low, high = min(0.0, points[:, 1].min()), max(points[:, 1].max(), 0.0)
        x = bold + np.rint(points[:, 0] / run.iterations * (width - 2 * bold - 1)).astype(int)
        shares = (points[:, 1] - low) / ((high - low) or 1.0)
        y = np.rint((1 - shares) * (height - 2 * bold - 1)).astype(int)
        _draw_lines(picture, x, y, bold, ink)
        self.label = f"{self.metric} {self._now[1]:.3g}, top {high:.3g}"
        return picture

    def state(self) -> dict[str, Any]:
        """Return the points so far, as JSON can hold them."""
        return {"points": self._points, "step": self._step, "count": self._count, "now": self._now}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from the points so far.

        Raises
        ------
        ValueError
            If they are none.
        """
        try:
            self._points = [_point(point) for point in state["points"]]
            self._step, self._count = max(1, int(state["step"])), int(state["count"])
            self._now = None if state["now"] is None else _point(state["now"])
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def _point(told: Iterable[Any]) -> tuple[int, float]:
    iteration, value = told
    return int(iteration), float(value)


def _draw_lines(picture: NDArray[np.uint8], x: NDArray[np.int_], y: NDArray[np.int_], bold: int, colour: int) -> None:
    """Draw lines from point to point, so many pixels bold."""
    for x0, y0, x1, y1 in zip(x[:-1], y[:-1], x[1:], y[1:], strict=True):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        along_x, along_y = (np.rint(np.linspace(a, b, steps + 1)).astype(int) for a, b in ((x0, x1), (y0, y1)))
        for right in range(bold + 1):
            for down in range(bold + 1):
                picture[
                    np.minimum(along_y + down, len(picture) - 1), np.minimum(along_x + right, picture.shape[1] - 1)
                ] = colour
