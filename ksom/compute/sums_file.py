"""A part's sums in a file that can be read range of nodes by range of nodes."""

from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import OutputError
from ksom.kernels.used_sums import UsedSums
from ksom.whole_files import replacing

NUMBER = 8
"""Bytes of a number: int64 or float64."""
NOT_SHARED = "the shared folder must be one and the same for this process and all workers, with the same path"


def write_sums(path: Path, used: UsedSums, bounds: Sequence[int]) -> int:
    """Write the sums of a part; the file is whole or absent, and the same bytes whoever writes it.

    Parameters
    ----------
    path : Path
        The file.
    used : UsedSums
        The sums; their nodes in ascending order.
    bounds : sequence of int
        Where ranges of nodes begin, and where the last one ends.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    offsets = np.searchsorted(used.nodes, np.asarray(bounds))
    shape = np.array([len(used.nodes), used.sums.shape[1], used.counts.shape[1]])
    arrays = [np.concatenate([shape, offsets]).astype(np.int64), used.nodes.astype(np.int64), used.sums, used.counts]
    with replacing(path) as file:
        for array in arrays:
            file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return sum(array.nbytes for array in arrays)


def read_sums(path: Path, number: int, ranges: int) -> UsedSums:
    """Read the sums of one range of nodes, and nothing else.

    Parameters
    ----------
    path : Path
        What `write_sums` wrote.
    number : int
        Which range.
    ranges : int
        How many there are.

    Raises
    ------
    OutputError
        If the file is not there, or not whole.
    """
    try:
        with path.open("rb") as file:
            header = np.empty(4 + ranges, np.int64)
            _read(file, 0, header)
            count, features, columns, *offsets = header.tolist()
            first, last = offsets[number : number + 2]
            nodes_at = 4 + ranges
            sums_at = nodes_at + count
            counts_at = sums_at + count * features
            rows = last - first
            nodes, sums, counts = np.empty(rows, np.int64), np.empty((rows, features)), np.empty((rows, columns))
            _read(file, nodes_at + first, nodes)
            _read(file, sums_at + first * features, sums)
            _read(file, counts_at + first * columns, counts)
    except OSError as error:
        raise unreadable(path, error) from error
    return UsedSums(nodes, sums, counts)


def unreadable(path: Path, error: OSError) -> OutputError:
    """Return what there is to be said of sums that one worker wrote and another does not find."""
    return OutputError(f"{path}: cannot be read ({error.strerror or error}); {NOT_SHARED}")


def _read(file: BufferedReader, at: int, into: NDArray[Any]) -> None:
    """Fill an array with the numbers that stand after so many others."""
    file.seek(at * NUMBER)
    read = file.readinto(into.reshape(-1).view(np.uint8).data) if into.size else 0
    if read != into.nbytes:
        message = f"it ends after {at * NUMBER + read} bytes, too early"
        raise OSError(message)
