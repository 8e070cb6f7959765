"""A GIF that grows: appended frame by frame in constant memory, and a whole GIF after every frame."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.whole_files import AppendOnlyFile

TRAILER = b"\x3b"
EXACT_COLOURS = 254
"""Colours that a frame keeps exactly; two of a GIF's 256 are black and white, for the caption."""
FEW_PIXELS = 20_000
"""Up to here colours are chosen with more care: 5 ms for 10,000 pixels."""
REFINEMENTS = 3
"""After so many the colours of a map are as near as after a median cut and k-means by Pillow, which took 40 ms."""
CAPTION_HEIGHT = 18
"""Pixels."""


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
            A line under the picture; every frame of a film has one, or none has.
        """
        image = _with_caption(_indexed(pixels, enlarge), caption)
        frame = _frame(image, seconds)
        if self.is_new:
            self._file.append(_header(image.width, image.height) + frame + TRAILER)
        else:
            self._file.append(frame + TRAILER, over=len(TRAILER))

    def restore_trailer(self) -> None:
        """End a film whole that was cut back to some frame: the next one had begun where its trailer was."""
        if not self.is_new:
            self._file.append(TRAILER, over=len(TRAILER))

    def close(self) -> None:
        """Close the file; nothing is held back until then."""
        self._file.close()


def _header(width: int, height: int) -> bytes:
    """Return the start of a GIF 89a that repeats for ever, each frame with colours of its own."""
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x70, 0, 0)
    return screen + b"\x21\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, 0, 0)


def _frame(image: Any, seconds: float) -> bytes:
    from PIL import GifImagePlugin

    hundredths = max(2, round(seconds * 100))  # browsers take less for a slow film
    return b"".join(GifImagePlugin.getdata(image, duration=hundredths * 10, include_color_table=True))


def _indexed(pixels: NDArray[np.uint8], enlarge: tuple[int, int]) -> Any:
    """Return an image with a palette: its first two colours black and white, then those of the picture."""
    from PIL import Image

    indices, palette = _exact(pixels) or _chosen(pixels)
    blocks = np.repeat(np.repeat(indices + 2, enlarge[0], axis=0), enlarge[1], axis=1)
    image = Image.fromarray(blocks.astype(np.uint8), mode="P")
    image.putpalette(b"\x00\x00\x00\xff\xff\xff" + palette.astype(np.uint8).tobytes())
    return image


def _exact(pixels: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return a picture of few colours as indices into them; None if there are too many."""
    few_rows = pixels[: -(-10 * EXACT_COLOURS // pixels.shape[1])]  # quick to tell by, mostly
    if len(np.unique(_codes(few_rows))) > EXACT_COLOURS:
        return None
    found, indices = np.unique(_codes(pixels), return_inverse=True)
    if len(found) > EXACT_COLOURS:
        return None
    return indices.reshape(pixels.shape[:2]), np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)


def _codes(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return each pixel's colour as one number."""
    codes: NDArray[np.uint32] = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    return codes


def _chosen(pixels: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a picture of many colours as indices into the most fitting ones."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    image = picture.quantize(EXACT_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    indices, palette = np.asarray(image), np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)
    return _refined(pixels, indices, palette) if indices.size <= FEW_PIXELS else (indices, palette)


def _refined(
    pixels: NDArray[np.uint8], indices: NDArray[Any], palette: NDArray[np.uint8]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Move the colours to the means of their pixels, and pixels to the nearest colours: steps of k-means.

    An octree's colours show edges that the map does not have. Whole numbers, so that no machine rounds otherwise:
    the scores ‖c‖² − 2 p·c are below 2²⁰, and float32 holds them exactly.
    """
    values, nearest, colours = pixels.reshape(-1, 3).astype(np.float32), indices.ravel(), palette.astype(np.float32)
    for _ in range(REFINEMENTS):
        count = np.bincount(nearest, minlength=len(colours))[:, np.newaxis]
        sums = [np.bincount(nearest, weights=plane, minlength=len(colours)) for plane in values.T]
        means = np.rint(np.stack(sums, axis=1) / np.maximum(count, 1)).astype(np.float32)
        colours = np.where(count > 0, means, colours)
        nearest = (np.square(colours).sum(axis=1) - 2 * values @ colours.T).argmin(axis=1)
    return nearest.reshape(indices.shape), colours.astype(np.uint8)


def _with_caption(image: Any, caption: str) -> Any:
    from PIL import Image, ImageDraw

    if not caption:
        return image
    taller = Image.new("P", (image.width, image.height + CAPTION_HEIGHT), color=1)
    taller.putpalette(image.getpalette())
    taller.paste(image, (0, 0))
    draw = ImageDraw.Draw(taller)
    draw.fontmode = "1"  # no grey between black and white: there is no such colour
    draw.text((3, image.height + 2), caption, fill=0)
    return taller
