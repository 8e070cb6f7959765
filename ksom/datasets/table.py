"""A table: its columns are the features."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_boolean, require_number, require_string
from ksom.columns import require_all
from ksom.dataset import DATASETS, Dataset
from ksom.encoding import Column, Encoding
from ksom.errors import DataError, ParameterError, quoted
from ksom.named_files import named_only
from ksom.tables.chosen_columns import Wanted, chosen_columns, require_different_features
from ksom.tables.encoder import encoded, number_columns, require_known, samples_dtype, text_columns, wrong_cell
from ksom.tables.members import Members, members_of, with_members
from ksom.tables.prepared import Preparation, prepared
from ksom.tables.source import Rows, TableSource

LONGEST_NAME = 2**16


class _Kept(NamedTuple):
    """Some rows of the table, and which of them are samples."""

    rows: Rows
    samples: NDArray[Any]
    """Shape (n, D), data units."""
    places: NDArray[np.int64]
    """Where they are among the rows, shape (n,)."""


@DATASETS.register("Table")
class Table(Dataset):
    """The rows of a table: its columns become features.

    A number is a feature as it is; a category has a feature for each member, √½ where the row belongs to it; a cycle is
    the cosine and the sine of its angle. What is missing is NaN in all features of its column.

    Files are read once: their samples are kept in a cache folder, of which `ksom cache` tells.

    Parameters
    ----------
    path : str, Path, sequence of them, or a table with named columns
        CSV, Parquet or Arrow files, by name or pattern, read in this order, a pattern's by their names. Or a table in
        memory: a DataFrame of pandas or polars, a table of pyarrow or duckdb.
    columns : sequence of str, optional
        The columns that are features, by name or by pattern, such as "visits_*". Default: all columns of numbers that
        have no other use; then columns of text must have one.
    categories : sequence of str, or mapping of str to options
        Columns of which each member becomes a feature. Options of one are a list of its members, or any of `members`;
        `rare`, as below; and `other`: whether members that are not named have one feature together (they are refused
        otherwise).
    cyclic : mapping of str to float
        Columns that begin anew at a period, data units: {"hour": 24}.
    label : str, optional
        The column that tells the class of each row, which is no feature: `labels`.
    id : str, optional
        The column that tells which row is which, which is no feature: `ids`.
    where : str, optional
        Which rows are read: "age >= 18 and city != 'Rome'"; `ksom.tables.source.TableSource` explains.
    drop_missing : bool
        Leave out rows that lack a feature.
    rare : float
        The share of the rows, in [0, 1), below which a category's member is rare: all such members become one feature,
        "other". At most 100 members of a column may be left.
    types : mapping of str to str, optional
        What columns hold that are taken for something else: "number", "text" or "time".
    csv : mapping of str to Any, optional
        How CSV files are written, if it is not to be found out: delimiter, decimal, encoding, header, quote, missing.
    units : mapping of str to str, optional
        What columns are measured in, for whoever shows them.
    known : Encoding, optional
        How the columns became the features of a map: they are taken by it, not chosen. Other columns do no harm; a
        member that it does not know counts as missing.

    Raises
    ------
    DataError
        If the table cannot be read, or its columns are not what they are taken for.
    ParameterError
        For an argument outside its domain.
    NotInstalled
        If pyarrow is not there.

    Examples
    --------
    >>> import pyarrow
    >>> table = Table(pyarrow.table({"age": [30.0, 41.0], "sex": ["f", "m"]}), categories=["sex"])
    >>> table.feature_names
    ('age', 'sex=f', 'sex=m')
    """

    from_elsewhere = ("known",)
    encoding: Encoding

    def __init__(  # noqa: PLR0917 (the keys of an experiment, which are given by name)
        self,
        path: Any,
        columns: Sequence[str] | str | None = None,
        categories: Sequence[str] | Mapping[str, Any] | None = None,
        cyclic: Mapping[str, float] | None = None,
        label: str | None = None,
        id: str | None = None,  # noqa: A002 (the key of an experiment)
        where: str | None = None,
        drop_missing: bool = False,
        rare: float = 0.01,
        types: Mapping[str, str] | None = None,
        csv: Mapping[str, Any] | None = None,
        units: Mapping[str, str] | None = None,
        known: Encoding | None = None,
    ) -> None:
        self.path, self.columns, self.categories, self.cyclic = path, columns, categories, cyclic
        self.label, self.id, self.where, self.types, self.csv = label, id, where, types, csv
        self.drop_missing = require_boolean("drop_missing", drop_missing)
        self.rare = require_number("rare", rare, at_least=0, at_most=1)
        self.known = known
        self._source = TableSource(path, where=where, types=types, csv=csv)
        self._called = str(self._source)
        self.units = _texts("units", units)
        members = members_of(categories or (), self.rare)
        columns_known = self._columns(members)
        asked = {
            "columns": columns_known,
            "members": {} if known else members,
            "rows": [where, self.drop_missing],
            "read": [types, csv],
        }
        how = Preparation(lambda: self._encoding(columns_known, members), self._dtype, self._read)
        self.encoding, samples = prepared(self._source.files, asked, how, self._called)
        if not len(samples):
            told = "each of them lacks a feature (DROP_MISSING)" if self.drop_missing else "there is none"
            raise DataError(f"{self._called}: no row is left to learn from: {told}")
        super().__init__(samples)
        self.feature_names = self.encoding.feature_names

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the table as it was given, if it is in memory: its source has it."""
        return self.__dict__ | {"path": named_only(self.path)}

    @cached_property
    def labels(self) -> NDArray[np.str_] | None:  # type: ignore[override]  # read only when somebody asks
        """The class of each sample, shape (N,), "" where it is missing; None without a `label`."""
        return None if self.label is None else np.concatenate(list(self.texts(self.label)))

    def ids(self) -> NDArray[np.str_] | None:
        """Return the id of each sample, shape (N,), "" where it is missing; None without an `id`."""
        return self._ids

    def names_of(self, index: slice | NDArray[np.int64]) -> NDArray[np.str_] | None:
        """Return what the samples at `index` are called, shape (n,): their ids; None without an `id`."""
        return None if self._ids is None else self._ids[index]

    def texts(self, column: str) -> Iterator[NDArray[np.str_]]:
        """Yield what a column holds for the samples, as texts, "" where it is missing; some rows at a time, in order.

        Raises
        ------
        DataError
            If the column cannot be read.
        """
        walk = self._walk(self.encoding, [column]) if self.drop_missing else self._rows([column])
        for kept in walk:
            values = kept.rows.columns.column(column).cast("string").fill_null("")
            yield np.array(values.to_pylist(), dtype=np.str_)[kept.places]

    def place(self, row: int) -> str:
        """Return where a sample came from: the file, and the line or the row in it."""
        if not self.drop_missing:
            return self._source.place(row)
        rows, at = self._at(row)
        return self._source.place(rows.first_row + at)

    def cell(self, row: int, feature: int, value: float) -> str:
        """Return which column of which row is missing, infinite, or of a category that has no such member."""
        column = self.encoding.columns[self.encoding.column_of[feature]]
        told = wrong_cell(*self._at(row), column, self._source.place)
        return f"{told} (DROP_MISSING leaves out rows that lack a value)" if math.isnan(value) else told

    @cached_property
    def _ids(self) -> NDArray[np.str_] | None:
        return None if self.id is None else np.concatenate(list(self.texts(self.id)))

    def _columns(self, members: Mapping[str, Members]) -> list[Column]:
        if self.known is not None:
            require_all(self._source.column_names, self.known.column_names, self._called)
            return list(self.known.columns)
        columns = [self.columns] if isinstance(self.columns, str) else self.columns
        used = [
            _name(argument, name) for argument, name in (("label", self.label), ("id", self.id)) if name is not None
        ]
        wanted = Wanted(columns, list(members), _periods(self.cyclic), used)
        return chosen_columns(self._source, wanted, self._called)

    def _encoding(self, columns: Sequence[Column], members: Mapping[str, Members]) -> Encoding:
        if self.known is not None:
            return self.known
        encoding = with_members(columns, members, self._source, self._called)
        require_different_features(encoding, self._called)
        return encoding

    def _dtype(self, encoding: Encoding) -> np.dtype[Any]:
        return samples_dtype(self._source, encoding)

    def _read(self, encoding: Encoding) -> Iterator[NDArray[Any]]:
        for kept in self._walk(encoding):
            yield kept.samples

    def _walk(self, encoding: Encoding, texts: Sequence[str] = ()) -> Iterator[_Kept]:
        """Yield the rows with all columns of features and with `texts`, and what becomes of them."""
        numbers, dtype = number_columns(encoding), self._dtype(encoding)
        words = [*text_columns(encoding), *(name for name in texts if name not in encoding.column_names)]
        for rows in self._source.batches(numbers, words):
            if self.known is None:
                require_known(rows, encoding, self._called, self._source.place)
            samples = encoded(rows, encoding, dtype)
            places = np.arange(len(samples))
            if self.drop_missing:
                places = np.flatnonzero(~np.isnan(samples).any(axis=1))
                samples = samples[places]
            yield _Kept(rows, samples, places)

    def _rows(self, texts: Sequence[str]) -> Iterator[_Kept]:
        """Yield all rows, with `texts` alone."""
        for rows in self._source.batches((), texts):
            yield _Kept(rows, np.empty((0, 0)), np.arange(rows.columns.num_rows))

    def _at(self, row: int) -> tuple[Rows, int]:
        """Return the rows that a sample is among, and where; reads up to there."""
        for kept in self._walk(self.encoding):
            if row < len(kept.places):
                return kept.rows, int(kept.places[row])
            row -= len(kept.places)
        raise IndexError("there are not so many samples")


def _name(argument: str, value: Any) -> str:
    return require_string(argument, value, LONGEST_NAME)


def _periods(cyclic: Any) -> dict[str, float]:
    if cyclic is None:
        return {}
    if not isinstance(cyclic, Mapping):
        raise ParameterError("cyclic", "map columns to their periods, such as {hour: 24}", cyclic)
    return {
        _name("cyclic", name): require_number(f"cyclic[{quoted(name)}]", period, above=0)
        for name, period in cyclic.items()
    }


def _texts(argument: str, given: Any) -> dict[str, str] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or not all(isinstance(text, str) for pair in given.items() for text in pair):
        raise ParameterError(argument, "map columns to texts, such as {height: cm}", given)
    return dict(given)
