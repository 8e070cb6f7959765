"""Letters of a picture: lines of a bitmap font, the same on every machine, and read again from the pixels."""

import unicodedata
from functools import cache
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLACK, WHITE = 0, 1
"""The first two colours of a picture with letters."""
MARGIN = 2
"""Around a line, in pixels of its letters."""
LETTER_WIDTH, LETTER_HEIGHT = 6, 11
"""Pixels of every letter."""
LINE_HEIGHT = LETTER_HEIGHT + 2 * MARGIN
"""Pixels of a line with its margin."""
LETTERS_PER_SIDE = 250
"""Letters are one pixel bold for each so many pixels of the picture's longer side, where there is room."""
LIKE = {"\t": " ", "\n": " ", "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
        "„": '"', "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "√": "sqrt", "∞": "inf", "€": "EUR"}  # fmt: skip
"""What stands for letters that the font does not have."""
UNSEEN = {"Cf", "Mn", "Me", "Cc"}
"""Categories of letters that mark others, or turn a line around."""
LARGEST_SCALE = 64
"""How bold letters are at most, that are looked for."""


def line_of(text: str, scale: int = 1) -> NDArray[np.uint8]:
    """Return a line of text in black on white, margin around it, shape (15 scale, (4 + 6 letters) scale).

    Parameters
    ----------
    text : str
        Letters of Latin-1.
    scale : int
        How bold: pixels of each of the font's.
    """
    line = np.pad(_text(text), MARGIN, constant_values=WHITE)
    return np.repeat(np.repeat(line, scale, axis=0), scale, axis=1)


def in_latin(text: str) -> str:
    """Return a text in letters that can be drawn, those of Latin-1; the others by what is like them, or "?".

    Examples
    --------
    >>> in_latin("Łódź, Größe ≥ 5 µm"), in_latin("α₂ – β"), in_latin("🦊 年")
    ('Lódz, Größe >= 5 µm', 'alpha2 - beta', '? ?')
    """
    return "".join(map(_in_latin, unicodedata.normalize("NFC", text)))


def shortened(text: str, letters: int) -> str:
    """Return a text of at most so many letters: its beginning and its end, which tell names that are alike apart.

    Examples
    --------
    >>> shortened("sepal length (cm)", 12), shortened("mass", 12)
    ('sepal l..cm)', 'mass')
    """
    if len(text) <= letters:
        return text
    end = max(0, letters - 2) // 3
    beginning = max(1, letters - 2 - end)
    return f"{text[:beginning].rstrip()}..{text[len(text) - end :].lstrip()}"[: max(1, letters)]


def scale_for(shape: tuple[int, ...], letters: int, per_side: int = LETTERS_PER_SIDE) -> int:
    """Return how bold a line of so many letters under a picture is: large letters, small ones in a narrow picture."""
    return max(1, min(max(shape) // per_side, shape[1] // (letters * LETTER_WIDTH + 2 * MARGIN)))


def read_line(picture: NDArray[np.uint8], letters: str, scale: int | None = None) -> tuple[str, int] | None:
    """Return the line that stands at the lower left of a picture, and how bold it is; None if there is none.

    Parameters
    ----------
    picture : ndarray of shape (h, w)
        Indices of colours.
    letters : str
        Those that are looked for.
    scale : int, optional
        How bold it is, if that is known.
    """
    known = _cores(letters)
    for bold in range(1, LARGEST_SCALE + 1) if scale is None else [scale]:
        line = picture[max(0, len(picture) - LINE_HEIGHT * bold) :: bold, ::bold]
        if len(line) != LINE_HEIGHT:
            return None
        cells = line[MARGIN:-MARGIN, MARGIN:]
        count = cells.shape[1] // LETTER_WIDTH
        found = [known.get(_core(cells[:, k * LETTER_WIDTH : (k + 1) * LETTER_WIDTH]), "") for k in range(count)]
        read = "".join(takewhile(bool, found))  # up to what is no letter
        if read.strip():
            return read.rstrip(), bold
    return None


def _in_latin(letter: str) -> str:
    if letter in LIKE:
        return LIKE[letter]
    if letter.isprintable() and ord(letter) < 256:
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    if plain not in {letter, ""}:
        return in_latin(plain)
    name = unicodedata.name(letter, "")
    for script in ("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER "):
        if name.startswith(script):
            word = name.removeprefix(script).lower().replace("final ", "").replace("lamda", "lambda")
            return word if "SMALL" in script else word.capitalize()
    if name.startswith("LATIN "):
        return name.partition(" LETTER ")[2][:1].lower() if "SMALL" in name else name.partition(" LETTER ")[2][:1]
    return "" if unicodedata.category(letter) in UNSEEN else " " if letter.isspace() else "?"


@cache
def _cores(letters: str) -> dict[bytes, str]:
    """Return which letter has which pixels; to draw them took a third of the time in which a film's page is made."""
    return {_core(_text(f" {letter}")[:, LETTER_WIDTH:]): letter for letter in letters}


def _core(cell: NDArray[np.uint8]) -> bytes:
    """Return the part of a letter's place that the next letter does not reach into."""
    return cell[:, : LETTER_WIDTH - 1].tobytes()


def _text(text: str) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    font = _font()
    _, _, width, height = font.getbbox(text)
    image = Image.new("L", (int(width), int(height)), WHITE)
    ImageDraw.Draw(image).text((0, 0), text, fill=BLACK, font=font)
    return np.asarray(image)


@cache
def _font() -> Any:
    """Return the bitmap font that Pillow holds itself: the same on every machine, whether it has FreeType or not."""
    from PIL import ImageFont

    return ImageFont.load_default_imagefont()
