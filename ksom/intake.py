"""How raw samples become what a map computes with: checked, scaled, as directions, in the working precision."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError, NotTrained
from ksom.method.distance import Cosine, Distance, Euclidean
from ksom.method.scales import Scales
from ksom.method.scaling import NoScaling, Scaling
from ksom.method.sphere import put_on_sphere
from ksom.samples import Block, Places, Range, Summary, as_samples, in_precision, missing_values, require_normal_range
from ksom.sparse_rows import SparseRows, is_sparse

MISSING = ("refuse", "keep")
"""What a map may do with missing values."""

OF_SPARSE: dict[str, type[Distance]] = {"euclidean": Euclidean, "cosine": Cosine}
"""The distances of sparse samples, by exact class: squares alone can be had from what is stored."""


@dataclass(frozen=True, eq=False)
class Intake:
    """What a map does to samples before it computes with them: the same in training and for ever after.

    Examples
    --------
    >>> Intake(np.dtype("float32"), missing="keep").block([[1.0, np.nan]])
    Block(values=array([[1., 0.]], dtype=float32), first_row=0, missing=array([[False,  True]]), weights=None)
    """

    dtype: np.dtype[Any]
    """The working precision."""
    distance: Distance = field(default_factory=Euclidean)
    """Whether samples are put on the unit sphere."""
    missing: str = "refuse"
    """One of `MISSING`: "keep" takes NaN for a value that is not known."""
    scaling: Scaling = field(default_factory=NoScaling)
    """How features are scaled."""
    scales: Scales | None = None
    """That scaling, fitted to the data of the training."""

    @property
    def keeps_missing(self) -> bool:
        """Whether values may be missing."""
        return self.missing == "keep"

    @property
    def needs_moments(self) -> bool:
        """Whether it has to know the mean and the deviation of the data: to scale, or to stand for what is missing."""
        return self.keeps_missing or (self.scales is None and self.scaling.needs_moments)

    @property
    def needs_log_moments(self) -> bool:
        """Whether it has to know the mean and the deviation of logarithms, to scale."""
        return self.scales is None and self.scaling.needs_log_moments

    @property
    def needs_quantiles(self) -> bool:
        """Whether it has to know quantiles of the data, to scale."""
        return self.scales is None and self.scaling.needs_quantiles

    @property
    def changes_values(self) -> bool:
        """Whether samples are scaled or put on the unit sphere."""
        return self.distance.on_sphere or not self.scaling.changes_nothing

    def fitted(self, summary: Summary, where: str) -> "Intake":
        """Return this intake with its scaling fitted to data, if it was not before; data out of range are refused.

        Raises
        ------
        DataError
            If the data cannot be scaled, have other features than the map scales, or differ by what the working
            precision cannot hold.
        """
        made = self if self.scales else replace(self, scales=self.scaling.fitted(summary, where))
        if made.scales is not None and made.scales.centre.shape != summary.low.shape:
            told = f"the map scales {made.scales.centre.size} features, the data have {summary.low.size}"
            raise DataError(f"{where}: {told}")
        if not self.distance.on_sphere:
            require_normal_range(*made.range(Range(summary.low, summary.high)), self.dtype, where)
        return made

    def range(self, within: Range) -> Range:
        """Return where each feature lies in the map's units."""
        return Range(*(self.scaled(bound) for bound in within))

    def scaled(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of shape (…, D), data units, in the map's units; as they are where these are the same.

        Raises
        ------
        NotTrained
            If the scaling is not fitted to any data yet.
        """
        return values if self.scaling.changes_nothing else self._fitted_scales().of(values)

    def undone(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values of shape (…, D), map units, in data units again; raises as `scaled`."""
        if self.scaling.changes_nothing:
            return values.astype(np.float64)
        return self._fitted_scales().undone(values)

    def block(
        self,
        samples: Any,
        where: str = "samples",
        *,
        features: int | None = None,
        first_row: int = 0,
        names: Sequence[str] | None = None,
        places: Places | None = None,
    ) -> Block:
        """Return samples as the map computes with them.

        Parameters
        ----------
        samples : array_like of shape (n, D)
            Data units; NaN where a value is missing.
        where : str
            What they are, for messages.
        features : int, optional
            The D that they must have.
        first_row : int
            Number of their first row.
        names : sequence of str, optional
            What the features are called, for messages.
        places : Places, optional
            Where they came from, for messages: the data set that `first_row` counts in.

        Returns
        -------
        Block
            Map units; with a mask only if a value is missing.

        Raises
        ------
        DataError
            Naming the row and the column of what is no finite number, or missing without permission; the row that has
            no value, or no direction where the distance compares directions; or if values are too large for the
            working precision.
        NotTrained
            If the scaling is not fitted to any data yet.
        """
        how: dict[str, Any] = {"features": features, "first_row": first_row, "names": names, "places": places}
        if type(samples) is not np.ndarray and is_sparse(samples):
            return Block(self._sparse(as_samples(samples, where, features=features), where, first_row), first_row)
        if not self.keeps_missing and not self.changes_values:
            return Block(in_precision(samples, self.dtype, where, **how), first_row)
        rows = np.asarray(as_samples(samples, where, features=features))
        missing = missing_values(rows, where, first_row, keep=self.keeps_missing, names=names, places=places)
        values = self.scaled(rows)
        if missing is not None:
            values = np.where(missing, 0, values)
        if self.distance.on_sphere:
            values = directions(values, where, first_row)
        return Block(in_precision(values, self.dtype, where, **how), first_row, missing)

    def answerable(self, samples: Any) -> NDArray[np.bool_] | None:
        """Return which samples have a value, shape (n,); None: all of them, or what has none is refused by `block`.

        Parameters
        ----------
        samples : ndarray of shape (n, D), or SparseRows
            Data units; NaN where a value is missing.
        """
        if not self.keeps_missing or isinstance(samples, SparseRows):
            return None
        has_value: NDArray[np.bool_] = ~np.isnan(samples).all(axis=1)
        return None if has_value.all() else has_value

    def require_sparse(self, where: str) -> None:
        """Refuse sparse samples where what is not stored would count for more than 0.

        Raises
        ------
        DataError
            If the distance is neither the euclidean nor the cosine one, or the scaling moves 0.
        """
        if type(self.distance) not in OF_SPARSE.values():
            told = f"are compared by the distances {' and '.join(OF_SPARSE)}, not {type(self.distance).__name__}"
            raise DataError(f"{where}: sparse samples {told}; take one of them, or give the samples as an array")
        if self.scales is not None and self.scales.moves_zero:
            told = f"the scaling {type(self.scaling).__name__} moves 0, so that sparse samples would become dense"
            raise DataError(f"{where}: {told}; take none, or give the samples as an array")

    def _sparse(self, rows: SparseRows, where: str, first_row: int) -> SparseRows:
        """Return sparse samples as the map computes with them."""
        self.require_sparse(where)
        missing_values(rows, where, first_row)
        if not self.scaling.changes_nothing:
            rows = rows.with_values(rows.compact.values * self._fitted_scales().factor[rows.compact.features])
        if self.distance.on_sphere:
            rows = sparse_directions(rows, where, first_row)
        made: SparseRows = in_precision(rows, self.dtype, where, first_row=first_row)
        return made

    def _fitted_scales(self) -> Scales:
        if self.scales is None:
            raise NotTrained("this map has not seen the data yet that its scaling is fitted to; train it")
        return self.scales


def sparse_directions(rows: SparseRows, where: str, first_row: int = 0) -> SparseRows:
    """Return sparse samples on the unit sphere; see `directions`.

    Raises
    ------
    DataError
        Naming the row of a sample of zeros.
    """
    row_of, values = rows.row_of, rows.compact.values.astype(np.float64)
    largest = np.zeros(len(rows))
    np.maximum.at(largest, row_of, np.abs(values))
    _require_directions(largest, where, first_row)
    ones = values / largest[row_of]
    squares = np.bincount(row_of, ones * ones, len(rows))  # feature by feature, in order, as those in full
    return rows.with_values(ones / np.sqrt(squares)[row_of])


def directions(rows: NDArray[Any], where: str, first_row: int = 0) -> NDArray[np.float64]:
    """Return samples on the unit sphere, x / ‖x‖ in float64.

    Parameters
    ----------
    rows : ndarray of shape (n, D)
        The samples; 0 where a value is missing.
    where : str
        What they are, for messages.
    first_row : int
        Number of their first row, for messages.

    Raises
    ------
    DataError
        Naming the row of a sample of zeros.
    """
    largest = np.abs(rows).max(axis=1, initial=0).astype(np.float64)
    _require_directions(largest, where, first_row)
    ones: NDArray[np.float64] = rows / largest[:, np.newaxis]  # its largest is 1: no square overflows, nor are all lost
    put_on_sphere(ones.T, np.ones(len(ones), np.bool_))
    return ones


def _require_directions(largest: NDArray[np.float64], where: str, first_row: int) -> None:
    if not largest.all():
        row = first_row + int(largest.argmin())
        raise DataError(f"{where}: row {row} has only zeros, so no direction to compare; leave it out")
