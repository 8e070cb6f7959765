"""What samples must be: numbers of shape (n, D) whose squared differences the working precision holds, or NaN."""

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.columns import as_array, column_names, required_names
from ksom.encoding import Encoding
from ksom.errors import DataError, quoted
from ksom.sparse_rows import SamplesLike, SparseRows, as_rows, as_sparse_rows, is_sparse

logger = logging.getLogger(__name__)

BLOCK_ROWS = 4096
"""Rows in a block: as many as batch training adds up at a time, so that it need not cut them anew."""

FEWEST_STEPS, FEW_STEPS = 8, 1000
"""Steps of the working precision that a feature must span, and below which a warning is due: iris moved by a million
spans 20 to 50 in float32, and its quantization error is off by a hundredth."""


LEAST_WEIGHT, LARGEST_WEIGHT = 1e-30, 1e30
"""Of a sample, if it is not 0: sums of weighted squares stay far from the limits of float64."""


class Block(NamedTuple):
    """Some samples, one after another in their data set: the one thing that travels from there to a kernel."""

    values: Any
    """Shape (n, D), map units (scaled data units) on the way to a kernel; 0 where a value is missing. An array, or
    `SparseRows`."""
    first_row: int = 0
    """The number of the first of them in the data set."""
    missing: NDArray[np.bool_] | None = None
    """Where no value is known, shape (n, D); None: nowhere in the whole data set. NaN never comes so far."""
    weights: NDArray[np.float64] | None = None
    """How much each of them counts, shape (n,), with a mean of 1 over the data; None: all alike."""

    def rows(self, start: int, stop: int) -> "Block":
        """Return the samples start … stop − 1 of the block."""
        some = slice(start, stop)
        missing = None if self.missing is None else self.missing[some]
        weights = None if self.weights is None else self.weights[some]
        return Block(self.values[some], self.first_row + start, missing, weights)


class Range(NamedTuple):
    """Where each feature lies."""

    low: NDArray[np.float64]
    """Data units, shape (D,)."""
    high: NDArray[np.float64]
    """Data units, shape (D,)."""


class Summary(NamedTuple):
    """What one pass over the data tells."""

    low: NDArray[np.float64]
    """Smallest value of each feature, data units, shape (D,)."""
    high: NDArray[np.float64]
    """Largest value of each feature, data units, shape (D,)."""
    mean: NDArray[np.float64]
    """Mean of each feature's values, by the weights of their samples, data units, shape (D,); NaN if not asked for."""
    deviation: NDArray[np.float64]
    """√ of the mean squared difference from that mean, data units, shape (D,); likewise."""
    missing: NDArray[np.int64]
    """How many values of each feature are missing, shape (D,)."""
    mean_weight: float | None
    """The mean of the samples' weights; None: they have none."""
    digest: str
    """SHA-256 of shape, type, values and weights; equal for equal data."""
    log_mean: NDArray[np.float64] | None = None
    """The same as `mean`, of sign(x) · ln(1 + |x|), shape (D,); None if not asked for."""
    log_deviation: NDArray[np.float64] | None = None
    """Likewise."""
    some: Block | None = None
    """Rows to tell quantiles by, with weights, data units, NaN where a value is missing; None if not asked for."""
    names: tuple[str, ...] | None = None
    """What the features are called, if they have names."""
    encoding: Encoding | None = None
    """How the columns of a table became them, if they did."""

    def of(self, features: NDArray[np.int64]) -> "Summary":
        """Return what is told of some features, by their numbers: all that a scaling is fitted by."""
        of_each: dict[str, Any] = {name: held for name, held in self._asdict().items() if isinstance(held, np.ndarray)}
        some = None if self.some is None else self.some._replace(values=self.some.values[:, features])
        chosen = {name: held[features] for name, held in of_each.items()}
        return self._replace(**chosen, some=some, names=None, encoding=None)


def require_normal_range(low: NDArray[np.float64], high: NDArray[np.float64], dtype: DTypeLike, where: str) -> None:
    """Refuse data whose differences the working precision cannot hold: too large, too small, or lost beside an offset.

    A warning tells if that is so for some features only, or if a feature's differences are held coarsely.

    Raises
    ------
    DataError
        Naming float64 and scaling or centring.
    """
    require_no_overflow(low, high, dtype, where)
    spread, limits = high - low, np.finfo(dtype)
    if 0 < spread.max() < np.sqrt(limits.tiny):
        raise _out_of_range(where, f"differ by at most {spread.max():g}", dtype)
    varying = spread > 0
    steps = spread / (float(limits.eps) * np.maximum(np.maximum(np.abs(low), np.abs(high)), limits.tiny))
    lost, coarse = varying & (steps < FEWEST_STEPS), varying & (steps < FEW_STEPS)
    told = f"differ by less than {limits.dtype} can tell apart beside their offset; {_centred(dtype)}"
    if lost.any() and (lost == varying).all():
        raise DataError(f"{where}: the values {told}")
    if lost.any():
        logger.warning("%s: the values of feature %d (of %d such features) %s", where, lost.argmax(), lost.sum(), told)
    elif coarse.any():
        worst = int(np.where(coarse, steps, np.inf).argmin())
        told = f"spans only {steps[worst]:.0f} steps of {limits.dtype} beside its offset, so that samples coincide"
        logger.warning("%s: feature %d (of %d such features) %s; %s", where, worst, coarse.sum(), told, _centred(dtype))


def require_no_overflow(low: NDArray[Any], high: NDArray[Any], dtype: DTypeLike, where: str) -> None:
    """Refuse values whose squared differences could overflow the working precision.

    Raises
    ------
    DataError
        Naming float64 and scaling.
    """
    reached = max(-float(low.min()), float(high.max()))
    if reached > largest_value(np.dtype(dtype), len(low)):
        raise _out_of_range(where, f"reach {reached:g}", dtype)


def in_precision(
    samples: Any,
    dtype: DTypeLike,
    where: str,
    *,
    features: int | None = None,
    first_row: int = 0,
    names: Sequence[str] | None = None,
    places: "Places | None" = None,
) -> Any:
    """Return samples as a map computes with them: checked, in the working precision.

    Parameters
    ----------
    samples : array_like of shape (n, D)
        Data units.
    dtype : dtype
        The working precision.
    where : str
        What they are, for messages.
    features : int, optional
        The D that they must have.
    first_row : int
        Number of their first row, for messages.
    names : sequence of str, optional
        What the features are called, for messages.
    places : Places, optional
        Where they came from, for messages.

    Raises
    ------
    DataError
        If they are not finite numbers of shape (n, D), or too large for the working precision.
    """
    if type(samples) is np.ndarray and samples.dtype == dtype and samples.shape[1:] == (features,) and samples.size:
        rows: SamplesLike = samples
        cast = rows  # nothing else is to be asked: of one sample at a time, a fifth of the time
    else:
        rows = as_rows(as_samples(samples, where, features=features), where)
        cast = rows if rows.dtype == dtype else _cast(rows, dtype)
    largest = largest_value(cast.dtype, rows.shape[1])
    stored = cast.compact.values if isinstance(cast, SparseRows) else cast
    if stored.size and not (-largest <= stored.min() and stored.max() <= largest):  # NaN is neither
        missing_values(rows, where, first_row, names=names, places=places)
        require_no_overflow(rows.min(axis=0), rows.max(axis=0), dtype, where)
    return cast


def _cast(rows: SamplesLike, dtype: DTypeLike) -> SamplesLike:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # what is too large is told by its row
        return rows.astype(dtype)


@functools.lru_cache(maxsize=8)
def largest_value(dtype: np.dtype[Any], features: int) -> float:
    """Return the largest value whose squared differences, over so many features, do not overflow."""
    return float(np.sqrt(float(np.finfo(dtype).max) / features) / 2)


def as_samples(
    values: Any,
    where: str,
    *,
    features: int | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """Return `values` as an array of shape (n, D) of numbers, without copying one. What is missing is NaN.

    Parameters
    ----------
    values : array_like of shape (n, D), or a table with named columns
        The samples.
    where : str
        What they are, for messages.
    features : int, optional
        The D that they must have.
    names : sequence of str, optional
        The columns that a table must have; they are taken in this order. Without them, in their own.

    Raises
    ------
    DataError
        If the values are ragged, not numbers, not two-dimensional, none, or of another D.
    """
    columns = None if is_sparse(values) else column_names(values)
    if columns is not None:
        values = as_array(values, columns if names is None else required_names(columns, names, where), where)
    array = as_sparse_rows(values, where) if is_sparse(values) else _as_numbers(values, where)
    if len(array.shape) != 2:
        told = f"the samples must have the shape (samples, features), got {tuple(array.shape)}"
        raise DataError(f"{where}: {told}{_advice(array.shape, features)}")
    if 0 in array.shape:
        raise DataError(f"{where} must have at least one sample and one feature, got the shape {tuple(array.shape)}")
    if features is not None and array.shape[1] != features:
        raise DataError(f"{where}: the samples must have {features} features, got {array.shape[1]}")
    return array


def _advice(shape: tuple[int, ...], features: int | None) -> str:
    """Return how an array of one dimension is meant, probably."""
    sample, feature = "one sample is values.reshape(1, -1)", "a single feature is values.reshape(-1, 1)"
    if len(shape) != 1:
        return ""
    if features is None:
        return f"; {feature}, {sample}"
    return f"; {feature}" if features == 1 else f"; {sample}" if shape[0] == features else ""


def _as_numbers(values: Any, where: str) -> Any:
    """Return `values` as an array of real numbers, without copying one; NaN where one is masked."""
    try:
        array = values if isinstance(getattr(values, "dtype", None), np.dtype) else np.asarray(values)
    except OverflowError:
        raise DataError(f"{where}: the samples hold an integer that is too large for a float") from None
    except ValueError:
        raise DataError(f"{where}: the rows must all have the same number of features, but they are ragged") from None
    if array.dtype.kind not in "biuf":
        what = "text" if array.dtype.kind == "U" else array.dtype
        advice = "; a file is read first, by np.load" if isinstance(values, str | Path) else ""
        raise DataError(f"{where}: the samples must be real numbers, got {what}{advice}")
    if type(array) is not np.ndarray and isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        return np.ma.filled(array.astype(np.result_type(array.dtype, np.float32)), np.nan)
    return array


class Places(Protocol):
    """Knows where samples came from."""

    def place(self, row: int) -> str:
        """Return where a sample came from, for messages: "row 5"."""

    def cell(self, row: int, feature: int, value: float) -> str:
        """Return which value of which sample is wrong, for messages: "row 5, column 3 is nan"."""


class RowNumbers:
    """Samples that are known by their number, and features by their name, if they have one.

    Parameters
    ----------
    names : sequence of str, optional
        What the features are called.
    """

    def __init__(self, names: Sequence[str] | None = None) -> None:
        self._names = names

    def place(self, row: int) -> str:
        """Return the number of a row."""
        return f"row {row}"

    def cell(self, row: int, feature: int, value: float) -> str:
        """Return the value, its feature and its row."""
        if self._names is None:
            return f"row {row}, column {feature} is {value}"
        return f"column {quoted(self._names[feature])} is {value} in row {row}"


def missing_values(
    rows: SamplesLike,
    where: str,
    first_row: int = 0,
    *,
    keep: bool = False,
    names: Sequence[str] | None = None,
    places: Places | None = None,
) -> NDArray[np.bool_] | None:
    """Return where values are missing, that is NaN, shape (n, D); None: nowhere.

    Parameters
    ----------
    rows : ndarray of shape (n, D)
        The samples.
    where : str
        What they are, for messages.
    first_row : int
        Number of their first row, for messages.
    keep : bool
        Whether values may be missing.
    names : sequence of str, optional
        What the features are called, for messages.
    places : Places, optional
        Where they came from, for messages. Default: their rows have numbers.

    Raises
    ------
    DataError
        Naming the row and the column of a value that is infinite, or missing where none may be, or a row that has no
        value at all.
    """
    told_by = places or RowNumbers(names)
    if isinstance(rows, SparseRows):
        _require_finite(rows, where, first_row)
        return None
    finite = np.isfinite(rows)
    if finite.all():
        return None
    missing: NDArray[np.bool_] = np.isnan(rows)
    refused = ~(finite | missing) if keep else ~finite
    if refused.any():
        row, column = (int(index) for index in np.argwhere(refused)[0])
        advice = "" if np.isinf(rows[row, column]) else ", or keep NaN (MODEL.MISSING keep)"
        told = told_by.cell(first_row + row, column, float(rows[row, column]))
        raise DataError(f"{where}: {told}; drop or fill it before training{advice}")
    empty = missing.all(axis=1)
    if empty.any():
        raise DataError(f"{where}: {told_by.place(first_row + int(empty.argmax()))} has no value at all; leave it out")
    return missing


def _require_finite(rows: SparseRows, where: str, first_row: int) -> None:
    finite = np.isfinite(rows.compact.values)
    if not finite.all():
        at = int(finite.argmin())
        row, feature = first_row + int(rows.row_of[at]), int(rows.compact.features[at])
        told = RowNumbers().cell(row, feature, float(rows.compact.values[at]))
        raise DataError(f"{where}: {told}; sparse samples must be finite, and cannot have missing values: drop it")


def sample_weights(weights: Any, samples: int, where: str, first_row: int = 0) -> NDArray[np.float64]:
    """Return how much each sample counts, shape (n,).

    Parameters
    ----------
    weights : array_like of shape (n,)
        0, or from 1e-30 to 1e30.
    samples : int
        The n that there must be.
    where : str
        What the samples are, for messages.
    first_row : int
        Number of the first of them, for messages.

    Raises
    ------
    DataError
        If they are anything else.
    """
    try:
        array = np.asarray(weights)
        checked = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{where}: the weights must be numbers, one for each sample, got {quoted(weights)}") from None
    if checked.shape != (samples,) or array.dtype.kind not in "biufO":
        told = f"the weights must be one number for each of the {samples} samples"
        raise DataError(f"{where}: {told}, got {array.dtype} of the shape {array.shape}")
    bad = ~((checked == 0) | ((checked >= LEAST_WEIGHT) & (checked <= LARGEST_WEIGHT)))
    if bad.any():
        row = int(bad.argmax())
        must = f"weights must be 0, or from {LEAST_WEIGHT:g} to {LARGEST_WEIGHT:g}"
        raise DataError(f"{where}: the weight of row {first_row + row} is {checked[row]:g}; {must}")
    return checked


def _centred(dtype: DTypeLike) -> str:
    return "centre them, or use dtype float64" if np.dtype(dtype) == np.float32 else "centre them"


def _out_of_range(where: str, what: str, dtype: DTypeLike) -> DataError:
    advice = "scale them, or use dtype float64" if np.dtype(dtype) == np.float32 else "scale them"
    return DataError(
        f"{where}: values {what}, so their squared differences leave the range of {np.dtype(dtype)}; {advice}"
    )
