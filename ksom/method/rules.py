"""Short rules that tell some samples from all others: `petal length > 2.5 and sex = female`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.encoding import CATEGORY, NUMBER, OF_ITS_CATEGORY, OTHER, Encoding
from ksom.errors import one_line

MOST_CONDITIONS = 3
LEAST_GAIN = 0.05
"""A condition has to add so much to how well a rule tells nodes apart, from 0 to 1."""


class Question(NamedTuple):
    """What can be asked of a sample: whether a number is large, or whether it belongs to a category."""

    feature: int
    name: str
    """The column's."""
    member: str | None = None
    """Of a category; None: the feature is a number."""


@dataclass(frozen=True)
class Condition:
    """What holds for a sample, or not; never where the value is missing."""

    asked: Question
    bound: float
    """Data units."""
    is_above: bool
    """Whether the value is to be above the bound; else at most there."""

    def holds(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for which samples of shape (n, D), data units, it holds, shape (n,)."""
        values = rows[:, self.asked.feature]
        return values > self.bound if self.is_above else values <= self.bound

    def __str__(self) -> str:
        if self.asked.member is not None:
            return one_line(f"{self.asked.name} {'=' if self.is_above else '≠'} {self.asked.member}")
        return one_line(f"{self.asked.name} {'>' if self.is_above else '≤'} {self.bound:,.15g}")


def questions(names: Sequence[str], encoding: Encoding | None) -> list[Question]:
    """Return what can be asked of samples with such features; not of an hour and what else begins anew."""
    if encoding is None:
        return [Question(feature, name) for feature, name in enumerate(names)]
    asked: list[Question] = []
    feature = 0
    for column in encoding.columns:
        members: Sequence[str | None] = (None,)
        if column.kind == CATEGORY:
            members = (*column.categories, *[OTHER] * column.has_other)
        if column.kind in {NUMBER, CATEGORY}:
            asked.extend(Question(feature + place, column.name, member) for place, member in enumerate(members))
        feature += len(column.feature_names)
    return asked


class Rules:
    """Finds rules on samples, or on nodes that stand for them, for one group after another.

    Parameters
    ----------
    values : ndarray of shape (n, D)
        The samples, data units; NaN for what is not known.
    counts : ndarray of shape (n,)
        How much each of them counts, > 0.
    asked : sequence of Question
        What may be asked.
    """

    def __init__(self, values: NDArray[Any], counts: NDArray[np.float64], asked: Sequence[Question]) -> None:
        self.counts, self.asked = counts, asked
        self.values = values[:, [question.feature for question in asked]].astype(np.float64)
        for place, question in enumerate(asked):
            if question.member is not None:
                column = self.values[:, place]
                self.values[:, place] = np.where(np.isnan(column), np.nan, column > OF_ITS_CATEGORY / 2)
        self.order = self.values.argsort(axis=0, kind="stable")
        self._sorted = np.take_along_axis(self.values, self.order, axis=0)

    def rule(self, inside: NDArray[np.bool_]) -> tuple[Condition, ...]:
        """Return at most three conditions that hold, all of them, for a group of samples and not for the others.

        Found one by one: each is the one that makes the share of the group that fits, minus the share of the others
        that fits, largest; none is added for a gain below 0.05.

        Parameters
        ----------
        inside : ndarray of shape (n,)
            Which samples are the group.
        """
        of_group, of_others = (self.counts * some for some in (inside, ~inside))
        if not of_group.any() or not of_others.any() or not self.asked:  # then there are two samples at least
            return ()
        gains = of_group / of_group.sum() - of_others / of_others.sum()
        found: list[Condition] = []
        reached = 0.0
        for _ in range(MOST_CONDITIONS):
            better, condition, fitting = self._best(gains)
            if better < reached + LEAST_GAIN:
                break
            found.append(condition)
            gains, reached = gains * fitting, better
        return tuple(sorted(found, key=lambda condition: condition.asked.feature))

    def _best(self, gains: NDArray[np.float64]) -> tuple[float, Condition, NDArray[np.bool_]]:
        """Return what is gained at most by one more condition, that condition, and which samples it holds for."""
        total = np.cumsum(np.where(np.isnan(self._sorted), 0, gains[self.order]), axis=0)
        below, above = total[:-1], total[-1] - total[:-1]
        either = np.where(self._sorted[1:] > self._sorted[:-1], np.maximum(below, above), -np.inf)
        place, which = np.unravel_index(either.argmax(), either.shape)
        low, high = self._sorted[place, which], self._sorted[place + 1, which]
        is_above = bool(above[place, which] > below[place, which])
        fitting = self.values[:, which] >= high if is_above else self.values[:, which] <= low
        question = self.asked[int(which)]
        bound = OF_ITS_CATEGORY / 2 if question.member is not None else round_between(float(low), float(high))
        return float(either[place, which]), Condition(question, bound, is_above), fitting


def round_between(low: float, high: float) -> float:
    """Return the number with the fewest digits near the middle of two, low <= number < high.

    Examples
    --------
    >>> round_between(51873.2, 52419.9), round_between(2.1, 2.9)
    (52000.0, 2.5)
    """
    middle = low + (high - low) / 2
    rounded = (float(f"{middle:.{digits}g}") for digits in range(1, 18))
    return next((number for number in rounded if low <= number < high), low)
