"""The notebook: stored clean, and every cell of it runs."""

import shutil
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="pip install nbclient ipykernel")

ROOT = Path(__file__).parents[1]


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(ROOT / "kohonen.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own libraries
def test_the_notebook_runs_from_a_clean_folder(tmp_path: Path) -> None:
    from nbclient import NotebookClient

    for name in ("configs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    notebook = nbformat.read(ROOT / "kohonen.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    films = list((tmp_path / "logs2").glob("*/vlog.gif"))
    assert len(films) >= 4
