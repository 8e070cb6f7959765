"""From a table of labelled rows to a map whose nodes have labels, piece by piece."""

from pathlib import Path

import numpy as np

from ksom.errors import DataError, quoted
from ksom.kohonensom_model import KohonenSOM
from ksom.method.labels import LabelCounts
from ksom.predicting import naming_rows, pieces_of


def label_by_column(som: KohonenSOM, data: str | Path, column: str) -> int:
    """Label a map's nodes by a column of a table, and return how many rows had no label: they are left out.

    Parameters
    ----------
    som : KohonenSOM
        The map; see its `label`.
    data : str or Path
        The table.
    column : str
        The column that holds the labels.

    Raises
    ------
    DataError
        If the table cannot be read, has no such column, no label in it, or too many different ones.
    """
    counted, without = LabelCounts(som.lattice, column), 0
    for first_row, samples, labels in pieces_of(som, data, None, column):
        has_label = labels.is_valid().to_numpy(zero_copy_only=False)
        without += int((~has_label).sum())
        if has_label.any():
            with naming_rows(som.intake, str(data), first_row, samples):
                nodes = som.best_matching_nodes(samples[has_label])
            counted.add(nodes, np.array(labels.drop_null().to_pylist(), dtype=np.str_))
    if not counted.samples:
        raise DataError(f"{data}: no row has a label in the column {quoted(column)}")
    som.take_labels(counted)
    return without
