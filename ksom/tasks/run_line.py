"""What there is to say of a run in one line: how it stands, its size, its numbers, its configuration.

Its folder may be somebody else's: a small part of it is read, nothing is imported, nothing written, no link followed.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from ksom.errors import DataError, KsomError, one_line, shown_key
from ksom.experiment_files import CONFIG, ENVIRONMENT
from ksom.method.quality import Quality
from ksom.regular_files import read_end
from ksom.runs.history import latest
from ksom.runs.run_folder import LOG, SUMMARY, RunFolder
from ksom.runs.tracking_record import METRICS, began, configuration, shown_leaves
from ksom.tasks.sight import finite, mapping, whole

RUNNING, KILLED, FAILED, DAMAGED = "running", "killed", "failed", "damaged"
"""How a run stands that has no summary.json, beside what such a file tells: completed, stopped, interrupted."""

LAST_WORDS = 2**14
"""Bytes of train.log, in which the end of a run that failed is looked for."""


class Standing(NamedTuple):
    """How a run stands."""

    status: str
    """completed, stopped, interrupted: so it ended; running; failed or killed: it did not end."""
    why: str | None
    """Why it was stopped, or what it failed of."""
    summary: Mapping[str, Any] | None
    """What its summary.json tells; None if it has none."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Look how a run stands: its summary tells, else its lock, else its log.

        Raises
        ------
        OutputError
            If summary.json is there and does not tell.
        """
        run = RunFolder(folder)
        summary = run.summary()
        if summary is None and run.is_locked:
            return cls(RUNNING, None, None)
        if summary is None and (summary := run.summary()) is None:  # it has not ended between the two looks
            return cls(*_end(folder), None)
        why = summary.get("reason")
        return cls(shown_key(one_line(str(summary["status"]))), None if why is None else one_line(str(why)), summary)


@dataclass(frozen=True)
class RunLine:
    """A run in short; what is not known is None."""

    path: Path
    """The run's folder."""
    status: str
    """completed, stopped, interrupted: so it ended; running; failed or killed: it did not end; damaged: see `why`."""
    why: str | None = None
    """Why it was stopped, what it failed of, or what is damaged."""
    began: float | None = None
    """When it began, or was last resumed, seconds since 1970."""
    height: int | None = None
    width: int | None = None
    iteration: int | None = None
    """Iterations completed, as far as the files tell."""
    iterations: int | None = None
    """Iterations in all."""
    seconds: float | None = None
    """In all, hooks and earlier parts included; of a run that goes on, since it began or was last resumed."""
    seconds_learning: float | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Last value of each number of metrics.jsonl, and the errors of summary.json: `quantization_error`, …"""
    config: Mapping[str, str] = field(default_factory=dict)
    """The resolved configuration, flat: {"MODEL.WIDTH": "10"}; empty if it cannot be read."""

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.path.resolve().name

    @property
    def size(self) -> str | None:
        """How many nodes the map has."""
        return None if self.height is None or self.width is None else f"{self.height} × {self.width}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; a number that is none is None."""
        when = None if self.began is None else datetime.fromtimestamp(self.began, UTC).isoformat(timespec="seconds")
        numbers = {name: value if abs(value) < float("inf") else None for name, value in self.numbers.items()}
        return {**asdict(self), "path": str(self.path), "name": self.name, "began": when, "numbers": numbers}


def run_line(folder: Path) -> RunLine:
    """Look at a run; a damaged one is told as such.

    Parameters
    ----------
    folder : Path
        The run folder: one with an environment.json, config.yaml, or summary.json.

    Raises
    ------
    DataError
        If there is nothing of a run in the folder.
    """
    if not looks_like_run(folder):
        raise DataError(f"{folder}: is not the folder of a run of ksom")
    try:
        _require_own_files(folder)
        return _told(folder)
    except (KsomError, OSError) as error:
        why = one_line(str(error)).removeprefix(f"{folder}/")
        return RunLine(folder, DAMAGED, why=why, began=began(folder))


def looks_like_run(folder: Path) -> bool:
    """Return whether a folder holds a run, or what is left of one."""
    with suppress(KsomError):
        return RunFolder(folder).holds_run or ((folder / CONFIG).is_file() and (folder / METRICS).is_file())
    return (folder / ENVIRONMENT).exists()


def _require_own_files(folder: Path) -> None:
    """Refuse a run whose files may be others than those that lie in its folder.

    Raises
    ------
    DataError
        Naming the file; or if there is no environment.json of a run.
    """
    for name in (ENVIRONMENT, CONFIG, SUMMARY, METRICS, LOG):
        if (folder / name).is_symlink():
            raise DataError(f"{folder / name}: is a link, and is not followed")
    if not RunFolder(folder).holds_run:
        raise DataError(f"{folder / ENVIRONMENT}: is not there, or does not tell of a run of ksom")


def _told(folder: Path) -> RunLine:
    standing, newest, config = Standing.of(folder), latest(folder), configuration(folder)
    model, summary = mapping(config.get("MODEL")), standing.summary
    known: dict[str, Any] = {
        "height": whole(model.get("HEIGHT")),
        "width": whole(model.get("WIDTH")),
        "began": began(folder),
        "config": {one_line(key): one_line(value) for key, value in shown_leaves(config)},
    }
    if summary is None:
        known |= {
            "iteration": newest.iteration,
            "iterations": whole(mapping(config.get("TRAINER")).get("ITERATIONS")),
            "seconds": _since(folder, standing.status),
            "seconds_learning": newest.seconds,
            "numbers": dict(newest.values),
        }
    else:
        known |= {
            "iteration": whole(summary.get("iteration")),
            "iterations": whole(summary.get("iterations")),
            "seconds": finite(summary.get("seconds_wall")),
            "seconds_learning": finite(summary.get("seconds_learning")),
            "numbers": {**newest.values, **_errors(summary)},
        }
    return RunLine(folder, standing.status, standing.why, **known)


def _end(folder: Path) -> tuple[str, str | None]:
    """Return how a run ended that nobody trains any more and that has no summary: its log tells if it failed."""
    try:
        end, _ = read_end(folder / LOG, LAST_WORDS)
    except OSError:
        return KILLED, None
    _, told, traceback = end.decode(errors="replace").rpartition(" DEBUG the run failed\n")
    if not told or any(word in traceback for word in (": training, ", ": resuming at ")):
        return KILLED, None
    return FAILED, one_line(traceback.rstrip().rpartition("\n")[2]) or None


def _since(folder: Path, status: str) -> float | None:
    """Return how long a run that has no summary has taken: until now, or until it last wrote a number."""
    begun = began(folder)
    if begun is None:
        return None
    with suppress(OSError):
        until = time.time() if status == RUNNING else (folder / METRICS).stat().st_mtime
        return max(0.0, until - begun)
    return None


def _errors(summary: Mapping[str, Any]) -> dict[str, float]:
    found = {name: finite(summary.get(name)) for name in Quality._fields}
    return {name: value for name, value in found.items() if value is not None}
