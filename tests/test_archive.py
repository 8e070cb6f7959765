"""The archive that ksom writes: numpy alone reads it, it is aligned and can be mapped, and it is always the same."""

import io
import json
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from ksom.archive import ALIGNMENT, place_of, write_archive
from ksom.array_files import DamagedFile, read_arrays
from ksom.mapped_files import mapped_file

ARRAYS = {
    "weights": np.random.default_rng(0).random((9, 7, 3)).astype("f4"),
    "ä": np.arange(5, dtype=">i2"),
    "text": np.array("é\x00a"),
    "none": np.empty((0, 3)),
    "one": np.array(2.5),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}


def written(arrays=ARRAYS):
    file = io.BytesIO()
    write_archive(file, arrays)
    return file.getvalue()


@pytest.fixture
def mapping(monkeypatch):
    """Map the smallest arrays, too."""
    monkeypatch.setattr("ksom.array_files.MAPPED_FROM", 1)


def test_numpy_alone_reads_it(tmp_path):
    (tmp_path / "a.npz").write_bytes(written())
    code = (
        "import json, sys, numpy; file = numpy.load('a.npz', allow_pickle=False)\n"
        "assert 'ksom' not in sys.modules\n"
        "print(json.dumps({name: [array.tolist(), array.dtype.str] for name, array in file.items()}))"
    )
    asked = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(asked.stdout) == {name: [array.tolist(), array.dtype.str] for name, array in ARRAYS.items()}


def test_every_array_begins_at_a_multiple_of_64_bytes():
    data = written()
    archive = zipfile.ZipFile(io.BytesIO(data))
    for name, array in ARRAYS.items():
        place = place_of(io.BytesIO(data), archive, archive.getinfo(f"{name}.npy"))
        end = place + archive.getinfo(f"{name}.npy").file_size
        assert place % ALIGNMENT == (end - array.nbytes) % ALIGNMENT == 0
        assert data[end - array.nbytes : end] == array.tobytes()


def test_the_extra_field_is_a_list_of_whole_records():
    data = written()
    for member in zipfile.ZipFile(io.BytesIO(data)).infolist():
        of_name, of_extra = struct.unpack_from("<HH", data, member.header_offset + 26)
        extra = data[member.header_offset + 30 + of_name :][:of_extra]
        kinds = []
        while extra:
            kind, size = struct.unpack_from("<HH", extra)
            assert len(extra) >= 4 + size
            kinds.append(kind)
            extra = extra[4 + size :]
        assert kinds == [0xD935, 1]


def test_the_archive_is_whole_to_any_other_reader():
    assert zipfile.ZipFile(io.BytesIO(written())).testzip() is None


def test_same_arrays_give_the_same_bytes_whenever_and_wherever():
    assert written() == written({name: array.copy() for name, array in ARRAYS.items()})
    for member in zipfile.ZipFile(io.BytesIO(written())).infolist():
        assert (member.date_time, member.create_system) == ((1980, 1, 1, 0, 0, 0), 3)


@pytest.mark.usefixtures("mapping")
def test_an_aligned_array_is_mapped_where_it_is_asked_for(tmp_path):
    (tmp_path / "a.npz").write_bytes(written())
    found = read_arrays(tmp_path / "a.npz", mapped={"weights", "none"})
    assert [name for name, array in found.items() if mapped_file(array)] == ["weights"]
    assert not found["weights"].flags.writeable
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.usefixtures("mapping")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_array_that_lies_elsewhere_is_read(save, tmp_path):
    save(tmp_path / "a.npz", x=np.zeros(1), weights=ARRAYS["weights"])
    found = read_arrays(tmp_path / "a.npz", mapped={"weights"})["weights"]
    assert mapped_file(found) is None
    np.testing.assert_array_equal(found, ARRAYS["weights"])


def test_a_small_array_is_read_though_it_may_be_mapped(tmp_path):
    (tmp_path / "a.npz").write_bytes(written())
    assert mapped_file(read_arrays(tmp_path / "a.npz", mapped={"weights"})["weights"]) is None


@pytest.mark.usefixtures("mapping")
@pytest.mark.parametrize("sizes", [(10**6, 10**6), (896, 100)], ids=["beyond the file", "two sizes"])
def test_an_array_that_reaches_into_another_is_not_mapped(sizes, tmp_path):
    """As in an archive whose list tells of other sizes than there are bytes."""
    data = bytearray(written({"weights": np.zeros(96), "other": np.ones(96)}))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, entry + 20, *sizes)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DamagedFile):
        read_arrays(tmp_path / "a.npz", mapped={"weights"})


def test_the_place_of_an_array_ends_before_the_next_one_begins():
    data = written({"weights": np.zeros(96), "other": np.ones(96)})
    archive = zipfile.ZipFile(io.BytesIO(data))
    for name in ("weights.npy", "other.npy"):
        member = archive.getinfo(name)
        member.file_size = member.compress_size = member.file_size + 200
        with pytest.raises(ValueError, match="its arrays overlap"):
            place_of(io.BytesIO(data), archive, member)
