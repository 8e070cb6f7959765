"""The rows of an array, in memory or in a file."""

from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ksom.array_files import read_array
from ksom.dataset import DATASETS, Dataset


@DATASETS.register("Array")
class Array(Dataset):
    """The rows of an array.

    Parameters
    ----------
    path : str, Path or array_like of shape (N, D)
        An .npy file (mapped into memory, so it may be larger than that), an .npz file, or the array itself; data units.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.
    weights_path : str, Path or array_like of shape (N,), optional
        How much each sample counts: such a file, or the numbers themselves; `Dataset` explains.
    weights_key : str, optional
        Which array of its .npz file.

    Raises
    ------
    DataError
        If a file cannot be read, the array is not two-dimensional with numbers in it, or the weights are not one for
        each of its rows.
    """

    def __init__(
        self,
        path: ArrayLike | Path,
        key: str | None = None,
        weights_path: ArrayLike | Path | None = None,
        weights_key: str | None = None,
    ) -> None:
        self.path = path
        self.key = key
        self.weights_path = weights_path
        self.weights_key = weights_key
        super().__init__(_array(path, key), _array(weights_path, weights_key))


def _array(path: Any, key: str | None) -> Any:
    return read_array(path, key) if isinstance(path, str | Path) else path
