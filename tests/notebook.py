"""The notebooks, executed: `make notebook` stores them so, and a test looks whether what is stored is still true."""

import re
import shutil
import tempfile
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [ROOT / "kohonen.ipynb", ROOT / "examples/customers/penguins.ipynb"]


def read(path: Path) -> Any:
    """Return a notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def executed(path: Path, folder: Path) -> Any:
    """Return a notebook, executed in a folder that has nothing but what its experiments need."""
    from nbclient import NotebookClient

    for name in ("configs", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    notebook = read(path)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, record_timing=False, resources=resources).execute()
    return notebook


def told(notebook: Any) -> dict[str, list[Any]]:
    """Return what each cell of code shows: its texts, without addresses and times, and the kinds of its pictures."""
    return {cell.id: _shown_by(cell) for cell in notebook.cells if cell.cell_type == "code"}


def _shown_by(cell: Any) -> list[Any]:
    """Return what a cell shows; what was printed comes in as many pieces as chance has it."""
    shown: list[Any] = []
    for is_picture, outputs in groupby(cell.outputs, key=lambda output: "data" in output):
        pieces = list(outputs)
        text = "".join(output.get("text", "") for output in pieces)
        shown += [_shown(output) for output in pieces] if is_picture else [_lasting(text)]
    return shown


def _shown(output: Any) -> Any:
    return {kind: _lasting(text) if kind == "text/plain" else "…" for kind, text in output.data.items()}


def _lasting(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)? m?s\b", "…", text)


def store() -> None:
    """Execute the notebooks and store them with their outputs, without what differs from one execution to the next."""
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(path, Path(folder))
        notebook.metadata = read(path).metadata
        nbformat.write(notebook, path)


if __name__ == "__main__":
    store()
