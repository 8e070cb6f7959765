"""The numbers of a training over its iterations, read back from a run folder, ended or not."""

from array import array
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ksom.errors import TrackingError
from ksom.regular_files import read_end
from ksom.runs.tracking_record import METRICS, Position, read_steps

OF_THE_CLOCK = ("seconds_per_iteration", "iterations_per_second", "eta_seconds")
"""Numbers that tell of the machine and not of the map: nobody wants to see their curves who has not asked for them."""

LATELY = 2**16
"""Bytes of metrics.jsonl: some hundred lines."""


class Curve(NamedTuple):
    """One number over the iterations at which it is known."""

    iterations: NDArray[np.int64]
    """Iterations completed, rising, shape (n,)."""
    values: NDArray[np.float64]
    """Shape (n,); NaN where the run wrote that it was none."""


class History:
    """What a run's metrics.jsonl tells, number by number.

    Attributes
    ----------
    curves : dict of str to Curve
        By the names of the numbers, in the order in which they came.
    seconds : Curve
        What had been spent learning, seconds.
    """

    def __init__(self, curves: dict[str, Curve], seconds: Curve) -> None:
        self.curves = curves
        self.seconds = seconds

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read a run's numbers; none if it has written none. A last line that is not whole yet is left out.

        Raises
        ------
        TrackingError
            If the file holds something else.
        """
        read = GrowingHistory(folder)
        read.go_on()
        return cls(read.curves(), read.seconds())

    def last(self, name: str, iteration: int | None = None) -> float | None:
        """Return the last value of a number, no later than after so many iterations; None if there is none."""
        curve = self.curves.get(name)
        if curve is None:
            return None
        end = len(curve.iterations) if iteration is None else int(np.searchsorted(curve.iterations, iteration, "right"))
        return float(curve.values[end - 1]) if end else None


class _Points:
    """A curve that grows, 16 bytes a point: a training of days writes millions."""

    def __init__(self) -> None:
        self._iterations, self._values = array("q"), array("d")

    def add(self, iteration: int, value: float) -> None:
        self._iterations.append(iteration)
        self._values.append(value)

    def curve(self) -> Curve:
        return Curve(np.array(self._iterations, np.int64), np.array(self._values, np.float64))


class GrowingHistory:
    """A run's numbers while there are more of them: what has been read once is not read again.

    Parameters
    ----------
    folder : Path
        The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / METRICS
        self._begin()

    def _begin(self) -> None:
        self._points: dict[str, _Points] = {}
        self._seconds = _Points()
        self._position = Position()
        self._file: tuple[int, int] | None = None

    def go_on(self) -> bool:
        """Read what has been written since, all if it is another file or was cut back; return whether there is any.

        Raises
        ------
        TrackingError
            If the file holds something else.
        """
        with suppress(OSError):
            found = self._path.stat()
            file = (found.st_dev, found.st_ino)
            if file != self._file or found.st_size < self._position.offset:
                self._begin()
            self._file = file
        before = self._position
        try:
            self._read_on()
        except TrackingError:
            if not before.offset:
                raise
            same = self._file
            self._begin()  # a resumed training may have cut it back, and be further on already
            self._file = same
            self._read_on()
        return self._position != before

    def _read_on(self) -> None:
        steps, self._position = read_steps(self._path, self._position)
        while steps:
            for step in steps:
                self._seconds.add(step.iteration, step.seconds)
                for name, value in step.values.items():
                    self._points.setdefault(name, _Points()).add(step.iteration, value)
            steps, self._position = read_steps(self._path, self._position)

    def curves(self) -> dict[str, Curve]:
        """Return what is known so far, by the names of the numbers."""
        return {name: points.curve() for name, points in self._points.items()}

    def seconds(self) -> Curve:
        """Return what had been spent learning, seconds."""
        return self._seconds.curve()


class Latest(NamedTuple):
    """The newest of each number, of those that were written lately."""

    iteration: int = 0
    """Iterations completed when the newest was written."""
    seconds: float = 0.0
    """Spent learning until then."""
    values: Mapping[str, float] = MappingProxyType({})


def latest(folder: Path) -> Latest:
    """Return a run's newest numbers, from the end of its metrics.jsonl: however long it is, this takes no longer.

    Raises
    ------
    TrackingError
        If the file's end holds something else, or it cannot be read.
    """
    path = folder / METRICS
    try:
        end, begin = read_end(path, LATELY)
    except FileNotFoundError:
        return Latest()
    except OSError as error:
        raise TrackingError(f"{path}: cannot be read ({error.strerror or error})") from error
    first = end.find(b"\n") + 1 if begin else 0  # behind a line that is cut
    values: dict[str, float] = {}
    step, position = None, Position(offset=begin + first)
    steps, position = read_steps(path, position)
    while steps:
        for step in steps:
            values |= step.values
        steps, position = read_steps(path, position)
    return Latest() if step is None else Latest(step.iteration, step.seconds, values)
