"""Bends: what a scaling that is no straight line does to a feature first, each with the way back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted

MOST_KNOTS = 1001
"""Of a table of ranks."""


class Bend(ABC):
    """A rising function of one feature; NaN stays NaN."""

    @abstractmethod
    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values, data units, bent."""

    @abstractmethod
    def undone(self, bent: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return bent values in data units again."""

    @abstractmethod
    def as_plain(self) -> Any:
        """Return it as plain data that JSON can hold; `bend_of` makes it again."""


@dataclass(frozen=True)
class Log1p(Bend):
    """x ↦ sign(x) · ln(1 + |x|): of amounts that span many powers of ten, on both sides of 0; float64 holds all."""

    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Take the logarithm."""
        numbers = np.ascontiguousarray(values, dtype=np.float64)  # the same steps in every layout: the same bits
        bent: NDArray[np.float64] = np.copysign(np.log1p(np.abs(numbers)), numbers)
        return bent

    def undone(self, bent: NDArray[np.float64]) -> NDArray[np.float64]:
        """y ↦ sign(y) · (eʸ − 1), infinite where float64 cannot hold it."""
        with np.errstate(over="ignore"):
            values: NDArray[np.float64] = np.copysign(np.expm1(np.abs(bent)), bent)
        return values

    def as_plain(self) -> str:
        """Its name."""
        return "log1p"


@dataclass(frozen=True, eq=False)
class Ranks(Bend):
    """x ↦ the share of the data below x, half of those equal to it among them; straight between the knots of a table.

    What lies below the first knot has the rank 0, above the last one 1. On the way back, what is less than the first
    share becomes the first value, more than the last share the last value.
    """

    values: NDArray[np.float64]
    """The knots, data units, strictly rising, shape (m,), 1 <= m <= 1,001."""
    shares: NDArray[np.float64]
    """The rank of each, strictly rising in [0, 1], shape (m,)."""

    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Look ranks up."""
        outside = np.where(values < self.values[0], 0.0, 1.0)
        inside = ~(values < self.values[0]) & ~(values > self.values[-1])  # of NaN too
        return np.where(inside, _along(values, self.values, self.shares), outside)

    def undone(self, bent: NDArray[np.float64]) -> NDArray[np.float64]:
        """Look values up."""
        return _along(bent, self.shares, self.values)

    def as_plain(self) -> dict[str, list[float]]:
        """Both columns of the table."""
        return {"values": self.values.tolist(), "shares": self.shares.tolist()}


def bend_of(plain: Any) -> Bend | None:
    """Return the bend that `as_plain` made plain data of; None: a feature that is not bent.

    Raises
    ------
    DataError
        If it is something else.
    """
    if plain is None:
        return None
    if plain == "log1p":
        return Log1p()
    names = ("values", "shares")
    try:
        values, shares = (np.array(plain[name], dtype=np.float64) for name in names)
    except (ValueError, KeyError, TypeError, OverflowError):
        values = shares = np.empty(0)
    if not isinstance(plain, Mapping) or not _is_table(values, shares):
        told = f"1 to {MOST_KNOTS} values and their shares in [0, 1], both rising"
        raise DataError(f"a bend must be log1p, or {told}, but is {quoted(plain)}")
    return Ranks(values, shares)


def _is_table(values: NDArray[np.float64], shares: NDArray[np.float64]) -> bool:
    if values.ndim != 1 or values.shape != shares.shape or not 1 <= values.size <= MOST_KNOTS:
        return False
    with np.errstate(over="ignore", invalid="ignore"):  # what is infinite or NaN is refused here
        steps = np.concatenate([np.diff(values), np.diff(shares), [1.0]])
    rising = bool(np.isfinite(steps).all() and (steps > 0).all() and np.isfinite(values[0]))
    return rising and bool(shares[0] >= 0 and shares[-1] <= 1)


def _along(places: NDArray[Any], knots: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height at each place of straight lines from knot to knot, level outside of them.

    numpy's `interp` may step back by a rounding error behind a knot; this never falls, so that order is kept.
    """
    after = np.clip(np.searchsorted(knots, places, side="right"), 1, max(1, len(knots) - 1))
    before, after = after - 1, np.minimum(after, len(knots) - 1)
    with np.errstate(over="ignore", invalid="ignore"):
        share = np.clip((places - knots[before]) / np.where(after > before, knots[after] - knots[before], 1), 0, 1)
        found = heights[before] + share * (heights[after] - heights[before])
    return np.minimum(found, heights[after])
