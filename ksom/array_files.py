"""Arrays in .npy and .npz files: no pickle, .npy files mapped into memory rather than read."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError

MAGIC_NPY, MAGIC_ZIP = b"\x93NUMPY", b"PK"

UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise for a damaged file; RuntimeError: a flipped bit may say that it is encrypted."""


def read_array(path: str | Path, key: str | None = None) -> NDArray[Any]:
    """Return the array in a file.

    Parameters
    ----------
    path : str or Path
        An .npy file, which is mapped into memory, read-only; or an .npz file.
    key : str, optional
        Which array of an .npz file; may be left out if there is only one.

    Raises
    ------
    DataError
        If the file is not there, not such a file, holds Python objects, or does not hold that array.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC_NPY))
        if start == MAGIC_NPY:
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return mapped
        if not start.startswith(MAGIC_ZIP):
            raise DataError(f"{path}: is not an .npy or .npz file")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            names = loaded.files
            chosen = names[0] if len(names) == 1 and key is None else key
            if chosen not in names:
                raise DataError(
                    f"{path}: holds the arrays {', '.join(names)}; name the one that is meant (got {key!r})"
                )
            array: NDArray[Any] = loaded[chosen]
            return array
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except UNREADABLE as error:
        if isinstance(error, DataError):
            raise
        objects = "pickle" in str(error) or "Python objects" in str(error)
        why = "it holds Python objects" if objects else getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read as an .npy or .npz file ({why})") from error
