"""Schedules: how sigma and the learning rate go from START to END over the iterations t = 0 … T − 1."""

import dataclasses
import math
import numbers
from collections.abc import Sequence
from typing import Any, Protocol, Self

from ksom.arguments import require_number
from ksom.errors import ParameterError
from ksom.registry import Registry


class Schedule(Protocol):
    """A function of the iteration, with Python floats as values: numpy's would turn float32 weights into float64."""

    @property
    def start(self) -> float:
        """The value at t = 0."""
        ...

    def completed(self, start: float, end: float) -> Self:
        """Return this schedule with defaults in place of what was left open."""
        ...

    def check(self, sigma_start: float) -> None:
        """Refuse a start of sigma that the schedule cannot be computed with."""
        ...

    def value(self, t: int, iterations: int, sigma_start: float) -> float:
        """Return the value at iteration t of `iterations`; `sigma_start` is the sigma of t = 0, lattice steps."""
        ...


SCHEDULES = Registry("schedule", Schedule)

ScheduleLike = Schedule | str | float | Sequence[float]
"""A schedule, its name, its start, or its start and end."""


@SCHEDULES.register("exponential")
@dataclasses.dataclass(frozen=True)
class Exponential:
    """value(t) = START · exp(−t / λ) with λ = T / ln(σ₀): the colour experiment's decay.

    σ₀ is sigma at t = 0, and λ the same for sigma and for the learning rate, so that sigma goes to 1 lattice step.
    Needs σ₀ ≥ 1; with exactly 1 both stay constant.

    Parameters
    ----------
    start : float, optional
        Value at t = 0, > 0: lattice steps for sigma, 1 for a learning rate. Default: half of the map's longer side, at
        least 1, for sigma; 0.1 for the learning rate.
    """

    start: float = None  # type: ignore[assignment]  # None until completed

    def __post_init__(self) -> None:
        _require_positive(self, "start")

    def completed(self, start: float, end: float) -> Self:
        """Return this schedule with `start` in place of a start that was left open."""
        return dataclasses.replace(self, start=_given(self.start, start))

    def check(self, sigma_start: float) -> None:
        """Refuse a sigma below 1 at t = 0."""
        if sigma_start < 1:
            advice = "λ = T / ln sigma, for the learning rate too; use geometric or linear"
            must = f"be >= 1 lattice step for exponential schedules ({advice})"
            raise ParameterError("algorithm.sigma.start", must, sigma_start)

    def value(self, t: int, iterations: int, sigma_start: float) -> float:
        """START · exp(−t · ln(σ₀) / T)."""
        if sigma_start == 1:
            return self.start
        decay = iterations / math.log(sigma_start)
        return self.start * math.exp(-t / decay)


@dataclasses.dataclass(frozen=True)
class FromStartToEnd:
    """Goes from START to END with p = t / (T − 1): reaches END in the last iteration; T = 1 uses START."""

    start: float = None  # type: ignore[assignment]  # None until completed
    end: float = None  # type: ignore[assignment]  # None until completed

    def __post_init__(self) -> None:
        _require_positive(self, "start", "end")

    def completed(self, start: float, end: float) -> Self:
        """Return this schedule with `start` and `end` in place of what was left open."""
        return dataclasses.replace(self, start=_given(self.start, start), end=_given(self.end, end))

    def check(self, sigma_start: float) -> None:
        """Accept every sigma."""

    def value(self, t: int, iterations: int, sigma_start: float) -> float:
        """Return the value at p = t / (T − 1)."""
        return self.start if iterations == 1 else self.at(t / (iterations - 1))

    def at(self, progress: float) -> float:
        """Return the value at p = `progress`, from 0 to 1."""
        raise NotImplementedError


@SCHEDULES.register("linear")
class Linear(FromStartToEnd):
    """value(p) = START + (END − START) · p, with p from 0 in the first iteration to 1 in the last.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: sigma from half of the
        map's longer side (at least 1) to 1 (batch: 0.7), learning rate from 0.1 to 0.01.
    """

    def at(self, progress: float) -> float:
        """START · (1 − p) + END · p."""
        return self.start * (1 - progress) + self.end * progress


@SCHEDULES.register("geometric")
class Geometric(FromStartToEnd):
    """value(p) = START · (END / START)^p, with p from 0 in the first iteration to 1 in the last.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: sigma from half of the
        map's longer side (at least 1) to 1 (batch: 0.7), learning rate from 0.1 to 0.01.
    """

    def at(self, progress: float) -> float:
        """START^(1 − p) · END^p, which is the same and exact at both ends."""
        return float(self.start ** (1 - progress) * self.end**progress)


def as_schedule(argument: str, schedule: Any, usual: str = "exponential") -> Schedule:
    """Return a schedule that is given as such, by its name, by its start, or by its start and end.

    Parameters
    ----------
    argument : str
        Its name, for messages.
    schedule : schedule, str, float or pair of float
        A number is the start of the usual schedule; a pair (start, end) is geometric.
    usual : str
        The name of the usual schedule.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(schedule, numbers.Real):
        started: Schedule = SCHEDULES[usual](require_number(argument, schedule, above=0))
        return started
    if isinstance(schedule, tuple | list):
        if len(schedule) != 2:
            raise ParameterError(argument, "be a number, a pair (start, end), or the name of a schedule", schedule)
        return Geometric(*(require_number(argument, value, above=0) for value in schedule))
    made: Schedule = SCHEDULES.made(argument, schedule)
    return made


def _require_positive(schedule: Any, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if value is not None:
            object.__setattr__(schedule, name, require_number(name, value, above=0))


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
