"""The newest picture of a run's map: the last frame of its film, or its newest map in the film's colours."""

import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import KsomError
from ksom.pictures.film_frames import FilmFrames
from ksom.pictures.picture import Scale, colours_for
from ksom.pictures.raster import NOWHERE, nodes_of_pixels
from ksom.runs.checkpoint import checkpoint_paths
from ksom.runs.run_folder import CHECKPOINTS, MAP
from ksom.tasks.sight import loaded, mapping, newest_map, whole

FILM = "vlog.gif"
COLOURS_FROM = 10_000
"""Nodes that the colours of a map follow from, where no film tells them."""


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
        size, nodes = _map_in_film(config)
        if size is not None and size[0] <= pixels.shape[0] and size[1] <= pixels.shape[1]:
            pixels = pixels[: size[0], : size[1]]
        else:
            nodes = None
        told = f", {frame.caption}" if frame.caption else ""
        return Picture(pixels, np.ones(pixels.shape[:2], np.bool_), f"{FILM}{told}", nodes)

    def _of_map(self, summary: Mapping[str, Any] | None) -> Picture | None:
        path, iteration = newest_map(self._folder, summary)
        som, _ = loaded(path, [])
        lattice, weights = som.lattice, som.weights.reshape(som.lattice.size, -1)
        nodes = (lattice.height, lattice.width) if not lattice.shift else None
        few = max(lattice.height, lattice.width) <= self.MOST_PIXELS
        shown = np.arange(lattice.size).reshape(nodes) if nodes and few else nodes_of_pixels(lattice, self.MOST_PIXELS)
        colours = colours_for(weights[:: -(-len(weights) // COLOURS_FROM)])
        pixels = colours.of(weights[np.maximum(shown, 0)])
        told = "" if iteration is None else f", iteration {iteration}"
        return Picture(pixels, shown != NOWHERE, f"{path.relative_to(self._folder)}{told}", nodes if few else None)


def _map_in_film(config: Mapping[str, Any]) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return how many pixels of a frame, from its left upper corner, are the map; and its nodes, if they are blocks."""
    model, vlog = mapping(config.get("MODEL")), mapping(mapping(config.get("HOOKS")).get("VLOG"))
    height, width, size = whole(model.get("HEIGHT")), whole(model.get("WIDTH")), whole(vlog.get("SIZE"))
    if not height or not width or not size or min(height, width, size) < 1:
        return None, None
    scale = Scale.to_fit(height, width, size)
    rows, columns = (-(-side // reduce) for side, reduce in zip((height, width), scale.reduce, strict=True))
    shown = (rows, columns) if rows > 1 and columns > 1 else None
    return (rows * scale.enlarge[0], columns * scale.enlarge[1]), shown


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file; None if it is none, or a link."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            return found.st_ino, found.st_size, found.st_mtime_ns
    return None
