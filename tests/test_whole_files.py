"""Files are whole whenever somebody looks, whatever refuses to be written."""

import json
import os
import subprocess
import sys

import pytest

from ksom.errors import OutputError
from ksom.logger import JsonLines
from ksom.whole_files import AppendOnlyFile, cut_back, replacing, writing

LIMITED = """
import json, resource, signal, sys
from pathlib import Path
from ksom.errors import OutputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from ksom.whole_files import AppendOnlyFile, replacing
path = Path(sys.argv[1])
"""


def limited(code, path):
    """Run code in a process whose files may have 1,000 bytes."""
    command = [sys.executable, "-c", LIMITED + code, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_replaced_file_is_whole_and_alone(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, OSError(28, "No space left on device")])
def test_interrupted_replacement_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write():
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, OutputError)):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacement_beyond_the_limit_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = """
try:
    with replacing(path) as file:
        file.write(b"x" * 5000)
except OutputError as error:
    print(error)
"""
    told = limited(code, path)
    assert told == f"{path}: cannot be written (File too large); raise the limit on file sizes, then --resume\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_record_that_does_not_fit_is_taken_back(tmp_path):
    path = tmp_path / "file"
    code = """
file = AppendOnlyFile(path)
file.append(b"a" * 600 + b";")
for record in (b"b" * 600, b"c" * 5000):
    for over in (0, 1):
        try:
            file.append(record, over=over)
        except OutputError as error:
            print(path.stat().st_size, file.size, error)
file.append(b"d" * 100 + b";", over=1)
"""
    told = limited(code, path).splitlines()
    assert len(told) == 4
    assert all(line.startswith(f"601 601 {path}: cannot be written (File too large)") for line in told)
    assert path.read_bytes() == b"a" * 600 + b"d" * 100 + b";"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_full_disk_takes_back_the_record(tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        lines = JsonLines(tmp_path / "metrics.jsonl")
        with pytest.raises(OutputError, match=r"No space left on device\); free some space, then --resume"):
            all(lines.write({"iteration": number, "filler": "x" * 1000}) is None for number in range(1000))
        lines.close()
        kept = (tmp_path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["iteration"] for line in kept] == list(range(len(kept)))
        assert 50 < len(kept) < 65
        with pytest.raises(OutputError, match="No space left"), replacing(tmp_path / "map.npz") as file:
            file.write(b"x" * 100_000)
        assert not (tmp_path / "map.npz").exists()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_records_are_there_at_once(tmp_path):
    file = AppendOnlyFile(tmp_path / "file")
    file.append(b"one;")
    file.append(b"two;")
    assert (tmp_path / "file").read_bytes() == b"one;two;"
    file.close()


def test_existing_file_is_continued(tmp_path):
    (tmp_path / "file").write_bytes(b"one;")
    file = AppendOnlyFile(tmp_path / "file")
    file.append(b"two;")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"one;two;"


def test_record_over_a_trailer_replaces_it_last(tmp_path, monkeypatch):
    file = AppendOnlyFile(tmp_path / "file")
    file.append(b"one.")
    order, written = [], file._write
    monkeypatch.setattr(file, "_write", lambda data, offset: (order.append(offset), written(data, offset)))
    file.append(b",two.", over=1)
    file.close()
    assert order == [4, 3]
    assert (tmp_path / "file").read_bytes() == b"one,two."


@pytest.mark.parametrize(("size", "kept"), [(2, b"ab"), (4, b"abcd"), (0, b"")])
def test_cut_back_keeps_the_beginning(tmp_path, size, kept):
    (tmp_path / "file").write_bytes(b"abcd")
    assert cut_back(tmp_path / "file", size)
    assert (tmp_path / "file").read_bytes() == kept


def test_what_is_shorter_or_gone_cannot_be_cut_back(tmp_path):
    (tmp_path / "file").write_bytes(b"abcd")
    assert not cut_back(tmp_path / "file", 5)
    assert not cut_back(tmp_path / "none", 0)
    assert (tmp_path / "file").read_bytes() == b"abcd"


@pytest.mark.parametrize("path", ["no/file", "."])
def test_where_nothing_can_be_written_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "no" / "file" if path != "." else type(tmp_path)()
    with pytest.raises(OutputError, match=r"No such file or directory|is a folder"), replacing(target) as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("number", "advice"),
    [(28, "free some space"), (13, "choose a folder you may write to"), (30, "--output-dir"), (27, "raise the limit")],
)
def test_refusals_of_the_system_come_with_advice(tmp_path, number, advice):
    with pytest.raises(OutputError, match=f"cannot be written .*{advice}"), writing(tmp_path):
        raise OSError(number, os.strerror(number))
