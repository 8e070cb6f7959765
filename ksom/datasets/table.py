"""A table: its columns are the features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ksom.dataset import DATASETS, Dataset
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.errors import DataError, quoted
from ksom.tables.encoder import encoded, number_columns, text_columns
from ksom.tables.source import TableSource


@DATASETS.register("Table")
class Table(Dataset):
    """The rows of a table.

    Parameters
    ----------
    path : str, Path, sequence of them, or a table with named columns
        As `ksom.tables.source.TableSource` takes it.
    columns : sequence of str, optional
        The columns that are features. Default: all numbers.
    categories : sequence of str
        Columns whose members become features of their own.
    cyclic : mapping of str to float
        Columns that begin anew at a period, such as the hours of a day: {"hour": 24}.

    Raises
    ------
    DataError
        If the table cannot be read.
    """

    def __init__(
        self,
        path: Any,
        columns: Sequence[str] | None = None,
        categories: Sequence[str] = (),
        cyclic: Mapping[str, float] | None = None,
    ) -> None:
        self.path, self.columns, self.categories, self.cyclic = path, columns, categories, cyclic
        source = TableSource(path)
        self.encoding = Encoding(tuple(self._columns(source)))
        batches = source.batches(number_columns(self.encoding), text_columns(self.encoding))
        super().__init__(np.concatenate([encoded(rows, self.encoding) for rows in batches]))
        self.feature_names = self.encoding.feature_names

    def _columns(self, source: TableSource) -> list[Column]:
        cyclic = self.cyclic or {}
        chosen = self.columns or [name for name in source.column_names if source.is_number(name) or name in cyclic]
        columns = [Column(name, CYCLE, period=cyclic[name]) if name in cyclic else Column(name) for name in chosen]
        columns.extend(Column(name, CATEGORY, _members(source, name)) for name in self.categories)
        if not columns:
            raise DataError(f"{quoted(self.path)}: has no column of numbers; name the columns")
        return columns


def _members(source: TableSource, name: str) -> tuple[str, ...]:
    found: set[str] = set()
    for rows in source.batches((), [name]):
        found.update(member for member in rows.columns.column(name).to_pylist() if member is not None)
    return tuple(sorted(found))
