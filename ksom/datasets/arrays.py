"""The rows of an array, in memory or in a file."""

from pathlib import Path

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

    Raises
    ------
    DataError
        If the file cannot be read or the array is not two-dimensional with numbers in it.
    """

    def __init__(self, path: ArrayLike | Path, key: str | None = None) -> None:
        self.path = path
        self.key = key
        super().__init__(read_array(path, key) if isinstance(path, str | Path) else path)
