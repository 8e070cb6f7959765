"""The rows of a Parquet file, a few at a time, whatever the size of its row groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ksom.errors import DataError
from ksom.tables.column_names import require_different
from ksom.tables.kinds import arrow
from ksom.tables.watched_file import WatchedFile

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC_PARQUET = b"PAR1"

BUFFER_SIZE = 2**16
"""Bytes of each column that are read ahead: never a row group as a whole."""


class ParquetFile:
    """A Parquet file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DataError
        If it is not there, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path)
        with self._opened() as file:
            self.schema: pa.Schema = file.schema_arrow
            require_different(self.schema.names, str(self))

    def __str__(self) -> str:
        return str(self._file)

    def batches(self, numbers: Sequence[str], texts: Sequence[str], most_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield all rows with the columns `numbers` and `texts`, in this order, at most so many at a time.

        Raises
        ------
        DataError
            If the file is damaged.
        """
        names = [*numbers, *texts]
        row = 0
        with self._opened() as file:
            try:
                for batch in file.iter_batches(most_rows, columns=list(dict.fromkeys(names))):
                    yield arrow().RecordBatch.from_arrays([batch.column(name) for name in names], names=names)
                    row += batch.num_rows
            except (arrow().ArrowException, OSError) as error:
                raise DataError(f"{self}: the rows from {row} on cannot be read ({error})") from error

    def place(self, row: int) -> str:
        """Return where a row of this file lies, for messages."""
        return f"{self}, row {row}"

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow.parquet as pq

        with self._file.opened() as file:
            try:
                parquet = pq.ParquetFile(
                    file, pre_buffer=False, buffer_size=BUFFER_SIZE, page_checksum_verification=True
                )
                _ = parquet.schema_arrow.names  # may be no text
            except (arrow().ArrowException, OSError, ValueError) as error:
                raise DataError(f"{self}: cannot be read as a Parquet file ({error})") from error
            yield parquet
