"""Array files are read whole or refused with one line: damaged, hostile, too large, or no files at all."""

import os
import random
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

from ksom.array_files import DamagedFile, read_array, read_arrays
from ksom.errors import DataError
from ksom.mapped_files import mapped_file

VALUES = np.random.default_rng(0).random((900, 3))


def bytes_of(save, path, **arrays):
    save(path, **arrays) if arrays else save(path, VALUES)
    return path.read_bytes()


def changed(data, rng):
    """Return bytes with one to five faults, most of them where the headers are."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5]) if data else 0):
        data = data or bytearray(b"?")
        place = rng.choice([rng.randrange(len(data)), rng.randrange(300), len(data) - 1 - rng.randrange(300)])
        place = min(max(place, 0), len(data) - 1)
        fault = rng.randrange(5)
        if fault == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif fault == 1:
            data[place] = rng.choice(b"0123456789(),'{}<>fiOU\x00\xff")
        elif fault == 2:
            data[place:place] = rng.randbytes(rng.choice([1, 2, 8]))
        elif fault == 3:
            del data[place : place + rng.choice([1, 2, 8])]
        else:
            del data[max(place, 1) :]
    return bytes(data)


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_any_damage_is_told_and_never_another_shape(save, tmp_path):
    path = tmp_path / ("a.npy" if save is np.save else "a.npz")
    data = bytes_of(save, path, **({} if save is np.save else {"a": VALUES}))
    rng = random.Random(0)
    for _ in range(400):
        path.write_bytes(changed(data, rng))
        try:
            found = np.array(read_array(path))
        except DataError:
            continue
        assert found.shape == VALUES.shape
        assert save is np.save or found.tobytes() == VALUES.tobytes()


@pytest.mark.parametrize(("old", "new"), [("(900, 3)", "(100, 3)"), ("(900, 3)", "(900,-3)"), ("<f8", "<f4")])
def test_npy_file_whose_header_was_damaged_is_refused(old, new, tmp_path):
    data = bytes_of(np.save, tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(data.replace(old.encode(), new.encode()))
    with pytest.raises(DamagedFile, match=r"cannot be read as an .npy or .npz file \(its (header tells|shape is)"):
        read_array(tmp_path / "a.npy")


@pytest.mark.parametrize("more", [b"\0", b"", None])
def test_npy_file_has_exactly_the_bytes_of_its_array(more, tmp_path):
    data = bytes_of(np.save, tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(data[:-1] if more is None else data + more)
    if more == b"":
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), VALUES)
    else:
        with pytest.raises(DamagedFile, match=r"its header tells of 21728 bytes, there are 217(27|29)"):
            read_array(tmp_path / "a.npy")


def test_archive_whose_header_was_damaged_is_refused(tmp_path):
    data = bytes_of(np.savez, tmp_path / "a.npz", a=VALUES[:, :1], b=VALUES)
    (tmp_path / "a.npz").write_bytes(data.replace(b"(900, 3)", b"(100, 3)"))
    with pytest.raises(DamagedFile, match="its header tells of 2528 bytes, there are 21728"):
        read_array(tmp_path / "a.npz", "b")


def test_archive_whose_values_were_damaged_is_refused(tmp_path):
    data = bytearray(bytes_of(np.savez, tmp_path / "a.npz", a=VALUES))
    data[1000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DamagedFile, match="Bad CRC-32"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("told", [10_000_000_000, 10**30])
def test_small_archive_that_tells_of_gigabytes_is_refused_at_once(told, tmp_path):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({told},)}}\n".encode()
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(10**6))
    with pytest.raises(DamagedFile, match=f"its header tells of {told // 10**9}.* bytes, there are 1000"):
        read_array(tmp_path / "a.npz")


def test_array_that_does_not_fit_into_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10**6))
    monkeypatch.setattr("ksom.array_files.available_memory", lambda: 10**6)
    with pytest.raises(DataError, match=r"its array 'a' takes 0.008 GB, this machine has 0.001 GB"):
        read_array(tmp_path / "a.npz")


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.array(3.0), np.asfortranarray(VALUES), np.zeros(3, ">i2")])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_arrays_of_any_kind_come_back(array, name, tmp_path):
    np.save(tmp_path / name, array) if name == "a.npy" else np.savez(tmp_path / name, a=array)
    found = read_array(tmp_path / name)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


def test_python_objects_are_not_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    with pytest.raises(DataError, match="it holds Python objects"):
        read_array(tmp_path / "a.npy")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop", "nul", "missing"])
def test_what_is_no_file_is_one_line_and_no_wait(kind, tmp_path):
    path, message = tmp_path / "it", r"it: cannot be read \(it is a named pipe, not a file\)"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
        message = r"it: cannot be read \(it is a device, not a file\)"
    elif kind == "folder":
        path.mkdir()
        message = r"cannot be read \(it is a folder, not a file\)"
    elif kind == "loop":
        path.symlink_to(path)
        message = "cannot be read .*symbolic links"
    elif kind == "nul":
        path, message = tmp_path / "a\0b", r"b: cannot be read \(no file can have such a name\)"
    elif kind == "missing":
        message = "there is no such file"
    with pytest.raises(DataError, match=message):
        read_array(path)


@contextmanager
def without_rights():
    """As an ordinary user, even if root runs the tests."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_file_that_may_not_be_read_is_not_called_damaged(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    (tmp_path / "a.npy").chmod(0)
    with without_rights(), pytest.raises(DataError, match=r"cannot be read \(Permission denied\)") as caught:
        read_array(tmp_path / "a.npy")
    assert not isinstance(caught.value, DamagedFile)


def test_a_view_of_a_mapped_file_is_known_as_one(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    mapped = read_array(tmp_path / "a.npy")
    for view in (mapped, mapped[::2], np.asarray(mapped)[5:], mapped.T):
        assert mapped_file(view).path == str(tmp_path / "a.npy")
    assert mapped_file(VALUES) is mapped_file(np.array(mapped)) is None
