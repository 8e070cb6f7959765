"""Samples of which most values are 0, such as counts of words: only the others are stored, row by row."""

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.errors import DataError

MOST_FEATURES = 2**31 - 1
"""The number of a feature is kept in four bytes."""


class SparseRows:
    """n samples of D features, stored as compressed sparse rows (CSR).

    In every row the features rise strictly, and no 0 is stored: `sparse_rows` sees to that, this constructor does not.
    Nobody may write to the arrays. Rows that follow one another share them with those they were taken from.

    Parameters
    ----------
    values : ndarray of shape (stored,)
        The stored values, data units.
    features : ndarray of int32, shape (stored,)
        Of which feature each of them is.
    begins : ndarray of int64, shape (n + 1,)
        Where each row begins among them, and the last one ends.
    width : int
        D.
    """

    def __init__(
        self, values: NDArray[Any], features: NDArray[np.int32], begins: NDArray[np.int64], width: int
    ) -> None:
        self.values = values
        self.features = features
        self.begins = begins
        self.width = width

    def __repr__(self) -> str:
        return f"SparseRows({len(self)} × {self.width}, {self.stored} stored, {self.dtype})"

    def __len__(self) -> int:
        return len(self.begins) - 1

    def __getitem__(self, index: slice | NDArray[Any]) -> "SparseRows":
        if isinstance(index, slice) and index.step in {None, 1}:
            start, stop, _ = index.indices(len(self))
            begins = self.begins[start : max(start, stop) + 1]
            return SparseRows(self.values, self.features, begins, self.width)
        rows = np.arange(len(self))[index]
        begins = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(self.lengths[rows], out=begins[1:])
        places = np.arange(begins[-1]) + np.repeat(self.begins[rows] - begins[:-1], self.lengths[rows])
        return SparseRows(self.values[places], self.features[places], begins, self.width)

    @property
    def shape(self) -> tuple[int, int]:
        """n and D."""
        return len(self), self.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    @property
    def stored(self) -> int:
        """How many values are stored."""
        return int(self.begins[-1] - self.begins[0])

    @property
    def nbytes(self) -> int:
        """Bytes that these rows take, whatever others share their arrays."""
        return self.stored * (self.dtype.itemsize + self.features.itemsize) + self.begins.nbytes

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many values each row stores, shape (n,)."""
        return np.diff(self.begins)

    @cached_property
    def compact(self) -> "SparseRows":
        """These rows alone, from place 0 on; the arrays are parts of the same memory."""
        own = slice(self.begins[0], self.begins[-1])
        return SparseRows(self.values[own], self.features[own], self.begins - self.begins[0], self.width)

    @property
    def row_of(self) -> NDArray[np.int64]:
        """In which row each stored value is, shape (stored,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def with_values(self, values: NDArray[Any]) -> "SparseRows":
        """Return rows that store other values, shape (stored,), for the same features."""
        return SparseRows(values, self.compact.features, self.compact.begins, self.width)

    def astype(self, dtype: DTypeLike) -> "SparseRows":
        """Return the rows in another precision."""
        return self.with_values(self.compact.values.astype(dtype))

    def toarray(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return all values, zeros too, shape (n, D): for few rows."""
        return self.columns(slice(0, self.width), dtype)

    def columns(self, features: slice, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the values of the features start … stop − 1, zeros too, shape (n, stop − start)."""
        array = np.zeros((len(self), features.stop - features.start), dtype=dtype or self.dtype)
        places = self.compact.features - features.start
        some = (places >= 0) & (places < array.shape[1])
        array[self.row_of[some], places[some]] = self.compact.values[some]
        return array

    def total(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Σ v x over the rows, from the first to the last, in float64, shape (D,)."""
        weighted = weights[self.row_of] * self.compact.values
        return np.bincount(self.compact.features, weighted, self.width).astype(np.float64, copy=False)

    def times(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product with a matrix of shape (D, m), added feature by feature, in order: of shape (n, m)."""
        values, features, row_of = self.compact.values, self.compact.features, self.row_of
        return np.stack([np.bincount(row_of, values * column[features], len(self)) for column in columns.T], axis=1)

    def by_feature(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[Any]]]:
        """Yield each feature that is stored, in order: with the rows that store it, ascending, and their values."""
        order = np.argsort(self.compact.features, kind="stable")
        features, rows, values = self.compact.features[order], self.row_of[order], self.compact.values[order]
        edges = np.flatnonzero(np.diff(features, prepend=-1, append=self.width))
        for start, stop in pairwise(edges):
            yield int(features[start]), rows[start:stop], values[start:stop]

    def min(self, axis: Literal[0] = 0) -> NDArray[np.float64]:
        """Return the smallest value of each feature, what is not stored counting as 0, shape (D,)."""
        return self._extreme(np.minimum, np.inf)

    def max(self, axis: Literal[0] = 0) -> NDArray[np.float64]:
        """Return the largest value of each feature, what is not stored counting as 0, shape (D,)."""
        return self._extreme(np.maximum, -np.inf)

    def _extreme(self, of: np.ufunc, none: float) -> NDArray[np.float64]:
        found = np.full(self.width, none)
        of.at(found, self.compact.features, self.compact.values)
        is_somewhere_zero = np.bincount(self.compact.features, minlength=self.width) < len(self)
        of(found, 0, out=found, where=is_somewhere_zero)
        return found

    def __array__(self, *_: Any, **__: Any) -> Any:
        told = "sparse samples are not made dense here, which could take all memory"
        raise DataError(f"{told}; give fewer of them, as an array: rows.toarray()")

    def tobytes(self) -> bytes:
        """Return bytes that are equal for equal rows."""
        return self.lengths.tobytes() + self.compact.features.tobytes() + self.compact.values.tobytes()

    @classmethod
    def joined(cls, parts: "Sequence[SparseRows]") -> Self:
        """Return rows one after another: without copying values that follow one another already."""
        first = parts[0]
        if all(one.values is other.values and one.begins[-1] == other.begins[0] for one, other in pairwise(parts)):
            begins = np.concatenate([first.begins, *(part.begins[1:] for part in parts[1:])])
            return cls(first.values, first.features, begins, first.width)
        begins = np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in parts]))])
        values, features = (np.concatenate([getattr(part.compact, name) for part in parts]) for name in _STORED)
        return cls(values, features, begins, first.width)


_STORED = ("values", "features")

SamplesLike = NDArray[Any] | SparseRows
"""n samples of D features."""


def as_rows(samples: Any, where: str) -> SamplesLike:
    """Return samples as an array, or as `SparseRows` if they are sparse, not yet looked at."""
    return as_sparse_rows(samples, where) if is_sparse(samples) else np.asarray(samples)


def in_full(samples: SamplesLike) -> NDArray[Any]:
    """Return samples as an array, if they are few."""
    return samples.toarray() if isinstance(samples, SparseRows) else samples


def is_sparse(values: Any) -> bool:
    """Whether these are sparse samples: `SparseRows`, or any matrix or array of scipy.sparse.

    scipy is not imported: who has such a matrix has done so.
    """
    scipy_sparse = sys.modules.get("scipy.sparse")
    return isinstance(values, SparseRows) or (scipy_sparse is not None and scipy_sparse.issparse(values))


def as_sparse_rows(matrix: Any, where: str) -> SparseRows:
    """Return sparse samples, such as a matrix of scipy.sparse, as `SparseRows`; copied only if it must be.

    Raises
    ------
    DataError
        If they are not real numbers of shape (n, D), or the matrix is none.
    """
    if isinstance(matrix, SparseRows):
        return matrix
    if len(matrix.shape) != 2:
        raise DataError(f"{where}: the samples must have the shape (samples, features), got {tuple(matrix.shape)}")
    csr = matrix.tocsr()
    return sparse_rows(csr.data, csr.indices, csr.indptr, csr.shape, where)


def sparse_rows(values: Any, features: Any, begins: Any, shape: Sequence[int], where: str) -> SparseRows:
    """Return samples that are given as CSR's three arrays: of each row, features in order, once, and no zeros.

    What is in another order, or stored twice (which CSR adds up), is sorted and added up in a copy; zeros are left out.

    Parameters
    ----------
    values, features, begins : ndarray
        CSR's data, indices and indptr.
    shape : (n, D)
        How many samples and features.
    where : str
        What they are, for messages.

    Raises
    ------
    DataError
        If the arrays do not fit together.
    """
    if values.dtype.kind not in "biuf":
        raise DataError(f"{where}: the samples must be real numbers, got {values.dtype}")
    rows, width = (int(side) for side in shape)
    if width > MOST_FEATURES:
        raise DataError(f"{where}: sparse samples must have at most {MOST_FEATURES} features, got {width}")
    if not _fit(values, features, begins, rows, width):
        raise DataError(f"{where}: the arrays of the sparse matrix do not fit together; make it anew from its values")
    made = SparseRows(values, features.astype(np.int32, copy=False), begins.astype(np.int64), width).compact
    return _without_zeros(made if _is_rising(made) else _added_up(made))


def _fit(values: NDArray[Any], features: NDArray[Any], begins: NDArray[Any], rows: int, width: int) -> bool:
    """Whether the arrays do not reach beyond one another: what reads them would read any memory."""
    fits = (
        all(array.ndim == 1 for array in (values, features, begins))
        and {features.dtype.kind, begins.dtype.kind} <= set("iu")
        and len(begins) == rows + 1 <= rows + 1 + width
        and begins[0] >= 0
        and bool((begins[1:] >= begins[:-1]).all())
        and begins[-1] <= min(len(values), len(features))
    )
    stored = features[begins[0] : begins[-1]] if fits else features
    return fits and (not stored.size or bool(0 <= stored.min() <= stored.max() < width))


def _is_rising(rows: SparseRows) -> bool:
    rises = np.diff(rows.features) > 0
    between = rows.begins[1:-1]  # from the end of a row to the next one it may fall
    rises[between[(between > 0) & (between < rows.stored)] - 1] = True
    return bool(rises.all())


def _added_up(rows: SparseRows) -> SparseRows:
    """Return the rows with each feature once, in order: what is stored twice is added."""
    order = np.lexsort((rows.features, rows.row_of))
    features, row_of = rows.features[order], rows.row_of[order]
    is_new = np.append(True, (np.diff(features) != 0) | (np.diff(row_of) != 0))
    values = np.add.reduceat(rows.values[order], np.flatnonzero(is_new), dtype=_sum_dtype(rows.dtype))
    return SparseRows(values, features[is_new], _begins(row_of[is_new], len(rows)), rows.width)


def _sum_dtype(dtype: np.dtype[Any]) -> DTypeLike:
    return dtype if dtype.kind == "f" else np.float64


def _without_zeros(rows: SparseRows) -> SparseRows:
    if rows.values.all():  # NaN is not 0
        return rows
    kept = rows.values != 0
    return SparseRows(rows.values[kept], rows.features[kept], _begins(rows.row_of[kept], len(rows)), rows.width)


def _begins(row_of: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=rows))])
