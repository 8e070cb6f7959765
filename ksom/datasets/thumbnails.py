"""Images as data: a folder of them, each made small."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice, require_integer
from ksom.dataset import DATASETS, Dataset
from ksom.datasets.images import MODES, eight_bits, open_image
from ksom.errors import ParameterError
from ksom.named_files import named_files
from ksom.whole_files import writing

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".tga", ".pcx", ".jp2"),
)
"""What the names of images end with."""

MANY = 1000
"""Images after which the log tells how many have been read: some ten seconds for photos."""

IN_MEMORY = 2**28
"""Bytes of thumbnails, one a channel of a pixel, that are kept in memory; more of them in a file, which is mapped."""

LARGEST_SIDE = 1024

FINER = 2
"""How much finer than the thumbnail an image is unpacked, at least, where its format can leave out detail."""


@DATASETS.register("Images")
class Images(Dataset):
    """Images as thumbnails: each image is a sample, D = height · width · channels in [0, 1].

    A sample is the thumbnail pixel by pixel: `sample.reshape(height, width, channels)`. An image is turned as its
    camera says, cut around the middle to the thumbnail's proportions, so that nothing in it is distorted, and made
    smaller or larger; what is transparent becomes white. Images are unpacked once, one at a time; thumbnails take one
    byte a channel of a pixel, in memory up to 256 MiB, beyond that in a nameless file in the folder for temporary ones.

    Parameters
    ----------
    path : str, Path, or list of them
        A folder (with the folders in it), a pattern such as `photos/*.jpg`, or a list. Sorted by name; other files,
        hidden ones and links that lead out of the folder are left out, and the log says how many.
    size : int or [int, int]
        Height and width of a thumbnail, pixels, at most 1,024; one number is both.
    colour : str
        "rgb"; "grey": one channel, the luma of ITU-R 601.

    Attributes
    ----------
    labels : ndarray of shape (N,), or None
        The folder that each image lies in, below the one that was named, if all lie in such a folder.

    Raises
    ------
    DataError
        If there is no image, or a file that is named as one cannot be read as one, or has more than 89 million pixels.
    OutputError
        If there is no room for the thumbnails.
    ParameterError
        If an argument is out of its domain.
    """

    bounds = (0.0, 1.0)

    def __init__(
        self, path: str | Path | Sequence[str | Path], size: int | Sequence[int] = 32, colour: str = "rgb"
    ) -> None:
        self.path = path
        self.size = size
        self.height, self.width = sides_of(size)
        self.colour = require_choice("colour", colour, ("rgb", "grey"))
        self.channels = len(MODES[colour])
        found = named_files("path", path, SUFFIXES)
        if found.left_out:
            told = "%d files are no images by their names and kinds, and are left out, such as %s"
            logger.info(told, len(found.left_out), found.left_out[0])
        self._files, self._folder = found.files, found.folder
        self._thumbnails = _kept(self._read(found.files), len(found.files), self.features)
        self.labels = self._labels()

    def __len__(self) -> int:
        return len(self._files)

    @property
    def features(self) -> int:
        return self.height * self.width * self.channels

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        rows = self._thumbnails[index].astype(np.float32)
        rows /= np.float32(255)
        return rows

    def names_of(self, index: slice | NDArray[np.int64]) -> NDArray[np.str_]:
        return np.array(self.names())[index]

    def place(self, row: int) -> str:
        return str(self._files[row])

    def names(self) -> list[str]:
        """Return what the images are called: their files, as seen from the folder that was named."""
        return [str(file.relative_to(self._folder) if self._folder else file) for file in self._files]

    def _labels(self) -> NDArray[np.str_] | None:
        folders = [Path(name).parts[0] for name in self.names() if len(Path(name).parts) > 1]
        return np.array(folders) if self._folder is not None and len(folders) == len(self) else None

    def _read(self, files: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
        for number, file in enumerate(files):
            if number and number % MANY == 0:
                logger.info("read %s of %s images", f"{number:,}", f"{len(files):,}")
            yield self._thumbnail(file)

    def _thumbnail(self, file: Path) -> NDArray[np.uint8]:
        with open_image(file) as image:
            colours = _colours(image, file, FINER * max(self.height, self.width))
            return np.asarray(_on_white(_fitted(colours, self.height, self.width)).convert(MODES[self.colour]))


def _colours(image: "Image.Image", file: Path, least_side: int) -> "Image.Image":
    """Return an image upright and in colours; of a JPEG no more detail is unpacked than is needed."""
    from PIL import ImageOps

    image.draft("RGB", (least_side, least_side))
    upright = ImageOps.exif_transpose(eight_bits(image, file))
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _on_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image) if image.mode == "RGBA" else image


def _fitted(image: "Image.Image", height: int, width: int) -> "Image.Image":
    """Return the middle of an image, in the proportions of `height` and `width`, in that size."""
    from PIL import Image

    scale = min(image.width / width, image.height / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    middle = image.crop((left, top, left + wide, top + high))
    return middle.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=FINER)


def sides_of(size: Any) -> tuple[int, int]:
    """Return height and width of a thumbnail: of one number, or of two.

    Raises
    ------
    ParameterError
        If they are no such numbers.
    """
    sides = tuple(size) if isinstance(size, list | tuple) else (size, size)
    if len(sides) != 2:
        raise ParameterError("size", "be a number of pixels, or two: [height, width]", size)
    height, width = (require_integer("size", side, minimum=1, maximum=LARGEST_SIDE) for side in sides)
    return height, width


def _kept(thumbnails: Iterable[NDArray[np.uint8]], images: int, features: int) -> NDArray[np.uint8]:
    """Return thumbnails as an array of shape (images, features), in memory or in a file that vanishes with it."""
    if images * features <= IN_MEMORY:
        kept = np.empty((images, features), np.uint8)
        for row, thumbnail in zip(kept, thumbnails, strict=True):
            row[:] = thumbnail.ravel()
        return kept
    logger.info("%.3g GB of thumbnails are kept in a file in %s", images * features / 1e9, tempfile.gettempdir())
    with writing(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        for thumbnail in thumbnails:
            file.write(thumbnail.tobytes())
        file.flush()
        return np.memmap(file, np.uint8, "r", shape=(images, features))
