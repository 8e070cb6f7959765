"""A picture in a few colours: the nodes of a chain of a map that its pixels have trained."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_boolean, require_integer, require_path
from ksom.dataset import Dataset
from ksom.datasets.images import eight_bits, open_image
from ksom.errors import DataError, OutputError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.schedules import Constant, Geometric, Schedule
from ksom.pictures.palette import mixed, nearest
from ksom.training import train
from ksom.whole_files import replacing

logger = logging.getLogger(__name__)

MOST_COLOURS = 256
BAND = 2**22
"""Pixels that are looked at at a time."""
CELLS_PER_NODE = 8
"""A colour of the palette must be able to be the mean of some cells of colours."""
ORDERING, MOVING, SETTLING = 10, 5, 10
"""Iterations: of the first training, after colours were moved, and at last among finer cells."""
ALONE = Constant(0.1)
"""A sigma, lattice steps, at which no node learns from another's samples: e⁻⁵⁰; a step of k-means."""
WORTH = 1e-4
"""The share of the error that moved colours must save: less is not seen."""


class Quantized(NamedTuple):
    """A picture in a few colours."""

    palette: NDArray[np.uint8]
    """The colours, shape (n, 3), red, green, blue, from dark to light."""
    indices: NDArray[np.uint8]
    """Which of them each pixel has, shape (h, w)."""
    mse: float
    """Mean squared error, over all pixels and channels, of values from 0 to 255."""
    colours_before: int
    """How many different colours the picture had."""

    @property
    def psnr(self) -> float:
        """10 log₁₀(255² / MSE), dB; infinite where nothing has changed."""
        return 10 * math.log10(255**2 / self.mse) if self.mse else math.inf


def quantize(image: str | Path | ArrayLike, colors: int = 16, *, dither: bool = False) -> Quantized:
    """Return a picture in a few colours that fit it best; the same picture gives the same bits.

    A chain of as many nodes learns the picture's colours, each weighing as many as it has pixels, by batch training,
    until its neighbourhood is gone and each step is one of k-means. Then the nodes that save least are moved to where
    the error is largest, half as many each time that it does not help (Fritzke's LBG-U, some at a time).

    Parameters
    ----------
    image : str, Path, or array_like of uint8, shape (h, w, 3) or (h, w)
        The file of a bitmap image of at most 89 million pixels, or the pixels: red, green, blue, or grey. Of a file,
        transparency and all frames but the first are left out, with a warning; it is turned upright.
    colors : int
        How many, 1 to 256; fewer, if the picture has fewer.
    dither : bool
        Pass each pixel's error on to its neighbours (Floyd and Steinberg): no contours in even areas, more error.

    Raises
    ------
    DataError
        If the image cannot be read, or the pixels are none.
    ParameterError
        If an argument is outside its domain.

    References
    ----------
    B. Fritzke, The LBG-U method for vector quantization, Neural Processing Letters 5, 1997.

    Examples
    --------
    >>> quantize(np.array([[0, 10, 250, 255]], dtype=np.uint8), colors=2).palette.tolist()
    [[5, 5, 5], [252, 252, 252]]
    """
    require_integer("colors", colors, minimum=1, maximum=MOST_COLOURS)
    require_boolean("dither", dither)
    pixels = read_picture(require_path("image", image)) if isinstance(image, str | Path) else _checked(image)
    counts = _counts(pixels)
    codes = np.flatnonzero(counts)
    distinct = _colours(codes)
    if len(codes) <= colors:
        palette = _sorted(distinct)
    else:
        palette = _sorted(np.rint(_fitted(distinct, counts[codes], colors)).astype(np.uint8))
    if dither and len(codes) > len(palette):
        indices = mixed(pixels, palette)
    else:
        table = np.zeros(len(counts), dtype=np.uint8)
        table[codes] = nearest(distinct.astype(np.float32), palette.astype(np.float32))
        indices = np.concatenate([table[_codes(band)] for band in _bands(pixels)]).reshape(pixels.shape[:2])
    return Quantized(palette, indices, _mse(pixels, palette[indices]), len(codes))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read an image, upright, as pixels of shape (h, w, 3); a warning tells what is left out of it.

    Raises
    ------
    DataError
        If it cannot be read, or is too large.
    """
    from PIL import ImageOps

    with open_image(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            logger.warning("%s: has %d frames, of which the first is taken", path, frames)
        if image.has_transparency_data:
            logger.warning("%s: its transparency is left out", path)
        return np.array(ImageOps.exif_transpose(eight_bits(image, path)).convert("RGB"))


def require_png_name(path: Path, image: Path) -> None:
    """Refuse a name under which the picture in a few colours cannot be written.

    Parameters
    ----------
    path : Path
        The name.
    image : Path
        The picture that is read, which is not replaced.

    Raises
    ------
    OutputError
        If it is that, or none of a PNG file.
    """
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: the picture is written as PNG; name a .png file")
    if path.exists() and image.exists() and path.samefile(image):
        raise OutputError(f"{path}: is the picture itself; name another file to write to")


def write_picture(quantized: Quantized, path: Path) -> None:
    """Write a picture as PNG with a palette; the file is whole or absent.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from PIL import Image

    image = Image.fromarray(quantized.indices)
    image.putpalette(quantized.palette.tobytes())
    with replacing(path) as file:
        image.save(file, "PNG", optimize=True)


def _checked(pixels: Any) -> NDArray[np.uint8]:
    array = np.asarray(pixels)
    if array.dtype != np.uint8 or array.shape[2:] not in {(), (3,)} or array.ndim < 2 or 0 in array.shape:
        told = "must be uint8 of the shape (h, w, 3) or (h, w)"
        raise DataError(f"the pixels {told}, got {array.dtype} of the shape {array.shape}; np.uint8(255 * values)")
    return array if array.ndim == 3 else np.repeat(array[..., np.newaxis], 3, axis=2)


def _fitted(colours: NDArray[np.uint8], counts: NDArray[np.int64], nodes: int) -> NDArray[np.float64]:
    """Return the colours that fit best, shape (nodes, 3)."""
    cells = next(cells for cells in _ever_finer(colours, counts, (6, 7, 8)) if cells.can_train(nodes))
    som = _trained(cells, nodes, ORDERING, "pca", Geometric(max(1, nodes / 2), 0.3))
    som = _improved(som, cells)
    finer = next(_ever_finer(colours, counts, (max(7, cells.bits),)))
    fitted: NDArray[np.float64] = _trained(finer, nodes, SETTLING, som.weights).prototypes[0]
    return fitted


class _Cells(NamedTuple):
    """The colours of a picture, those alike together."""

    bits: int
    """Of each channel, in which they are alike."""
    means: NDArray[np.float64]
    """Of the pixels of each cell, shape (n, 3)."""
    counts: NDArray[np.float64]
    """How many these are."""

    def can_train(self, nodes: int) -> bool:
        """Whether they are fine enough, or cannot be finer."""
        return self.bits == 8 or len(self.means) >= CELLS_PER_NODE * nodes


def _ever_finer(colours: NDArray[np.uint8], counts: NDArray[np.int64], bits: tuple[int, ...]) -> Iterator[_Cells]:
    for kept in bits:
        _, cells = np.unique(_codes(colours >> np.uint8(8 - kept)), return_inverse=True)
        sizes = np.bincount(cells, counts).astype(np.float64)
        sums = [np.bincount(cells, counts * channel) for channel in colours.T]
        yield _Cells(kept, np.stack(sums, axis=1) / sizes[:, np.newaxis], sizes)


def _trained(cells: _Cells, nodes: int, iterations: int, initial: Any, sigma: Schedule = ALONE) -> KohonenSOM:
    return train(Dataset(cells.means, cells.counts), 1, nodes, iterations, initial=initial, sigma=sigma)


def _improved(som: KohonenSOM, cells: _Cells) -> KohonenSOM:
    """Return the chain with its least useful nodes moved to where the error is largest, as long as that helps."""
    nodes = som.lattice.size
    errors, uses = _errors_and_uses(som, cells)
    moved = max(1, nodes // 4)
    while moved:
        weights = som.weights.copy()
        weights[0, uses.argsort(kind="stable")[:moved]] = weights[0, (-errors).argsort(kind="stable")[:moved]] + 0.5
        other = _trained(cells, nodes, MOVING, weights)
        other_errors, other_uses = _errors_and_uses(other, cells)
        if other_errors.sum() < errors.sum() * (1 - WORTH):
            som, errors, uses = other, other_errors, other_uses
        else:
            moved //= 2
    return som


def _errors_and_uses(som: KohonenSOM, cells: _Cells) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squared error at each node, and by how much it would rise without that node, each of shape (K,)."""
    nodes = som.lattice.size
    found, distances = som.best_matching_nodes(cells.means, min(2, nodes), return_distances=True)
    squares = distances.reshape(len(cells.means), -1).astype(np.float64) ** 2
    winners = found.reshape(len(cells.means), -1)[:, 0]
    errors, others = np.stack([np.bincount(winners, cells.counts * squares[:, rank], nodes) for rank in (0, -1)])
    return errors, others - errors


def _sorted(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return different colours from dark to light."""
    different = np.unique(colours, axis=0)
    in_order: NDArray[np.uint8] = different[(different @ np.array([299, 587, 114])).argsort(kind="stable")]
    return in_order


def _bands(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    flat = pixels.reshape(-1, 3)
    return (flat[start : start + BAND] for start in range(0, len(flat), BAND))


def _counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many pixels have each colour, shape (2²⁴,)."""
    counts = np.zeros(2**24, dtype=np.int64)
    for band in _bands(pixels):
        counts += np.bincount(_codes(band), minlength=len(counts))
    return counts


def _codes(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return each colour as one number."""
    red, green, blue = colours.T.astype(np.int32)
    codes: NDArray[np.int32] = red << 16 | green << 8 | blue
    return codes


def _colours(codes: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the colours that such numbers are, shape (n, 3)."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)


def _mse(pixels: NDArray[np.uint8], others: NDArray[np.uint8]) -> float:
    pairs = zip(_bands(pixels), _bands(others), strict=True)
    total = sum(int(np.square(one.astype(np.int32) - other).sum(dtype=np.int64)) for one, other in pairs)
    return total / pixels.size
