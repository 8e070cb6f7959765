"""The few colours that stand for all of a picture: a frame of a GIF has 256."""

import math
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLOURS = 254
"""Colours of a picture; two more of a GIF's 256 are black and white, for the caption."""
FEW_PIXELS = 20_000
"""Up to here each pixel has the nearest colour, as its node is a block that one looks at; beyond, colours are mixed."""
SAMPLED_PIXELS = 5_000
"""How many pixels, evenly over the picture, the colours are fitted to, at most: 0.5 ms a refinement."""
REFINEMENTS = 2
"""Steps of k-means; more of them hardly bring the colours nearer."""
DIRECTIONS = np.array([step for step in product((-1, 0, 1), repeat=3) if any(step)], dtype=np.float32)
"""Those of a cube's corners, edges and faces, shape (26, 3)."""
ROWS_AT_ONCE = 256
"""Scores that stay in a core's own cache; a product so small OpenBLAS leaves to one thread."""


def indexed(pixels: NDArray[np.uint8], most: int = COLOURS) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture as indices into few colours: exactly where it has few, else by the most fitting ones.

    Whole numbers throughout, so that no machine rounds otherwise.

    Parameters
    ----------
    pixels : ndarray of shape (h, w, 3)
        The picture.
    most : int
        How many colours, at most 254.

    Returns
    -------
    indices : ndarray of shape (h, w)
        Which colour each pixel has.
    colours : ndarray of shape (n, 3)
        At most `most` colours.
    """
    return _exact(pixels, most) or _fitted(pixels, most)


def _exact(pixels: NDArray[np.uint8], most: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Return a picture of few colours as indices into them; None if there are too many."""
    few_rows = pixels[: -(-10 * most // pixels.shape[1])]  # quick to tell by, mostly
    if len(set(_codes(few_rows).ravel().tolist())) > most:
        return None
    found, indices = np.unique(_codes(pixels), return_inverse=True)
    if len(found) > most:
        return None
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    return indices.reshape(pixels.shape[:2]).astype(np.uint8), colours.astype(np.uint8)


def _codes(pixels: NDArray[Any]) -> NDArray[np.uint32]:
    """Return each pixel's colour as one number."""
    codes: NDArray[np.uint32] = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    return codes


def _fitted(pixels: NDArray[np.uint8], most: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture of many colours as indices into the most fitting ones, by k-means."""
    size = pixels.shape[0] * pixels.shape[1]
    step = math.ceil(math.sqrt(size / SAMPLED_PIXELS))
    samples = _thinned(pixels[::step, ::step].reshape(-1, 3), most).astype(np.float32)
    colours = samples[np.arange(most) * len(samples) // most]
    for _ in range(REFINEMENTS):
        colours = _means(samples, nearest(samples, colours), colours)
    if size > FEW_PIXELS:
        found = _outermost(samples, colours).astype(np.uint8)
        return mixed(pixels, found), found
    found = nearest(pixels.reshape(-1, 3).astype(np.float32), colours)
    return found.reshape(pixels.shape[:2]), colours.astype(np.uint8)


def _thinned(samples: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """Return one sample of each small cube of colours, in the picture's order, where that leaves enough of them.

    Else large even parts would take most colours, and the steps where the map changes fast would be seen.
    """
    for bits in (2, 1, 0):
        _, first = np.unique(_codes(samples >> bits), return_index=True)
        if len(first) >= most:
            break
    thinned: NDArray[np.uint8] = samples[np.sort(first)]
    return thinned


def _means(samples: NDArray[np.float32], nearest: NDArray[Any], colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each colour moved to the mean, in whole numbers, of the samples nearest to it."""
    count = np.bincount(nearest, minlength=len(colours))[:, np.newaxis]
    sums = [np.bincount(nearest, weights=plane, minlength=len(colours)) for plane in samples.T]
    means = np.rint(np.stack(sums, axis=1) / np.maximum(count, 1)).astype(np.float32)
    return np.where(count > 0, means, colours)


def nearest(samples: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the index of the colour nearest to each sample, the first of equals, shape (n,); of whole numbers.

    It has the least ‖c‖² − 2 s·c: below 2²⁰, so that float32 holds all of it exactly.
    """
    found = np.empty(len(samples), dtype=np.uint8)
    factors = np.column_stack([-2 * colours, np.square(colours).sum(axis=1)]).T
    samples = np.column_stack([samples, np.ones(len(samples), dtype=np.float32)])
    for first in range(0, len(samples), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        found[rows] = (samples[rows] @ factors).argmin(axis=1)
    return found


def _outermost(samples: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours that reach as far as the samples: what lies beyond all of them cannot be mixed from them."""
    outermost = samples[(samples @ DIRECTIONS.T).argmax(axis=0)]
    reaching = colours.copy()
    reaching[nearest(outermost, colours)] = outermost
    return reaching


def mixed(pixels: NDArray[np.uint8], colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return indices that pass each pixel's error on to its neighbours (Floyd and Steinberg): no contour is seen."""
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([colours, np.repeat(colours[-1:], 256 - len(colours), axis=0)]).tobytes())
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    indices = np.array(picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))
    return indices.clip(max=len(colours) - 1)  # the last colour fills up Pillow's 256
