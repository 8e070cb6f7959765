"""What came of a sweep: a row for each run, a summary for each combination, and the files that hold them."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ksom.errors import NotInstalled, shown_key
from ksom.method.pareto import pareto_front
from ksom.tasks.runs_table import short_names
from ksom.text_cells import as_text
from ksom.text_table import UNKNOWN, cell_text, table_of
from ksom.whole_files import replacing

TABLE, PICTURE = "sweep.csv", "pareto.png"
MOST_SHOWN = 60
"""Runs that are printed one by one; sweep.csv has all."""
APART = 0.75
"""A map stands apart if it agrees with the others less than this part of what is usual among them."""

ENDED = ("completed", "stopped")


@dataclass
class RunRow:
    """A run of a sweep and its numbers; None for what is not known."""

    name: str
    values: tuple[str, ...]
    """Of each key of the grid, as they were written."""
    seed: int
    status: str
    """completed, stopped by a hook, interrupted, failed, or not ended."""
    why: str | None = None
    quantization_error: float | None = None
    topographic_error: float | None = None
    explained_variance: float | None = None
    agreement: float | None = None
    """Mean agreement with the maps of the other seeds of its combination."""
    chance: float | None = None
    """What chance alone would give."""
    stands_apart: bool | None = None
    """Whether its map agrees far less with the others than these do with each other."""
    seconds_learning: float | None = None
    seconds: float | None = None
    """In all, hooks and earlier parts included."""
    on_front: bool = False
    """Whether no other run is better in both errors."""


class Spread(NamedTuple):
    """A number over the seeds."""

    mean: float | None
    deviation: float | None
    """Of the sample, with n − 1; None of fewer than two."""

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Self:
        """Return mean and deviation of what is known among some numbers."""
        known = [value for value in values if value is not None and math.isfinite(value)]
        if not known:
            return cls(None, None)
        deviation = 0.0 if len(known) > 1 else None
        if len(set(known)) == 1:  # a mean of equals may be rounded, and they would seem to deviate
            return cls(known[0], deviation)
        return cls(float(np.mean(known)), float(np.std(known, ddof=1)))

    def __str__(self) -> str:
        if self.mean is None:
            return UNKNOWN
        return cell_text(self.mean) + ("" if self.deviation is None else f" ± {self.deviation:.2g}")


@dataclass(frozen=True)
class CombinationRow:
    """A combination of the grid's values, over its seeds that ended."""

    values: tuple[str, ...]
    ended: int
    """How many runs."""
    runs: int
    quantization_error: Spread
    topographic_error: Spread
    explained_variance: Spread
    seconds_learning: Spread
    agreement: Spread
    """Of each two seeds' maps."""
    chance: float | None
    typical_seed: int | None
    """The seed whose map agrees best with the others'."""
    seeds_apart: tuple[int, ...]
    on_front: bool = False


@dataclass(frozen=True)
class Results:
    """A sweep's runs and combinations."""

    keys: tuple[str, ...]
    """Of the grid."""
    runs: tuple[RunRow, ...]
    combinations: tuple[CombinationRow, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)

    @cached_property
    def failed(self) -> tuple[RunRow, ...]:
        """The runs that failed."""
        return tuple(row for row in self.runs if row.status == "failed")

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        runs = [{**asdict(row), "values": dict(zip(self.keys, row.values, strict=True))} for row in self.runs]
        return {"runs": runs, "combinations": [self._told(row) for row in self.combinations], "notes": list(self.notes)}

    def as_text(self) -> str:
        """Return tables for a terminal."""
        parts = [self._runs_as_text(), self._combinations_as_text()]
        parts += [f"failed: {row.name}: {row.why or 'train.log tells why'}" for row in self.failed]
        parts += [f"note: {note}" for note in self.notes]
        return "\n\n".join(parts[:2]) + "".join(f"\n{line}" for line in parts[2:])

    def write_csv(self, path: Path) -> None:
        """Write a row for each run; the file is whole or absent."""
        head = ("run", *self.keys, "SEED", *_COLUMNS)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(as_text, head))
        for row in self.runs:
            told = asdict(row)
            cells = [row.name, *row.values, row.seed, *(told[name] for name in _COLUMNS)]
            writer.writerow(["" if cell is None else as_text(cell) for cell in cells])
        with replacing(path) as file:
            file.write(text.getvalue().encode())

    def write_picture(self, path: Path) -> bool:
        """Draw the errors of runs and combinations; False if matplotlib is not there, or there is nothing to draw."""
        runs = [_errors(row) for row in self.runs if row.status in ENDED]
        drawn = [row for row in self.combinations if row.quantization_error.mean is not None]
        if not drawn:
            return False
        from ksom.pictures.plots.figure import root_of
        from ksom.pictures.plots.figure_file import plain_style, write_figure
        from ksom.pictures.plots.pareto import draw_pareto

        means = [(row.quantization_error.mean, row.topographic_error.mean) for row in drawn]
        spreads = [(row.quantization_error.deviation, row.topographic_error.deviation) for row in drawn]
        names = [", ".join(row.values) or "all" for row in drawn]
        try:
            with plain_style():
                axes = draw_pareto(runs, np.array(means, float), names, np.array(spreads, float))
                title = " × ".join(map(shown_key, self.keys)) or "one combination"
                axes.set_title(title, fontsize="medium", parse_math=False)
                write_figure(root_of(axes), path, size=1125)
        except NotInstalled:
            return False
        return True

    def _told(self, row: CombinationRow) -> dict[str, Any]:
        told = {name: value._asdict() if isinstance(value, Spread) else value for name, value in vars(row).items()}
        return {**told, "values": dict(zip(self.keys, row.values, strict=True))}

    def _short_keys(self) -> list[str]:
        return [shown_key(name) for name in short_names(self.keys, self.keys).values()]

    def _runs_as_text(self) -> str:
        if len(self.runs) > MOST_SHOWN:
            return f"{len(self.runs):,} runs: {TABLE} has a row for each"
        head = [*self._short_keys(), "SEED", "status", *_NUMBERS[:4], "seconds", ""]
        rows = [
            [*row.values, row.seed, row.status, row.quantization_error, row.topographic_error, row.explained_variance,
             row.agreement, row.seconds_learning, _marks(row)]
            for row in self.runs
        ]  # fmt: skip
        return table_of(head, rows)

    def _combinations_as_text(self) -> str:
        head = [*self._short_keys(), "runs", *_NUMBERS, "seconds", ""]
        rows = [
            [*row.values, f"{row.ended} of {row.runs}", str(row.quantization_error), str(row.topographic_error),
             str(row.explained_variance), str(row.agreement), row.chance, str(row.seconds_learning),
             _about(row)]
            for row in self.combinations
        ]  # fmt: skip
        told = (
            "mean ± deviation over the seeds; * no other is better in both errors; agreement: of the pairs of rows\n"
            "that are neighbours on one of two seeds' maps, the share that are on both"
        )
        return f"{table_of(head, rows)}\n{told}"


_NUMBERS = ("quantization", "topographic", "explained", "agreement", "by chance")

_COLUMNS = (
    "status",
    "quantization_error",
    "topographic_error",
    "explained_variance",
    "agreement",
    "chance",
    "stands_apart",
    "on_front",
    "seconds_learning",
    "seconds",
    "why",
)


def summarised(
    keys: Sequence[str],
    rows: Sequence[RunRow],
    notes: Sequence[str],
    agreements: Mapping[tuple[str, ...], Sequence[float]],
) -> Results:
    """Return a sweep's results.

    Parameters
    ----------
    keys : sequence of str
        Of the grid.
    rows : sequence of RunRow
        The runs.
    notes : sequence of str
        What is to be said beside.
    agreements : mapping
        By combination, how well each two of its seeds' maps agree.
    """
    ended = [row for row in rows if row.status in ENDED]
    for row, is_on in zip(ended, pareto_front([_errors(row) for row in ended]), strict=True):
        row.on_front = bool(is_on)
    found = [
        _combination(values, [row for row in rows if row.values == values], agreements.get(values, ()))
        for values in dict.fromkeys(row.values for row in rows)
    ]
    errors = [(row.quantization_error.mean, row.topographic_error.mean) for row in found]
    front = pareto_front(np.array(errors, dtype=float))
    marked = [CombinationRow(**{**vars(row), "on_front": bool(on)}) for row, on in zip(found, front, strict=True)]
    return Results(tuple(keys), tuple(rows), tuple(marked), tuple(notes))


def mark_apart(rows: Sequence[RunRow]) -> None:
    """Say of each run of a combination whether its map stands apart from the other seeds'.

    It does if its mean agreement with the others is less than three quarters of the median of these means.
    """
    known = [row.agreement for row in rows if row.agreement is not None]
    for row in rows:
        if row.agreement is not None and len(known) > 2:
            row.stands_apart = row.agreement < APART * float(np.median(known))


def _combination(values: tuple[str, ...], rows: Sequence[RunRow], agreements: Sequence[float]) -> CombinationRow:
    ended = [row for row in rows if row.status in ENDED]
    agreeing = [row for row in ended if row.agreement is not None]
    chances = [row.chance for row in ended if row.chance is not None]
    return CombinationRow(
        values,
        len(ended),
        len(rows),
        Spread.of([row.quantization_error for row in ended]),
        Spread.of([row.topographic_error for row in ended]),
        Spread.of([row.explained_variance for row in ended]),
        Spread.of([row.seconds_learning for row in ended]),
        agreement=Spread.of(agreements),
        chance=float(np.mean(chances)) if chances else None,
        typical_seed=max(agreeing, key=lambda row: row.agreement or 0.0).seed if len(agreeing) > 2 else None,
        seeds_apart=tuple(row.seed for row in ended if row.stands_apart),
    )


def _errors(row: RunRow) -> tuple[float, float]:
    errors = (row.quantization_error, row.topographic_error)
    first, second = (math.nan if error is None else error for error in errors)
    return first, second


def _marks(row: RunRow) -> str:
    return " ".join(filter(None, ["*" if row.on_front else "", "stands apart" if row.stands_apart else ""]))


def _about(row: CombinationRow) -> str:
    typical = "" if row.typical_seed is None else f"most typical: seed {row.typical_seed}"
    apart = f"apart: {', '.join(map(str, row.seeds_apart))}" if row.seeds_apart else ""
    return "; ".join(filter(None, ["*" if row.on_front else "", typical, apart]))
