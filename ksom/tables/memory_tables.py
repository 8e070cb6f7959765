"""The rows of a table in memory: a DataFrame of pandas or polars, a table of pyarrow or duckdb."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted
from ksom.memory import available_memory
from ksom.tables.column_names import require_different
from ksom.tables.kinds import arrow

if TYPE_CHECKING:
    import pyarrow as pa


class MemoryTable:
    """A table that Arrow can be given, taken once: where that is a stream, it is kept.

    Parameters
    ----------
    table : object with `__arrow_c_stream__`
        The table.

    Raises
    ------
    DataError
        If it is none, two columns have one name, a column mixes types, or it is larger than the memory.
    """

    def __init__(self, table: Any) -> None:
        self._name = type(table).__name__
        if not hasattr(table, "__arrow_c_stream__"):
            must = "be the name of a file, or a table with __arrow_c_stream__ as DataFrames are"
            raise DataError(f"a table must {must}, got {quoted(table)}")
        try:
            reader = arrow().RecordBatchReader.from_stream(table)
            require_different(reader.schema.names, self._name)
            self._table = arrow().Table.from_batches(self._within_memory(reader), reader.schema)
        except DataError:
            raise
        except (arrow().ArrowException, TypeError, ValueError) as error:
            why = "; ".join(map(str, error.args)) if error.args else str(error)
            raise DataError(f"{self._name}: cannot be read as a table ({why})") from error
        self.schema: pa.Schema = self._table.schema

    def __getstate__(self) -> tuple[str, NDArray[np.uint8]]:
        """Travel as the bytes of an Arrow file: a large array can lie in a file."""
        file = arrow().BufferOutputStream()
        with arrow().ipc.new_file(file, self.schema) as writer:
            writer.write_table(self._table)
        return self._name, np.frombuffer(file.getvalue(), np.uint8)

    def __setstate__(self, state: tuple[str, NDArray[np.uint8]]) -> None:
        self._name, content = state
        self._table = arrow().ipc.open_file(arrow().py_buffer(content)).read_all()
        self.schema = self._table.schema

    def __str__(self) -> str:
        return self._name

    def batches(self, numbers: Sequence[str], texts: Sequence[str], most_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield all rows with the columns `numbers` and `texts`, in this order, at most so many at a time."""
        names = [*numbers, *texts]
        for batch in self._table.select(list(dict.fromkeys(names))).to_batches(max_chunksize=most_rows):
            yield arrow().RecordBatch.from_arrays([batch.column(name) for name in names], names=names)

    def place(self, row: int) -> str:
        """Return where a row lies, for messages."""
        return f"{self}, row {row}"

    def _within_memory(self, reader: Any) -> "Iterator[pa.RecordBatch]":
        size, there = 0, available_memory()
        for batch in reader:
            size += batch.nbytes
            if size > there:
                told = f"is larger than the memory ({there / 1e9:.3g} GB)"
                raise DataError(f"{self}: {told}; write it to a Parquet file, which is read piece by piece")
            yield batch
