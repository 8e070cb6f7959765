"""The frames of a film that is there, one at a time: what pages and other formats are made from."""

import io
import os
import re
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError
from ksom.pictures.lettering import LINE_HEIGHT, read_line
from ksom.regular_files import open_regular

EXTENSION, IMAGE, END = b"\x21", b"\x2c", b"\x3b"
CONTROL = 0xF9
"""The extension that says how long the next frame is shown."""
CAPTION = re.compile(r"iteration +\d+ of \d+")
MOST_PIXELS = 170_000_000
"""Of a frame: more than twice what the largest picture has."""


class Frame(NamedTuple):
    """A frame of a film."""

    picture: NDArray[np.uint8]
    """Indices of colours, shape (h, w)."""
    colours: NDArray[np.uint8]
    """Shape (n, 3)."""
    seconds: float
    """How long it is shown."""
    caption: str | None = None
    """What is written under it; None if that cannot be read."""
    caption_height: int = 0
    """Rows at the picture's end that hold the caption."""


class FilmFrames:
    """The frames of a film, found by one walk over the file, which is kept open; a film may be growing meanwhile.

    Parameters
    ----------
    path : Path
        A film that ksom made: every frame is a whole picture with colours of its own.

    Raises
    ------
    DataError
        If it is none, or has no whole frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open_regular(path)
        except OSError as error:
            raise self._refused(f"cannot be read ({error.strerror or error})") from error
        try:
            self.width, self.height = self._size()
            self._places = list(self._walk())
            if not self._places:
                raise self._refused("is a film without a frame")
        except BaseException:
            self.close()
            raise
        self._bold: int | None = None

    def __enter__(self) -> "FilmFrames":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Frame:
        from PIL import Image

        start, end, seconds = self._places[number]
        self._file.seek(start)
        whole = self._screen + self._file.read(end - start) + END
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size is known
                with Image.open(io.BytesIO(whole), formats=["GIF"]) as image:
                    picture, palette = np.array(image), image.getpalette()
        except (OSError, ValueError, SyntaxError) as error:
            raise self._refused(f"is damaged at its frame {number + 1}") from error
        if picture.ndim != 2 or palette is None:
            raise self._refused("is not a film that ksom made")
        frame = Frame(picture, np.array(palette, np.uint8).reshape(-1, 3), seconds)
        if picture.size and picture.max() >= len(frame.colours):
            raise self._refused(f"is damaged at its frame {number + 1}")
        return self._captioned(frame)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _captioned(self, frame: Frame) -> Frame:
        found = read_line(frame.picture, " iteratonf0123456789", self._bold)
        if found is None or not CAPTION.fullmatch(found[0]):
            return frame
        caption, self._bold = found
        return frame._replace(caption=" ".join(caption.split()), caption_height=LINE_HEIGHT * self._bold)

    def _size(self) -> tuple[int, int]:
        self._screen = self._file.read(13)
        if len(self._screen) < 13 or not self._screen.startswith(b"GIF8") or self._screen[10] & 0x80:
            raise self._refused("is not a film that ksom made")
        width, height = struct.unpack("<HH", self._screen[6:10])
        if width * height > MOST_PIXELS:
            raise self._refused(f"has frames of {width} × {height} pixels, more than ksom makes")
        return width, height

    def _walk(self) -> Iterator[tuple[int, int, float]]:
        """Yield where each whole frame begins and ends, and how long it is shown, seconds."""
        file, start, seconds = self._file, 13, 0.0
        length = os.fstat(file.fileno()).st_size
        while (kind := file.read(1)) in {EXTENSION, IMAGE}:
            if kind == EXTENSION:
                head = file.read(5)
                if head[:1] == bytes([CONTROL]) and len(head) == 5:
                    start, seconds = file.tell() - 6, int.from_bytes(head[3:5], "little") / 100
                file.seek(1 - len(head), os.SEEK_CUR)
            else:
                descriptor = file.read(9)
                if len(descriptor) < 9:
                    return
                if struct.unpack("<HHHH", descriptor[:8]) != (0, 0, self.width, self.height):
                    raise self._refused("is not a film that ksom made: its frames are parts of pictures")
                colours = 3 << (descriptor[8] & 7) + 1 if descriptor[8] & 0x80 else 0
                file.seek(colours + 1, os.SEEK_CUR)
            if not _skipped(file, length):
                return
            if kind == IMAGE:
                yield start, file.tell(), seconds
                start = file.tell()

    def _refused(self, why: str) -> DataError:
        return DataError(f"{self.path}: {why}")


def _skipped(file: IO[bytes], length: int) -> bool:
    """Go behind blocks of data that each say how long they are; whether they came to an end."""
    while size := file.read(1):
        if size == b"\0":
            return True
        if file.seek(size[0], os.SEEK_CUR) > length:
            return False
    return False
