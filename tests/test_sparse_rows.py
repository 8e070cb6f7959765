"""Sparse samples are what their matrix says, in one form, whatever form it came in."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ksom.errors import DataError
from ksom.sparse_files import read_samples
from ksom.sparse_rows import SparseRows, as_sparse_rows, is_sparse, sparse_rows

FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


def filled(seed: int = 0, rows: int = 30, features: int = 8, share: float = 0.3) -> NDArray[np.float64]:
    chance = np.random.default_rng(seed)
    return np.where(chance.random((rows, features)) < share, chance.normal(size=(rows, features)), 0.0)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_of_matrix_is_taken(form: str, kind: str) -> None:
    matrix = getattr(scipy.sparse, f"{form}_{kind}")(filled())
    assert is_sparse(matrix)
    assert np.array_equal(as_sparse_rows(matrix, "samples").toarray(), filled())


def test_a_csr_matrix_is_not_copied() -> None:
    matrix = scipy.sparse.csr_array(filled())
    rows = as_sparse_rows(matrix, "samples")
    assert np.shares_memory(rows.values, matrix.data)
    assert np.shares_memory(rows.features, matrix.indices)


INDICES = {
    "a slice": slice(3, 9),
    "an empty slice": slice(9, 3),
    "a slice beyond the end": slice(25, 99),
    "every third": slice(None, None, 3),
    "backwards": slice(None, None, -1),
    "an array": np.array([5, 5, 0, 29]),
    "from the end": np.array([-1, -30]),
    "none": np.array([], dtype=np.int64),
    "a mask": np.arange(30) % 4 == 0,
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
@pytest.mark.parametrize("first", [slice(30), slice(2, 32), np.arange(29, -1, -1)], ids=["first", "last", "turned"])
def test_rows_are_taken_as_those_of_an_array(index: Any, first: Any) -> None:
    rows, array = as_sparse_rows(scipy.sparse.csr_array(filled(rows=32)), "samples")[first], filled(rows=32)[first]
    taken = rows[index]
    assert taken.shape == array[index].shape
    assert np.array_equal(taken.toarray(), array[index])
    assert np.array_equal(taken.compact.toarray(), array[index])


@given(st.integers(0, 99), st.lists(st.integers(0, 20), max_size=4), st.booleans())
def test_parts_joined_are_the_whole(seed: int, cuts: list[int], copied: bool) -> None:
    rows = as_sparse_rows(scipy.sparse.csr_array(filled(seed, rows=20)), "samples")
    edges = [0, *sorted(cuts), 20]
    taken = [slice(*pair) for pair in pairwise(edges)]
    joined = SparseRows.joined([rows[np.arange(20)[some]] if copied else rows[some] for some in taken])
    assert np.array_equal(joined.toarray(), rows.toarray())
    assert joined.tobytes() == rows.tobytes()
    assert copied or joined.values is rows.values


def test_parts_that_do_not_follow_one_another_are_joined_too() -> None:
    rows = as_sparse_rows(scipy.sparse.csr_array(filled()), "samples")
    assert np.array_equal(
        SparseRows.joined([rows[20:], rows[5:10]]).toarray(), np.vstack([filled()[20:], filled()[5:10]])
    )


@given(st.integers(0, 99), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(1, 20))
def test_what_is_told_of_features_counts_zeros(seed: int, share: float, count: int) -> None:
    array = filled(seed, count, share=share)
    rows = as_sparse_rows(scipy.sparse.csr_array(array), "samples")
    assert np.array_equal(rows.min(axis=0), array.min(axis=0))
    assert np.array_equal(rows.max(axis=0), array.max(axis=0))
    told = np.zeros_like(array)
    for feature, some, values in rows.by_feature():
        assert np.array_equal(some, np.flatnonzero(array[:, feature]))
        told[some, feature] = values
    assert np.array_equal(told, array)


@given(st.integers(0, 99), st.sampled_from([np.int32, np.int64]))
def test_what_is_unsorted_stored_twice_or_zero_is_put_in_order(seed: int, integer: Any) -> None:
    chance = np.random.default_rng(seed)
    begins = np.append(0, np.cumsum(chance.integers(0, 6, size=10))).astype(integer)
    features = chance.integers(0, 5, size=begins[-1]).astype(integer)
    values = chance.integers(-1, 3, size=begins[-1]).astype(np.float32)
    expected = np.zeros((10, 5), dtype=np.float32)
    np.add.at(expected, (np.repeat(np.arange(10), np.diff(begins)), features), values)
    kept = values.copy()
    rows = sparse_rows(values, features, begins, (10, 5), "samples")
    assert np.array_equal(rows.toarray(), expected)
    assert rows.stored == np.count_nonzero(expected)
    assert rows.tobytes() == as_sparse_rows(scipy.sparse.csr_array(expected), "samples").tobytes()
    assert np.array_equal(values, kept), "the caller's own"


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float32, np.longdouble])
def test_values_of_every_kind_of_number_are_kept(dtype: Any) -> None:
    matrix = scipy.sparse.coo_array((np.ones(3, dtype), ([0, 1, 1], [2, 0, 0])), shape=(2, 3))
    assert np.array_equal(
        as_sparse_rows(matrix, "samples").toarray(np.float64), [[0, 0, 1], [2 - (dtype is bool), 0, 0]]
    )


DAMAGED = {
    "a feature too large": ([1.0], [3], [0, 1, 1]),
    "a negative feature": ([1.0], [-1], [0, 1, 1]),
    "falling begins": ([1.0, 2.0], [0, 1], [0, 2, 1]),
    "a negative begin": ([1.0], [0], [-1, 0, 1]),
    "rows beyond the values": ([1.0], [0], [0, 1, 9]),
    "too few begins": ([1.0], [0], [0, 1]),
    "fewer features than values": ([1.0, 2.0], [0], [0, 1, 2]),
    "features that are no integers": ([1.0], [0.5], [0, 1, 1]),
    "a table of values": ([[1.0]], [0], [0, 1, 1]),
}


@pytest.mark.parametrize(("values", "features", "begins"), DAMAGED.values(), ids=DAMAGED)
def test_arrays_that_reach_beyond_one_another_are_refused(values: Any, features: Any, begins: Any) -> None:
    with pytest.raises(DataError, match=r"^samples: the arrays of the sparse matrix do not fit together; make it anew"):
        sparse_rows(np.array(values), np.array(features), np.array(begins), (2, 3), "samples")


REFUSED = {
    "complex": (scipy.sparse.csr_array(filled().astype(complex)), "the samples must be real numbers, got complex128"),
    "one dimension": (scipy.sparse.coo_array(np.eye(3)[0]), r"must have the shape \(samples, features\), got \(3,\)"),
    "too wide": (scipy.sparse.csr_array((1, 2**31)), "sparse samples must have at most 2147483647 features, got 2147"),
}


@pytest.mark.parametrize(("matrix", "told"), REFUSED.values(), ids=REFUSED)
def test_a_matrix_that_is_no_samples_is_refused(matrix: Any, told: str) -> None:
    with pytest.raises(DataError, match=f"^samples: .*{told}"):
        as_sparse_rows(matrix, "samples")


def test_nothing_makes_them_dense_by_itself() -> None:
    with pytest.raises(DataError, match=r"sparse samples are not made dense here, .*rows\.toarray\(\)"):
        np.asarray(as_sparse_rows(scipy.sparse.csr_array(filled()), "samples"))


def test_scipy_is_not_imported_for_whoever_did_not() -> None:
    code = "import sys, ksom; ksom.train([[0.0], [1.0]], 2, 2, 1); assert 'scipy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_of_scipy_s_is_read(compressed: bool, tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "m.npz", scipy.sparse.csr_matrix(filled()), compressed)
    rows = read_samples(tmp_path / "m.npz")
    assert isinstance(rows, SparseRows)
    assert np.array_equal(rows.toarray(), filled())
    assert np.array_equal(read_samples(tmp_path / "m.npz", "shape"), [30, 8]), "a key names an array"


def test_so_are_files_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", filled())
    np.savez(tmp_path / "a.npz", weights=filled())
    assert np.array_equal(read_samples(tmp_path / "a.npy"), filled())
    assert np.array_equal(read_samples(tmp_path / "a.npz"), filled())


CSR = {"data": [1.0], "indices": [2], "indptr": [0, 1, 1], "shape": [2, 3], "format": b"csr"}

FILES = {
    "another format": ({**CSR, "format": b"csc"}, r"m\.npz: holds a sparse matrix of the format 'csc', .*tocsr\(\)"),
    "no format": ({**CSR, "format": 3.0}, r"m\.npz: holds a sparse matrix of the format "),
    "an array too few": ({key: CSR[key] for key in CSR if key != "indptr"}, r"m\.npz: lacks arrays of a sparse matrix"),
    "a shape of one side": ({**CSR, "shape": [2]}, r"m\.npz: lacks arrays of a sparse matrix"),
    "a negative side": (
        {**CSR, "shape": [2, -3], "data": [], "indices": np.array([], int), "indptr": [0, 0, 0]},
        r"m\.npz: the arrays of the sparse matrix do not fit together",
    ),
    "text": ({**CSR, "data": ["a"]}, r"m\.npz: the samples must be real numbers, got <U1"),
    "arrays that do not fit": ({**CSR, "indices": [7]}, r"m\.npz: the arrays of the sparse matrix do not fit together"),
}


@pytest.mark.parametrize(("arrays", "told"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_csr_matrix_is_told(arrays: dict[str, Any], told: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(DataError, match=told):
        read_samples(tmp_path / "m.npz")
