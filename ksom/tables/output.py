"""Tables that are written row by row: CSV, Parquet, or an array of records in .npy; whole in the end, or absent."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import OutputError
from ksom.tables.kinds import arrow
from ksom.text_cells import FORMULA_SIGNS, as_text
from ksom.whole_files import STANDARD_OUTPUT, replacing_or_printing

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, Any]
"""Columns by name, arrays of numpy's or pyarrow's, all of one length."""


class TableWriter(ABC):
    """Writes a table, some rows at a time; all of them have the same columns.

    Parameters
    ----------
    file : binary file
        Where it is written to.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.rows = 0

    @abstractmethod
    def write(self, columns: Columns) -> None:
        """Write some rows."""

    @abstractmethod
    def close(self) -> None:
        """Write what ends the table."""


@contextmanager
def table_writer(path: Path) -> Iterator[TableWriter]:
    """Open a table to be written: a file of its name, which is whole or absent, or standard output as CSV.

    Raises
    ------
    OutputError
        If nothing writes tables of such a name, or the file cannot be written.
    NotInstalled
        If pyarrow is missing.
    """
    kind = CsvWriter if path == STANDARD_OUTPUT else WRITERS.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: the name of a table must end with {', '.join(WRITERS)}")
    with replacing_or_printing(path) as file:
        writer = kind(file)
        try:
            yield writer
        finally:  # whatever happened: pyarrow's writers must not outlive their file
            writer.close()


class _ArrowWriter(TableWriter):
    """Writes what pyarrow writes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        arrow()
        self._writer: Any = None

    def write(self, columns: Columns) -> None:
        import pyarrow as pa

        batch = pa.record_batch({self._name(name): self._column(pa.array(values)) for name, values in columns.items()})
        if self._writer is None:
            self._writer, self._schema = self._opened(batch.schema), batch.schema
        self._writer.write_batch(batch.cast(self._schema))  # pyarrow crashes where types differ
        self.rows += batch.num_rows

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _name(self, name: str) -> str:
        return name

    def _column(self, values: "pa.Array") -> "pa.Array":
        return values

    @abstractmethod
    def _opened(self, schema: "pa.Schema") -> Any:
        """Return pyarrow's writer."""


class ParquetWriter(_ArrowWriter):
    """Writes Parquet."""

    def _opened(self, schema: "pa.Schema") -> Any:
        import pyarrow.parquet

        texts = [field.name for field in schema if pyarrow.types.is_string(field.type)]
        return pyarrow.parquet.ParquetWriter(self.file, schema, use_dictionary=texts)  # numbers take it twice the time


class CsvWriter(_ArrowWriter):
    """Writes CSV: a line of names, values with commas between, text that could be a formula as text."""

    def _opened(self, schema: "pa.Schema") -> Any:
        import pyarrow.csv

        return pyarrow.csv.CSVWriter(self.file, schema)

    def _name(self, name: str) -> str:
        return str(as_text(name))

    def _column(self, values: "pa.Array") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            return values
        signs = pc.is_in(pc.utf8_slice_codeunits(values, 0, 1), pa.array(FORMULA_SIGNS, values.type))
        if not pc.any(signs).as_py():
            return values
        return pa.array([as_text(cell) for cell in values.to_pylist()], values.type)


class NpyWriter(TableWriter):
    """Writes an array of records, a field for each column: `np.load(path)["node"]`."""

    def write(self, columns: Columns) -> None:
        arrays = {name: _plain(values) for name, values in columns.items()}
        dtype = np.dtype([(name, array.dtype) for name, array in arrays.items()])
        if not self.rows:
            self._dtype = dtype
            self._write_header()
        records = np.empty(len(next(iter(arrays.values()))), self._dtype)
        for name, array in arrays.items():
            records[name] = _of_kind(array, self._dtype[name], name)
        self.file.write(records.tobytes())
        self.rows += len(records)

    def close(self) -> None:
        if self.rows:
            self.file.seek(0)  # the header is as long for any number of rows: numpy leaves room for it to grow
            self._write_header()

    def _write_header(self) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self.rows,)}
        np.lib.format.write_array_header_1_0(self.file, header)


WRITERS: dict[str, type[TableWriter]] = {".csv": CsvWriter, ".parquet": ParquetWriter, ".npy": NpyWriter}


def _plain(values: Any) -> NDArray[Any]:
    """Return a column as an array of numpy's, which has no null: -1, NaN, false or "" instead."""
    if isinstance(values, np.ndarray) or not values.null_count:
        return np.asarray(values)
    import pyarrow as pa

    nothing = "" if pa.types.is_string(values.type) else np.nan if pa.types.is_floating(values.type) else -1
    plain = values.fill_null(False if pa.types.is_boolean(values.type) else nothing)
    return np.array(plain.to_pylist(), np.str_) if nothing == "" else np.asarray(plain)


def _of_kind(array: NDArray[Any], dtype: np.dtype[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind == "O" or array.dtype.itemsize > dtype.itemsize:
        raise OutputError(f"an .npy file cannot hold the texts of {name}: write a .csv or a .parquet file")
    return array
