"""From the files of a map and of labelled samples to a map whose nodes have labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.datasets import Table
from ksom.errors import DataError, quoted
from ksom.kohonensom_model import KohonenSOM
from ksom.method.labels import as_table
from ksom.part import with_values
from ksom.tasks.map_and_data import (
    columns_of,
    file_to_write,
    labels_of,
    map_and_data,
    map_of,
    names_table,
    table_reading,
)


def label_file(
    som_path: Path,
    data: str | None,
    *,
    column: str | None = None,
    labels: Path | None = None,
    key: str | None = None,
    output: Path | None = None,
    csv: Mapping[str, Any] | None = None,
) -> str:
    """Label the nodes of a map, write it, and return a table of what labels there are.

    Parameters
    ----------
    som_path : Path
        The map's file, or a run folder.
    data : str, optional
        The file of samples. Default: those that the run has learned from.
    column : str, optional
        The column of the table `data` that holds the labels.
    labels : Path, optional
        An .npy file with the label of each sample, instead. Default: the data set's own.
    key : str, optional
        Which array of an .npz file.
    output : Path, optional
        Where to write the map. Default: its own file.
    csv : mapping of str to Any, optional
        How CSV files are written. Default: as those that the map has learned from.

    Raises
    ------
    DataError, ConfigError, OutputError
        If something cannot be read or written, or there is not a label for each sample.
    """
    if column is not None and data is not None:
        som = map_of(som_path)
        dataset = _labelled_table(som, data, column, csv)
    else:
        som, dataset = map_and_data(som_path, data, key, csv)
    written = file_to_write(som_path, output)
    som.label(dataset, _own_labels(dataset, data) if labels is None else labels_of(labels), column)
    som.save(written)
    return f"{as_table(som.layers)}\nwritten: {written}"


def _labelled_table(som: KohonenSOM, data: str, column: str, csv: Mapping[str, Any] | None) -> Dataset:
    """Return a table as the map reads it, without the rows that it could not place, with a column of labels."""
    if not names_table(data):
        raise DataError(f"{data}: is no table, so it has no column {quoted(column)}; give the labels by --labels")
    reading = table_reading(som, csv)
    keeps = som.intake.keeps_missing
    return with_values(Table(data, label=column, drop_missing=not keeps, known=columns_of(som), **reading))


def _own_labels(dataset: Dataset, data: str | None) -> NDArray[Any]:
    if dataset.labels is None:
        told = "do not tell what their samples are; name a column (--column) or a file of labels (--labels)"
        raise DataError(f"{data or 'the data of the run'}: {told}")
    return dataset.labels
