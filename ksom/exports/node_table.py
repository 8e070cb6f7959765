"""A map as a table, one row a node, for a spreadsheet."""

import csv
import io
import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from ksom.answers import Answers
from ksom.encoding import called
from ksom.layers import CLUSTERS, HITS, LABELS
from ksom.map_file import Layer
from ksom.method.labels import node_labels
from ksom.text_cells import as_text
from ksom.whole_files import replacing_or_printing


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
        The file; "-": standard output.

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
    with replacing_or_printing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(map(_cell, row) for row in rows)
        text.detach()  # flushed, and left open


def node_rows(som: Answers) -> Iterator[list[Any]]:
    """Return an iterator over the header and the row of each node; see `write_node_table`."""
    prototypes, layers = som.prototypes.reshape(-1, som.features), _columns(som.layers)
    header = ["row", "column", *called(som.features, som.feature_names, som.encoding), *layers]
    rows = (
        [*divmod(node, som.lattice.width), *weights.tolist(), *(values[node] for values in layers.values())]
        for node, weights in enumerate(prototypes)
    )
    return chain([header], rows)


def _columns(layers: dict[str, Layer]) -> dict[str, list[Any]]:
    """Return what the layers tell of each node in row-major order, by the name of its column."""
    columns = {HITS: layers[HITS].values.ravel()} if HITS in layers else {}
    if LABELS in layers:
        columns["label"], columns["label_share"] = node_labels(layers)
    if CLUSTERS in layers:
        columns["cluster"] = layers[CLUSTERS].values.ravel()
    return {name: values.tolist() for name, values in columns.items()}


def _cell(value: Any) -> Any:
    """Return a value as a cell: nothing where it is not known."""
    return "" if isinstance(value, float) and math.isnan(value) else as_text(value)
