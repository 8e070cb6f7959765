"""A GIF that grows: appended frame by frame in constant memory, and a whole GIF after every frame."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.film_frames import Frame
from ksom.pictures.lettering import WHITE, line_of, scale_for
from ksom.pictures.palette import indexed
from ksom.pictures.picture import enlarged
from ksom.whole_files import AppendOnlyFile

TRAILER = b"\x3b"


class Film:
    """A GIF file, made on the first frame, or continued.

    Parameters
    ----------
    path : Path
        The file. One that is there already, cut back to some frame, is continued.
    """

    def __init__(self, path: Path) -> None:
        self._file = AppendOnlyFile(path)

    @property
    def is_new(self) -> bool:
        """Whether the film has no frame yet."""
        return self._file.size == 0

    def append(
        self, pixels: NDArray[np.uint8], seconds: float, *, enlarge: tuple[int, int] = (1, 1), caption: str = ""
    ) -> None:
        """Append a frame.

        Parameters
        ----------
        pixels : ndarray of shape (h, w, 3)
            The frame; every frame of a film has the same shape.
        seconds : float
            How long it is shown; GIFs count hundredths.
        enlarge : tuple of int
            How many pixels of the film, down and across, each pixel becomes.
        caption : str
            A line under the picture, which becomes wider if it must; every frame of a film has one of the same length.
        """
        indices, colours = indexed(pixels)
        picture = enlarged(indices + np.uint8(2), enlarge)  # after black and white
        self.add(_with_caption(picture, caption) if caption else picture, colours, seconds)

    def add(self, picture: NDArray[np.uint8], colours: NDArray[np.uint8], seconds: float) -> Frame:
        """Append a frame that is put together already; return it as `FilmFrames` reads it again, without its caption.

        Parameters
        ----------
        picture : ndarray of shape (h, w)
            Indices into black, white and the colours; every frame of a film has the same shape.
        colours : ndarray of shape (n, 3)
            At most 254.
        seconds : float
            How long it is shown; GIFs count hundredths.
        """
        self._file.require_there()
        frame = Frame(picture, _table(colours), _hundredths(seconds) / 100)
        if self.is_new:
            self._file.append(_header(*picture.shape) + _encoded(frame) + TRAILER)
        else:
            self._file.append(_encoded(frame) + TRAILER, over=len(TRAILER))
        return frame

    def restore_trailer(self) -> None:
        """End a film whole that was cut back to some frame: the next one had begun where its trailer was."""
        if not self.is_new:
            self._file.append(TRAILER, over=len(TRAILER))

    def close(self) -> None:
        """Close the file; nothing is held back until then."""
        self._file.close()


def _header(height: int, width: int) -> bytes:
    """Return the start of a GIF 89a that repeats for ever, each frame with colours of its own."""
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x70, 0, 0)
    return screen + b"\x21\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, 0, 0)


def _table(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return black, white and the colours as a GIF holds them, four, eight, … of them: the rest is black."""
    count = 2 + len(colours)
    table = np.zeros((max(4, 1 << (count - 1).bit_length()), 3), np.uint8)
    table[WHITE], table[2:count] = 255, colours
    return table


def _hundredths(seconds: float) -> int:
    """Return how long a frame is shown, as a GIF counts; browsers take less than two for a slow film."""
    return max(2, round(seconds * 100))


def _encoded(frame: Frame) -> bytes:
    """Return a frame as a GIF holds it."""
    from PIL import GifImagePlugin, Image

    image = Image.frombuffer("P", frame.picture.shape[::-1], frame.picture, "raw", "P", 0, 1)
    image.putpalette(frame.colours.tobytes())
    milliseconds = 10 * _hundredths(frame.seconds)
    return b"".join(GifImagePlugin.getdata(image, duration=milliseconds, include_color_table=True))


def _with_caption(picture: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """Return a picture with a line under it, white to the right."""
    line = line_of(caption, scale_for(picture.shape, len(caption)))
    width = max(picture.shape[1], line.shape[1])
    rows = (np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=WHITE) for part in (picture, line))
    return np.concatenate(list(rows))
