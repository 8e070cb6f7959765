"""A scaling that is fitted to data: x ↦ (x − centre) · factor, feature by feature, of a feature that may be bent."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, quoted
from ksom.method.bends import Bend, bend_of


class Scales(NamedTuple):
    """A scaling that is fitted to data: x ↦ (bend(x) − centre) · factor, in float64."""

    centre: NDArray[np.float64]
    """Data units, or those of the bent feature, shape (D,)."""
    factor: NDArray[np.float64]
    """Map units in one of these, >= 0, shape (D,)."""
    bends: tuple[Bend | None, ...] | None = None
    """How each of the D features is bent first; None: none is."""

    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values of shape (…, D) in the map's units."""
        with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
            scaled: NDArray[np.float64] = self._bent(values) - self.centre
            scaled *= self.factor
        return scaled

    def undone(self, scaled: NDArray[Any]) -> NDArray[np.float64]:
        """Return values of shape (…, D) in data units again: x = y / factor + centre, NaN where the factor is 0.

        Then each bend's way back. Of ranks outside of the table the smallest or largest value, as `Ranks` tells.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            values: NDArray[np.float64] = np.where(self.factor > 0, scaled / self.factor + self.centre, np.nan)
        for feature, bend in enumerate(self.bends or ()):
            if bend is not None:
                values[..., feature] = bend.undone(values[..., feature])
        return values

    @property
    def moves_zero(self) -> bool:
        """Whether 0 becomes anything else, or a feature is bent, so that sparse samples cannot be scaled as such."""
        return bool(self.centre.any()) or self.bends is not None

    def as_plain(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold: numbers as they are, to the last bit."""
        plain: dict[str, Any] = {"centre": self.centre.tolist(), "factor": self.factor.tolist()}
        if self.bends is not None:
            plain["bends"] = [None if bend is None else bend.as_plain() for bend in self.bends]
        return plain

    @classmethod
    def from_plain(cls, plain: Any, features: int) -> Self:
        """Return the scaling of `features` features that `as_plain` made plain data of.

        Raises
        ------
        DataError
            If it is something else.
        """
        try:
            centre, factor = (np.array(plain[name], dtype=np.float64) for name in ("centre", "factor"))
            fit = all(array.shape == (features,) and np.isfinite(array).all() for array in (centre, factor))
        except (ValueError, KeyError, TypeError, OverflowError):
            fit = False
        if not fit or (factor < 0).any():
            told = f"`scales` must hold a centre and a factor >= 0 for each of {features} features"
            raise DataError(f"{told}, but is {quoted(plain)}")
        bends = plain.get("bends")
        if bends is None:
            return cls(centre, factor)
        if not isinstance(bends, list) or len(bends) != features:
            told = f"the bends of `scales` must be a list, one for each of {features} features"
            raise DataError(f"{told}, but are {quoted(bends)}")
        return cls(centre, factor, tuple(map(bend_of, bends)))

    def _bent(self, values: NDArray[Any]) -> NDArray[Any]:
        if self.bends is None:
            return values
        bent = np.array(values, dtype=np.float64)
        for feature, bend in enumerate(self.bends):
            if bend is not None:
                bent[..., feature] = bend.of(bent[..., feature])
        return bent


def rescaled(weights: NDArray[Any], before: Scales | None, now: Scales | None) -> NDArray[np.float64]:
    """Return the weights of a map in the units of another one; as they are, if both scale alike.

    Parameters
    ----------
    weights : ndarray of shape (height, width, D)
        Map units of the one.
    before, now : Scales or None
        What the one and the other do to samples. Of what `before` gave the weight 0, the other's 0 is taken.
    """
    kept = np.asarray(weights, dtype=np.float64)
    if before is now or (before and now and before.as_plain() == now.as_plain()):
        return kept
    values = kept if before is None else before.undone(kept)
    return np.nan_to_num(values if now is None else now.of(values))
