"""A film as a page of one file: its frames, a slider, a button, keys; and as what other pages can show of it."""

import base64
import io
import math
from collections.abc import Sequence
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


def film_data(path: Path, *, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Return a film as pages take it: what `filmPlayer` of `film.js` shows.

    Frames are lossless. Where there are too many, or they are too large, every second, fourth … is left out, never the
    first and the last.

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
        step, shots = 1, list[_Shot]()
        for number in range(len(frames)):
            if number % step and number < len(frames) - 1:
                continue
            shots.append(_shot(number, frames[number]))
            while len(shots) > 2 and (len(shots) > most_frames or sum(len(shot.text) for shot in shots) > most_bytes):
                step *= 2
                shots = _thinned(shots, step, len(frames) - 1)
        return {
            "frames": [shot.text for shot in shots],
            "captions": [shot.caption or f"frame {shot.number + 1} of {len(frames)}" for shot in shots],
            "width": frames.width,
            "fps": round(1 / max(0.02, frames[0].seconds), 2),
            "note": f"{len(shots)} of the film's {len(frames)} frames" if len(shots) < len(frames) else None,
        }


def film_page(path: Path, title: str) -> str:
    """Return a page that shows a film, text of an HTML file: it opens offline.

    Parameters
    ----------
    path : Path
        The film.
    title : str
        What the page is called; shown as text.

    Raises
    ------
    DataError
        If it is no film that ksom made.
    """
    body = '<main class="filmPage"><h1 id="title"></h1><div id="film"></div></main>'
    data = {"title": title, "film": film_data(path)}
    return Page(title, ["film", "film_page"], ["page", "film"], data, body=body).as_html()


def write_film_page(film: Path, path: Path, title: str) -> None:
    """Write the page of a film, whole or absent; see `film_page`.

    Raises
    ------
    DataError
        If it is no film that ksom made.
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
            if np.array_equal(np.repeat(np.repeat(corners, side, axis=0), side, axis=1), picture):
                return corners
    return picture


def _thinned(shots: Sequence[_Shot], step: int, last: int) -> list[_Shot]:
    return [shot for shot in shots if shot.number % step == 0 or shot.number == last]


def _png(picture: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    image = Image.frombuffer("P", picture.shape[::-1], np.ascontiguousarray(picture), "raw", "P", 0, 1)
    image.putpalette(colours.tobytes())
    file = io.BytesIO()
    image.save(file, "png", compress_level=PNG_LEVEL)
    return file.getvalue()
