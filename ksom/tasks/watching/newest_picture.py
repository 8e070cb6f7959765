"""The newest picture of a run's map: the last frame of its film, or its newest map in the film's colours."""

import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import KsomError
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.pictures.film_frames import FilmFrames
from ksom.pictures.picture import LARGEST_SIDE, SMALLEST_SIDE, colours_of_nodes
from ksom.pictures.raster import NOWHERE, nodes_of_pixels
from ksom.pictures.view import view_of
from ksom.runs.checkpoint import checkpoint_paths
from ksom.runs.run_folder import CHECKPOINTS, MAP
from ksom.tasks.sight import loaded, mapping, newest_map, whole

FILM = "vlog.gif"
MOST_NODES = 10**8
"""A configuration that tells of more is not believed."""


class Picture(NamedTuple):
    """What a map looks like."""

    pixels: NDArray[np.uint8]
    """Red, green, blue, shape (h, w, 3)."""
    is_there: NDArray[np.bool_]
    """Where there is a node, shape (h, w)."""
    source: str
    """Which file it is from, and of which iteration if that is known."""
    nodes: tuple[int, int] | None = None
    """Rows and columns of nodes, if these are blocks of pixels."""

    def fitting(self, height: int, width: int) -> "Picture":
        """Return it in at most so many pixels, without mixing any; nodes are of the same size where there is room."""
        rows, columns = self.pixels.shape[:2]
        if self.nodes is not None and min(height // self.nodes[0], width // self.nodes[1]) >= 1:
            times = min(height // self.nodes[0], width // self.nodes[1])
            shape = self.nodes[0] * times, self.nodes[1] * times
        else:
            share = min(height / rows, width / columns)
            shape = max(1, int(rows * share)), max(1, int(columns * share))
        at = np.ix_(
            *(((np.arange(to) + 0.5) * of / to).astype(int) for to, of in zip(shape, (rows, columns), strict=True))
        )
        return self._replace(pixels=self.pixels[at], is_there=self.is_there[at])


class NewestPicture:
    """The newest picture of a run; what has not changed is not read again.

    Parameters
    ----------
    folder : Path
        The run folder.
    """

    MOST_PIXELS = 400
    """Of the longer side of a map that is drawn here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[Any, ...] = ()
        self._picture: Picture | None = None
        self._map: tuple[_Shape, NDArray[np.bool_]] | None = None

    def look(self, config: Mapping[str, Any], summary: Mapping[str, Any] | None) -> Picture | None:
        """Return the picture; the one before while a new one cannot be read, None if there is none yet."""
        film, newest = self._folder / FILM, self._newest()
        seen = (_stamp(film), newest, _stamp(newest) if newest else None)
        if seen != self._seen:
            with suppress(KsomError, OSError):
                self._picture = self._of_film(film, config) if seen[0] else self._of_map(summary)
                self._seen = seen
        return self._picture

    def _newest(self) -> Path | None:
        with suppress(KsomError):
            paths = [*checkpoint_paths(self._folder / CHECKPOINTS)]
            return self._folder / MAP if _stamp(self._folder / MAP) else paths[-1] if paths else None
        return None

    def _of_film(self, film: Path, config: Mapping[str, Any]) -> Picture:
        with FilmFrames(film) as frames:
            frame = frames[len(frames) - 1]
        pixels = frame.colours[frame.picture[: len(frame.picture) - frame.caption_height]]
        told = f"{FILM}, {frame.caption}" if frame.caption else FILM
        shape = _shape_of(config)
        if shape is None:
            return Picture(pixels, np.ones(pixels.shape[:2], np.bool_), told)
        if self._map is None or self._map[0] != shape:
            self._map = (shape, _is_map(shape))
        height, width = self._map[1].shape
        is_there = self._map[1][: len(pixels), : pixels.shape[1]]
        pixels = pixels[:height, :width]
        is_whole = pixels.shape[:2] == (height, width)
        nodes = (shape.height, shape.width) if not shape.is_hexagonal and max(shape[:2]) <= shape.size else None
        return Picture(pixels, is_there, told, nodes if is_whole else None)

    def _of_map(self, summary: Mapping[str, Any] | None) -> Picture | None:
        path, iteration = newest_map(self._folder, summary)
        som, _ = loaded(path, [])
        lattice, weights = som.lattice, som.weights.reshape(som.lattice.size, -1)
        nodes = (lattice.height, lattice.width) if not lattice.shift else None
        few = max(lattice.height, lattice.width) <= self.MOST_PIXELS
        shown = np.arange(lattice.size).reshape(nodes) if nodes and few else nodes_of_pixels(lattice, self.MOST_PIXELS)
        colours = colours_of_nodes(weights)
        pixels = colours.of(weights[np.maximum(shown, 0)])
        told = "" if iteration is None else f", iteration {iteration}"
        return Picture(pixels, shown != NOWHERE, f"{path.relative_to(self._folder)}{told}", nodes if few else None)


class _Shape(NamedTuple):
    """What decides where in a frame of a film the map is."""

    height: int
    width: int
    size: int
    is_hexagonal: bool


def _shape_of(config: Mapping[str, Any]) -> _Shape | None:
    """Return what a configuration tells of the map in a film; None for a chain, which is shown with its past."""
    model, vlog = mapping(config.get("MODEL")), mapping(mapping(config.get("HOOKS")).get("VLOG"))
    height, width, size = whole(model.get("HEIGHT")), whole(model.get("WIDTH")), whole(vlog.get("SIZE"))
    lattice = mapping(model.get("LATTICE")).get("NAME", model.get("LATTICE"))
    if not height or not width or not size or min(height, width) < 2 or not SMALLEST_SIDE <= size <= LARGEST_SIDE:
        return None
    if lattice not in {"rectangular", "hexagonal"} or height * width > MOST_NODES:
        return None
    return _Shape(height, width, size, lattice == "hexagonal")


def _is_map(shape: _Shape) -> NDArray[np.bool_]:
    """Return which pixels of a frame, from its left upper corner, show a node."""
    lattice = (Hexagonal if shape.is_hexagonal else Rectangular)(shape.height, shape.width)
    view = view_of(lattice, shape.size)
    is_there: NDArray[np.bool_] = view.spread(view.reduced(np.ones((shape.height, shape.width), np.bool_)), False)
    return is_there


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file; None if it is none, or a link."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            return found.st_ino, found.st_size, found.st_mtime_ns
    return None
