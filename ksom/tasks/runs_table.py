"""Runs beside each other, a line each: those below a folder, in order, and what differs in their configurations."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ksom.errors import DataError
from ksom.tasks.differences import differences
from ksom.tasks.run_line import RunLine, looks_like_run, run_line

DEEPEST = 6
"""How many folders deep runs are looked for."""
MOST_FOLDERS = 20_000
"""How many folders are looked into, at most."""
SHOWN_ANYWAY = ("MODEL.HEIGHT", "MODEL.WIDTH", "TRAINER.ITERATIONS")
"""Keys of the configuration that have a column of their own, or say nothing."""


class RunsBelow(NamedTuple):
    """What was found below a folder."""

    folder: Path
    runs: list[RunLine]
    """In the order of their paths."""
    others: list[str]
    """What is no run, and why it was not looked into: a line each."""


def runs_below(folder: Path) -> RunsBelow:
    """Find all runs in a folder and in the folders below it, or the one that it is; links are not followed.

    Raises
    ------
    DataError
        If there is no such folder, or it may not be read.
    """
    if not folder.is_dir():
        told = (
            "is not a folder" if os.path.lexists(folder) else "there is no such folder; name the one that runs are in"
        )
        raise DataError(f"{folder}: {told}")
    if looks_like_run(folder):
        return RunsBelow(folder, [run_line(folder)], [])
    others: list[str] = []
    found = list(_found(folder, others))
    return RunsBelow(folder, [run_line(path) for path in found], others)


def differing(runs: Sequence[RunLine]) -> list[str]:
    """Return the keys whose values are not the same in all runs whose configuration is known, in its order."""
    return [key for key in differences([run.config for run in runs]) if key not in SHOWN_ANYWAY]


def short_names(keys: Sequence[str], among: Iterable[str]) -> dict[str, str]:
    """Return for each key the shortest end of it, of two words or more, that no other key has, such as SIGMA.START.

    Examples
    --------
    >>> short_names(["SEED", "DATASET.SIZE"], ["SEED", "DATASET.SIZE", "HOOKS.VLOG.SIZE"])
    {'SEED': 'SEED', 'DATASET.SIZE': 'DATASET.SIZE'}
    """
    ends = Counter(end for key in {*keys, *among} for end in _ends(key))
    return {key: next((end for end in _ends(key) if ends[end] == 1), key) for key in keys}


def _ends(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[-length:]) for length in range(min(2, len(parts)), len(parts) + 1)]


def _found(folder: Path, others: list[str]) -> Iterator[Path]:
    """Yield the run folders below a folder; what else lies directly in it is told."""
    walk = _Walk(others)
    for place in walk.folders_in(folder):
        runs = list(walk.runs(place, DEEPEST))
        if not runs and walk.may_go_on:
            others.append(f"{place}: holds no run of ksom")
        yield from runs


class _Walk:
    """A walk through folders of which there may be very many."""

    def __init__(self, others: list[str]) -> None:
        self._others = others
        self._left = MOST_FOLDERS

    @property
    def may_go_on(self) -> bool:
        return self._left > 0

    def runs(self, folder: Path, depth: int) -> Iterator[Path]:
        """Yield a folder if it is a run, else the runs below it."""
        if looks_like_run(folder):
            yield folder
        elif depth:
            for place in self.folders_in(folder):
                yield from self.runs(place, depth - 1)

    def folders_in(self, folder: Path) -> Iterator[Path]:
        """Yield the folders in a folder that are not hidden; a link to one is told, and not followed."""
        try:
            names = sorted(
                entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")
            )
        except OSError as error:
            self._others.append(f"{folder}: cannot be read ({error.strerror})")
            return
        for name in names:
            self._left -= 1
            if not self._left:
                self._others.append(f"{folder}: there are more than {MOST_FOLDERS:,} folders; name one with fewer")
            if self._left <= 0:
                return
            if (folder / name).is_symlink():
                self._others.append(f"{folder / name}: is a link, and is not followed; name it to see the runs in it")
            else:
                yield folder / name
