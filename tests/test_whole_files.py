"""Files are whole whenever somebody looks, whatever refuses to be written."""

import io
import json
import math
import os
import re
import subprocess
import sys
from contextlib import closing

import pytest

from ksom.errors import OutputError
from ksom.logger import JsonLines
from ksom.whole_files import (
    AppendOnlyFile,
    as_json,
    cut_back,
    open_own,
    remove_leftovers,
    replace_link,
    replacing,
    writing,
)

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
    assert told == f"{path}: cannot be written (File too large); raise the limit on file sizes, then resume\n"
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
        with pytest.raises(OutputError, match=r"No space left on device\); free some space, then resume"):
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


def moved(path):
    path.rename(path.with_name("elsewhere"))


def replaced(path):
    path.with_name("other").touch()
    path.with_name("other").replace(path)


@pytest.mark.parametrize("gone", [os.unlink, moved, replaced])
def test_a_file_that_is_not_there_any_more_is_told(tmp_path, gone):
    with closing(AppendOnlyFile(tmp_path / "file")) as file:
        file.append(b"one;")
        gone(tmp_path / "file")
        with pytest.raises(OutputError, match="file: was removed or moved away while the training wrote there"):
            file.require_there()


def test_record_over_a_trailer_replaces_it_last(tmp_path, monkeypatch):
    file = AppendOnlyFile(tmp_path / "file")
    file.append(b"one.")
    order, written = [], file._write
    monkeypatch.setattr(file, "_write", lambda data, offset: (order.append(offset), written(data, offset)))
    file.append(b",two.", over=1)
    file.close()
    assert order == [4, 3]
    assert (tmp_path / "file").read_bytes() == b"one,two."


@pytest.mark.parametrize(
    ("size", "trailer", "kept"),
    [(2, b"", b"ab"), (4, b"", b"abcd"), (0, b";", b""), (2, b";", b"a;"), (3, b"xy", b"axy")],
)
def test_cut_back_keeps_the_beginning_and_ends_with_the_trailer(tmp_path, size, trailer, kept):
    (tmp_path / "file").write_bytes(b"abcd")
    with open_own(tmp_path / "file") as file:
        cut_back(file, size, trailer)
    assert (tmp_path / "file").read_bytes() == kept


def test_cut_back_writes_the_trailer_before_it_cuts(tmp_path):
    """Killed in between, a film is whole all the same: whoever reads it stops at its trailer."""

    class Killed(io.FileIO):
        def truncate(self, size=None):
            raise KeyboardInterrupt

    (tmp_path / "file").write_bytes(b"abcd")
    with pytest.raises(KeyboardInterrupt), Killed(tmp_path / "file", "r+") as file:
        cut_back(file, 2, b";")
    assert (tmp_path / "file").read_bytes() == b"a;cd"


LINKS = {
    "a link": lambda link, victim: link.symlink_to(victim),
    "a link to nothing": lambda link, victim: link.symlink_to(victim.with_name("nothing")),
    "another name": lambda link, victim: link.hardlink_to(victim),
    "a pipe": lambda link, victim: os.mkfifo(link),
}


@pytest.mark.parametrize("what", LINKS)
def test_nothing_is_appended_through_what_lies_ready(tmp_path, what):
    victim, path = tmp_path / "victim", tmp_path / "train.log"
    victim.write_bytes(b"precious")
    LINKS[what](path, victim)
    with pytest.raises(OutputError, match=r"train\.log: .*remove it$"):
        AppendOnlyFile(path)
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("what", LINKS)
def test_what_lies_ready_under_a_files_name_is_replaced_and_not_written_through(tmp_path, what):
    victim, path = tmp_path / "victim", tmp_path / "map.npz"
    victim.write_bytes(b"precious")
    LINKS[what](path, victim)
    with replacing(path) as file:
        file.write(b"new")
    assert (victim.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"precious", b"new", False)
    assert not (tmp_path / "nothing").exists()


def test_temporary_files_have_names_that_nobody_can_foresee(tmp_path):
    names = set()
    for _ in range(2):
        with replacing(tmp_path / "file"):
            names |= {path.name for path in tmp_path.glob(".file*")}
    assert len(names) == 2
    assert all(re.fullmatch(r"\.file\.[0-9a-f]{16}\.part", name) for name in names)


def test_a_link_points_to_the_newest_file_whatever_was_there(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "last").symlink_to(victim)
    (tmp_path / ".last.part").symlink_to(victim)
    replace_link(tmp_path / "last", "newest")
    assert (str((tmp_path / "last").readlink()), victim.read_bytes()) == ("newest", b"precious")


def test_where_there_are_no_links_the_newest_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(type(tmp_path), "symlink_to", lambda *_: (_ for _ in ()).throw(NotImplementedError))
    (tmp_path / "newest").write_bytes(b"whole")
    replace_link(tmp_path / "last", "newest")
    assert (tmp_path / "last").read_bytes() == b"whole"


def test_leftovers_of_killed_processes_are_removed_and_nothing_else(tmp_path):
    for name in (".map.npz.0123456789abcdef.part", ".mine.part", "map.npz"):
        (tmp_path / name).write_bytes(b"")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".mine.part", "map.npz"}


def test_json_has_no_infinity_at_any_level():
    content = {"a": math.inf, "b": {"c": [1, math.nan, {"d": -math.inf}]}, "e": (0.5, math.inf)}
    assert json.loads(as_json(content)) == {"a": None, "b": {"c": [1, None, {"d": None}]}, "e": [0.5, None]}


def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(tmp_path, disk):
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert re.fullmatch(rf"fsync \.file\..*\.part, rename to file, fsync {tmp_path.name}", ", ".join(disk))


@pytest.mark.parametrize("path", ["no/file", "."])
def test_where_nothing_can_be_written_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "no" / "file" if path != "." else type(tmp_path)()
    with pytest.raises(OutputError, match=r"No such file or directory|is a folder"), replacing(target) as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (28, "free some space"),
        (13, "choose a folder you may write to"),
        (30, "choose another folder"),
        (27, "raise the limit"),
        (24, "too many files are open"),
        (5, "the disk or the network failed"),
        (2, "its folder is not there"),
    ],
)
def test_refusals_of_the_system_come_with_advice(tmp_path, number, advice):
    with pytest.raises(OutputError, match=f"cannot be written .*{advice}"), writing(tmp_path):
        raise OSError(number, os.strerror(number))
