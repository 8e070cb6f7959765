"""A map as a table, one row a node, for a spreadsheet."""

import csv
import io
import math
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

from ksom.answers import Answers
from ksom.exports.majority import majority
from ksom.map_file import Layer
from ksom.text_cells import as_text
from ksom.whole_files import replacing


def write_node_table(som: Answers, path: Path) -> None:
    """Write a map as CSV, UTF-8, one row a node, row by row; the file is whole or absent.

    Columns: `row`, `column`, the prototype's features by their names (data units, to the last bit; empty where the map
    knows nothing of it), and what the map's layers tell: `hits`, `label`, `label_share`, `cluster`. Text that a
    spreadsheet would run follows an apostrophe.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    path : Path
        The file.

    Raises
    ------
    OutputError
        If it cannot be written.
    DataError
        If a layer is not what its name says.
    NotTrained
        If the map has no weights yet.
    """
    rows = node_rows(som)
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(map(_cell, row) for row in rows)
        text.detach()  # flushed, and left open


def node_rows(som: Answers) -> Iterator[list[Any]]:
    """Return an iterator over the header and the row of each node; see `write_node_table`."""
    prototypes, layers = som.prototypes, _columns(som.layers)
    names = (som.encoding and som.encoding.feature_names) or som.feature_names
    header = ["row", "column", *(names or [f"feature {number}" for number in range(som.features)]), *layers]
    rows = (
        [row, column, *prototypes[row, column].tolist(), *(values[row][column] for values in layers.values())]
        for row, column in product(range(som.lattice.height), range(som.lattice.width))
    )
    return chain([header], rows)


def _columns(layers: dict[str, Layer]) -> dict[str, list[list[Any]]]:
    """Return what the layers tell of each node, by the name of its column."""
    columns = {}
    if "hits" in layers:
        columns["hits"] = layers["hits"].values.tolist()
    if "labels" in layers:
        of_most = majority(layers["labels"])
        columns |= {"label": of_most.labels.tolist(), "label_share": of_most.shares.tolist()}
    if "clusters" in layers:
        columns["cluster"] = layers["clusters"].values.tolist()
    return columns


def _cell(value: Any) -> Any:
    """Return a value as a cell: nothing where it is not known."""
    return "" if isinstance(value, float) and math.isnan(value) else as_text(value)
