"""Filling in: what is missing in a file, from the map's best node for what is there."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.encoding import CATEGORY, Encoding
from ksom.errors import DataError, quoted
from ksom.kohonensom_model import KohonenSOM
from ksom.sparse_rows import in_full
from ksom.tables.decoder import decoded
from ksom.tables.encoder import encoded, number_columns, require_any_value, text_columns
from ksom.tables.found_files import is_table
from ksom.tables.output import table_writer
from ksom.tables.source import Rows, TableSource
from ksom.tasks.map_and_data import data_of
from ksom.tasks.predicting import encoding_for, naming_rows, refuse_own_data
from ksom.whole_files import replacing

if TYPE_CHECKING:
    import pyarrow as pa


class Filled(NamedTuple):
    """How much was filled in."""

    rows: int
    """Of the data."""
    values: int
    """Values that were missing; each is there now."""


def impute_file(som: KohonenSOM, data: str | Path, output: Path, *, key: str | None = None) -> Filled:
    """Write the samples of a file with what is missing filled in.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    data : str or Path
        A table, whose columns are written in their order; those that are no features as texts, untouched. Or an array.
    output : Path
        Of a table another one, .csv or .parquet; "-": CSV to standard output. Of an array an .npy file.
    key : str, optional
        Which array of an .npz file.

    Raises
    ------
    DataError
        If the samples cannot be read, are none of this map's, or a row has no value at all.
    ParameterError
        If the map compares directions.
    OutputError
        If the output cannot be written; nothing is, then.
    """
    refuse_own_data(output, data)
    return _table(som, TableSource(data), output) if is_table(data) else _array(som, data, output, key)


def _array(som: KohonenSOM, data: str | Path, output: Path, key: str | None) -> Filled:
    if output.suffix != ".npy":
        raise DataError(
            f"{data}: an array is filled in as an array: name an .npy file to write, got {quoted(str(output))}"
        )
    samples = in_full(data_of(data, key).rows(slice(None)))
    with replacing(output) as file:
        np.save(file, som.fill_in(samples))
    return Filled(len(samples), int(np.isnan(samples).sum()))


def _table(som: KohonenSOM, source: TableSource, output: Path) -> Filled:
    encoding = encoding_for(som, source)
    numbers, texts = number_columns(encoding), text_columns(encoding)
    others = [name for name in source.column_names if name not in encoding.column_names]
    keeping, filled = replace(som.intake, missing="keep"), 0
    with table_writer(output) as writer:
        for rows in source.batches(numbers, [*texts, *others]):
            samples = encoded(rows, encoding)
            require_any_value(samples, rows, source.place)
            with naming_rows(keeping, str(source), rows.first_row, samples):
                columns = _columns(som.fill_in(samples), encoding, rows)
            filled += sum(_missing(rows, name) for name in encoding.column_names)
            writer.write({name: columns.get(name, rows.columns[name]) for name in source.column_names})
    return Filled(writer.rows, filled)


def _columns(samples: NDArray[Any], encoding: Encoding, rows: Rows) -> dict[str, "pa.Array"]:
    """Return the columns that features came from, with the map's values where theirs are missing."""
    import pyarrow as pa

    is_text = {column.name for column in encoding.columns if column.kind == CATEGORY}
    return {name: _filled(rows.columns[name], pa.array(values, pa.string() if name in is_text else pa.float64()))
            for name, values in decoded(samples, encoding)}  # fmt: skip


def _filled(column: "pa.Array", values: "pa.Array") -> "pa.Array":
    import pyarrow.compute as pc

    return pc.if_else(_is_missing(column), values, column)


def _missing(rows: Rows, name: str) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(_is_missing(rows.columns[name])).as_py() or 0)


def _is_missing(column: "pa.Array") -> Any:
    import pyarrow.compute as pc

    return pc.is_null(column, nan_is_null=True)
