"""The rows of a Parquet file, a few at a time, whatever the size of its row groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ksom.errors import DataError, StoreAway
from ksom.remote_files import RemoteFile
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
    path : Path or RemoteFile
        The file. One that has an address is read a row group at a time, and only the columns that are asked for.

    Raises
    ------
    DataError
        If it is not there, or damaged.
    """

    def __init__(self, path: Path | RemoteFile) -> None:
        self._file = path if isinstance(path, RemoteFile) else WatchedFile(path)
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
                for batch in self._batches_of(file, most_rows, list(dict.fromkeys(names))):
                    yield arrow().RecordBatch.from_arrays([batch.column(name) for name in names], names=names)
                    row += batch.num_rows
            except StoreAway:
                raise
            except (arrow().ArrowException, OSError) as error:
                self._require_answering()
                raise DataError(f"{self}: the rows from {row} on cannot be read ({error})") from error

    def place(self, row: int) -> str:
        """Return where a row of this file lies, for messages."""
        return f"{self}, row {row}"

    def _batches_of(self, file: Any, most_rows: int, columns: list[str]) -> "Iterator[pa.RecordBatch]":
        groups = [[group] for group in range(file.num_row_groups)] if self._is_remote else [None]
        for group in groups:
            yield from file.iter_batches(most_rows, row_groups=group, columns=columns)

    @property
    def _is_remote(self) -> bool:
        return isinstance(self._file, RemoteFile)

    def _require_answering(self) -> None:
        """Tell a store that is away, or a file that has changed, from a file that is damaged."""
        if isinstance(self._file, RemoteFile):
            self._file.require_unchanged()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow.parquet as pq

        with self._file.opened() as file:
            try:
                parquet = pq.ParquetFile(
                    file,
                    pre_buffer=self._is_remote,
                    buffer_size=0 if self._is_remote else BUFFER_SIZE,
                    page_checksum_verification=True,
                )
                _ = parquet.schema_arrow.names  # may be no text
            except StoreAway:
                raise
            except (arrow().ArrowException, OSError, ValueError) as error:
                self._require_answering()
                raise DataError(f"{self}: cannot be read as a Parquet file ({error})") from error
            yield parquet
