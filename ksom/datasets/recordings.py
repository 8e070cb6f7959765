"""Recordings of time series: rows in the order of time, in arrays, tables or files, and where one series ends."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.array_files import read_array
from ksom.columns import as_array, column_names
from ksom.errors import DataError, quoted
from ksom.memory import available_memory
from ksom.named_files import is_list_of_names, named_files
from ksom.names import nearest
from ksom.tables.found_files import SUFFIXES, is_table
from ksom.tables.kinds import TEXT, seconds_of
from ksom.tables.source import TableSource

ARRAYS = (".npy", ".npz")

Name = str | int
"""Of a column: its name in a table, its number in an array."""

WHERE = "dataset Windows"


class Choice(NamedTuple):
    """Which columns of a recording are what."""

    columns: tuple[Name, ...] | None
    """The channels; None: all columns that are neither of these:"""
    series: Name | None
    """The column whose change begins a new series."""
    time: Name | None
    """The column of times."""

    def channels(self, there: Sequence[Name], where: str) -> list[Name]:
        """Return the channels, if a recording with the columns `there` has all that is asked for."""
        beside = [name for name in (self.series, self.time) if name is not None]
        for name in (*(self.columns or ()), *beside):
            if name not in there:
                known = [known for known in there if isinstance(known, str)]
                hint = nearest(name, known) if isinstance(name, str) else ""
                has = f"it has {', '.join(map(str, there[:20]))}" if known else f"it has {len(there)}, from 0, no names"
                raise DataError(f"{where}: there is no column {quoted(name)}{hint}; {has}")
        chosen = list(there if self.columns is None else self.columns)
        channels = [name for name in chosen if self.columns is not None or name not in beside]
        if not channels:
            raise DataError(f"{where}: there is no column left to cut windows from")
        return channels


class Recording(NamedTuple):
    """Rows one after another in time."""

    name: str
    """What it is called: its file's path, or "series 0"."""
    values: Path | NDArray[Any]
    """Shape (T, columns) or (T,): an .npy file, or an array."""
    channels: list[int] | None
    """Which columns of `values` are the channels; None: all."""
    channel_names: tuple[str, ...] | None
    """What a table calls them."""
    rows: int
    """T."""
    series: NDArray[Any] | None
    """The series that each row belongs to, shape (T,); None: all to one."""
    time: NDArray[Any] | None
    """The time of each row, numbers, shape (T,)."""


def recordings(data: Any, key: str | None, choice: Choice) -> list[Recording]:
    """Return the recordings that `data` is: files by their names, an array, a table, or a list of these.

    Raises
    ------
    DataError
        If one cannot be read, is no time series, or lacks a column.
    """
    if isinstance(data, str | Path) or is_list_of_names(data):
        files = named_files("path", data, (*ARRAYS, *SUFFIXES)).files
        return [_of_file(file, key, choice) for file in files]
    several = data if isinstance(data, list | tuple) and data and all(map(_is_whole, data)) else [data]
    return [_of_values(values, f"series {number}", choice) for number, values in enumerate(several)]


def pieces(recording: Recording, gap: float) -> list[tuple[int, int]]:
    """Return the first row of each series of a recording and the one after its last.

    Parameters
    ----------
    recording : Recording
        The rows.
    gap : float
        A step in time of more than so many usual ones (their median) begins a new series.

    Raises
    ------
    DataError
        Naming the row whose time is not after that of the row before it in its series.
    """
    begins = np.zeros(recording.rows, dtype=np.bool_)
    if recording.series is not None:
        begins[1:] = recording.series[1:] != recording.series[:-1]
    if recording.time is not None:
        steps = np.diff(recording.time)
        inside = ~begins[1:]
        _require_rising(recording, steps, inside)
        if inside.any():
            begins[1:] |= steps > gap * np.median(steps[inside])
    starts = [0, *map(int, np.flatnonzero(begins))]
    return list(zip(starts, [*starts[1:], recording.rows], strict=True))


def _is_whole(value: Any) -> bool:
    """Return whether a member of a list is a recording by itself, not a number or a row of one."""
    return isinstance(value, np.ndarray) or column_names(value) is not None or hasattr(value, "__arrow_c_stream__")


def _of_file(file: Path, key: str | None, choice: Choice) -> Recording:
    if is_table(file):
        return _of_source(TableSource(file), str(file), choice)
    array = read_array(file, key)
    return _of_array(array, str(file), choice)._replace(values=file if isinstance(array, np.memmap) else array)


def _of_values(values: Any, name: str, choice: Choice) -> Recording:
    names = column_names(values)
    if names is not None:
        channels = choice.channels(names, WHERE)
        series, time = (None if key is None else np.asarray(values[key]) for key in (choice.series, choice.time))
        return _of_table(as_array(values, [str(key) for key in channels], WHERE), channels, series, time, name)
    if hasattr(values, "__arrow_c_stream__"):
        return _of_source(TableSource(values), name, choice)
    return _of_array(np.asarray(values), name, choice)


def _of_source(source: TableSource, name: str, choice: Choice) -> Recording:
    """Read the columns of a table that are needed into memory, and no others."""
    channels = choice.channels(source.column_names, name)
    if other := [key for key in channels if not source.is_number(str(key))]:
        raise DataError(f"{name}: column {quoted(other[0])} holds no numbers; choose the channels by COLUMNS")
    beside = [str(key) for key in (choice.series, choice.time) if key is not None]
    texts = [key for key in beside if source.kind(key) == TEXT]
    numbers = list(dict.fromkeys([*map(str, channels), *(key for key in beside if key not in texts)]))
    read: dict[str, list[NDArray[Any]]] = {key: [] for key in (*numbers, *texts)}
    size, most = 0, available_memory() // 2  # it is there twice for a moment
    for rows in source.batches(numbers, texts):
        size += rows.columns.nbytes
        if size > most:
            told = f"its columns take more than {most / 1e9:.3g} GB, half of the memory"
            raise DataError(f"{name}: {told}; save the series as an .npy file, which is read piece by piece")
        for key, parts in read.items():
            parts.append(rows.columns.column(key).to_numpy(zero_copy_only=False))
    columns = {key: np.concatenate(parts) if parts else np.empty(0) for key, parts in read.items()}
    series, time = (None if key is None else columns[str(key)] for key in (choice.series, choice.time))
    return _of_table(np.column_stack([columns[str(key)] for key in channels]), channels, series, time, name)


def _of_table(
    values: NDArray[Any], channels: Sequence[Name], series: NDArray[Any] | None, time: NDArray[Any] | None, name: str
) -> Recording:
    times = None if time is None else _times(time, name)
    return Recording(name, values, None, tuple(map(str, channels)), len(values), _known(series, name), times)


def _of_array(array: NDArray[Any], name: str, choice: Choice) -> Recording:
    if array.dtype.kind not in "biuf" or array.ndim not in {1, 2} or 0 in array.shape:
        told = f"must be numbers of the shape (rows, channels) or (rows,), got {array.dtype} of the shape {array.shape}"
        raise DataError(f"{WHERE}: a time series ({name}) {told}")
    columns = array.reshape(len(array), -1)
    numbers = list(range(columns.shape[1]))
    channels = [int(key) for key in choice.channels(numbers, f"{WHERE}, {name}")]
    series, time = (None if key is None else np.array(columns[:, int(key)]) for key in (choice.series, choice.time))
    times = None if time is None else _times(time, name)
    chosen = None if channels == numbers else channels
    return Recording(name, array, chosen, None, len(array), _known(series, name), times)


def _known(series: NDArray[Any] | None, name: str) -> NDArray[Any] | None:
    """Return the series of each row, if they are known."""
    if series is None:
        return None
    if series.dtype.kind in "biufmM":
        missing = np.isnan(series)
    else:
        missing = np.array([not isinstance(value, str | int) for value in series])
    if missing.any():
        told = f"the series of row {int(np.argmax(missing))} of {name} is missing"
        raise DataError(f"{WHERE}: {told}; say which it belongs to, or leave the row out")
    return series


def _times(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return times as numbers, which are finite: dates and texts (ISO 8601) as well."""
    if values.dtype.kind in "mM":
        known = ~np.isnat(values)
        numbers = values.view(np.int64)
    elif values.dtype.kind in "biuf":
        known = np.isfinite(values)
        numbers = values if values.dtype.kind == "f" else values.astype(np.int64)
    else:
        numbers = np.array([_seconds(value, name, row) for row, value in enumerate(values)])
        known = np.isfinite(numbers)
    if not known.all():
        raise DataError(f"{WHERE}: the time of row {int(known.argmin())} of {name} is missing; leave the row out")
    return numbers


def _seconds(value: Any, name: str, row: int) -> float:
    try:
        return seconds_of(value)
    except (TypeError, ValueError):
        told = f"the time of row {row} of {name} must be a number or a date such as 2026-03-31 12:00"
        raise DataError(f"{WHERE}: {told}, got {quoted(value)}") from None


def _require_rising(recording: Recording, steps: NDArray[Any], inside: NDArray[np.bool_]) -> None:
    back = inside & ~(steps > 0)
    if back.any():
        row = int(back.argmax()) + 1
        told = f"the time of row {row} of {recording.name} is not after that of the row before it"
        raise DataError(f"{WHERE}: {told}; sort the rows, or name the column that tells the series apart (SERIES)")
