"""Scaling: how raw features become the map's, x ↦ (x − centre) · factor, feature by feature."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.errors import DataError, ParameterError
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import Summary


class Scales(NamedTuple):
    """A scaling that is fitted to data: x ↦ (x − centre) · factor, in float64."""

    centre: NDArray[np.float64]
    """Data units, shape (D,)."""
    factor: NDArray[np.float64]
    """Map units in a data unit, >= 0, shape (D,)."""

    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values of shape (…, D) in the map's units."""
        with np.errstate(over="ignore"):  # what becomes infinite is refused by its row
            scaled: NDArray[np.float64] = values - self.centre
            scaled *= self.factor
        return scaled

    def undone(self, scaled: NDArray[Any]) -> NDArray[np.float64]:
        """Return values of shape (…, D) in data units again: x = y / factor + centre, NaN where the factor is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values: NDArray[np.float64] = np.where(self.factor > 0, scaled / self.factor + self.centre, np.nan)
        return values


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
    if before is now or (before and now and all(map(np.array_equal, before, now))):
        return kept
    values = kept if before is None else before.undone(kept)
    return np.nan_to_num(values if now is None else now.of(values))


class Scaling:
    """x ↦ (x − centre) · factor; a subclass says what both are, from what one pass over the data told.

    Parameters
    ----------
    feature_weights : sequence of float, optional
        How much each feature counts in squared distances, a >= 0: its factor is multiplied by √a. Default: all alike.

    Raises
    ------
    ParameterError
        If a weight is no number >= 0, or all are 0.
    """

    needs_moments = True
    """Whether it has to know the mean and the deviation of the data."""

    def __init__(self, feature_weights: Sequence[float] | None = None) -> None:
        self.feature_weights = None if feature_weights is None else _checked_weights(feature_weights)

    def __repr__(self) -> str:
        return as_call(self)

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the centre of each feature and the spread that becomes 1, data units, each of shape (D,)."""
        return np.zeros_like(summary.low), np.ones_like(summary.low)

    @property
    def changes_nothing(self) -> bool:
        """Whether the map's units are those of the data."""
        return type(self) is NoScaling and self.feature_weights is None

    def fitted(self, summary: Summary, where: str) -> Scales | None:
        """Return the scaling of such data; a constant feature keeps its unit. None: it changes nothing.

        Raises
        ------
        DataError
            If there are not as many weights as features, or a feature's spread is beyond the range of float64.
        """
        if self.changes_nothing:
            return None
        features = len(summary.low)
        if self.feature_weights is not None and len(self.feature_weights) != features:
            told = f"there must be a feature weight for each of the {features} features"
            raise DataError(f"{where}: {told}, got {len(self.feature_weights)}")
        weights = np.ones(features) if self.feature_weights is None else np.array(self.feature_weights)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            centre, spread = self.centre_and_spread(summary)
            spread = np.where(summary.high > summary.low, spread, 1)
            scales = Scales(centre, np.sqrt(weights) / spread)
        usable = np.isfinite(spread) & np.isfinite(scales.centre) & np.isfinite(scales.factor)
        if not usable.all():
            feature = int(usable.argmin())
            told = f"feature {feature} goes from {summary.low[feature]:g} to {summary.high[feature]:g}"
            raise DataError(f"{where}: {told}, which float64 cannot scale; take another unit for it")
        return scales


SCALINGS = Registry("scaling", Scaling)


@SCALINGS.register("none")
class NoScaling(Scaling):
    """x ↦ x · √a: features are as they come, but for their weights.

    Parameters
    ----------
    feature_weights : sequence of float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike, so that nothing changes.
    """

    needs_moments = False


@SCALINGS.register("standard")
class Standard(Scaling):
    """x ↦ (x − mean) / deviation · √a: every feature has mean 0 and deviation 1, by the weights of the samples.

    The deviation is √(Σ v (x − mean)² / Σ v), over the values that are there.

    Parameters
    ----------
    feature_weights : sequence of float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation."""
        return summary.mean, summary.deviation


@SCALINGS.register("minmax")
class MinMax(Scaling):
    """x ↦ (x − low) / (high − low) · √a: every feature goes from 0 to 1 in the data that the map is trained on.

    Parameters
    ----------
    feature_weights : sequence of float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    needs_moments = False

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest value, and how far the largest is from it."""
        return summary.low, summary.high - summary.low


def _checked_weights(weights: Any) -> list[float]:
    if not isinstance(weights, list | tuple | np.ndarray) or not len(weights):
        raise ParameterError("feature_weights", "be a list of numbers, one for each feature", weights)
    checked = [require_number(f"feature_weights[{i}]", _plain(weight), at_least=0) for i, weight in enumerate(weights)]
    if not any(checked):
        raise ParameterError("feature_weights", "not be 0 for all features: nothing would tell nodes apart", weights)
    return checked


def _plain(weight: Any) -> Any:
    """Return a number of numpy's as one of Python's."""
    return weight.item() if isinstance(weight, np.generic) else weight
