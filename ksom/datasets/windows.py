"""Windows over time series."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ksom.arguments import require_choice, require_integer, require_number
from ksom.dataset import DATASETS, Dataset
from ksom.datasets.recordings import WHERE, Choice, Name, Recording, pieces, recordings
from ksom.datasets.shards import Shards
from ksom.errors import DataError, ParameterError
from ksom.named_files import named_only

logger = logging.getLogger(__name__)

SCALES = ("none", "standard", "minmax")

MOST_FEATURES = 2**20

EXTREMES = (np.minimum, np.maximum)

FLAT = 8
"""Steps of the precision that a window must span to have a shape: else it is what rounding left of a constant."""


class Places(NamedTuple):
    """Where windows come from."""

    recording: NDArray[np.str_]
    """The file, or "series 0" of arrays, that each window is from, shape (N,)."""
    first_row: NDArray[np.int64]
    """The number of its first row there, from 0, shape (N,)."""


@DATASETS.register("Windows")
class Windows(Dataset):
    """Windows over time series: each sample is `length` rows, one after another, of all channels.

    A sample is the window's values row by row: `sample.reshape(length, channels)` is the window. Features are called
    "temperature t-2", "temperature t-1", "temperature t": the last row of a window is t. Windows are cut when they are
    asked for and never kept, so that an .npy file may be larger than the memory; CSV, Parquet and Arrow files are read
    into it, only the columns that are needed. No window spans two series; rows at the end of a series that fill no
    window are left out.

    Parameters
    ----------
    path : str, Path, array_like of shape (T, channels) or (T,), table with named columns, or list of them
        The series, each row a step in time: .npy, .npz, CSV, Parquet and Arrow files, a list, a folder or a pattern of
        them, or the values themselves; data units. Every file and every member of a list is a series of its own.
    length : int
        Rows of a window, at least 1.
    step : int, optional
        Rows from the beginning of one window to that of the next; default `length`: windows do not overlap. Those that
        overlap by most of their rows make every map one of smooth waves, whatever the data [1]_: give a smaller step
        to find patterns wherever they begin, not to have more samples.
    columns : list of str or int, optional
        The channels: names of a table's columns, numbers of an array's, from 0; default all but `series` and `time`.
    scale : str
        What is done to each channel of each window by itself: "none"; "standard", mean 0 and deviation 1, or "minmax",
        from 0 to 1, which compare shapes and not levels. A flat window becomes zeros.
    series : str or int, optional
        A column whose change, from one row to the next, begins a new series: a machine's name, a patient's number.
    time : str or int, optional
        A column of times: numbers, dates, or texts such as 2026-03-31 12:00. They must rise within a series.
    gap : float
        With `time`: a step of more than so many usual ones (their median in the file) begins a new series; ≥ 1.
    key : str, optional
        Which array of .npz files; may be left out if there is only one.

    Raises
    ------
    DataError
        If a file cannot be read or lacks a column, the series have different channels, a time goes back, or no series
        is as long as a window.
    ParameterError
        If an argument is out of its domain.

    References
    ----------
    .. [1] E. Keogh, J. Lin: Clustering of time-series subsequences is meaningless. Knowledge and Information Systems 8
       (2005) 154–177.

    Examples
    --------
    >>> hours = np.arange(6.0)
    >>> windows = Windows(hours, length=3, step=1)
    >>> windows.rows(slice(0, 2)).tolist(), windows.feature_names
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], ('channel 0 t-2', 'channel 0 t-1', 'channel 0 t'))
    >>> windows.places().first_row.tolist()
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        path: ArrayLike | Path | Sequence[str | Path],
        length: int,
        *,
        step: int | None = None,
        columns: Sequence[Name] | Name | None = None,
        scale: str = "none",
        series: Name | None = None,
        time: Name | None = None,
        gap: float = 1.5,
        key: str | None = None,
    ) -> None:
        self.path = path
        self.length = require_integer("length", length, minimum=1)
        self.step = None if step is None else require_integer("step", step, minimum=1)
        self.columns = columns
        self.scale = require_choice("scale", scale, SCALES)
        self.series, self.time = series, time
        self.gap = require_number("gap", gap, at_least=1)
        self.key = key
        choice = Choice(_names("columns", columns), _name("series", series), _name("time", time))
        found = recordings(path, key, choice)
        self._recordings = [recording.name for recording in found]
        self._channels = found[0].channels
        self._series = Shards([recording.values for recording in found], WHERE)
        if self.features > MOST_FEATURES:
            told = f"a window has {self.length} × {self.channels} values, more than {MOST_FEATURES:,}"
            raise DataError(f"{WHERE}: {told}; take a smaller LENGTH, or fewer COLUMNS")
        self._cut(found)
        self._channel_names = self._names_of_channels(found)
        self.feature_names = self._names_of_features()

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the data as they were given: windows are cut from what was made of them."""
        return self.__dict__ | {"path": named_only(self.path)}

    def __len__(self) -> int:
        return int(self._windows_until[-1])

    @property
    def channels(self) -> int:
        """How many values a row has."""
        whole = int(np.prod(self._series.shape[1:]))
        return whole if self._channels is None else len(self._channels)

    @property
    def features(self) -> int:
        return self.length * self.channels

    def rows(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        first = self._first_rows(index)
        values = self._series[first[:, np.newaxis] + np.arange(self.length)]
        windows = values.reshape(len(first), self.length, -1)
        chosen = windows if self._channels is None else windows[..., self._channels]
        return scaled(chosen, self.scale).reshape(len(first), self.features)

    def names_of(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        found = self.places(index)
        if len(self._recordings) == 1:
            return found.first_row
        return np.array([f"{recording}:{row}" for recording, row in zip(*found, strict=True)])

    def place(self, row: int) -> str:
        found = self.places(slice(row, row + 1))
        return f"the window from row {found.first_row[0]} of {found.recording[0]}"

    def cell(self, row: int, feature: int, value: float) -> str:
        found, (later, channel) = self.places(slice(row, row + 1)), divmod(feature, self.channels)
        return f"{self._channel_names[channel]} is {value} in row {found.first_row[0] + later} of {found.recording[0]}"

    def places(self, index: slice | NDArray[np.int64] = slice(None)) -> Places:
        """Return where windows come from, for those at `index`; default all of them."""
        first = self._first_rows(index)
        number = np.searchsorted(self._series.first_rows(), first, "right") - 1
        return Places(np.array(self._recordings)[number], first - self._series.first_rows()[number])

    def _cut(self, found: Sequence[Recording]) -> None:
        """Find out where each series begins, and how many windows it and all before it have."""
        cut = [
            (begin + start, begin + stop)
            for begin, recording in zip(self._series.first_rows(), found, strict=True)
            for start, stop in pieces(recording, self.gap)
        ]
        starts, stops = np.array(cut, dtype=np.int64).T
        lengths = stops - starts
        windows = np.maximum(0, (lengths - self.length) // self._step + 1)
        if not windows.any():
            told = f"no series is as long as a window of {self.length} rows, the longest has {lengths.max()}"
            raise DataError(f"{WHERE}: {told}; take a smaller LENGTH")
        if not windows.all():
            told = "%s: %d of %d series are shorter than a window of %d rows and are left out"
            logger.info(told, WHERE, (windows == 0).sum(), len(windows), self.length)
        self._starts, self._windows_until = starts[windows > 0], np.cumsum(windows[windows > 0])

    @property
    def _step(self) -> int:
        return self.length if self.step is None else self.step

    def _first_rows(self, index: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the first row of each window, among those of all series."""
        number = np.arange(*index.indices(len(self))) if isinstance(index, slice) else np.asarray(index)
        if number.size and not (number.min() >= -len(self) and number.max() < len(self)):
            raise IndexError(f"{WHERE} has {len(self)} windows, and was asked for others")
        number = np.where(number < 0, number + len(self), number)
        piece = np.searchsorted(self._windows_until, number, "right")
        before = np.concatenate([[0], self._windows_until[:-1]])
        first: NDArray[np.int64] = self._starts[piece] + (number - before[piece]) * self._step
        return first

    def _names_of_channels(self, found: Sequence[Recording]) -> tuple[str, ...]:
        for recording in found:
            if recording.channel_names != found[0].channel_names:
                raise DataError(f"{WHERE}: {recording.name} has other channels than {found[0].name}; choose by COLUMNS")
        numbers = self._channels or range(self.channels)
        return found[0].channel_names or tuple(f"channel {number}" for number in numbers)

    def _names_of_features(self) -> tuple[str, ...]:
        times = [f"t-{ago}" if ago else "t" for ago in reversed(range(self.length))]
        return tuple(f"{name} {time}" for time in times for name in self._channel_names)


def scaled(windows: NDArray[Any], scale: str) -> NDArray[Any]:
    """Return each channel of each window scaled by itself, as one of `SCALES` says; NaN stays, and counts for nothing.

    Parameters
    ----------
    windows : ndarray of shape (n, length, channels)
        Data units.
    scale : str
        "minmax": (x − low) / (high − low); "standard": (x − mean) / deviation, √ of the mean squared difference.

    Returns
    -------
    ndarray of shape (n, length, channels)
        Of the windows' own type, if it is of floats; 0 throughout where a channel does not vary, but for rounding.
    """
    if scale == "none":
        return windows
    values = np.array(windows.transpose(0, 2, 1), np.float64, order="C")  # a window's sums do not depend on the others
    has_gaps = bool(np.isnan(values).any())
    low, high = (of.reduce(values, axis=2, keepdims=True) for of in ((np.fmin, np.fmax) if has_gaps else EXTREMES))
    spread = high - low
    precision = np.finfo(windows.dtype).eps if windows.dtype.kind == "f" else 0
    is_flat = ~(spread > FLAT * precision * np.maximum(np.abs(low), np.abs(high)))
    values -= low
    values /= np.where(is_flat, np.inf, spread)
    if scale == "standard":
        _standardise(values, is_flat, has_gaps)
    shapes = np.empty(windows.shape, np.result_type(windows.dtype, np.float32))
    shapes[:] = values.transpose(0, 2, 1)
    return shapes


def _standardise(values: NDArray[np.float64], is_flat: NDArray[np.bool_], has_gaps: bool) -> None:
    """Give shapes from 0 to 1, of shape (n, channels, length), mean 0 and deviation 1; no square overflows."""
    there = ~np.isnan(values) if has_gaps else np.True_
    count = np.maximum(there.sum(axis=2, keepdims=True), 1) if has_gaps else values.shape[2]
    values -= values.sum(axis=2, keepdims=True, where=there) / count
    deviation = np.sqrt((values * values).sum(axis=2, keepdims=True, where=there) / count)
    values /= np.where(is_flat, np.inf, deviation)


def _names(argument: str, given: Any) -> tuple[Name, ...] | None:
    if given is None:
        return None
    names = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not names or len(set(map(str, names))) < len(names):
        raise ParameterError(argument, "be one or several different columns", given)
    return tuple(name for one in names if (name := _name(argument, one)) is not None)


def _name(argument: str, given: Any) -> Name | None:
    if given is None or isinstance(given, str):
        return given
    return require_integer(argument, given, minimum=0)
