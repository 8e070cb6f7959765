"""The notebook is stored with its outputs, and they are what it shows today."""

from pathlib import Path

import pytest

pytest.importorskip("nbformat", reason="pip install nbclient ipykernel")

from tests.notebook import NOTEBOOK, executed, read, told

STORED = read()


def test_the_notebook_is_stored_as_it_was_executed_from_top_to_bottom() -> None:
    counts = [cell.execution_count for cell in STORED.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_every_cell_that_shows_something_has_its_output_stored() -> None:
    shows = ("print(", "plt.show()", "display(", "Image(")
    silent = [
        cell.id
        for cell in STORED.cells
        if cell.cell_type == "code" and any(word in cell.source for word in shows) and not cell.outputs
    ]
    assert silent == []


def test_no_error_is_stored() -> None:
    assert not [output for outputs in told(STORED).values() for output in outputs if "Traceback" in str(output)]


def test_the_notebook_is_small_enough_to_be_looked_at() -> None:
    assert NOTEBOOK.stat().st_size < 1.5e6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own libraries
def test_the_notebook_shows_what_is_stored(tmp_path: Path) -> None:
    assert told(executed(tmp_path)) == told(STORED), "`make notebook` stores it anew"
    assert len(list((tmp_path / "logs2").glob("*/vlog.gif"))) >= 4
