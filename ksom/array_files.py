"""Arrays in .npy and .npz files: no pickle, .npy files mapped into memory rather than read."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import DataError


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
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
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
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        why = "it holds Python objects" if "pickle" in str(error) else str(error)
        raise DataError(f"{path}: cannot be read as an .npy or .npz file ({why})") from error
