"""Schedules: how sigma and the learning rate go from START to END over the iterations t = 0 … T − 1."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from ksom.arguments import require_number
from ksom.errors import ParameterError
from ksom.registry import Registry


class Schedule(Protocol):
    """How a parameter goes from its start to its end."""

    @property
    def start(self) -> float | None:
        """The value at t = 0; None while it is left open."""
        ...

    def chosen(self, start: float, end: float) -> Self:
        """Return this schedule with values in place of those that were left open."""
        ...

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        """Return the value as a function of the iteration t = 0 … iterations − 1, once nothing is left open.

        Its values are Python floats: numpy's would turn float32 weights into float64.

        Parameters
        ----------
        iterations : int
            T, at least 1.
        sigma_start : float
            The sigma of t = 0, lattice steps.

        Raises
        ------
        ParameterError
            If the schedule cannot be computed with such a sigma.
        """
        ...


SCHEDULES = Registry("schedule", Schedule)

ScheduleLike = Schedule | str | float | Sequence[float]
"""A schedule, its name, its start, or its start and end."""


@SCHEDULES.register("exponential")
@dataclasses.dataclass(frozen=True)
class Exponential(Schedule):
    """value(t) = START · exp(−t / λ) with λ = T / ln(σ₀): the colour experiment's decay.

    σ₀ is sigma at t = 0, and λ the same for sigma and for the learning rate, so that sigma goes to 1 lattice step.
    Needs σ₀ ≥ 1; with exactly 1 both stay constant.

    Parameters
    ----------
    start : float, optional
        Value at t = 0, > 0: lattice steps for sigma, 1 for a learning rate. Default: half of the map's longer side, at
        least 1, for sigma; 0.1 for the learning rate.
    """

    start: float | None = None

    def __post_init__(self) -> None:
        _require_positive(self, "start")

    def chosen(self, start: float, end: float) -> Self:
        return dataclasses.replace(self, start=_given(self.start, start))

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        """START · exp(−t · ln(σ₀) / T)."""
        if sigma_start < 1:
            advice = "λ = T / ln sigma, for the learning rate too; use geometric or linear"
            must = f"be >= 1 lattice step for exponential schedules ({advice})"
            raise ParameterError("algorithm.sigma.start", must, sigma_start)
        start = _known(self.start)
        if sigma_start == 1:
            return lambda _: start
        decay = iterations / math.log(sigma_start)
        return lambda t: start * math.exp(-t / decay)


@dataclasses.dataclass(frozen=True)
class FromStartToEnd(Schedule):
    """Goes from START to END with p = t / (T − 1): reaches END in the last iteration; T = 1 uses START."""

    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        _require_positive(self, "start", "end")

    def chosen(self, start: float, end: float) -> Self:
        return dataclasses.replace(self, start=_given(self.start, start), end=_given(self.end, end))

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        start, end, last = _known(self.start), _known(self.end), max(1, iterations - 1)
        return lambda t: self.between(start, end, t / last)

    def between(self, start: float, end: float, progress: float) -> float:
        """Return the value at p = `progress`, from 0 to 1."""
        raise NotImplementedError


@SCHEDULES.register("linear")
class Linear(FromStartToEnd):
    """value(p) = START + (END − START) · p, with p from 0 in the first iteration to 1 in the last.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: those of the algorithm. A
        single iteration uses START.
    """

    def between(self, start: float, end: float, progress: float) -> float:
        """START · (1 − p) + END · p."""
        return start * (1 - progress) + end * progress


@SCHEDULES.register("geometric")
class Geometric(FromStartToEnd):
    """value(p) = START · (END / START)^p, with p from 0 in the first iteration to 1 in the last.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: those of the algorithm. A
        single iteration uses START.
    """

    def between(self, start: float, end: float, progress: float) -> float:
        """START^(1 − p) · END^p, which is the same and exact at both ends."""
        return float(start ** (1 - progress) * end**progress)


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


def _known(value: float | None) -> float:
    if value is None:
        raise ParameterError("schedule", "have a start (and an end, if it has one): nobody has chosen them yet", value)
    return value


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
