"""A film as a page of one file: its frames, a slider, a button, keys; and as what other pages can show of it."""

import base64
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.film_frames import FilmFrames, Frame
from ksom.pictures.page import Page
from ksom.whole_files import replacing

MOST_FRAMES = 100
"""Of a film in a page."""
MOST_BYTES = 2**21
"""Of all frames of a film in a page, as text."""
PNG_LEVEL = 6
"""How hard frames are compressed: as fast as 3 for blocks of one colour, and less than half its bytes."""


class _Shot(NamedTuple):
    number: int
    text: str
    caption: str | None


class Shots:
    """What pages show of a film, gathered from its frames, one after another.

    Frames are lossless. Where there are too many, or they are too large, every second, fourth … is left out, never the
    first and the last.

    Parameters
    ----------
    most_frames : int
        How many frames at most, at least 2.
    most_bytes : int
        How long their texts are at most, together; the first and the last are there whatever their size.
    """

    def __init__(self, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> None:
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._shots: list[_Shot] = []
        self._step = 1
        self._number = -1

    def __len__(self) -> int:
        return self._number + 1

    def take(self, frame: Frame) -> None:
        """Take the next frame."""
        self.pass_over()
        self._newest = frame
        if self._number == 0:
            self._width, self._seconds = frame.picture.shape[1], frame.seconds
        if self.wants(self._number):
            self._add_newest()

    def pass_over(self) -> None:
        """Go on without a frame, which is not wanted, and is not the last one."""
        self._number += 1

    def wants(self, number: int) -> bool:
        """Whether the frame of this number is among those that are shown, as far as is known, if it is not the last."""
        return number % self._step == 0

    def shown(self) -> dict[str, Any]:
        """Return the film as pages take it, see `film_data`; its last frame is the newest, and no more can be taken."""
        if self._shots[-1].number != self._number:
            self._add_newest()
        shots, count = self._shots, len(self)
        return {
            "frames": [shot.text for shot in shots],
            "captions": [shot.caption or f"frame {shot.number + 1} of {count}" for shot in shots],
            "width": self._width,
            "fps": round(1 / max(0.02, self._seconds), 2),
            "note": f"{len(shots)} of the film's {count} frames" if len(shots) < count else None,
        }

    def _add_newest(self) -> None:
        self._shots.append(_shot(self._number, self._newest))
        while len(self._shots) > 2 and self._are_too_many():
            self._step *= 2
            self._shots = [shot for shot in self._shots if self.wants(shot.number) or shot.number == self._number]

    def _are_too_many(self) -> bool:
        return len(self._shots) > self._most_frames or sum(len(shot.text) for shot in self._shots) > self._most_bytes


def film_data(path: Path, *, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return a film as pages take it: what `filmPlayer` of `film.js` shows. See `Shots` for which frames.

    Parameters
    ----------
    path : Path
        A film, such as a run's vlog.gif; it may be growing.
    most_frames : int
        How many frames at most, at least 2.
    most_bytes : int
        How long their texts are at most, together; the first and the last are there whatever their size.

    Returns
    -------
    dict
        "frames": data URIs of PNG files, without the caption if that can be read, a pixel for each block where nodes
        are blocks; "captions": a text for each of them; "width": pixels that a frame is wide when it is shown; "fps":
        frames per second; "note": which share of the film it is, None if it is all of it.

    Raises
    ------
    DataError
        If it is no film that ksom made.
    """
    with FilmFrames(path) as frames:
        shots = Shots(most_frames, most_bytes)
        for number in range(len(frames)):
            if shots.wants(number) or number == len(frames) - 1:
                shots.take(frames[number])
            else:
                shots.pass_over()
        return shots.shown()


def film_page(film: Mapping[str, Any], title: str) -> str:
    """Return a page that shows a film, text of an HTML file: it opens offline.

    Parameters
    ----------
    film : mapping
        The film, as `film_data` or `Shots.shown` tells it.
    title : str
        What the page is called; shown as text.
    """
    body = '<main class="filmPage"><h1 id="title"></h1><div id="film"></div></main>'
    data = {"title": title, "film": film}
    return Page(title, ["film", "film_page"], ["page", "film"], data, body=body).as_html()


def write_film_page(film: Mapping[str, Any], path: Path, title: str) -> None:
    """Write the page of a film, whole or absent; see `film_page`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    page = film_page(film, title).encode()
    with replacing(path) as file:
        file.write(page)


def _shot(number: int, frame: Frame) -> _Shot:
    picture = frame.picture[: len(frame.picture) - frame.caption_height]
    encoded = base64.b64encode(_png(_in_blocks(picture), frame.colours)).decode("ascii")
    return _Shot(number, f"data:image/png;base64,{encoded}", frame.caption)


def _in_blocks(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a pixel of each block, if the picture is made of blocks of one size, as rectangular nodes are.

    A browser enlarges it again: 10 × 10 nodes take 0.3 kB instead of 2, in no time.
    """
    for side in range(math.gcd(*picture.shape), 1, -1):
        if picture.shape[0] % side == 0 and picture.shape[1] % side == 0:
            corners = picture[::side, ::side]
            first = picture[0].reshape(-1, side)  # tells nearly always, and is looked at in no time
            if np.array_equal(first, np.repeat(corners[:1].T, side, axis=1)) and np.array_equal(
                np.repeat(np.repeat(corners, side, axis=0), side, axis=1), picture
            ):
                return corners
    return picture


def _png(picture: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    image = Image.frombuffer("P", picture.shape[::-1], np.ascontiguousarray(picture), "raw", "P", 0, 1)
    image.putpalette(colours.tobytes())
    file = io.BytesIO()
    image.save(file, "png", compress_level=PNG_LEVEL)
    return file.getvalue()
