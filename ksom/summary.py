"""What one pass over a data set tells: where its features lie, how they vary, what is missing, its digest."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset, Rows
from ksom.errors import DataError, quoted
from ksom.method.bends import Log1p
from ksom.method.moments import Moments
from ksom.method.quantiles import SomeRows
from ksom.part import Part
from ksom.samples import Block, Summary, as_samples, missing_values, sample_weights
from ksom.sparse_rows import SamplesLike, SparseRows, as_rows


def summarise(
    dataset: Dataset,
    *,
    keep_missing: bool = False,
    with_moments: bool = True,
    with_log_moments: bool = False,
    with_quantiles: bool = False,
) -> Summary:
    """Read the data once; refuse what cannot be learned from.

    Parameters
    ----------
    dataset : Dataset
        The samples, data units.
    keep_missing : bool
        Whether values may be missing.
    with_moments : bool
        Whether to tell mean and deviation, which takes as long as all the rest; else they are NaN.
    with_log_moments : bool
        Whether to tell them of sign(x) · ln(1 + |x|) too.
    with_quantiles : bool
        Whether to keep some rows to tell quantiles by, at most 64 MB, or one block.

    Raises
    ------
    DataError
        If there is no sample or no feature; a value is infinite, or missing where none may be; all values of a
        sample or of a feature are missing; or quantiles of sparse samples are asked for.
    """
    _require_samples(dataset)
    reading = _Reading(dataset, keep_missing, with_moments, with_log_moments, with_quantiles)
    for block in dataset.blocks():
        reading.add(block)
    return reading.summary()


class _Reading:
    """What is known of a data set after some of its blocks."""

    def __init__(
        self, dataset: Dataset, keep_missing: bool, with_moments: bool, with_log_moments: bool, with_quantiles: bool
    ) -> None:
        self._where, self._names, features = name_of(dataset), dataset.feature_names, dataset.features
        self._keep_missing, self._places = keep_missing, dataset
        self._low, self._high = np.full(features, np.inf), np.full(features, -np.inf)
        self._missing = np.zeros(features, dtype=np.int64)
        self._encoding = dataset.encoding
        self._moments = Moments(features) if with_moments else None
        self._log_moments = Moments(features) if with_log_moments else None
        self._some = SomeRows(len(dataset), features) if with_quantiles else None
        self._rows, self._weight = 0, 0.0
        self._digest = hashlib.sha256(f"{len(dataset)} x {features}".encode())

    def add(self, block: Rows) -> None:
        values, weights = values_and_weights(block)
        rows = as_rows(as_samples(values, self._where, features=len(self._low)), self._where)
        missing = missing_values(rows, self._where, self._rows, keep=self._keep_missing, places=self._places)
        self._digest.update(rows.dtype.str.encode() + rows.tobytes())
        if self._rows and (weights is None) is (self._weight > 0):
            raise DataError(f"{self._where}: some of its samples have weights, others none; give all of them one")
        if weights is not None:
            weights = counting_weights(weights, len(rows), self._where, self._rows)
            self._weight += float(weights.sum())
            self._digest.update(b"weights" + weights.tobytes())
        if self._moments is not None:
            self._moments.add(rows, missing, weights)
        if self._log_moments is not None:
            self._log_moments.add(_logarithms(rows), missing, weights)
        if self._some is not None:
            self._some.add(self._in_full(rows), self._rows, weights)
        self._look_at_range(rows, missing)
        self._rows += len(rows)

    def summary(self) -> Summary:
        self._require_a_value_of_each_feature()
        low, high = self._low.astype(np.float64), self._high.astype(np.float64)
        mean_weight = self._weight / self._rows if self._weight else None
        mean, deviation = (np.full_like(low, np.nan),) * 2
        if self._moments is not None:
            mean, deviation = self._moments.mean, self._moments.deviation
        return Summary(
            low,
            high,
            mean,
            deviation,
            self._missing,
            mean_weight,
            self._digest.hexdigest(),
            log_mean=None if self._log_moments is None else self._log_moments.mean,
            log_deviation=None if self._log_moments is None else self._log_moments.deviation,
            some=None if self._some is None else self._some.block(low, high),
            names=self._names,
            encoding=self._encoding,
        )

    def _in_full(self, rows: SamplesLike) -> NDArray[Any]:
        if isinstance(rows, SparseRows):
            told = "the scaling goes by quantiles, for which sparse samples would become dense"
            raise DataError(f"{self._where}: {told}; take none, or give the samples as an array")
        return rows

    def _look_at_range(self, rows: SamplesLike, missing: NDArray[np.bool_] | None) -> None:
        lows, highs = rows, rows
        if missing is not None:
            lows, highs = np.where(missing, np.inf, rows), np.where(missing, -np.inf, rows)
            self._missing += missing.sum(axis=0)
        self._low = np.minimum(self._low, lows.min(axis=0))
        self._high = np.maximum(self._high, highs.max(axis=0))

    def _require_a_value_of_each_feature(self) -> None:
        if (self._missing == self._rows).any():
            feature = int((self._missing == self._rows).argmax())
            called = f"feature {feature}{_called(self._names, feature)}"
            raise DataError(f"{self._where}: {called} has no value at all; leave it out")


def _logarithms(rows: SamplesLike) -> SamplesLike:
    if isinstance(rows, SparseRows):
        return rows.with_values(Log1p().of(rows.compact.values))
    return Log1p().of(rows)


def values_and_weights(block: Rows) -> tuple[SamplesLike, NDArray[np.float64] | None]:
    """Return raw samples, NaN where a value is missing, and their weights, if they have some."""
    if not isinstance(block, Block):
        return block, None
    return block.values if block.missing is None else np.where(block.missing, np.nan, block.values), block.weights


def counting_weights(weights: Any, samples: int, where: str, first_row: int) -> NDArray[np.float64]:
    """Return checked weights of samples, none of them 0: a data set in an array leaves those samples out itself.

    Raises
    ------
    DataError
        As `sample_weights`; or naming the row of a weight of 0.
    """
    checked = sample_weights(weights, samples, where, first_row)
    if not checked.all():
        row = first_row + int(checked.argmin())
        raise DataError(f"{where}: the weight of row {row} is 0; leave such a sample out of the data set")
    return checked


def name_of(dataset: Dataset) -> str:
    """Return what a data set is called in messages that tell the number of a row."""
    if isinstance(dataset, Part):
        return f"{name_of(dataset.whole)}, {len(dataset)} of its rows"
    leaves_out = dataset.weights is not None and not dataset.weights.all()
    return f"dataset {type(dataset).__name__}{', rows of weight 0 left out' if leaves_out else ''}"


def _called(names: Sequence[str] | None, feature: int) -> str:
    return "" if names is None else f" ({quoted(names[feature])})"


def _require_samples(dataset: Dataset) -> None:
    try:
        size, features = len(dataset), dataset.features
        dataset.rows(slice(0, 1))
    except AttributeError as error:
        if error.obj is not dataset or error.name != "samples":
            raise
        told = "has no samples: its constructor must call super().__init__(samples)"
        raise DataError(f"{name_of(dataset)} {told}") from None
    if size < 1 or features < 1:
        raise DataError(f"{name_of(dataset)} must have at least one sample and one feature, got {size} × {features}")
