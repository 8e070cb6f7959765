"""Images as data: the colours of their pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_path
from ksom.dataset import DATASETS, Dataset
from ksom.errors import DataError


@DATASETS.register("ImagePixels")
class ImagePixels(Dataset):
    """The colours of an image's pixels, row by row: D = 3 (red, green, blue) in [0, 1].

    Parameters
    ----------
    path : str or Path
        An image in any format that Pillow reads; grey images become grey colours, transparency is dropped.

    Raises
    ------
    DataError
        If the file is not there or not an image.
    """

    bounds = (0.0, 1.0)

    def __init__(self, path: str | Path) -> None:
        self.path = path
        super().__init__(read_pixels(require_path("path", path)))


def read_pixels(path: Path) -> NDArray[np.uint8 | np.float32]:
    """Read an image as colours in [0, 1], shape (pixels, 3), float32."""
    import imageio.v3 as iio

    try:
        mode = iio.immeta(path, plugin="pillow", index=0)["mode"]
        image = iio.imread(path, plugin="pillow", mode="RGB", index=0)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except Exception as error:  # each image format has its own ways to be broken
        why = " ".join(str(error).split())[:120]
        raise DataError(f"{path}: cannot be read as an image ({type(error).__name__}: {why})") from error
    if mode[0] in "IF":  # Pillow would clip them at 255
        raise DataError(f"{path}: grey values of more than 8 bits are not read as colours; convert the image to 8 bits")
    return image.reshape(-1, 3).astype(np.float32) / np.float32(255)
