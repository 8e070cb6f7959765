"""Filling in: what is missing in a file, from the map's best node for what is there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ksom.errors import DataError, quoted
from ksom.kohonensom_model import KohonenSOM
from ksom.sparse_rows import in_full
from ksom.tables.decoder import decoded
from ksom.tables.encoder import encoded, number_columns, text_columns
from ksom.tables.output import table_writer
from ksom.tables.source import TableSource
from ksom.tasks.map_and_data import data_of, names_table, table_reading
from ksom.tasks.predicting import encoding_for, naming_rows, refuse_own_data
from ksom.whole_files import replacing

if TYPE_CHECKING:
    import pyarrow as pa


class Filled(NamedTuple):
    """How much was filled in."""

    rows: int
    """Of the data."""
    values: int
    """That were missing and are there now; a row without any value keeps its gaps."""


def impute_file(
    som: KohonenSOM,
    data: str | Path,
    output: Path,
    *,
    key: str | None = None,
    csv: Mapping[str, Any] | None = None,
) -> Filled:
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
    csv : mapping of str to Any, optional
        How CSV files are written. Default: as those that the map has learned from.

    Raises
    ------
    DataError
        If the samples cannot be read, or are none of this map's.
    ParameterError
        If the map compares directions.
    OutputError
        If the output cannot be written; nothing is, then.
    """
    refuse_own_data(output, data)
    if names_table(data):
        return _table(som, TableSource(data, **table_reading(som, csv)), output)
    return _array(som, data, output, key)


def _array(som: KohonenSOM, data: str | Path, output: Path, key: str | None) -> Filled:
    if output.suffix != ".npy":
        told = "is no table, so it is filled in as an array: name an .npy file to write"
        raise DataError(f"{data}: {told}, got {quoted(str(output))}")
    samples = in_full(data_of(data, key).rows(slice(None)))
    with replacing(output) as file:
        np.save(file, som.fill_in(samples))
    return Filled(len(samples), int(np.isnan(samples).sum()))


def _table(som: KohonenSOM, source: TableSource, output: Path) -> Filled:
    import pyarrow as pa
    import pyarrow.compute as pc

    encoding = encoding_for(som, source)
    numbers, texts = number_columns(encoding), text_columns(encoding)
    others = [name for name in source.column_names if name not in encoding.column_names]
    keeping, filled = replace(som.intake, missing="keep"), 0
    with table_writer(output) as writer:
        for rows in source.batches(numbers, [*texts, *others]):
            samples = encoded(rows, encoding)
            some = ~np.isnan(samples).all(axis=1)
            if some.any():
                with naming_rows(som, keeping, str(source), rows.first_row, samples[some]):
                    samples[some] = som.fill_in(samples[some])
            columns = {}
            for name, values in decoded(samples, encoding):
                column = rows.columns[name]
                gaps = pc.and_(_is_missing(column), pa.array(some))
                columns[name] = pc.if_else(gaps, pa.array(values, column.type), column)
                filled += gaps.true_count
            writer.write({name: columns.get(name, rows.columns[name]) for name in source.column_names})
    return Filled(writer.rows, filled)


def _is_missing(column: "pa.Array") -> Any:
    import pyarrow.compute as pc

    return pc.is_null(column, nan_is_null=True)
