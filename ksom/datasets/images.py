"""Images as data: the colours of their pixels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_path
from ksom.array_files import open_data
from ksom.dataset import DATASETS, Dataset
from ksom.errors import DataError

FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "PCX", "JPEG2000")
"""The bitmap formats that are read, by Pillow's names; an MPO is a JPEG of some cameras."""

LARGEST = 89_000_000
"""Pixels: as colours they take a gigabyte, and Pillow itself warns of more."""


@DATASETS.register("ImagePixels")
class ImagePixels(Dataset):
    """The colours of an image's pixels, row by row: D = 3 (red, green, blue) in [0, 1].

    Parameters
    ----------
    path : str or Path
        A bitmap image (PNG, JPEG, TIFF, …) of at most 89 million pixels; grey images become grey colours, transparency
        is dropped.

    Raises
    ------
    DataError
        If the file is not there, not such an image, or too large.
    """

    bounds = (0.0, 1.0)

    def __init__(self, path: str | Path) -> None:
        self.path = path
        super().__init__(read_pixels(require_path("path", path)))


def read_pixels(path: Path) -> NDArray[np.float32]:
    """Read an image as colours in [0, 1], shape (pixels, 3), float32; none of its pixels are unpacked if it is refused.

    Raises
    ------
    DataError
        If it cannot be read, or is too large.
    """
    from PIL import Image

    with open_data(path) as file, _telling_damage(path), Image.open(file, formats=_formats()) as image:
        if image.width * image.height > LARGEST:
            told = f"has {image.width} × {image.height} pixels, more than {LARGEST:,}"
            raise DataError(f"{path}: {told}; make the image smaller")
        if image.mode[0] in "IF":  # Pillow would clip them at 255
            told = "grey values of more than 8 bits are not read as colours; convert the image to 8 bits"
            raise DataError(f"{path}: {told}")
        colours = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(np.float32)
    colours /= np.float32(255)
    return colours


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
        advice = f"; the formats are {', '.join(FORMATS)}" if is_unknown else ""
        raise DataError(f"{path}: cannot be read as an image ({type(error).__name__}: {why}){advice}") from error
