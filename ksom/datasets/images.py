"""Images as data: the colours of their pixels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice, require_number, require_path
from ksom.array_files import open_data, read_array
from ksom.dataset import DATASETS, Dataset
from ksom.errors import DataError, ParameterError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "PCX", "JPEG2000")
"""The bitmap formats that are read, by Pillow's names; an MPO is a JPEG of some cameras."""

LARGEST = 89_000_000
"""Pixels: as colours they take a gigabyte, and Pillow itself warns of more."""

MODES = {"rgb": "RGB", "grey": "L", "rgba": "RGBA"}
"""What Pillow calls the colours that an image is read as."""

BANDS, ARRAY = "bands", ".npy"


@DATASETS.register("ImagePixels")
class ImagePixels(Dataset):
    """The colours of an image's pixels, row by row: by default D = 3 (red, green, blue) in [0, 1].

    Parameters
    ----------
    path : str or Path
        A bitmap image (PNG, JPEG, TIFF, …) of at most 89 million pixels; or an .npy array of shape (height, width,
        channels) or (height, width), mapped into memory.
    colour : str, optional
        "rgb": grey images become grey colours, transparency is dropped; "grey": one feature, the luma of ITU-R 601;
        "rgba": four. All in [0, 1]. "bands": every channel as it is stored, in its own units, the pages of a TIFF file
        side by side. Default "rgb" of an image, "bands" of an .npy array.
    position : float
        If > 0, two more features: the row and the column of the pixel, each from 0 to this weight over the image, so
        that nodes stand for regions and not for colours alone.

    Raises
    ------
    DataError
        If the file is not there, not such an image, or too large.
    ParameterError
        If an argument is out of its domain.
    """

    bounds: tuple[float, float] | None = (0.0, 1.0)

    def __init__(self, path: str | Path, colour: str | None = None, position: float = 0.0) -> None:
        self.path = path
        self.colour = colour
        self.position = require_number("position", position, at_least=0)
        file = require_path("path", path)
        pixels = read_channels(file, _colour(file, colour))
        if self.position:
            places = _positions(pixels.shape[0], pixels.shape[1], self.position)
            pixels = np.concatenate([pixels, places.astype(np.result_type(pixels.dtype, np.float32))], axis=2)
        if colour == BANDS or file.suffix.lower() == ARRAY or self.position > 1:
            self.bounds = None
        super().__init__(pixels.reshape(-1, pixels.shape[2]))


def _colour(path: Path, colour: str | None) -> str:
    """Return how a file is read, if it can be read so."""
    is_array = path.suffix.lower() == ARRAY
    if colour is None:
        return BANDS if is_array else "rgb"
    require_choice("colour", colour, (*MODES, BANDS))
    if is_array and colour != BANDS:
        raise ParameterError("colour", f"be {BANDS} of an .npy array, which is read as it is", colour)
    return colour


def read_channels(path: Path, colour: str) -> NDArray[Any]:
    """Read an image, shape (height, width, channels): float32 in [0, 1], or as stored if `colour` is "bands".

    None of its pixels are unpacked if it is refused.

    Raises
    ------
    DataError
        If it cannot be read, or is too large.
    """
    if path.suffix.lower() == ARRAY:
        return _bands_of_array(path)
    with open_image(path) as image:
        if colour == BANDS:
            return _bands(image, path)
        channels = np.asarray(eight_bits(image, path).convert(MODES[colour])).astype(np.float32)
    channels /= np.float32(255)
    return channels.reshape(*channels.shape[:2], -1)


@contextmanager
def open_image(path: Path) -> "Iterator[Image.Image]":
    """Open an image of a known format and of a bearable size; nothing of it is unpacked yet.

    Raises
    ------
    DataError
        If it cannot be read, then or while it is open, or is too large.
    """
    from PIL import Image

    with open_data(path) as file, _telling_damage(path), Image.open(file, formats=_formats()) as image:
        _require_bearable(image, path)
        yield image


def eight_bits(image: "Image.Image", path: Path) -> "Image.Image":
    """Return an image that has at most 8 bits a channel.

    Raises
    ------
    DataError
        If it has more: Pillow would clip them at 255.
    """
    if image.mode[0] in "IF":
        told = "grey values of more than 8 bits are not read as colours; convert the image to 8 bits"
        raise DataError(f"{path}: {told}")
    return image


def _require_bearable(image: "Image.Image", path: Path, pages: int = 1) -> None:
    if image.width * image.height * pages > LARGEST:
        told = f"has {image.width} × {image.height} pixels{f' × {pages} pages' if pages > 1 else ''}"
        raise DataError(f"{path}: {told}, more than {LARGEST:,}; make the image smaller")


def _bands(image: "Image.Image", path: Path) -> NDArray[Any]:
    """Return the channels of an image as they are stored; the pages of a TIFF file side by side."""
    number = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    _require_bearable(image, path, number)
    pages = []
    for page in range(number):
        if page:
            image.seek(page)
            _require_bearable(image, path, number)
        in_colours = image.convert() if image.mode in {"P", "PA"} else image  # not the numbers of a palette's colours
        values = np.asarray(in_colours)
        pages.append(values.reshape(*values.shape[:2], -1))
    if len({(page.shape[:2], page.dtype) for page in pages}) > 1:
        raise DataError(f"{path}: its pages are of different sizes or types, so they are no bands of one image")
    return np.concatenate(pages, axis=2)


def _bands_of_array(path: Path) -> NDArray[Any]:
    array = read_array(path)
    if array.ndim not in {2, 3} or 0 in array.shape:
        told = f"must be of the shape (height, width, channels) or (height, width), got {array.shape}"
        raise DataError(f"{path}: an image as an array {told}")
    return array.reshape(*array.shape[:2], -1)


def _positions(height: int, width: int, weight: float) -> NDArray[np.float64]:
    """Return the row and the column of each pixel, from 0 to `weight`, shape (height, width, 2)."""
    rows, columns = (np.arange(side) * (weight / max(1, side - 1)) for side in (height, width))
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=2)


def _formats() -> list[str]:
    """Return the formats that are read; Pillow knows others, and hands those that are programs to an interpreter."""
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@contextmanager
def _telling_damage(path: Path) -> Iterator[None]:
    """Turn what makes Pillow give up into one clear line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes: there is a limit
            yield
    except DataError:
        raise
    except Exception as error:  # each image format has its own ways to be broken
        why = " ".join(str(error).split())[:120]
        is_unknown = type(error).__name__ == "UnidentifiedImageError"
        formats = f"{', '.join(FORMATS)}, and .npy arrays (height, width, channels)"
        advice = f"; the formats are {formats}" if is_unknown else ""
        raise DataError(f"{path}: cannot be read as an image ({type(error).__name__}: {why}){advice}") from error
