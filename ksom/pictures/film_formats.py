"""A film in other formats, which cannot grow: made from the GIF when it has ended, a frame at a time."""

import io
import os
import struct
from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import KsomError, NotInstalled, OutputError, one_line
from ksom.pictures.film_frames import FilmFrames, Frame
from ksom.whole_files import replacing

CLOCK = 100
"""Ticks of a second, as in a GIF."""
X264 = {"crf": "16", "tune": "animation", "preset": "veryfast"}
"""How an MP4 is compressed; crf is the loss, from 0, none, to 51: from 18 on downwards nobody sees it."""
EFFORT = 20
"""How hard a frame of a WebP is compressed, from 0 to 100; all of them lose nothing."""


def require_format(name: str) -> None:
    """Refuse a format whose library is not there.

    Raises
    ------
    NotInstalled
        Saying what to install.
    """
    if name == "mp4" and find_spec("av") is None:
        raise NotInstalled("a film in MP4 needs PyAV, which is not installed; pip install av")


def write_film(film: Path, path: Path) -> None:
    """Write a film in another format, that of the new name's suffix; the file is whole or absent.

    Parameters
    ----------
    film : Path
        A film that ksom made, a GIF.
    path : Path
        The new file: .mp4 or .webp.

    Raises
    ------
    DataError
        If it is no film that ksom made.
    NotInstalled
        If a library is missing.
    OutputError
        If the file cannot be written, or the format does not hold such pictures.
    """
    require_format(path.suffix[1:])
    write = FORMATS[path.suffix[1:]]
    with FilmFrames(film) as frames, replacing(path) as file:
        try:
            write(frames, file)
        except (KsomError, OSError):
            raise
        except Exception as error:  # each library has its own for what it cannot do, such as a picture that is too wide
            told = f"a film of {frames.width} × {frames.height} pixels cannot become one ({one_line(str(error))})"
            raise OutputError(f"{path}: {told}") from error


def _write_mp4(frames: FilmFrames, file: IO[bytes]) -> None:
    """Write H.264, which every browser and editor plays: it wants an even number of pixels."""
    import av

    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=CLOCK, options=X264)
        stream.width, stream.height = (side + side % 2 for side in (frames.width, frames.height))
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, CLOCK)
        ticks = 0

        def show(picture: NDArray[np.uint8], at: int) -> None:
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            shown.pts, shown.time_base = at, Fraction(1, CLOCK)
            container.mux(stream.encode(shown))

        for number in range(len(frames)):
            frame = frames[number]
            picture = _even(_in_colour(frame))
            show(picture, ticks)
            ticks += max(2, round(frame.seconds * CLOCK))
        show(picture, ticks - 1)  # a frame lasts until the next one, and the last one should be looked at
        container.mux(stream.encode(None))


def _write_webp(frames: FilmFrames, file: IO[bytes]) -> None:
    """Write a lossless animation: RIFF chunks, of which a frame's holds what Pillow makes of it alone.

    References
    ----------
    WebP Container Specification, https://developers.google.com/speed/webp/docs/riff_container
    """
    size = _three(frames.width - 1) + _three(frames.height - 1)
    file.write(b"RIFF\0\0\0\0WEBP")
    file.write(_chunk(b"VP8X", struct.pack("<I", 0b10) + size))
    file.write(_chunk(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", 0)))  # on white, again and again
    for number in range(len(frames)):
        frame = frames[number]
        place = _three(0) + _three(0) + size + _three(round(frame.seconds * 1000)) + b"\2"  # not mixed with the last
        file.write(_chunk(b"ANMF", place + _webp(frame)))
    end = file.tell()
    file.seek(4)
    file.write(struct.pack("<I", end - 8))
    file.seek(0, os.SEEK_END)


def _webp(frame: Frame) -> bytes:
    """Return a frame as a WebP file holds it, without the file's head."""
    from PIL import Image

    alone = io.BytesIO()
    Image.fromarray(_in_colour(frame)).save(alone, "webp", lossless=True, quality=EFFORT, method=0)
    return alone.getvalue()[12:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _in_colour(frame: Frame) -> NDArray[np.uint8]:
    return frame.colours[frame.picture]


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture with an even number of rows and columns, white at the end."""
    rows, columns = (side % 2 for side in picture.shape[:2])
    return np.pad(picture, ((0, rows), (0, columns), (0, 0)), constant_values=255)


FORMATS: dict[str, Callable[[FilmFrames, IO[bytes]], None]] = {"mp4": _write_mp4, "webp": _write_webp}
"""How a film is written in each of them."""
