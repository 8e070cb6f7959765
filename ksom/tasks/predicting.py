"""From a file of samples to a file of what a map says about them, piece by piece."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.best_matching import SEARCH_BYTES
from ksom.columns import require_all
from ksom.dataset import Dataset
from ksom.datasets import Table
from ksom.encoding import Column, Encoding
from ksom.errors import DataError, OutputError, quoted
from ksom.intake import Intake
from ksom.kohonensom_model import KohonenSOM
from ksom.method.matches import InOrder
from ksom.part_summary import values_and_weights
from ksom.predictions import Predictions
from ksom.searching import Answer
from ksom.sparse_rows import SparseRows
from ksom.tables.encoder import encoded, number_columns, require_known, require_values, text_columns
from ksom.tables.output import table_writer
from ksom.tables.source import Rows, TableSource
from ksom.tasks.map_and_data import (
    data_like,
    files_named,
    names_table,
    own_reading,
    require_fitting,
    require_rows,
    table_reading,
)
from ksom.whole_files import STANDARD_OUTPUT

if TYPE_CHECKING:
    import pyarrow as pa


logger = logging.getLogger(__name__)


class Told(NamedTuple):
    """How much was said."""

    rows: int
    """Of the data."""
    unanswered: int
    """Rows that have no value at all; what a map says about them is missing."""


class Piece(NamedTuple):
    """Some samples of a file, one after another."""

    first_row: int
    """The number of the first of them in the file, from 0."""
    samples: Any
    """Shape (n, D), data units."""
    ids: Any
    """What they are called: their numbers, from 0, names that the data have, or a column of the table; shape (n,)."""


def predict_file(
    som: KohonenSOM,
    data: str | Path,
    output: Path,
    *,
    key: str | None = None,
    id_column: str | None = None,
    strange: int = 0,
    csv: Mapping[str, Any] | None = None,
    compute: Any = None,
) -> Told:
    """Write what a map says about each sample of a file; nothing of a row without any value, if the map keeps gaps.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    data : str or Path
        A table, an array, an image, an experiment, or whatever else holds data.
    output : Path
        A table to write, .csv, .parquet or .npy; "-": CSV to standard output.
    key : str, optional
        Which array of an .npz file.
    id_column : str, optional
        The column of a table that tells rows apart. Default: their numbers, from 0.
    strange : int
        How many features to name that make a sample unlike its node.
    csv : mapping of str to Any, optional
        How CSV files are written. Default: as those that the map has learned from.
    compute : str, Compute, concurrent.futures.Executor or dask.distributed.Client, optional
        Who searches for the nodes of large data, as `train` takes it. Default: this process.

    Raises
    ------
    DataError
        If the samples cannot be read, or are none of this map's.
    ComputeError
        If who was to search cannot.
    OutputError
        If the output cannot be written; nothing is, then.
    """
    refuse_own_data(output, data)
    if id_column in Predictions._fields:
        raise DataError(f"{data}: the column {quoted(id_column)} is called as an answer is; give it another name")
    unanswered = 0
    with som.computed_by(compute), table_writer(output) as writer:
        elsewhere = _found_elsewhere(som, data, key, csv)
        for piece in pieces_of(som, data, key, id_column, csv):
            some = som.intake.answerable(piece.samples)
            if some is not None and not some.any():
                some = None  # it is refused
            samples = piece.samples if some is None else piece.samples[some]
            with naming_rows(som, som.intake, str(data), piece.first_row, piece.samples):
                found = _nodes(som, samples) if elsewhere is None else _next_of(elsewhere, len(piece.samples), some)
                said = som.said_of(samples, *found, strange=strange).columns()
            if some is not None:
                said, unanswered = _among_all(said, some), unanswered + int((~some).sum())
            writer.write({id_column or _called(piece.ids): piece.ids, **said})
    return Told(writer.rows, unanswered)


def _nodes(som: KohonenSOM, samples: Any) -> Answer:
    """Return the best matching node of each sample, and how far it is, shape (n,)."""
    nodes, distances = som.best_matching_nodes(samples, return_distances=True)
    return nodes, distances


def _next_of(elsewhere: InOrder, count: int, some: NDArray[np.bool_] | None) -> Answer:
    """Return the same of the next samples as others found it, for some of them."""
    nodes, distances = (each[:, 0] for each in elsewhere.of_next(count))
    return (nodes, distances) if some is None else (nodes[some], distances[some])


def _found_elsewhere(
    som: KohonenSOM, data: str | Path, key: str | None, csv: Mapping[str, Any] | None
) -> InOrder | None:
    """Return the nodes of all samples of a file as others find them; None: this process is to search."""
    if som.compute is None or som.compute.is_here:
        return None
    coming = som.found_elsewhere(_whole(som, data, key, csv), 1, may_lack_all=True)
    return None if coming is None else InOrder(coming)


def _whole(som: KohonenSOM, data: str | Path, key: str | None, csv: Mapping[str, Any] | None) -> Dataset:
    """Return a file as a data set, which workers read for themselves; a table as the map's own encoding takes it."""
    if names_table(data) and own_reading(som) is None:
        reading = table_reading(som, csv)
        return Table(data, known=encoding_for(som, TableSource(data, **reading)), **reading)
    return data_like(som, data, key, csv)


def _among_all(columns: Mapping[str, NDArray[Any]], some: NDArray[np.bool_]) -> dict[str, "pa.Array"]:
    """Return what is said about some samples among all of them: null elsewhere."""
    import pyarrow as pa

    places = pa.array(np.cumsum(some) - 1, mask=~some)
    return {name: pa.array(values).take(places) for name, values in columns.items()}


def pieces_of(
    som: KohonenSOM, data: str | Path, key: str | None, id_column: str | None, csv: Mapping[str, Any] | None
) -> Iterator[Piece]:
    """Yield the samples of a file, as many at a time as are searched for at once."""
    if names_table(data) and own_reading(som) is None:
        yield from _joined(_of_table(som, TableSource(data, **table_reading(som, csv)), id_column))
        return
    if id_column is not None:
        require_rows(som, data, f", so they have no column {quoted(id_column)}")
        raise DataError(f"{data}: is no table, so it has no column {quoted(id_column)}")
    dataset = data_like(som, data, key, csv)
    require_fitting(som, dataset, str(data))
    yield from _joined(_of_dataset(dataset))


@contextmanager
def naming_rows(som: KohonenSOM, intake: Intake, where: str, first_row: int, samples: Any) -> Iterator[None]:
    """Tell of samples that cannot be used by their number in their file: the map sees a piece of it only.

    Parameters
    ----------
    som : KohonenSOM
        The map, which knows the names of features.
    intake : Intake
        What is done to the samples.
    where : str
        The file.
    first_row : int
        The number of the first sample in it.
    samples : array_like of shape (n, D)
        The piece, data units.
    """
    try:
        yield
    except DataError:
        intake.block(samples, where, first_row=first_row, names=som.feature_names)
        raise


def refuse_own_data(output: Path, data: str | Path) -> None:
    """Refuse to replace the data by what is said about them."""
    if output == STANDARD_OUTPUT or not output.exists():
        return
    if any(path.exists() and output.samefile(path) for path in files_named(data)):
        raise OutputError(f"{output}: is the data themselves; name another file to write to")


def _of_dataset(dataset: Dataset) -> Iterator[Piece]:
    first_row = 0
    for block in dataset.blocks():
        values, _ = values_and_weights(block)
        stop = first_row + len(values)
        ids = dataset.names_of(slice(first_row, stop))
        yield Piece(first_row, values, np.arange(first_row, stop) if ids is None else ids)
        first_row = stop


def _called(ids: Any) -> str:
    """Return the name of the column with the ids: numbers are those of rows."""
    return "sample" if isinstance(ids, np.ndarray) and ids.dtype.kind == "U" else "row"


def _of_table(som: KohonenSOM, source: TableSource, id_column: str | None) -> Iterator[Piece]:
    """Yield the samples of a table, as its map's encoding makes them of the columns."""
    encoding = encoding_for(som, source)
    numbers, texts = number_columns(encoding), text_columns(encoding)
    beside = [] if id_column is None else source.resolve([id_column])
    all_known = som.intake.keeps_missing  # else it is refused
    for rows in source.batches(numbers, list(dict.fromkeys([*texts, *beside]))):
        samples = encoded(rows, encoding)
        all_known = all_known and _are_known(rows, encoding, source)
        if not som.intake.keeps_missing:
            require_values(samples, rows, encoding, str(source), source.place)
        numbered = np.arange(rows.first_row, rows.first_row + rows.columns.num_rows)
        ids = numbered if id_column is None else rows.columns.column(id_column)
        yield Piece(rows.first_row, samples, ids)


def _are_known(rows: Rows, encoding: Encoding, source: TableSource) -> bool:
    """Return whether the map knows all members of categories; warn of the first that it does not."""
    try:
        require_known(rows, encoding, str(source), source.place)
    except DataError as error:
        logger.warning("%s; what is not known counts as missing", error)
        return False
    return True


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the same samples, as many at a time as are searched for at once."""
    held: list[Piece] = []
    for piece in pieces:
        held.append(piece)
        if sum(some.samples.nbytes for some in held) >= SEARCH_BYTES:
            yield _one(held)
            held = []
    if held:
        yield _one(held)


def _one(pieces: Sequence[Piece]) -> Piece:
    first_rows, samples, ids = zip(*pieces, strict=True)
    rows = SparseRows.joined(samples) if isinstance(samples[0], SparseRows) else np.concatenate(samples)
    return Piece(first_rows[0], rows, _concatenated(ids))


def _concatenated(ids: Sequence[Any]) -> Any:
    if isinstance(ids[0], np.ndarray):
        return np.concatenate(ids)
    import pyarrow as pa

    return pa.concat_arrays(ids)


def encoding_for(som: KohonenSOM, source: TableSource) -> Encoding:
    """Return how a table's columns become the map's features; a map that knows no names takes all numbers.

    Raises
    ------
    DataError
        If it knows no names, and there is another number of such columns; or the table lacks one of its columns.
    """
    if som.encoding is not None:
        require_all(source.column_names, som.encoding.column_names, str(source))
        return som.encoding
    names = som.feature_names or tuple(name for name in source.column_names if source.is_number(name))
    if len(names) != som.features:
        told = f"has {len(names)} columns of numbers, the map has {som.features} features, without names"
        raise DataError(f"{source}: {told}")
    require_all(source.column_names, names, str(source))
    return Encoding(tuple(map(Column, names)))
