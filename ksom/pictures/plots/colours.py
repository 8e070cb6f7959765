"""The colours of pictures: of amounts, of kinds, and of what is not there; told apart by the colour-blind too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

AMOUNTS = "viridis"
"""matplotlib's name of the colours of amounts: they get lighter all the way."""
DISTANCES = "cividis"
"""The same for distances between nodes, so that a U-matrix is not taken for a plane."""
NOTHING = "#e3e3e3"
"""Of a node of which there is nothing to be shown; in none of the others."""
OTHERS, GROUND = "#707478", "#eceef1"
"""Of all kinds that have no colour of their own, and of a node that something is drawn into."""
INK, PAPER, FAINT, MARK = "#1b1f24", "#ffffff", "#5c6670", "#c2410c"
"""Of text and lines, of the ground, of remarks, and of marks."""

KINDS = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
    "#C3F096", "#692D00", "#002DA5", "#6978FF", "#780069", "#E10F4B", "#872D5A", "#69D296", "#FFA55A", "#87E1FF",
    "#5A96F0", "#4B693C", "#3C5AC3",
)  # fmt: skip
"""Of kinds, in order: seven are Okabe and Ito's (Color universal design, 2008; their black is left to text), each other
is the one furthest from all before it, in CIELAB, as seen by whom it is nearest for: with all cones, or without those
for long or for medium waves (Machado, Oliveira and Fernandes, IEEE TVCG 15, 2009)."""


def rgb(colour: str) -> NDArray[np.uint8]:
    """Return the red, green and blue of "#rrggbb", shape (3,).

    Examples
    --------
    >>> rgb("#ff8000").tolist()
    [255, 128, 0]
    """
    return np.frombuffer(bytes.fromhex(colour[1:]), dtype=np.uint8)


def of_kinds(kinds: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the colour of each kind, shape (…, 3): `NOTHING` of a negative one; after the last the first comes again.

    Parameters
    ----------
    kinds : ndarray of int
        Their numbers, from 0.
    """
    table = np.array([rgb(colour) for colour in [*KINDS, NOTHING]])
    return table[np.where(kinds < 0, len(KINDS), kinds % len(KINDS))]


def ink_on(ground: NDArray[Any]) -> NDArray[np.str_]:
    """Return in which colour text is legible on others: the one of `INK` and `PAPER` with more contrast.

    The luminance is that of sRGB (WCAG 2.1); both have the same contrast where it is 0.208.

    Parameters
    ----------
    ground : ndarray of shape (n, 3) or (n, 4)
        Red, green and blue, in [0, 1].
    """
    linear = np.where(ground[:, :3] <= 0.04045, ground[:, :3] / 12.92, ((ground[:, :3] + 0.055) / 1.055) ** 2.4)
    return np.where(linear @ [0.2126, 0.7152, 0.0722] > 0.208, INK, PAPER)
