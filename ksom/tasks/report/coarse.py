"""Numbers of nodes as a page holds them: in full where they are few, else in fewer bits, and of fewer nodes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.method.lattice import Lattice
from ksom.pictures.page import as_base64

NOTHING = 0
"""The code of a number that there is not."""
LAST_CODE = 2**16 - 1


@dataclass(frozen=True)
class Room:
    """How many bytes of a page the numbers of nodes may take, as base64."""

    in_full: float
    """Up to so many bytes they are float32."""
    at_most: float
    """Up to so many they are codes of two bytes; of fewer nodes where even these are more."""


FILE, NOTEBOOK = Room(4e6, 14e6), Room(4e5, 1.5e6)


@dataclass(frozen=True)
class Coarse:
    """How the nodes of a map are written: of each block of `step` × `step` nodes one number.

    Examples
    --------
    >>> Coarse(2, False).total(np.arange(12).reshape(3, 4)).tolist()
    [[10, 18], [17, 21]]
    """

    step: int
    """Rows and columns of a block."""
    is_coded: bool
    """Whether numbers are codes of two bytes instead of float32."""

    @classmethod
    def to_fit(cls, lattice: Lattice, numbers: int, room: Room) -> "Coarse":
        """Choose what is written of so many numbers of each node."""
        size = lattice.size * numbers * 4 / 3
        if 4 * size <= room.in_full:
            return cls(1, False)
        step = math.ceil(math.sqrt(max(1.0, 2 * size / room.at_most)))
        return cls(step, True)

    def first(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the first of each block, shape (h, w, …)."""
        return values[:: self.step, :: self.step]

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of each block, shape (h, w, …)."""
        if self.step == 1:
            return values
        rows, columns = (range(0, length, self.step) for length in values.shape[:2])
        return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each block's numbers, shape (h, w); NaN where there is none."""
        if self.step == 1:
            return values
        there = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = self.total(np.where(there, values, 0.0)) / self.total(there.astype(np.int64))
        return means

    def written(self, values: NDArray[Any]) -> dict[str, Any]:
        """Return numbers, one a block, as a page's panel holds them: `values`, or `codes` between `low` and `high`.

        A code c from 1 on is low + (c − 1) / 65534 · (high − low); 0 is NaN, or an infinity.
        """
        values = values.astype(np.float64)
        is_there = np.isfinite(values)
        if not self.is_coded or not is_there.any():
            return {"values": as_base64(_float32(values))}
        low, high = float(values[is_there].min()), float(values[is_there].max())
        extent = high / 2 - low / 2  # that of two numbers far apart may be too large for a float
        share = (np.where(is_there, values, low) / 2 - low / 2) / (extent or 1.0)
        codes = np.where(is_there, 1 + np.rint(np.clip(share, 0, 1) * (LAST_CODE - 1)), NOTHING)
        return {"values": None, "codes": as_base64(codes.astype(np.uint16)), "low": low, "high": high}


def _float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
