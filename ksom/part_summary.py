"""What is known of a part of a data set: small, it travels, and is joined with what is known of the part before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset, Rows
from ksom.errors import DataError, quoted
from ksom.kernels.node_sums import PART_ROWS
from ksom.method.bends import Log1p
from ksom.method.moments import Moments
from ksom.method.quantiles import SomeRows
from ksom.samples import Block, Summary, as_samples, missing_values, sample_weights
from ksom.sparse_rows import SamplesLike, SparseRows, as_rows


class Asked(NamedTuple):
    """What is asked of a data set; see `summarise`."""

    keep_missing: bool = False
    with_moments: bool = True
    with_log_moments: bool = False
    with_quantiles: bool = False


@dataclass(frozen=True)
class PartSummary:
    """What is known of some rows, one after another: of a part, or of all parts up to one."""

    rows: int
    weight: float
    """Of the samples, 0 where they have none."""
    low: NDArray[Any]
    high: NDArray[Any]
    missing: NDArray[np.int64]
    header: bytes
    """What the digest begins with: the shape of the whole data set."""
    digests: tuple[bytes, ...]
    """SHA-256 of each part."""
    moments: Moments | None
    log_moments: Moments | None
    some: SomeRows | None

    def joined(self, part: "PartSummary", where: str) -> "PartSummary":
        """Return what is known of these rows and of those of the next part; both are used up.

        Raises
        ------
        DataError
            If only one of them has weights.
        """
        if (self.weight > 0) is not (part.weight > 0):
            raise _some_have_weights(where)
        for whole, more in ((self.moments, part.moments), (self.log_moments, part.log_moments)):
            if whole is not None and more is not None:
                whole.join(more)
        if self.some is not None and part.some is not None:
            self.some.join(part.some)
        return replace(
            self,
            rows=self.rows + part.rows,
            weight=self.weight + part.weight,
            low=np.minimum(self.low, part.low),
            high=np.maximum(self.high, part.high),
            missing=self.missing + part.missing,
            digests=self.digests + part.digests,
        )

    @property
    def digest(self) -> str:
        """SHA-256 of one part as it is; of more, of the shape of the data and the digests of the parts, in order."""
        if len(self.digests) == 1:
            return self.digests[0].hex()
        return hashlib.sha256(self.header + b"".join(self.digests)).hexdigest()

    def summary(self, dataset: Dataset, where: str) -> Summary:
        """Return what is told of the whole data set; raises DataError if a feature has no value at all."""
        if (self.missing == self.rows).any():
            feature = int((self.missing == self.rows).argmax())
            called = f"feature {feature}{_called(dataset.feature_names, feature)}"
            raise DataError(f"{where}: {called} has no value at all; leave it out")
        low, high = self.low.astype(np.float64), self.high.astype(np.float64)
        mean, deviation = (np.full_like(low, np.nan),) * 2
        if self.moments is not None:
            mean, deviation = self.moments.mean, self.moments.deviation
        return Summary(
            low,
            high,
            mean,
            deviation,
            self.missing,
            self.weight / self.rows if self.weight else None,
            self.digest,
            log_mean=None if self.log_moments is None else self.log_moments.mean,
            log_deviation=None if self.log_moments is None else self.log_moments.deviation,
            some=None if self.some is None else self.some.block(low, high),
            names=dataset.feature_names,
            encoding=dataset.encoding,
        )


class Reading:
    """What is known of a part of a data set after some of its blocks."""

    def __init__(self, dataset: Dataset, asked: Asked, where: str, first_row: int = 0) -> None:
        rows, features = len(dataset), dataset.features
        self._where, self._places, self._keep_missing = where, dataset, asked.keep_missing
        self._low, self._high = np.full(features, np.inf), np.full(features, -np.inf)
        self._missing = np.zeros(features, dtype=np.int64)
        self._moments = Moments(features) if asked.with_moments else None
        self._log_moments = Moments(features) if asked.with_log_moments else None
        of_part = (first_row, first_row + PART_ROWS)
        self._some = SomeRows(rows, features, of_part) if asked.with_quantiles else None
        self._first_row, self._rows, self._weight = first_row, 0, 0.0
        self._header = f"{rows} x {features}".encode()
        self._digest = hashlib.sha256(self._header)

    def add(self, block: Block) -> None:
        """Look at the next rows, and refuse what cannot be learned from."""
        row = self._first_row + self._rows
        rows, weights = block.values, block.weights
        missing = missing_values(rows, self._where, row, keep=self._keep_missing, places=self._places)
        self._digest.update(rows.dtype.str.encode() + rows.tobytes())
        if self._rows and (weights is None) is (self._weight > 0):
            raise _some_have_weights(self._where)
        if weights is not None:
            weights = counting_weights(weights, len(rows), self._where, row)
            self._weight += float(weights.sum())
            self._digest.update(b"weights" + weights.tobytes())
        if self._moments is not None:
            self._moments.add(rows, missing, weights)
        if self._log_moments is not None:
            self._log_moments.add(_logarithms(rows), missing, weights)
        if self._some is not None:
            self._some.add(self._in_full(rows), row, weights)
        self._look_at_range(rows, missing)
        self._rows += len(rows)

    def ended(self) -> PartSummary:
        """Return what is known of the part."""
        return PartSummary(
            self._rows,
            self._weight,
            self._low,
            self._high,
            self._missing,
            self._header,
            (self._digest.digest(),),
            self._moments,
            self._log_moments,
            self._some,
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


def _some_have_weights(where: str) -> DataError:
    return DataError(f"{where}: some of its samples have weights, others none; give all of them one")


def as_block(samples: Rows, where: str, features: int) -> Block:
    """Return raw samples as an array or sparse rows, NaN where a value is missing, with their weights as they came."""
    values, weights = values_and_weights(samples)
    return Block(as_rows(as_samples(values, where, features=features), where), weights=weights)


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


def _called(names: Sequence[str] | None, feature: int) -> str:
    return "" if names is None else f" ({quoted(names[feature])})"
