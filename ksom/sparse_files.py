"""Samples in .npy and .npz files: arrays, or a sparse matrix as scipy.sparse.save_npz writes it, read without scipy."""

from pathlib import Path

from ksom.array_files import DamagedFile, array_names, read_array, read_arrays
from ksom.errors import DataError, quoted
from ksom.sparse_rows import SamplesLike, sparse_rows

OF_ANY, OF_CSR = {"format", "shape", "data"}, {"indices", "indptr"}
"""What the arrays of a sparse matrix are called."""


def read_samples(path: str | Path, key: str | None = None) -> SamplesLike:
    """Return the array or the sparse matrix in a file.

    Parameters
    ----------
    path : str or Path
        An .npy file, which is mapped into memory; or an .npz file with arrays, or with a matrix that
        `scipy.sparse.save_npz` wrote.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one, or the file holds a matrix.

    Raises
    ------
    DataError, DamagedFile
        As `read_array`; or if the matrix is of another format than CSR.
    """
    if key is not None or not set(array_names(path)) >= OF_ANY:
        return read_array(path, key)
    held = read_arrays(path)
    form = held["format"].tobytes()
    if form != b"csr":
        told = f"holds a sparse matrix of the format {quoted(form.decode('ascii', 'replace'))}"
        raise DataError(f"{path}: {told}, which is not read; save matrix.tocsr()")
    if not set(held) >= OF_CSR or held["shape"].shape != (2,) or held["shape"].dtype.kind not in "iu":
        raise DamagedFile(f"{path}: lacks arrays of a sparse matrix")
    return sparse_rows(held["data"], held["indices"], held["indptr"], held["shape"].tolist(), str(path))
