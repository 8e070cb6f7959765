"""All runs below a folder as a table: how they stand, how good they are, how their configurations differ."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ksom.amounts import number_of, time_of
from ksom.errors import DataError, one_line, quoted
from ksom.method.quality import Quality
from ksom.runs.history import OF_THE_CLOCK
from ksom.tasks.run_line import RunLine
from ksom.tasks.runs_table import RunsBelow, differing, runs_below, short_names
from ksom.text_table import BETWEEN, UNKNOWN, TextColumn, cut, text_table

MOST_DIFFERENCES = 8
"""Columns of the configuration, unless all are asked for."""
MOST_LINES = 10
"""How many of those folders are named that hold no run, unless all are asked for."""
LONGEST_NAME, LONGEST_VALUE = 40, 24
"""Columns of a terminal."""

TITLES = {"quantization_error": "quantization", "topographic_error": "topographic"}
"""What the columns of numbers are called that need not be called an error."""

NEWEST = "newest"
ORDERS: dict[str, Callable[[RunLine], Any]] = {
    NEWEST: lambda run: None if run.began is None else -run.began,
    "name": lambda run: str(run.path),
    "time": lambda run: run.seconds,
    "iterations": lambda run: run.iteration,
}
"""What the runs can be sorted by, beside their numbers."""


@dataclass(frozen=True)
class RunList:
    """The runs below a folder, in order."""

    found: RunsBelow
    runs: list[RunLine]
    sorted_by: str

    @classmethod
    def of(cls, folder: Path, sort: str = NEWEST, *, reverse: bool = False) -> "RunList":
        """Look at all runs below a folder.

        Parameters
        ----------
        folder : Path
            The folder, or a run's.
        sort : str
            One of `ORDERS`, or the name of a number, such as quantization_error: the smallest first.
        reverse : bool
            The other way round; runs that have no such number stay at the end.

        Raises
        ------
        DataError
            If there is no such folder, or no run has such a number.
        """
        found = runs_below(folder)
        return cls(found, _in_order(found.runs, sort, reverse), sort)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "folder": str(self.found.folder),
            "runs": [run.as_dict() for run in self.runs],
            "differing": differing(self.runs),
            "others": self.found.others,
        }

    def as_text(self, width: int | None = None, *, with_all: bool = False) -> str:
        """Return it as a table.

        Parameters
        ----------
        width : int, optional
            Columns of the terminal; columns of the table that have no room in it are left out, the least telling first.
        with_all : bool
            Every number and every key that differs, however wide that is.
        """
        if not self.runs:
            return "\n".join([f"{one_line(str(self.found.folder))}: there is no run in it", *self._others(with_all)])
        keys = _most_telling(self.runs)
        columns = list(self._columns(keys if with_all else keys[:MOST_DIFFERENCES], with_all))
        shown = columns if with_all else _fitting(columns, width)
        left_out = len(keys) - sum(column.is_key for column in shown)
        notes = [f"{run.path}: {run.status}: {run.why}" for run in self.runs if run.why]
        notes += (
            [f"{number_of('more key', left_out)} of the configurations differ: --all shows them"] if left_out else []
        )
        notes = [*map(one_line, notes), *self._others(with_all)]
        lines = [self._header(), "", *text_table([column.text for column in shown])]
        return "\n".join([*lines, *([""] if notes else []), *notes])

    def _header(self) -> str:
        standing = Counter(run.status for run in self.runs)
        told = ", ".join(f"{count} {status}" for status, count in standing.most_common())
        order = "newest first" if self.sorted_by == NEWEST else f"by {self.sorted_by.replace('_', ' ')}"
        return one_line(f"{self.found.folder}: {number_of('run', len(self.runs))} ({told}), {order}")

    def _others(self, with_all: bool) -> list[str]:
        others = self.found.others
        shown = others if with_all else others[:MOST_LINES]
        more = [f"{len(others) - len(shown)} more like these: --all shows them"] if len(others) > len(shown) else []
        return [*map(one_line, shown), *more]

    def _columns(self, keys: Sequence[str], with_all: bool) -> Iterator["_Column"]:
        """Yield the columns from left to right."""
        runs, folder = self.runs, self.found.folder

        def column(rank: int, title: str, told: Callable[[RunLine], str | None], **kind: bool) -> _Column:
            cells = [title, *(UNKNOWN if (cell := told(run)) is None else one_line(cell) for run in runs)]
            return _Column(rank, TextColumn(cells, kind.get("is_number", False)), kind.get("is_key", False))

        yield column(0, "run", lambda run: cut(one_line(_name(run, folder)), LONGEST_NAME))
        yield column(1, "status", lambda run: run.status)
        yield column(8, "began", _when)
        yield column(4, "map", lambda run: run.size, is_number=True)
        yield column(5, "iterations", _iterations, is_number=True)
        yield column(7, "time", lambda run: None if run.seconds is None else time_of(run.seconds), is_number=True)
        for rank, name in self._numbers(with_all):
            yield column(rank, TITLES.get(name, name), lambda run, name=name: _number(run, name), is_number=True)  # type: ignore[misc]
        names = short_names(keys, {key for run in runs for key in run.config})
        for place, key in enumerate(keys):
            value = lambda run, key=key: cut(run.config[key], LONGEST_VALUE) if key in run.config else None  # noqa: E731
            yield column(6 if place == 0 else 9 + place, names[key], value, is_key=True)

    def _numbers(self, with_all: bool) -> list[tuple[int, str]]:
        """Return the numbers that have a column, with the ranks of those."""
        known = dict.fromkeys(name for run in self.runs for name in run.numbers if name not in OF_THE_CLOCK)
        asked = [self.sorted_by] if self.sorted_by not in ORDERS else []
        names = dict.fromkeys([*Quality._fields, *asked, *(known if with_all else [])])
        return [(2 if name in asked else 3, name) for name in names]


class _Column(NamedTuple):
    """A column of the table."""

    rank: int
    """The higher, the sooner it is left out."""
    text: TextColumn
    is_key: bool
    """Whether it is a key of the configuration."""


def _fitting(columns: Sequence[_Column], width: int | None) -> list[_Column]:
    """Return the columns that have room, in their order: the first of all in any case."""
    if width is None:
        return list(columns)
    taken, left = set[int](), width + len(BETWEEN)
    for place in sorted(range(len(columns)), key=lambda place: columns[place].rank):
        left -= columns[place].text.width + len(BETWEEN)
        if left < 0 and taken:
            break
        taken.add(place)
    return [column for place, column in enumerate(columns) if place in taken]


def _most_telling(runs: Sequence[RunLine]) -> list[str]:
    """Return the keys that differ: those first that all runs have, and that do not just go along with another."""
    known = [run.config for run in runs if run.config]
    seen: set[tuple[int, ...]] = set()
    ranks: dict[str, tuple[bool, bool]] = {}
    for key in differing(runs):
        values = [config.get(key) for config in known]
        places = {value: place for place, value in reversed(list(enumerate(values)))}
        pattern = tuple(map(places.__getitem__, values))
        ranks[key] = (None in values, pattern in seen)
        seen.add(pattern)
    return sorted(ranks, key=ranks.__getitem__)


def _in_order(runs: Sequence[RunLine], sort: str, reverse: bool) -> list[RunLine]:
    name = None if sort in ORDERS else _known_number(runs, sort)

    def told(run: RunLine) -> Any:
        return ORDERS[sort](run) if name is None else run.numbers.get(name)

    having, without = list[RunLine](), list[RunLine]()
    for run in runs:
        value = told(run)
        is_known = value is not None and value == value  # noqa: PLR0124 (NaN is not itself)
        (having if is_known else without).append(run)
    return [*sorted(having, key=told, reverse=reverse), *without]


def _known_number(runs: Sequence[RunLine], sort: str) -> str:
    known = list(dict.fromkeys(name for run in runs for name in run.numbers))
    name = sort.replace(" ", "_")
    if runs and name not in known:
        words = [*ORDERS, *(name for name in known if name not in OF_THE_CLOCK)]
        near = difflib.get_close_matches(name, [*words, *OF_THE_CLOCK], n=1)
        hint = f"; did you mean {quoted(near[0])}?" if near else f"; there are {', '.join(words)}"
        raise DataError(f"--sort: no run has a number that is called {quoted(sort)}{hint}")
    return name


def _name(run: RunLine, folder: Path) -> str:
    """Return the path of a run, seen from the folder that is listed."""
    return str(run.path.relative_to(folder)) if run.path != folder else run.name


def _when(run: RunLine) -> str | None:
    return None if run.began is None else datetime.fromtimestamp(run.began).astimezone().strftime("%Y-%m-%d %H:%M")


def _iterations(run: RunLine) -> str | None:
    if run.iteration is None or run.iterations is None or run.iteration >= run.iterations:
        return None if run.iteration is None else str(run.iteration)
    return f"{run.iteration}/{run.iterations}"


def _number(run: RunLine, name: str) -> str | None:
    return f"{run.numbers[name]:.4g}" if name in run.numbers else None
