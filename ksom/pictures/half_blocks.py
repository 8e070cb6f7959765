"""Pictures as text: two pixels a letter, in true colour, 256 colours, or shades of the letters themselves."""

import enum

import numpy as np
from numpy.typing import NDArray

UPPER_HALF = "▀"
RESET = "\x1b[0m"
CUBE = np.array([0, 95, 135, 175, 215, 255])
"""How bright the six steps of red, green and blue of the 256 colours are."""
SHADES, PLAIN_SHADES = " ░▒▓█", " .:-=+*#%@"
"""From dark to bright, for terminals without colour; the second for those that have ASCII only."""


class Depth(enum.IntEnum):
    """How many colours a terminal shows."""

    NONE = 0
    SOME = 256
    TRUE = 2**24


def half_blocks(
    pixels: NDArray[np.uint8], is_there: NDArray[np.bool_], depth: Depth, *, is_ascii: bool = False
) -> list[str]:
    """Return a picture as lines of text.

    Parameters
    ----------
    pixels : ndarray of shape (h, w, 3)
        Red, green, blue; pixels are about square, as half a letter is.
    is_there : ndarray of shape (h, w)
        False where there is nothing, which shows the terminal's own colour.
    depth : Depth
        The colours of the terminal; without any, each line is the mean of its two rows of pixels as a shade.
    is_ascii : bool
        Whether the terminal shows nothing but ASCII; then there are shades only.

    Returns
    -------
    list of str
        ⌈h / 2⌉ lines, each w columns wide and ending in the terminal's own colours.
    """
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, np.zeros_like(pixels[:1])])
        is_there = np.concatenate([is_there, np.zeros_like(is_there[:1])])
    if depth is Depth.NONE or is_ascii:
        return _shades(pixels, is_there, PLAIN_SHADES if is_ascii else SHADES)
    codes = _codes(pixels, depth)
    return [
        "".join(_coloured(codes[row], codes[row + 1], is_there[row], is_there[row + 1]))
        for row in range(0, len(pixels), 2)
    ]


def _codes(pixels: NDArray[np.uint8], depth: Depth) -> list[list[str]]:
    """Return for each pixel what stands behind 38 or 48 in the terminal's code of its colour."""
    if depth is Depth.TRUE:
        return [[f"2;{red};{green};{blue}" for red, green, blue in row] for row in pixels.tolist()]
    return [[f"5;{code}" for code in row] for row in nearest_of_256(pixels).tolist()]


def nearest_of_256(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the nearest of a terminal's colours 16 to 255: a cube of 6 × 6 × 6, and 24 greys.

    Parameters
    ----------
    pixels : ndarray of shape (…, 3)
        Red, green, blue.

    Examples
    --------
    >>> nearest_of_256(np.array([[255, 0, 0], [128, 128, 128], [0, 0, 0]], np.uint8)).tolist()
    [196, 244, 16]
    """
    colours = pixels.astype(np.int64)
    steps = np.abs(colours[..., np.newaxis] - CUBE).argmin(axis=-1)
    greys = np.clip(np.rint((colours.mean(axis=-1) - 8) / 10), 0, 23).astype(np.int64)
    off_cube = np.square(colours - CUBE[steps]).sum(axis=-1)
    off_grey = np.square(colours - (8 + 10 * greys)[..., np.newaxis]).sum(axis=-1)
    cube = 16 + steps @ np.array([36, 6, 1])
    nearest: NDArray[np.int64] = np.where(off_grey < off_cube, 232 + greys, cube)
    return nearest


def _coloured(
    above: list[str], below: list[str], is_above: NDArray[np.bool_], is_below: NDArray[np.bool_]
) -> list[str]:
    """Return the letters of a line; a code is told only where it changes."""
    told, last = [], ""
    for code, other, has_code, has_other in zip(above, below, is_above.tolist(), is_below.tolist(), strict=True):
        if has_code and has_other:
            style, letter = f"\x1b[38;{code};48;{other}m", UPPER_HALF
        elif has_code or has_other:
            style, letter = f"\x1b[0;38;{code if has_code else other}m", UPPER_HALF if has_code else "▄"
        else:
            style, letter = RESET, " "
        told.append(letter if style == last else style + letter)
        last = style
    return [*told, RESET]


def _shades(pixels: NDArray[np.uint8], is_there: NDArray[np.bool_], shades: str) -> list[str]:
    bright = pixels @ np.array([0.2126, 0.7152, 0.0722]) / 255
    count = is_there[::2].astype(int) + is_there[1::2]
    total = np.where(is_there, bright, 0.0)
    mean = (total[::2] + total[1::2]) / np.maximum(count, 1)
    steps = np.where(count > 0, np.clip((mean * (len(shades) - 1)).round(), 0, len(shades) - 1), 0).astype(int)
    return ["".join(shades[step] for step in row) for row in steps.tolist()]
