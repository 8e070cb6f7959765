"""The notebooks are stored with their outputs, and they are what they show today."""

from pathlib import Path

import pytest

pytest.importorskip("nbformat", reason="pip install nbclient ipykernel")

from tests.notebook import NOTEBOOKS, executed, read, told

of_each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@of_each
def test_a_notebook_is_stored_as_it_was_executed_from_top_to_bottom(path: Path) -> None:
    counts = [cell.execution_count for cell in read(path).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@of_each
def test_every_cell_that_shows_something_has_its_output_stored(path: Path) -> None:
    shows = ("print(", "plt.show()", "display(", "Image(")
    silent = [
        cell.id
        for cell in read(path).cells
        if cell.cell_type == "code" and any(word in cell.source for word in shows) and not cell.outputs
    ]
    assert silent == []


@of_each
def test_no_error_is_stored(path: Path) -> None:
    assert not [output for outputs in told(read(path)).values() for output in outputs if "Traceback" in str(output)]


@of_each
def test_a_notebook_is_small_enough_to_be_looked_at(path: Path) -> None:
    assert path.stat().st_size < 1.5e6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own libraries
@of_each
def test_a_notebook_shows_what_is_stored(path: Path, tmp_path: Path) -> None:
    assert told(executed(path, tmp_path)) == told(read(path)), "`make notebook` stores it anew"
    assert len(list(tmp_path.glob("logs2/*/vlog.gif"))) >= (4 if path.stem == "kohonen" else 0)
