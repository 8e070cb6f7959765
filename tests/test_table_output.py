"""Tables that are written piece by piece: whole or absent, of each kind, and never a formula."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from ksom.errors import NotInstalled, OutputError
from ksom.tables.output import table_writer
from ksom.whole_files import STANDARD_OUTPUT

PIECES = [
    {"row": np.arange(2), "label": np.array(["=1+1", "plain"]), "far": np.array([0.5, 2.0], np.float32)},
    {"row": np.arange(2, 3), "label": np.array(["-3"]), "far": np.array([0.25], np.float32)},
]


def written(path: Path, *pieces: dict[str, Any]) -> Path:
    with table_writer(path) as writer:
        for piece in pieces or PIECES:
            writer.write(piece)
    return path


def interrupted(path: Path) -> None:
    with table_writer(path) as writer:
        writer.write(PIECES[0])
        writer.write({"row": np.arange(1 // 0)})


READERS = {
    ".csv": lambda path: pyarrow.csv.read_csv(path).to_pydict(),
    ".parquet": lambda path: pyarrow.parquet.read_table(path).to_pydict(),
    ".npy": lambda path: {name: np.load(path)[name].tolist() for name in np.load(path).dtype.names},
}


@pytest.mark.parametrize("suffix", READERS)
def test_all_pieces_are_rows_of_one_table(suffix: str, tmp_path: Path) -> None:
    read = READERS[suffix](written(tmp_path / f"out{suffix}"))
    assert (read["row"], read["far"]) == ([0, 1, 2], [0.5, 2.0, 0.25])


def test_a_cell_that_a_spreadsheet_would_compute_is_text(tmp_path: Path) -> None:
    lines = written(tmp_path / "out.csv").read_text().splitlines()
    assert lines[1:] == ['0,"\'=1+1",0.5', '1,"plain",2', '2,"-3",0.25']


def test_the_name_of_a_column_is_no_formula_either(tmp_path: Path) -> None:
    with table_writer(tmp_path / "out.csv") as writer:
        writer.write({"=cmd()": np.arange(1)})
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == '"\'=cmd()"'


@pytest.mark.parametrize("suffix", READERS)
def test_a_table_is_absent_if_writing_it_fails(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        interrupted(tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_another_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, table_writer(tmp_path / "out.xlsx"):
        pass
    assert str(caught.value) == f"{tmp_path}/out.xlsx: the name of a table must end with .csv, .parquet, .npy"


def test_standard_output_gets_csv(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with table_writer(STANDARD_OUTPUT) as writer:
        writer.write({"row": np.arange(2)})
    assert capfdbinary.readouterr().out == b'"row"\n0\n1\n'


def test_texts_that_a_record_has_no_room_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        written(tmp_path / "out.npy", {"id": np.array(["a"])}, {"id": np.array(["abc"])})
    assert str(caught.value) == "an .npy file cannot hold the texts of id: write a .csv or a .parquet file"


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *how: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *how, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled) as caught, table_writer(tmp_path / "out.csv"):
        pass
    assert str(caught.value).endswith("which is not installed: pip install pyarrow")


def test_ids_of_the_kind_of_pyarrow_are_written_too(tmp_path: Path) -> None:
    with table_writer(tmp_path / "out.csv") as writer:
        writer.write({"id": pa.array(["x", None])})
    assert (tmp_path / "out.csv").read_text().splitlines() == ['"id"', '"x"', ""]


def test_pieces_of_other_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowInvalid):
        written(tmp_path / "out.csv", {"row": pa.array([1])}, {"row": pa.array(["one"])})
