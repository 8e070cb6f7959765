"""A legend says of which features a colour is made, in the room and the letters that there are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ksom.pictures.legend import CHIPS, Line, Term, drawn, legend_of
from ksom.pictures.lettering import in_latin, line_of, read_line, shortened
from ksom.pictures.picture import Colours, colours_for

LETTERS = "".join(map(chr, [*range(32, 127), *range(161, 173), *range(174, 256)]))


def colours_of(*axes: Sequence[float]) -> Colours:
    """Three principal axes, of which some may be missing."""
    matrix = np.zeros((len(axes[0]), 3))
    matrix[:, : len(axes)] = np.transpose(axes)
    return Colours(np.ones(len(axes[0])), matrix, -np.ones(3), np.ones(3))


def texts(lines: Sequence[Line]) -> list[str]:
    return [f"{line.colour} {' '.join(term.sign + term.name for term in line.terms)}{line.rest}" for line in lines]


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        ([0.1, 0.9, -0.1, 0.1], "red +b"),
        ([0.6, 0.1, -0.7, 0.1], "red -c +a"),
        ([0.5, 0.5, 0.5, 0.5], "red +a +b +c"),
        ([0.9, 0.44, 0.46, 0.0], "red +a +c"),
    ],
)
def test_the_features_that_load_most_are_told_with_signs(axis: list[float], told: str) -> None:
    assert texts(legend_of(colours_of(axis), "abcd")) == [told]


def test_each_component_that_there_is_has_a_line() -> None:
    assert texts(legend_of(colours_of([1, 0, 0, 0], [0, 0, -1, 0]), "abcd")) == ["red +a", "green -c"]


SHARES = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.9]])


@pytest.mark.parametrize(
    ("data", "names", "asked", "told"),
    [
        (SHARES, ("x", "y", "z"), False, ["red x", "green y", "blue z"]),
        (SHARES, None, False, []),
        (SHARES, None, True, []),
        (SHARES, ("Red", "GREEN", "blue"), True, []),
        (SHARES[:, :1], ("x",), False, ["grey x: 1 to 2 kg"]),
        (SHARES[:, :1], None, False, []),
        (SHARES[:, :1], None, True, ["grey feature 0: 1 to 2 kg"]),
        (SHARES[:, :2], None, True, ["red +feature 0 +feature 1"]),
        (SHARES[:, :2], ("年齢", "🦊🦊"), False, ["red +feature 0 +feature 1"]),
    ],
)
def test_what_is_told_of_which_data(data: Any, names: Any, asked: bool, told: list[str]) -> None:
    assert texts(legend_of(colours_for(data), names, ("1", "2 kg"), asked=asked)) == told


EVIL = [
    "</script><script>alert(1)</script>",
    "x" * 200,
    "مرحبا",
    "🦊",
    "",
    "\n\t",
    "quotes \" and '",
    "\x00\x1b[31m",
    "e\u0301\u202e",
]


@pytest.mark.parametrize("width", [16, 150, 500, 3000])
@pytest.mark.parametrize("scale", [1, 2, 5])
def test_whatever_features_are_called_a_legend_fits(width: int, scale: int) -> None:
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 9)))[0][:3]
    lines = legend_of(colours_of(*axes), EVIL)
    picture = drawn(lines, width, scale, chips=2)
    assert picture.shape[0] == 3 * 15 * scale
    assert width <= picture.shape[1] <= max(width, scale * (36 * 6 + 10))
    assert set(np.unique(picture)) == {0, 1, 2, 3, 4}


def written(lines: Sequence[Line], width: int) -> list[str]:
    """What stands in a legend, read from its pixels."""
    picture = drawn(lines, width, 1, chips=2)
    rows = [picture[row : row + 15, 18:].copy() for row in range(0, len(picture), 15)]
    return [(read_line(row, LETTERS, 1) or ("", 0))[0] for row in rows]


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        (36, "red   +flipper..mm -bill de..mm"),
        (40, "red   +flipper l..h mm -bill depth mm"),
        (45, "red   +flipper..h mm -bill depth mm +mass"),
        (60, "red   +flipper length mm -bill depth mm +mass"),
    ],
)
def test_names_are_told_as_long_as_there_is_room_and_else_fewer_of_them(letters: int, told: str) -> None:
    line = Line("red", (Term("+", "flipper length mm"), Term("-", "bill depth mm"), Term("+", "mass")))
    (found,) = written([line], 6 * letters + 4)
    assert len(found) <= letters - 3
    assert found == told


def test_the_squares_are_pure_red_green_and_blue() -> None:
    lines = [Line(colour, (Term("", "x"),)) for colour in ("red", "green", "blue")]
    picture = drawn(lines, 300, 1, chips=2)
    colours = np.concatenate([[[0, 0, 0], [255, 255, 255]], CHIPS])[picture]
    assert [colours[row, 5].tolist() for row in (7, 22, 37)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain_name-1", "plain_name-1"),
        ("Größe é ñ µ °C ±", "Größe é ñ µ °C ±"),
        ("e\u0301", "é"),
        ("Łódź Čapek ő", "Lódz Capek o"),
        ("β-carotene Ω ς", "beta-carotene Omega sigma"),
        ("CO₂ x² m³", "CO2 x² m³"),
        ("“a” – b … →", '"a" - b ... ->'),
        ("a\nb\tc\x1b", "a b c"),
        ("\u202eabc\u200b", "abc"),
        ("年 🦊", "? ?"),
        ("ﬁne Ⅳ ½", "fine IV ½"),
    ],
)
def test_letters_that_the_font_does_not_have_are_replaced(text: str, told: str) -> None:
    assert in_latin(text) == told


def test_every_letter_that_may_stand_in_a_line_can_be_drawn() -> None:
    for letter in LETTERS:
        assert line_of(f" {letter} ").shape == (15, 3 * 6 + 4)


@pytest.mark.parametrize("letters", range(1, 30))
def test_a_shortened_text_is_no_longer_than_said(letters: int) -> None:
    assert len(shortened("a name of many letters", letters)) <= letters
