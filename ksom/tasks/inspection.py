"""What is in data, and what each column of a table is likely to be for: a feature, a category, a label, an id."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.errors import quoted
from ksom.tables.kinds import NUMBER, OTHER, TEXT, TIME
from ksom.tables.profile import MOST_DIFFERENT, ColumnProfile, TableProfile, profile
from ksom.tables.source import TableSource

FEATURE, CATEGORY, CYCLIC, LABEL, ID, LEFT_OUT = "feature", "category", "cyclic", "label", "id", "left out"
"""What a column may be for."""

MOST_MEMBERS = 50
"""Different texts that a category may have, to be suggested as one."""

ALIKE = 0.999
"""Correlation from which two columns are called nearly the same."""

MOST_COMPARED = 500
"""Columns that are compared with each other."""

DAY, LAST = 86_400, 253_402_300_800
"""Seconds: of a day; up to the end of the year 9999."""

HEAVY = 2.0
"""Skewness from which a tail is called heavy."""

NUMERAL = re.compile(r"\s*[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?\s*", re.IGNORECASE)
MOSTLY = 0.5
"""The share of a column's texts that are numbers, from which it was likely to hold numbers alone."""

LABELS = re.compile(r"(.*[_ ])?(label|class|target|species|diagnosis|outcome|segment)e?s?|y", re.IGNORECASE)
IDS = re.compile(r"(.*[_ ])?(id|key|index|uuid|guid|row|nr|no|number)|(?-i:.*[a-z](Id|ID))|unnamed.*|f0", re.IGNORECASE)

CYCLES = (
    (r"hour|hr|hours?_of_day", 24, 0, 24),
    (r"month|mnth|month_of_year", 12, 1, 12),
    (r"weekday|dow|day_?of_?week|week_?day", 7, 0, 7),
    (r"minute|min", 60, 0, 60),
    (r"(day_?of_?year|yday|doy)", 365.25, 0, 366),
    (
        r"angle|direction|bearing|heading|azimuth|wd|wind_?dir(ection)?|course|hue|longitude|lon|lng|long",
        360,
        -180,
        360,
    ),
)
"""Names of columns that begin anew, the period, and the range that the values must lie in."""


class Finding(NamedTuple):
    """What a column is likely to be for."""

    role: str
    why: str
    """In words."""
    period: float = 0.0
    """Of a cycle, data units."""
    scaling: str = ""
    """How a feature is best scaled, if not like the others."""


@dataclass(frozen=True)
class Inspection:
    """What is in a table."""

    name: str
    """What the table is called."""
    profile: TableProfile
    findings: Mapping[str, Finding]
    """By column, in the table's order."""

    def columns(self, role: str) -> list[str]:
        """Return the columns that are likely to be for something."""
        return [name for name, finding in self.findings.items() if finding.role == role]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        columns = [_as_dict(column, self.findings[column.name]) for column in self.profile.columns]
        return {"data": self.name, "rows": self.profile.rows, "columns": columns}

    def as_table(self) -> str:
        """Return a line for each column: what it holds, and what it is likely to be for."""
        head = ("column", "holds", "from", "to", "mean", "missing", "different", "likely")
        lines = [head, *(_line(column, self.findings[column.name]) for column in self.profile.columns)]
        widths = [min(40, max(len(line[place]) for line in lines)) for place in range(len(head) - 1)]
        told = [
            "  ".join([*(f"{cell[:40]:<{w}}" for cell, w in zip(line, widths, strict=False)), line[-1]])
            for line in lines
        ]
        rows, columns = number_of("row", self.profile.rows), number_of("column", len(self.profile.columns))
        return "\n".join([f"{self.name}: {rows}, {columns}", "", *told])


def inspect_table(data: Any, **how: Any) -> Inspection:
    """Read a table once, in bounded memory, and tell what is in it.

    Parameters
    ----------
    data : str, Path, sequence of them, or a table
        As `ksom.tables.source.TableSource` takes it.
    **how
        Its other arguments.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    source = TableSource(data, **how)
    read = profile(source)
    return Inspection(str(source), read, _findings(read))


def _findings(read: TableProfile) -> dict[str, Finding]:
    same = _same_columns(read.columns)
    found: dict[str, Finding] = {}
    for column in read.columns:
        finding = _useless(column, same) or (_of_text(column) if column.kind == TEXT else _of_numbers(column))
        taken = finding.role in {LABEL, ID} and any(other.role == finding.role for other in found.values())
        found[column.name] = Finding(LEFT_OUT, f"{finding.role}? {finding.why}") if taken else finding
    return found


def _useless(column: ColumnProfile, same: Mapping[str, str]) -> Finding | None:
    if column.kind == OTHER:
        return Finding(LEFT_OUT, "neither numbers nor text nor times")
    if column.missing == column.rows:
        return Finding(LEFT_OUT, "no value at all")
    if column.is_constant:
        return Finding(LEFT_OUT, "the same value everywhere")
    if column.infinite:
        return Finding(LEFT_OUT, f"{column.infinite:,} infinite values")
    if column.kind == TIME:
        return Finding(LEFT_OUT, "a time; named in COLUMNS, it is its seconds since 1970")
    return Finding(LEFT_OUT, same[column.name]) if column.name in same else None


def _of_text(column: ColumnProfile) -> Finding:
    there = column.rows - column.missing
    if LABELS.fullmatch(column.name) and column.is_counted and column.different <= there / 2:
        return Finding(LABEL, f"by its name, {column.different} classes")
    numbers = _numbers_in(column)
    if column.is_counted and column.different <= min(MOST_MEMBERS, there / 2):
        return Finding(CATEGORY, f"{column.different} different texts{numbers and f'; {numbers}'}")
    if numbers:
        return Finding(LEFT_OUT, f"text; {numbers}")
    if column.all_differ and not column.missing:
        return Finding(ID, "each text is there once")
    return Finding(LEFT_OUT, f"{_different(column)} different texts, too many for a category")


def _numbers_in(column: ColumnProfile) -> str:
    """Return what to do if texts were likely to be numbers, but for a few, or for their comma; else nothing."""
    others = [text for text in column.values if not NUMERAL.fullmatch(text)]
    share = 1 - sum(column.values[text] for text in others) / sum(column.values.values())
    if others and share >= MOSTLY:
        return f"{share:.1%} are numbers, {quoted(others[0])} is none: missing, or a mistake?"
    is_comma = not others and any("," in text for text in column.values)
    return "all are numbers with a comma: say CSV DECIMAL ','" if is_comma else ""


def _of_numbers(column: ColumnProfile) -> Finding:
    is_code = column.is_whole and column.is_counted and column.different <= MOST_MEMBERS
    if LABELS.fullmatch(column.name) and is_code and column.different <= column.rows / 2:
        return Finding(LABEL, f"by its name, {column.different} classes")
    if column.is_whole and column.all_differ and not column.missing and IDS.fullmatch(column.name):
        return Finding(ID, "by its name, and each number is there once")
    if column.is_whole and column.rises and not column.missing and column.high - column.low == column.rows - 1 > 1:
        return Finding(ID, "counts the rows")
    period = _period(column)
    if period:
        return Finding(CYCLIC, f"begins anew at {period:g}, by its name and range", period=period)
    return _of_feature(column)


def _of_feature(column: ColumnProfile) -> Finding:
    drawn = column.drawn[np.isfinite(column.drawn)]
    skewness = _skewness(drawn)
    if column.low >= 0 and skewness > HEAVY and _skewness(np.log1p(drawn)) < skewness / 2:
        return Finding(FEATURE, f"a heavy tail (skewness {skewness:.1f}): log1p+standard", scaling="log1p+standard")
    outside = _far_outside(drawn)
    if outside:
        return Finding(FEATURE, f"{outside:.1%} far outside (3 times the quartiles' distance): look at them, or robust")
    if column.is_whole and column.is_counted and 2 < column.different <= 10 < column.rows:
        return Finding(FEATURE, f"{column.different} different whole numbers: if they are codes, a category")
    return Finding(FEATURE, "")


def _period(column: ColumnProfile) -> float:
    for name, period, low, high in CYCLES:
        fits = re.fullmatch(rf"(.*[_ ])?({name})", column.name, re.IGNORECASE) and low <= column.low
        if fits and column.high <= high and column.high - column.low >= period / 2:
            return period
    is_angle = re.fullmatch(CYCLES[-1][0], column.name, re.IGNORECASE) and column.high <= 2 * math.pi
    return 2 * math.pi if is_angle and column.low >= -math.pi and column.high - column.low >= math.pi else 0.0


def _skewness(values: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        deviation = values.std() if len(values) > 20 else 0.0
        return float((((values - values.mean()) / deviation) ** 3).mean()) if deviation else 0.0


def _far_outside(values: NDArray[np.float64]) -> float:
    """Return the share of values beyond Tukey's outer fences."""
    if len(values) < 20:
        return 0.0
    low, high = np.quantile(values, [0.25, 0.75])
    beyond = (values < low - 3 * (high - low)) | (values > high + 3 * (high - low))
    return float(beyond.mean()) if high > low else 0.0


def _same_columns(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """Return the columns that are the same as one before, or nearly, and as which."""
    numbers = [c for c in columns if c.kind == NUMBER and not c.is_constant and c.missing < c.rows and not c.infinite]
    first: dict[str, str] = {}
    same = {}
    for column in numbers:
        if column.digest in first:
            same[column.name] = f"the same as {first[column.digest]}"
        first.setdefault(column.digest, column.name)
    left = [column for column in numbers if column.name not in same][:MOST_COMPARED]
    return same | _nearly_same(left)


def _nearly_same(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    if len(columns) < 2 or len(columns[0].drawn) < 20:
        return {}
    drawn = np.stack([column.drawn for column in columns])
    whole = drawn[:, ~np.isnan(drawn).any(axis=0)]
    with np.errstate(all="ignore"):
        alike = np.abs(np.corrcoef(whole)) if whole.shape[1] >= 20 else np.zeros((len(columns),) * 2)
    same: dict[str, str] = {}
    for number, column in enumerate(columns):
        twin = next((o for o in range(number) if alike[number, o] > ALIKE and columns[o].name not in same), None)
        if twin is not None:
            same[column.name] = f"nearly the same as {columns[twin].name} (correlation {alike[number, twin]:.4f})"
    return same


def _as_dict(column: ColumnProfile, finding: Finding) -> dict[str, Any]:
    has_range = column.low <= column.high
    return {
        "name": column.name,
        "kind": column.kind,
        "low": column.low if has_range else None,
        "high": column.high if has_range else None,
        "mean": column.mean if has_range and math.isfinite(column.mean) else None,
        "missing": column.missing,
        "different": column.different if column.is_counted else None,
        "likely": finding.role,
        "why": finding.why,
    }


def _line(column: ColumnProfile, finding: Finding) -> tuple[str, ...]:
    has_range = column.low <= column.high
    numbers = [_shown(n, column.kind) for n in (column.low, column.high, column.mean)] if has_range else ["", "", ""]
    missing = f"{column.missing / column.rows:.1%}" if column.missing else ""
    different = "" if column.kind == OTHER else _different(column)
    likely = f"{finding.role}: {finding.why}" if finding.why else finding.role
    return (column.name, column.kind, *numbers, missing, different, likely)


def _shown(number: float, kind: str) -> str:
    if kind == TIME and DAY <= abs(number) < LAST:  # less is a time of day
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).strftime("%Y-%m-%d")
    return f"{number:.4g}"


def _different(column: ColumnProfile) -> str:
    return f"{column.different:,}" if column.is_counted else f"{MOST_DIFFERENT:,} or more"
