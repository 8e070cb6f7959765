"""Text that a spreadsheet would run is text in every output."""

from typing import Any

import pytest

from ksom.text_cells import as_text


@pytest.mark.parametrize(
    "cell", ["=1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "-", "-1e", "=", "-inf", "+１"]
)
def test_what_could_be_a_formula_follows_an_apostrophe(cell: str) -> None:
    assert as_text(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", " =1", "'=1", "-3", "+3.5", "-1e-9", "-2.", -3, -0.5, None, b"=1"])
def test_numbers_and_other_texts_stay_as_they_are(cell: Any) -> None:
    assert as_text(cell) is cell
