"""Growing files go back to where they were at a checkpoint, and what was changed since is noticed."""

import io
import json

import pytest

from ksom.errors import CheckpointError, OutputError
from ksom.runs.growing_files import GrowingFile, GrowingFiles, Mark


def grown(path, content, trailer=b""):
    path.write_bytes(content)
    return GrowingFile(path, trailer)


@pytest.mark.parametrize("trailer", [b"", b"."])
@pytest.mark.parametrize("later", [b"", b"two", b"two;three"])
def test_a_file_goes_back_to_where_it_was(tmp_path, trailer, later):
    file = grown(tmp_path / "file", b"one;" + trailer, trailer)
    mark = file.mark()
    file.path.write_bytes(b"one;" + later + trailer)
    assert GrowingFile(file.path, trailer).cut_back(mark) == ""
    assert file.path.read_bytes() == b"one;" + trailer


@pytest.mark.parametrize("damaged", [b"One;two;.", b"one,two;.", b"one.", b""])
def test_what_was_changed_or_cut_short_since_is_kept_aside(tmp_path, damaged):
    file = grown(tmp_path / "film.gif", b"one;.", b".")
    mark = file.mark()
    for number in (1, 2):
        file.path.write_bytes(damaged)
        told = GrowingFile(file.path, b".").cut_back(mark)
        assert told == f"is not what it was at the checkpoint; it is kept as film.damaged-{number}.gif"
        assert not file.path.exists()
        assert (tmp_path / f"film.damaged-{number}.gif").read_bytes() == damaged


def test_what_follows_a_damaged_file_has_a_digest_of_its_own(tmp_path):
    file = grown(tmp_path / "file", b"one;")
    mark = file.mark()
    file.path.write_bytes(b"One;")
    file.cut_back(mark)
    file.path.write_bytes(b"begun anew;")
    assert file.mark() == grown(tmp_path / "other", b"begun anew;").mark()


def test_a_mark_reads_only_what_is_new(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr("ksom.runs.growing_files.open_own", lambda path: Counting(path, "r+", read))

    class Counting(io.FileIO):
        def __init__(self, path, mode, read):
            super().__init__(path, mode)
            self.told = read

        def read(self, size):
            part = super().read(size)
            self.told.append(len(part))
            return part

    file = grown(tmp_path / "file", b"x" * 1000 + b".", b".")
    file.mark()
    file.path.write_bytes(b"x" * 1000 + b"y" * 7 + b".")
    read.clear()
    mark = file.mark()
    assert sum(read) == 7
    assert mark == grown(tmp_path / "other", b"x" * 1000 + b"y" * 7 + b".", b".").mark()


def test_a_file_that_is_gone_is_told(tmp_path):
    assert GrowingFile(tmp_path / "none").mark() is None
    assert GrowingFile(tmp_path / "none").cut_back(Mark(5)) == "is gone"


def test_a_link_is_not_cut(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "train.log").symlink_to(victim)
    with pytest.raises(OutputError, match=r"train\.log: .*remove it"):
        GrowingFile(tmp_path / "train.log").cut_back(Mark(2))
    assert victim.read_bytes() == b"precious"


def marked(folder, trailers):
    files = GrowingFiles(folder, trailers)
    return {"files": json.loads(json.dumps(files.marks()))}


def test_a_file_that_the_checkpoint_does_not_know_is_removed_and_no_other(tmp_path):
    state = marked(tmp_path, {})
    for name in ("new.txt", "train.log", "users.txt"):
        (tmp_path / name).write_bytes(b"later")
    files = GrowingFiles(tmp_path, {"new.txt": b""})
    files.add("train.log")
    assert files.cut_back(state) == []
    assert [path.name for path in tmp_path.iterdir()] == ["users.txt"]


def test_the_file_of_a_hook_that_is_gone_is_cut_back_whole_and_stays_known(tmp_path):
    (tmp_path / "film.gif").write_bytes(b"one.")
    state = marked(tmp_path, {"film.gif": b"."})
    (tmp_path / "film.gif").write_bytes(b"one,two.")
    files = GrowingFiles(tmp_path, {})
    assert files.cut_back(state) == []
    assert (tmp_path / "film.gif").read_bytes() == b"one."
    assert files.marks() == state["files"]


def test_a_checkpoint_of_an_earlier_version_knows_the_sizes(tmp_path):
    (tmp_path / "metrics.jsonl").write_bytes(b"one;two;")
    assert GrowingFiles(tmp_path, {}).cut_back({"offsets": {"metrics.jsonl": 4}}) == []
    assert (tmp_path / "metrics.jsonl").read_bytes() == b"one;"


@pytest.mark.parametrize("name", ["../victim", "/tmp/victim", "a/../../victim", "..", ""])
def test_a_checkpoint_cannot_name_a_file_elsewhere(tmp_path, name):
    (tmp_path / "run").mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    with pytest.raises(CheckpointError, match="names files outside of the run folder"):
        GrowingFiles(tmp_path / "run", {}).cut_back({"files": {name: {"size": 0}}})
    assert (tmp_path / "victim").read_bytes() == b"precious"


@pytest.mark.parametrize("state", [{}, {"files": 5}, {"files": {"a": {}}}, {"files": {"a": {"size": "much"}}}])
def test_a_state_that_does_not_tell_of_files_is_refused(tmp_path, state):
    with pytest.raises(CheckpointError, match="does not tell how far the run's files were"):
        GrowingFiles(tmp_path, {}).cut_back(state)


def test_files_and_their_names_are_brought_onto_the_disk(tmp_path, disk):
    (tmp_path / "metrics.jsonl").write_bytes(b"one;")
    files = GrowingFiles(tmp_path, {"metrics.jsonl": b""})
    for bring in (files.marks, files.sync):
        disk.clear()
        bring()
        assert disk == ["fsync metrics.jsonl", f"fsync {tmp_path.name}"]
