"""The .npz archive that ksom writes: stored, aligned, the same bytes every time; numpy reads it, the system can map it.

Each member is an .npy file. `np.savez` places its data anywhere; here they begin at a multiple of 64 bytes, so that the
file can be mapped into memory and computed with as it lies on the disk. What fills up is a record in the member's local
extra field, as Android's zipalign writes it; whoever reads .zip files passes over records that he does not know.
"""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64
"""Bytes; a cache line. An .npy file's header is a multiple of it long, so that its data are aligned if the file is."""

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time that every member has: when a map was written is no part of it."""

CHUNK = 2**20
"""Bytes that are written at a time: their sum is made while they are in the processor's cache."""

_LOCAL_HEADER = struct.Struct("<26xHH")
"""What a member begins with: at its end, how long its name and its extra field are."""

_SIZES = 20
"""Bytes of the record with a member's sizes, in 64 bits; it follows the record that fills up."""

_FILLING = struct.Struct("<HHH")
"""The record that fills up: its kind, how many bytes follow, the alignment, then zeros."""

_FILLING_KIND = 0xD935


def write_archive(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays into an empty file that can be sought in; the same arrays give the same bytes.

    Parameters
    ----------
    file : file
        Where to.
    arrays : mapping of str to ndarray
        By name; in C order in the file, whatever their order is.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = _member(f"{name}.npy", file.tell())
            with archive.open(member, "w", force_zip64=True) as written:
                _write_array(written, np.asarray(array, order="C"))


def place_of(file: IO[bytes], archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin in the file.

    Raises
    ------
    ValueError
        If they would reach into another member, or into the list of all of them.
    """
    file.seek(member.header_offset)
    of_name, of_extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    place = int(member.header_offset + _LOCAL_HEADER.size + of_name + of_extra)
    others = [other.header_offset for other in archive.infolist() if other is not member]
    end = min((other for other in others if other >= member.header_offset), default=archive.start_dir)
    if member.compress_size != member.file_size or place + member.file_size > end:
        raise ValueError("its arrays overlap")
    return place


def _member(name: str, offset: int) -> zipfile.ZipInfo:
    """Return a member that begins at `offset`, with an extra field that lets its data begin at a multiple of 64."""
    member = zipfile.ZipInfo(name, EARLIEST)
    member.create_system, member.external_attr = 3, 0o600 << 16  # on every system as on Unix
    least = offset + _LOCAL_HEADER.size + len(name.encode()) + _FILLING.size + _SIZES
    zeros = -least % ALIGNMENT
    member.extra = _FILLING.pack(_FILLING_KIND, 2 + zeros, ALIGNMENT) + bytes(zeros)
    return member


def _write_array(file: IO[bytes], array: NDArray[Any]) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    file.write(header.getvalue())
    content = array.reshape(-1).view(np.uint8)
    for start in range(0, len(content), CHUNK):
        file.write(content[start : start + CHUNK].data)
