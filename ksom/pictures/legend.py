"""What the colours of a picture stand for, as a few lines that can stand below it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.pictures.lettering import BLACK, LINE_HEIGHT, MARGIN, WHITE, in_latin, line_of, shortened
from ksom.pictures.picture import Colours

CHANNELS = ("red", "green", "blue")
CHIPS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype=np.uint8)
"""Colours of the squares beside the words."""
MOST_TERMS = 3
"""How many features are told of a principal component, at most."""
LEAST_SHARE = 0.5
"""Of the greatest weight in a component: features with less are not told."""
FEWEST_LETTERS = 12
"""Of a name: rather than shortening more of them further, fewer are told."""
LEAST_LETTERS = 36
"""Of a line: a narrow picture is made wider for them."""


class Term(NamedTuple):
    """A feature, and what a high value of it does to the colour."""

    sign: str
    """"+": more of the colour; "-": less; "": the colour is the feature."""
    name: str


class Line(NamedTuple):
    """What one colour stands for, the most important feature first."""

    colour: str
    """"red", "green", "blue" or "grey"."""
    terms: tuple[Term, ...]
    rest: str = ""
    """What else is told."""


def legend_of(
    colours: Colours, names: Sequence[str] | None, ends: tuple[str, str] | None = None, *, asked: bool = False
) -> tuple[Line, ...]:
    """Return what each colour stands for; nothing where data are colours themselves.

    Parameters
    ----------
    colours : Colours
        How weights become colours.
    names : sequence of str, or None
        The features' names.
    ends : tuple of str, optional
        For grey: where it is black and where it is white.
    asked : bool
        Whether features without names are told by their numbers; else there is no legend for them.
    """
    if names is None and (not asked or colours.shows_features):
        return ()
    if colours.shows_features and tuple(name.lower() for name in names or ()) == CHANNELS:
        return ()
    told = [_legible(name, number) for number, name in enumerate(names or [""] * len(colours.axes))]
    if colours.axes.shape[1] == 1:
        return (Line("grey", (Term("", told[0]),), f": {ends[0]} to {ends[1]}" if ends else ""),)
    if colours.shows_features:
        return tuple(Line(colour, (Term("", name),)) for colour, name in zip(CHANNELS, told, strict=True))
    components = zip(CHANNELS, colours.axes.T, strict=True)
    return tuple(Line(colour, _terms(axis, told)) for colour, axis in components if axis.any())


def drawn(lines: Sequence[Line], width: int, scale: int, chips: int) -> NDArray[np.uint8]:
    """Return lines of a legend, as wide as a picture, or wider if they must be.

    Parameters
    ----------
    lines : sequence of Line
        What to tell.
    width : int
        Pixels of the picture.
    scale : int
        How bold letters are.
    chips : int
        The index of the first of the three `CHIPS` among the colours.
    """
    letters = max(LEAST_LETTERS, letters_in(width, scale))
    texts = [f"   {line.colour:5} {_fitted(line, letters - 9)}" for line in lines]
    width = max(width, *(line_of(text, scale).shape[1] for text in texts))
    picture = np.full((len(texts) * LINE_HEIGHT * scale, width), WHITE, dtype=np.uint8)
    for number, (line, text) in enumerate(zip(lines, texts, strict=True)):
        row = picture[number * LINE_HEIGHT * scale : (number + 1) * LINE_HEIGHT * scale]
        letters_drawn = line_of(text, scale)
        row[:, : letters_drawn.shape[1]] = letters_drawn
        chip = row[3 * scale : 12 * scale, MARGIN * scale : (MARGIN + 13) * scale]
        chip[:] = BLACK
        if line.colour == "grey":
            chip[scale:-scale, 6 * scale : -scale] = WHITE
        else:
            chip[:] = chips + CHANNELS.index(line.colour)
    return picture


def letters_in(width: int, scale: int) -> int:
    """Return how many letters a line of so many pixels has room for."""
    return (width // scale - 2 * MARGIN) // 6


def _legible(name: str, number: int) -> str:
    """Return a name in the letters that there are, or the feature's number if they would not tell which it is."""
    told = " ".join(in_latin(name).split())
    return told if 2 * told.count("?") < len(told) else f"feature {number}"


def _terms(axis: NDArray[np.float64], names: Sequence[str]) -> tuple[Term, ...]:
    """Return the features that load most on an axis."""
    most = np.argsort(-np.abs(axis), kind="stable")[:MOST_TERMS]
    least = LEAST_SHARE * abs(axis[most[0]])
    return tuple(Term("+" if axis[k] > 0 else "-", names[k]) for k in most if abs(axis[k]) >= least)


def _fitted(line: Line, letters: int) -> str:
    """Return as many features as there is room for, their names shortened."""
    for count in range(len(line.terms), 0, -1):
        terms = line.terms[:count]
        most = letters - len(line.rest) - sum(len(term.sign) for term in terms) - (count - 1)
        room = max((size for size in range(most + 1) if sum(min(size, len(t.name)) for t in terms) <= most), default=1)
        if room >= FEWEST_LETTERS or count == 1:
            break
    return " ".join(term.sign + shortened(term.name, max(1, room)) for term in terms) + line.rest
