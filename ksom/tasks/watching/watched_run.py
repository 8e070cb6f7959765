"""A run looked at again and again while it trains: how far it is, its numbers, its map."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ksom.amounts import time_of
from ksom.errors import DataError, KsomError, one_line
from ksom.runs.checkpoint import checkpoint_paths, position_of
from ksom.runs.history import OF_THE_CLOCK, Curve, GrowingHistory
from ksom.runs.run_folder import CHECKPOINTS, RunFolder
from ksom.runs.tracking_record import METRICS, configuration
from ksom.tasks.run_line import DAMAGED, FAILED, KILLED, RUNNING, RunLine, looks_like_run, run_line
from ksom.tasks.watching.newest_picture import NewestPicture, Picture

WAITING = "waiting"
"""There is no run yet."""
ETA = "eta_seconds"
"""The number by which the hook Timing tells the time left."""
LATEST = 20
"""How many of those the time left follows from: one alone jumps."""
FIRST_CURVES = ("quantization_error", "topographic_error")


@dataclass(frozen=True)
class Look:
    """A run at a moment."""

    line: RunLine
    """How it stands; its status is "waiting" if there is none yet."""
    seconds_left: float | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """Those that are worth being seen, the errors first."""
    picture: Picture | None = None
    note: str | None = None
    """What could not be read."""

    @property
    def goes_on(self) -> bool:
        """Whether there is more to be seen later."""
        return self.line.status in {RUNNING, WAITING}

    @property
    def is_well(self) -> bool:
        """Whether it goes on, or ended as it was meant to."""
        return self.line.status not in {FAILED, KILLED, DAMAGED}

    @property
    def progress(self) -> float | None:
        """The share of the iterations that is done, from 0 to 1."""
        done, of = self.line.iteration, self.line.iterations
        return None if done is None or not of else min(1.0, done / of)

    @property
    def facts(self) -> list[str]:
        """How far it is and how large, in words, the first ones first."""
        line, left = self.line, self.seconds_left
        told = [None if line.iteration is None else f"iteration {line.iteration}/{line.iterations or '?'}"]
        told.append(None if left is None else f"{time_of(round(left))} left")
        if line.seconds is not None:
            told.append(f"{time_of(round(line.seconds))} so far" if line.status == RUNNING else time_of(line.seconds))
        told.append(None if line.size is None else f"{line.size} nodes")
        return [fact for fact in told if fact is not None]


class WatchedRun:
    """A run folder that is looked at from time to time; only what is new is read.

    Parameters
    ----------
    folder : Path
        The run folder; it need not be there yet.

    Raises
    ------
    DataError
        If it is no folder, or the folder of something else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._require_possible()
        self._began: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._history, self._picture = GrowingHistory(self.folder), NewestPicture(self.folder)

    def _require_possible(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise DataError(f"{self.folder}: is not the folder of a run; name the one that the training writes to")
        with suppress(OSError):
            foreign = self.folder.is_dir() and any(not path.name.startswith(".") for path in self.folder.iterdir())
            if foreign and not looks_like_run(self.folder) and not RunFolder(self.folder).is_locked:
                raise DataError(f"{self.folder}: is not the folder of a run of ksom; `ksom list` shows those there are")

    def look(self) -> Look:
        """Look at the run as it is now. A damaged one has that status."""
        if not looks_like_run(self.folder):
            self._began = None
            return Look(RunLine(self.folder, WAITING))
        line = run_line(self.folder)
        if line.began != self._began:  # it was begun anew, or resumed
            self._began = line.began
            self._begin()
        note = self._go_on()
        curves = self._history.curves()
        config: dict[str, Any] = {}
        summary = None
        with suppress(KsomError):
            config, summary = configuration(self.folder), RunFolder(self.folder).summary()
        line = self._with_checkpoints(line)
        return Look(
            line,
            self._left(line, curves) if line.status == RUNNING else None,
            in_order(curves),
            self._picture.look(config, summary),
            note,
        )

    def _go_on(self) -> str | None:
        try:
            self._history.go_on()
        except KsomError as error:
            return one_line(str(error))
        return None

    def _with_checkpoints(self, line: RunLine) -> RunLine:
        """Return how a run stands by its checkpoints too, one of which may be newer than its last numbers."""
        if line.status != RUNNING:
            return line
        with suppress(KsomError, OSError):
            newest = [position_of(path)[0] for path in checkpoint_paths(self.folder / CHECKPOINTS)[-1:]]
            return RunLine(**{**vars(line), "iteration": max([line.iteration or 0, *newest])})
        return line

    def _left(self, line: RunLine, curves: Mapping[str, Curve]) -> float | None:
        """Return the time left, seconds: by what an iteration took lately, hooks included."""
        since = 0.0
        with suppress(OSError):
            since = max(0.0, time.time() - (self.folder / METRICS).stat().st_mtime)
        return None if line.iterations is None else time_left(curves.get(ETA), line.iterations, since)


def time_left(eta: Curve | None, iterations: int, since: float = 0.0) -> float | None:
    """Return how long a training will still take, seconds; None if nothing tells.

    Parameters
    ----------
    eta : Curve, optional
        What the training itself thought was left, seconds, again and again: each by its latest iterations alone.
    iterations : int
        Iterations in all.
    since : float
        Seconds since the last of them was told.
    """
    if eta is None or not len(eta.iterations):
        return None
    at, told = eta.iterations[-LATEST:], eta.values[-LATEST:]
    known = np.isfinite(told) & (at < iterations)
    if not known.any():
        return 0.0 if at[-1] >= iterations else None
    per_iteration = float(np.mean(told[known] / (iterations - at[known])))
    return max(0.0, per_iteration * (iterations - float(at[-1])) - since)


def in_order(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """Return the curves that are worth being seen, the errors first."""
    names = [name for name in FIRST_CURVES if name in curves]
    names += [name for name in curves if name not in {*FIRST_CURVES, *OF_THE_CLOCK}]
    return {name: curves[name] for name in names}
