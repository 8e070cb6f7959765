"""The grid of a sweep: keys and their values, every combination of them, and what each of its runs is called."""

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ksom.errors import ConfigError, ParameterError, quoted, shown_key

SEED = "SEED"
MOST_RUNS = 10_000
LONGEST_VALUE, LONGEST_NAME = 40, 160
"""Characters, in the name of a folder."""

OPENING, CLOSING, QUOTES = "[{(", "]})", "\"'"


class Axis(NamedTuple):
    """A key of the configuration and the values that it is to have, as they are written."""

    key: str
    values: tuple[str, ...]


class PlannedRun(NamedTuple):
    """A run of a sweep."""

    name: str
    """What its folder is called."""
    values: tuple[str, ...]
    """Of each key of the grid."""
    seed: int


class Grid:
    """Every combination of some keys' values, each with some seeds.

    Parameters
    ----------
    axes : sequence of Axis
        The keys; none of them twice, and SEED not among them.
    seeds : sequence of int
        The seeds, all different.

    Raises
    ------
    ConfigError
        If that is no grid, or there would be too many runs.
    """

    def __init__(self, axes: Sequence[Axis], seeds: Sequence[int]) -> None:
        self.axes, self.seeds = tuple(axes), tuple(seeds)
        self.keys = tuple(axis.key for axis in axes)
        for key in self.keys:
            if key == SEED:
                raise ConfigError("--grid SEED: seeds are given by --seeds, how many or which: --seeds 3,5,8")
            if key == "OUTPUT_DIR":
                raise ConfigError("--grid OUTPUT_DIR: every run lies in the sweep's folder, which is given by -o")
            if self.keys.count(key) > 1:
                raise ConfigError(f"--grid {shown_key(key)}: is given twice; give all its values at once")
        if (runs := len(self.combinations) * len(self.seeds)) > MOST_RUNS:
            raise ConfigError(f"--grid: makes {runs:,} runs, there must be at most {MOST_RUNS:,}")

    @property
    def combinations(self) -> list[tuple[str, ...]]:
        """Every combination of values, the last key's changing first."""
        return list(itertools.product(*(axis.values for axis in self.axes)))

    def runs(self) -> list[PlannedRun]:
        """Return the runs, those of a combination one after the other."""
        return [
            PlannedRun(run_name(self.keys, values, seed), values, seed)
            for values in self.combinations
            for seed in self.seeds
        ]


def axis(key: str, told: str) -> Axis:
    """Read the values of a key, such as "10,20,40"; commas in brackets or quotes part nothing.

    Raises
    ------
    ConfigError
        If a value is empty, or comes twice.

    Examples
    --------
    >>> axis("MODEL.LATTICE", "hexagonal,{NAME: rectangular, WRAP: both}").values
    ('hexagonal', '{NAME: rectangular, WRAP: both}')
    """
    values = tuple(value.strip() for value in _parted(told))
    for value in values:
        if not value:
            raise ConfigError(f"--grid {shown_key(key)}: a value is empty in {quoted(told)}; write 10,20,40")
        if values.count(value) > 1:
            raise ConfigError(f"--grid {shown_key(key)}: {quoted(value)} is there twice")
    return Axis(key, values)


def seeds_of(told: str, first: int) -> tuple[int, ...]:
    """Read how many seeds there are to be, from `first` on, or which: "3,5,8".

    Raises
    ------
    ParameterError
        If they are no seeds, or one comes twice.

    Examples
    --------
    >>> seeds_of("3", 7), seeds_of("3,5", 0)
    ((7, 8, 9), (3, 5))
    """
    must = f"be how many, from 1 to {MOST_RUNS:,}, or which, all different, such as 3,5,8"
    try:
        numbers = [int(part) for part in told.rstrip(",").split(",")]
    except ValueError:
        raise ParameterError("--seeds", must, told) from None
    if "," not in told:
        if not 1 <= numbers[0] <= MOST_RUNS:
            raise ParameterError("--seeds", must, told)
        return tuple(range(first, first + numbers[0]))
    if min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise ParameterError("--seeds", must, told)
    return tuple(numbers)


def run_name(keys: Sequence[str], values: Sequence[str], seed: int) -> str:
    """Return what the folder of a run is called: as much of each key as tells them apart, its value, the seed.

    Examples
    --------
    >>> run_name(["MODEL.WIDTH", "TRAINER.ALGORITHM.SIGMA.START"], ["10", "2.5"], 3)
    'width=10,start=2.5,seed=3'
    """
    parts = [f"{short}={_as_name(value)}" for short, value in zip(_short(keys), values, strict=True)]
    name = ",".join([*parts, f"seed={seed}"])
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 40]}…{_mark(name)},seed={seed}"


def _short(keys: Sequence[str]) -> Iterator[str]:
    """Yield the last parts of each key, as many as no other key ends with."""
    for key in keys:
        parts = key.split(".")
        ends = (".".join(parts[-count:]) for count in range(1, len(parts)))
        is_own = (end for end in ends if sum(f".{other}".endswith(f".{end}") for other in keys) == 1)
        yield next(is_own, key).lower()


def _as_name(value: str) -> str:
    """Return a value as part of a folder's name; what had to be changed is told apart by a mark."""
    plain = re.sub(r"[^\w.+-]+", "_", value, flags=re.ASCII)[:LONGEST_VALUE]
    return plain if plain == value else f"{plain.strip('_')}~{_mark(value)}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def _parted(told: str) -> Iterator[str]:
    depth, quote, start = 0, "", 0
    for place, letter in enumerate(told):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in QUOTES:
            quote = letter
        elif letter in OPENING:
            depth += 1
        elif letter in CLOSING:
            depth -= 1
        elif letter == "," and depth <= 0:
            yield told[start:place]
            start = place + 1
    yield told[start:]
