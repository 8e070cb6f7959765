"""The rows of an Arrow file (Feather), mapped into memory, or of a stream of Arrow's in a file."""

import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ksom.errors import DataError
from ksom.tables.column_names import require_different
from ksom.tables.kinds import arrow
from ksom.tables.watched_file import WatchedFile

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC_ARROW, MAGIC_STREAM, MAGIC_OLD = b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"


class ArrowFile:
    """An Arrow IPC file, as Feather is, or a stream.

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
        with self._opened(None) as (_, reader):
            self.schema: pa.Schema = reader.schema
            require_different(self.schema.names, str(self))

    def __str__(self) -> str:
        return str(self._file)

    def batches(self, numbers: Sequence[str], texts: Sequence[str], _most_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield all rows with the columns `numbers` and `texts`, in this order.

        Raises
        ------
        DataError
            If the file is damaged.
        """
        names = [*numbers, *texts]
        row = 0
        with self._opened(sorted({self.schema.get_field_index(name) for name in names})) as (file, reader):
            for batch in _batches(reader):
                self._file.require_unchanged(file)  # what is mapped could be gone
                batch.validate(full=True)  # a stranger's offsets may lead anywhere
                yield arrow().RecordBatch.from_arrays([batch.column(name) for name in names], names=names)
                row += batch.num_rows

    def place(self, row: int) -> str:
        """Return where a row of this file lies, for messages."""
        return f"{self}, row {row}"

    @contextmanager
    def _opened(self, columns: list[int] | None) -> Iterator[tuple[IO[bytes], Any]]:
        pa = arrow()
        with self._file.opened() as file:
            try:
                yield file, self._reader(file, columns)
            except DataError:
                raise
            except (pa.ArrowException, OSError, ValueError) as error:
                raise DataError(f"{self}: cannot be read as an Arrow file ({error})") from error

    def _reader(self, file: IO[bytes], columns: list[int] | None) -> Any:
        pa = arrow()
        if not self._file.size:
            raise DataError(f"{self}: is empty")
        mapped = pa.BufferReader(pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        start = file.read(len(MAGIC_ARROW))
        if start.startswith(MAGIC_OLD):
            raise DataError(f"{self}: is a Feather file of version 1, which is not read; write it again")
        how = pa.ipc.IpcReadOptions(included_fields=columns)
        is_file = start == MAGIC_ARROW
        return pa.ipc.open_file(mapped, options=how) if is_file else pa.ipc.open_stream(mapped, options=how)


def _batches(reader: Any) -> "Iterator[pa.RecordBatch]":
    if hasattr(reader, "num_record_batches"):
        yield from map(reader.get_batch, range(reader.num_record_batches))
    else:
        yield from reader
