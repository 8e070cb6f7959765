"""Texts in pictures: names are shown as they are, whatever they hold."""

from functools import lru_cache

from ksom.errors import one_line

LONGEST = 40
"""Characters of a name that are shown."""
NO_GLYPH = "□"
"""Stands for a character that no font in use has."""


def shown(text: str, longest: int = LONGEST) -> str:
    r"""Return a text as matplotlib has to be given it to show it: on one line, not too long, `$` being no formula.

    Parameters
    ----------
    text : str
        Any text.
    longest : int
        How many characters of it are shown at most.

    Examples
    --------
    >>> shown("price in $"), shown("a very long name", 8)
    ('price in \\$', 'a very …')
    """
    line = one_line(text)
    cut = line if len(line) <= longest else f"{line[: max(0, longest - 1)]}…"
    fonts = _fonts(tuple(_families()))
    return "".join(c if c.isascii() or _has_glyph(fonts, c) else NO_GLYPH for c in cut).replace("$", r"\$")


def with_unit(name: str, unit: str | None, longest: int = LONGEST) -> str:
    """Return a feature's name and unit as matplotlib shows them.

    Examples
    --------
    >>> with_unit("bill length", "mm"), with_unit("bill length", "mm", 12), with_unit("sex", None)
    ('bill length [mm]', 'bill l… [mm]', 'sex')
    """
    if unit is None:
        return shown(name, longest)
    room = longest - 3 - min(len(unit), longest // 2)
    return f"{shown(name, room)} [{shown(unit, longest // 2)}]"


def _families() -> list[str]:
    from matplotlib import rcParams

    families = rcParams["font.family"]
    return [families] if isinstance(families, str) else list(families)


@lru_cache
def _fonts(families: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files of the fonts that texts are set in."""
    from matplotlib.font_manager import FontProperties, findfont

    return tuple(findfont(FontProperties(family=[family])) for family in families)


@lru_cache(maxsize=4096)
def _has_glyph(fonts: tuple[str, ...], character: str) -> bool:
    from matplotlib.font_manager import get_font

    return any(get_font(font).get_char_index(ord(character)) != 0 for font in fonts)
