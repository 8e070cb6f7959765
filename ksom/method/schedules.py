"""Schedules: how sigma and the learning rate go from START to END over the iterations t = 0 … T − 1."""

import dataclasses
import math
import numbers
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from ksom.arguments import require_number
from ksom.errors import ParameterError
from ksom.registry import Registry, named_after
from ksom.representation import as_call


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


def of_function(function: Callable[[float], float]) -> type[Schedule]:
    """Return the schedule that a function of p stands for, as a class: p goes from 0 in the first iteration to 1."""

    class OfFunction(Schedule):
        __doc__ = function.__doc__

        def __repr__(self) -> str:
            return as_call(self)

        @property
        def start(self) -> float:
            return function(0.0)

        def chosen(self, start: float, end: float) -> Self:
            return self

        def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
            return lambda t: function(t / max(1, iterations - 1))

    return named_after(function, OfFunction)


SCHEDULES = Registry("schedule", Schedule, of_function)

ScheduleLike = Schedule | str | float | Sequence[float] | Callable[[float], float]
"""A schedule, its name, its start, its start and end, or a function of p, from 0 in the first iteration to 1."""


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
    """Goes from START to END with p = t / (T − 1): reaches END in the last iteration; T = 1 uses START.

    A subclass gives `between`.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: those of the algorithm.
    """

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


@SCHEDULES.register("cosine")
class HalfCosine(FromStartToEnd):
    """value(p) = END + (START − END) · (1 + cos πp) / 2, with p from 0 in the first iteration to 1 in the last.

    Slow at both ends, fast in the middle.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: those of the algorithm. A
        single iteration uses START.

    References
    ----------
    I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017, eq. 5, without restarts.
    """

    def between(self, start: float, end: float, progress: float) -> float:
        """START · c + END · (1 − c) with c = (1 + cos πp) / 2, which is the same and exact at both ends."""
        share = (1 + math.cos(math.pi * progress)) / 2
        return start * share + end * (1 - share)


@SCHEDULES.register("inverse")
class Inverse(FromStartToEnd):
    """value(p) = START / (1 + (START / END − 1) · p), with p from 0 in the first iteration to 1 in the last.

    Falls as 1 / t in the end: with a learning rate, all samples then count alike.

    Parameters
    ----------
    start, end : float, optional
        First and last value, > 0: lattice steps for sigma, 1 for a learning rate. Defaults: those of the algorithm. A
        single iteration uses START.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 3.2.
    """

    def between(self, start: float, end: float, progress: float) -> float:
        """START / (1 + (START / END − 1) · p)."""
        return start / (1 + (start / end - 1) * progress)


@SCHEDULES.register("constant")
@dataclasses.dataclass(frozen=True)
class Constant(Schedule):
    """value(t) = START, in every iteration.

    Parameters
    ----------
    start : float, optional
        The value, > 0: lattice steps for sigma, 1 for a learning rate. Default: where other schedules of the algorithm
        start.
    """

    start: float | None = None

    def __post_init__(self) -> None:
        _require_positive(self, "start")

    def chosen(self, start: float, end: float) -> Self:
        return dataclasses.replace(self, start=_given(self.start, start))

    def bound(self, iterations: int, sigma_start: float) -> Callable[[int], float]:
        """START."""
        start = _known(self.start)
        return lambda _: start


def as_schedule(argument: str, schedule: Any, usual: str = "exponential") -> Schedule:
    """Return a schedule that is given as such, by its name, its start, its start and end, or as a function of p.

    Parameters
    ----------
    argument : str
        Its name, for messages.
    schedule : schedule, str, float, pair of float, or function
        A number is the start of the usual schedule; a pair (start, end) is geometric; a function gives the value at p,
        from 0 in the first iteration to 1 in the last.
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


def values(
    argument: str, schedule: Schedule, iterations: int, sigma_start: float, at_most: float = sys.float_info.max
) -> Callable[[int], float]:
    """Return a schedule's value as a function of the iteration; a schedule of the user's own may have none.

    Parameters
    ----------
    argument : str
        What it is the schedule of, for messages.
    schedule : schedule
        With nothing left open.
    iterations, sigma_start
        As of `Schedule.bound`.
    at_most : float
        The largest value that makes sense.

    Raises
    ------
    ParameterError
        If the first value is no number in (0, `at_most`]; the function raises it for later ones.
    """
    value_of = schedule.bound(iterations, sigma_start)

    def checked(iteration: int) -> float:
        value = value_of(iteration)
        if not isinstance(value, numbers.Real) or not 0 < value <= at_most:
            bounds = "> 0 and <= 1" if at_most == 1 else "> 0"
            raise ParameterError(argument, f"be a number {bounds} in iteration {iteration}", value)
        return float(value)

    checked(0)
    if type(schedule) not in {SCHEDULES[name] for name in SCHEDULES}:
        return checked
    checked(iterations - 1)
    return value_of  # ours stay between their ends: to ask each time takes a tenth of a small training


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
