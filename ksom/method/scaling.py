"""Scaling: how raw features become the map's, x ↦ (bend(x) − centre) · factor, feature by feature."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_number
from ksom.errors import DataError, ParameterError, quoted
from ksom.method.bends import Bend, Log1p
from ksom.method.quantiles import quantiles, ranks
from ksom.method.scales import Scales
from ksom.names import nearest
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import Summary

FeatureWeights = Sequence[float] | Mapping[str, float]
"""A weight for each feature, or for some by name."""


class Scaling:
    """x ↦ (bend(x) − centre) · factor; a subclass says what these are, from what one pass over the data told.

    Features that are of a size of their own, those of a table's categories and cycles, are left alone but for their
    weights, whatever the scaling.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0: its factor is multiplied by √a. By name, of features
        or of a table's columns: 1 for those that are not named. Default: all alike.

    Raises
    ------
    ParameterError
        If a weight is no number >= 0, or all are 0.
    """

    needs_moments = True
    """Whether it has to know the mean and the deviation of the data."""
    needs_log_moments = False
    """Whether it has to know those of sign(x) · ln(1 + |x|)."""
    needs_quantiles = False
    """Whether it has to know quantiles of the data."""

    def __init__(self, feature_weights: FeatureWeights | None = None) -> None:
        self.feature_weights = None if feature_weights is None else _checked_weights(feature_weights)

    def __repr__(self) -> str:
        return as_call(self)

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the centre of each feature and the spread that becomes 1, each of shape (D,): of bent ones, bent."""
        return np.zeros_like(summary.low), np.ones_like(summary.low)

    def bends(self, summary: Summary) -> Sequence[Bend | None]:
        """Return how each of the D features is bent first, None: not at all."""
        return [None] * len(summary.low)

    @property
    def changes_nothing(self) -> bool:
        """Whether the map's units are those of the data."""
        return type(self) is NoScaling and self.feature_weights is None

    def fitted(self, summary: Summary, where: str) -> Scales | None:
        """Return the scaling of such data; a constant feature keeps its unit. None: it changes nothing.

        Raises
        ------
        DataError
            If there are not as many weights as features, a name is of none of them, or a feature's spread is beyond the
            range of float64.
        """
        if self.changes_nothing:
            return None
        weights, own = self._weights(summary, where), _own_units(summary)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            centre, spread = self.centre_and_spread(summary)
            spread = np.where(own | (summary.high <= summary.low), 1, spread)
            scales = Scales(np.where(own, 0, centre), np.sqrt(weights) / spread)
        usable = np.isfinite(spread) & np.isfinite(scales.centre) & np.isfinite(scales.factor)
        if not usable.all():
            feature = int(usable.argmin())
            told = f"feature {feature} goes from {summary.low[feature]:g} to {summary.high[feature]:g}"
            raise DataError(f"{where}: {told}, which float64 cannot scale; take another unit for it")
        bends = [None if left_alone else bend for bend, left_alone in zip(self.bends(summary), own, strict=True)]
        return scales._replace(bends=tuple(bends)) if any(bend is not None for bend in bends) else scales

    def _weights(self, summary: Summary, where: str) -> NDArray[np.float64]:
        """Return how much each feature counts, shape (D,)."""
        features, given = len(summary.low), self.feature_weights
        weights = np.ones(features)
        if isinstance(given, Mapping):
            for name, weight in given.items():
                weights[features_called(name, summary, where)] = weight
        elif given is not None and len(given) != features:
            told = f"there must be a feature weight for each of the {features} features"
            raise DataError(f"{where}: {told}, got {len(given)}")
        elif given is not None:
            weights = np.array(given, dtype=np.float64)
        if not weights.any():
            raise DataError(f"{where}: the feature weights are 0 for all features: nothing would tell nodes apart")
        return weights


SCALINGS = Registry("scaling", Scaling)


@SCALINGS.register("none")
class NoScaling(Scaling):
    """x ↦ x · √a: features are as they come, but for their weights.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike, so that nothing changes.
    """

    needs_moments = False


@SCALINGS.register("standard")
class Standard(Scaling):
    """x ↦ (x − mean) / deviation · √a: every feature has mean 0 and deviation 1, by the weights of the samples.

    The deviation is √(Σ v (x − mean)² / Σ v), over the values that are there.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
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
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    needs_moments = False

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest value, and how far the largest is from it."""
        return summary.low, summary.high - summary.low


@SCALINGS.register("robust")
class Robust(Scaling):
    """x ↦ (x − median) / (q75 − q25) · √a: half of the values of every feature span 1, however far others are.

    Quantiles by the weights of the samples, over the values that are there; exact of up to 262,144 rows, else of a
    sample of them, as `SomeRows` tells. A feature whose quartiles coincide, because most of its values are equal, is
    divided by its deviation instead.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    needs_quantiles = True

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Median, and how far the third quartile is from the first."""
        assert summary.some is not None  # it was asked for
        lower, median, upper = quantiles(summary.some, 0.25, 0.5, 0.75)
        return median, np.where(upper > lower, upper - lower, summary.deviation)


@SCALINGS.register("log1p+standard")
class LogStandard(Scaling):
    """x ↦ (y − mean) / deviation · √a with y = sign(x) · ln(1 + |x|): for amounts that span powers of ten.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    needs_moments, needs_log_moments = False, True

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of the logarithms."""
        assert summary.log_mean is not None  # they were asked for
        assert summary.log_deviation is not None
        return summary.log_mean, summary.log_deviation

    def bends(self, summary: Summary) -> Sequence[Bend | None]:
        """Return the logarithm, for every feature."""
        return [Log1p()] * len(summary.low)


@SCALINGS.register("rank")
class Rank(Scaling):
    """x ↦ the share of the data below x, from 0 to 1, · √a: every feature is spread evenly, whatever its distribution.

    Half of the data that equal x are counted as below it. Straight lines lead from value to value, by a table of at
    most 1,001 of them: less than 1/500 off, of very many features less than 1/50. What is less than all of the data has
    the rank 0, what is more 1; on the way back, what is outside of the table becomes its smallest or largest value. All
    values of a constant feature have the rank ½. By the weights of the samples, over the values that are there; of more
    than 262,144 rows from a sample, as `SomeRows` tells.

    Parameters
    ----------
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.
    """

    needs_moments, needs_quantiles = False, True

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """0 and 1, if float64 can tell how far the values are apart."""
        apart = summary.high - summary.low
        return np.zeros_like(apart), np.where(np.isfinite(apart), 1, apart)

    def bends(self, summary: Summary) -> Sequence[Bend | None]:
        """Return the table of each feature."""
        assert summary.some is not None  # it was asked for
        return ranks(summary.some)


@SCALINGS.register("per_column")
class PerColumn(Scaling):
    """Each feature as is said of it by name.

    Parameters
    ----------
    columns : mapping of str to str
        The scaling of features, by their names: one of the others. Those of a table's categories and cycles are of a
        size of their own and have none.
    default : str
        The scaling of all features that are not named.
    feature_weights : sequence of float, or mapping of str to float, optional
        How much each feature counts in squared distances, a >= 0. Default: all alike.

    Raises
    ------
    ParameterError
        If a scaling is not known.

    Examples
    --------
    >>> PerColumn({"income": "log1p+standard", "age": "minmax"})
    PerColumn(columns={'income': 'log1p+standard', 'age': 'minmax'})
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        default: str = "standard",
        feature_weights: FeatureWeights | None = None,
    ) -> None:
        super().__init__(feature_weights)
        if not isinstance(columns, Mapping) or not columns or not all(isinstance(name, str) for name in columns):
            raise ParameterError("columns", "be a mapping of names of features to scalings", columns)
        self.columns = dict(columns)
        self.default = default
        self._default = _scaling_called("default", default)
        self._of = {name: _scaling_called(f"columns[{quoted(name)}]", value) for name, value in columns.items()}
        used = [self._default, *self._of.values()]
        self.needs_moments = any(scaling.needs_moments for scaling in used)
        self.needs_log_moments = any(scaling.needs_log_moments for scaling in used)
        self.needs_quantiles = any(scaling.needs_quantiles for scaling in used)

    def fitted(self, summary: Summary, where: str) -> Scales | None:
        """Return the scaling of such data; raises as that of the others, and for what has a size of its own."""
        own = _own_units(summary)
        for name in self.columns:
            if own[features_called(name, summary, where)].any():
                told = (
                    f"{quoted(name)} is of a category or a cycle, which has a size of its own that no scaling changes"
                )
                raise DataError(f"{where}: {told}; leave it out of the scaling's columns, or give it a feature weight")
        return super().fitted(summary, where)

    def centre_and_spread(self, summary: Summary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Those of each feature's scaling."""
        centre, spread = super().centre_and_spread(summary)
        for scaling, features in self._parts(summary):
            centre[features], spread[features] = scaling.centre_and_spread(summary.of(features))
        return centre, spread

    def bends(self, summary: Summary) -> Sequence[Bend | None]:
        """Return those of each feature's scaling."""
        bends: list[Bend | None] = [None] * len(summary.low)
        for scaling, features in self._parts(summary):
            for feature, bend in zip(features, scaling.bends(summary.of(features)), strict=True):
                bends[feature] = bend
        return bends

    def _parts(self, summary: Summary) -> Iterator[tuple[Scaling, NDArray[np.int64]]]:
        """Yield scalings with the features that they scale, those of their own size left out."""
        others = ~_own_units(summary)
        for name, scaling in self._of.items():
            features = features_called(name, summary, "the data")
            others[features] = False
            yield scaling, features
        if others.any():
            yield self._default, np.flatnonzero(others)


def features_called(name: str, summary: Summary, where: str) -> NDArray[np.int64]:
    """Return the numbers of the features that a name stands for: one, or all those of a table's column.

    Raises
    ------
    DataError
        If there is none, or the data have no names.
    """
    if summary.names is None:
        told = f"its features have no names, so none is called {quoted(name)}"
        raise DataError(f"{where}: {told}; give a table with named columns")
    columns = () if summary.encoding is None else summary.encoding.column_names
    if summary.encoding is not None and name in columns:
        return np.flatnonzero(summary.encoding.column_of == columns.index(name))
    if name in summary.names:
        return np.array([summary.names.index(name)])
    known = list(dict.fromkeys([*columns, *summary.names]))
    hint = nearest(name, known) or f"; there are {quoted(known)}"
    raise DataError(f"{where}: no feature is called {quoted(name)}{hint}")


def _own_units(summary: Summary) -> NDArray[np.bool_]:
    """Return whether each feature is of a size of its own, shape (D,)."""
    return np.zeros(len(summary.low), np.bool_) if summary.encoding is None else summary.encoding.has_own_units


def _scaling_called(argument: str, name: Any) -> Scaling:
    cls = SCALINGS.named(argument, name)
    if cls is PerColumn:
        raise ParameterError(argument, "be the scaling of one feature", name)
    made: Scaling = cls()
    return made


def _checked_weights(weights: Any) -> list[float] | dict[str, float]:
    if isinstance(weights, Mapping) and weights and all(isinstance(name, str) for name in weights):
        return {name: _checked_weight(quoted(name), weight) for name, weight in weights.items()}
    if not isinstance(weights, list | tuple | np.ndarray) or not len(weights):
        must = "be a list of numbers, one for each feature, or a mapping of names to numbers"
        raise ParameterError("feature_weights", must, weights)
    checked = [_checked_weight(i, weight) for i, weight in enumerate(weights)]
    if not any(checked):
        raise ParameterError("feature_weights", "not be 0 for all features: nothing would tell nodes apart", weights)
    return checked


def _checked_weight(place: Any, weight: Any) -> float:
    plain = weight.item() if isinstance(weight, np.generic) else weight
    return require_number(f"feature_weights[{place}]", plain, at_least=0)
