"""The rows of an array, in memory, in a file or in several."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ksom.dataset import DATASETS, Dataset
from ksom.datasets.remote_array import RemoteArray
from ksom.datasets.shards import Shards
from ksom.errors import ParameterError
from ksom.named_files import is_list_of_names, named_files, named_only, names_several
from ksom.remote_files import is_address, remote_files
from ksom.sparse_files import read_samples

SHARD = (".npy",)


@DATASETS.register("Array")
class Array(Dataset):
    """The rows of an array.

    Parameters
    ----------
    path : str, Path, list of them, array_like of shape (N, D), or sparse matrix
        An .npy file (mapped into memory, so it may be larger than that), an .npz file, or the array itself; data units.
        A sparse matrix is a CSR matrix of scipy's, or the .npz file that `scipy.sparse.save_npz` wrote of one.
        Several .npy files are read as one array that is never made: a folder (with the folders in it) or a pattern
        such as `parts/*.npy`, in the order of their names; a list in its own order. An address such as
        "s3://bucket/x.npy" or "https://host/x.npy", or a pattern of them, is read by ranges, through fsspec if that is
        installed: rows in their own order some megabytes at a time, shuffled ones each by itself.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.
    weights_path : str, Path, list of them, or array_like of shape (N,), optional
        How much each sample counts: such a file or files, or the numbers themselves; `Dataset` explains.
    weights_key : str, optional
        Which array of its .npz file.

    Raises
    ------
    DataError
        If a file cannot be read, the array is not two-dimensional with numbers in it, one of several files holds
        another type or D than the first, or the weights are not one for each of the rows.

    Examples
    --------
    `DATASET: {NAME: Array, PATH: parts}` with the folder `parts` beside the YAML file; in Python

    >>> Array([[0.0, 1.0], [1.0, 0.0]]).features
    2
    """

    def __init__(
        self,
        path: ArrayLike | Path | Sequence[str | Path],
        key: str | None = None,
        weights_path: ArrayLike | Path | None = None,
        weights_key: str | None = None,
    ) -> None:
        self.path = path
        self.key = key
        self.weights_path = weights_path
        self.weights_key = weights_key
        weights = _array(weights_path, weights_key)
        super().__init__(_array(path, key), weights[:] if isinstance(weights, Shards | RemoteArray) else weights)

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the data as they were given: the samples are what is read."""
        return self.__dict__ | {name: named_only(getattr(self, name)) for name in ("path", "weights_path")}

    def place(self, row: int) -> str:
        if not isinstance(self.samples, Shards):
            return super().place(row)
        return self.samples.place(row if self._counting is None else int(self._counting[row]))

    def cell(self, row: int, feature: int, value: float) -> str:
        if not isinstance(self.samples, Shards):
            return super().cell(row, feature, value)
        return f"{self.place(row)}, column {feature} is {value}"


def _array(path: Any, key: str | None) -> Any:
    if is_address(path) or (is_list_of_names(path) and any(map(is_address, path))):
        return _remote(path if isinstance(path, list | tuple) else [path], key)
    if names_several(path):
        return Shards(named_files("path", path, SHARD).files, "dataset Array")
    return read_samples(path, key) if isinstance(path, str | Path) else path


def _remote(paths: Sequence[str | Path], key: str | None) -> Any:
    """Return the arrays that addresses name, one or, one after another, several; paths may be among them."""
    if key is not None:
        raise ParameterError(
            "key", "be left out where the file has an address: only .npy files are read from there", key
        )
    found: list[Any] = []
    for path in paths:
        if isinstance(path, str) and is_address(path):
            found += map(RemoteArray, remote_files(path))
        else:
            found += named_files("path", path, SHARD).files
    return found[0] if len(found) == 1 else Shards(found, "dataset Array")
