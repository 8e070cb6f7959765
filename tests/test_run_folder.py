"""A run folder belongs to one process, an earlier run is never lost, and what cannot be read is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from ksom.errors import OutputError
from ksom.runs.run_folder import LOCK, RunFolder, environment


@pytest.fixture
def folder(tmp_path):
    """A run that is completed."""
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        folder.write_json("environment.json", environment())
        folder.write_json("summary.json", {"status": "completed"})
    return folder


def make_way(folder, *, restart=False):
    with folder.locked():
        folder.make_way(restart=restart)


def test_a_completed_run_moves_aside(folder):
    make_way(folder)
    assert RunFolder(folder.path.with_name("run.1")).status == "completed"
    assert [path.name for path in folder.path.iterdir()] == [LOCK]


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_folder_behind_a_link_moves_where_it_is_and_the_link_stays(folder, times):
    link = RunFolder(folder.path.with_name("link"))
    link.path.symlink_to(folder.path.name)
    for _ in range(times):
        folder.write_json("environment.json", environment())
        folder.write_json("summary.json", {"status": "completed"})
        make_way(link)
    assert link.path.is_symlink()
    assert link.path.resolve() == folder.path
    names = {path.name for path in folder.path.parent.iterdir()}
    assert names == {"link", "run", *(f"run.{number + 1}" for number in range(times))}


def test_a_link_to_a_folder_that_is_not_there_makes_it(tmp_path):
    (tmp_path / "link").symlink_to("there")
    make_way(RunFolder(tmp_path / "link"))
    assert (tmp_path / "there").is_dir()


def test_a_loop_of_links_gets_one_line(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(
        OutputError,
        match=r"loop.*: cannot be read \(Too many levels of symbolic links\)|loop: cannot be written \(Too many",
    ):
        make_way(RunFolder(tmp_path / "loop"))


def test_a_link_to_nothing_is_not_overwritten_by_a_run_that_moves_aside(folder):
    folder.path.with_name("run.1").symlink_to("nowhere")
    make_way(folder)
    assert RunFolder(folder.path.with_name("run.2")).status == "completed"


@pytest.mark.parametrize("when", ["before", "after", "after, and a new one is begun"])
def test_a_lock_taken_of_a_folder_that_is_moved_away_at_that_moment_is_taken_again(folder, monkeypatch, when):
    acquire, moved = filelock.FileLock.acquire, []

    def moved_by_another_process(lock, *arguments, **options):
        taken = acquire(lock, *arguments, **options) if when != "before" else None
        if not moved:
            moved.append(folder.path.rename(folder.path.with_name("run.1")))
            if "new" in when:
                folder.path.mkdir()
        return taken or acquire(lock, *arguments, **options)

    monkeypatch.setattr(filelock.FileLock, "acquire", moved_by_another_process)
    with folder.locked():
        lock = filelock.FileLock(folder.path / LOCK, timeout=0)
        with pytest.raises(filelock.Timeout):
            lock.acquire()
        assert not (folder.path / "summary.json").exists()
        filelock.FileLock(folder.path.with_name("run.1") / LOCK, timeout=0).acquire().lock.release()


def test_a_run_that_another_process_is_just_beginning_is_not_taken_for_something_else(folder):
    class Beginning(RunFolder):
        looked = 0

        @property
        def holds_run(self):
            self.looked += 1
            return self.looked > 1 and super().holds_run

    with Beginning(folder.path).locked():
        pass


def test_two_processes_that_begin_at_once_never_share_a_folder(tmp_path):
    """Each moves what it finds aside, holds its own folder for a moment, and says whether it still is where it was."""
    code = """
import sys, time
from pathlib import Path
from ksom.errors import OutputError
from ksom.runs.run_folder import RunFolder, environment
folder = RunFolder(Path(sys.argv[1]))
for _ in range(150):
    try:
        with folder.locked():
            folder.make_way(restart=True)
            mine = (folder.path / ".lock").stat().st_ino
            folder.write_json("environment.json", {"packages": {"kohonen2": "0"}})
            assert (folder.path / ".lock").stat().st_ino == mine, "moved away while it was locked"
    except OutputError as error:
        assert "another process" in str(error), error
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / "run"], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[1] for process in processes] == ["", ""]


def test_a_prepared_lock_is_not_written_through(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError, match="remove it"):
        make_way(RunFolder(tmp_path / "run"))
    assert not (tmp_path / "victim").exists()


def test_leftovers_of_killed_processes_go(folder):
    (folder.path / "checkpoints").mkdir()
    leftovers = [folder.path / sub / ".map.npz.0123456789abcdef.part" for sub in (".", "checkpoints")]
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    with folder.locked():
        assert not any(leftover.exists() for leftover in leftovers)


UNREADABLE = {
    "cut short": lambda path: path.write_text('{"sta'),
    "no object": lambda path: path.write_text("5"),
    "another object": lambda path: path.write_text("{}"),
    "no text": lambda path: path.write_bytes(b"\xff\xfe"),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "huge": lambda path: (path.touch(), os.truncate(path, 2**40)),
    "deeply nested": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_summary_that_cannot_be_read_is_told_and_is_no_unfinished_run(folder, what):
    (folder.path / "summary.json").unlink()
    UNREADABLE[what](folder.path / "summary.json")
    with pytest.raises(OutputError, match=r"summary\.json: cannot be read \(.*\), so it is not known how"):
        make_way(folder)
    make_way(folder, restart=True)
    assert (folder.path.with_name("run.1") / "environment.json").exists()


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_environment_that_cannot_be_read_makes_no_run(folder, what):
    (folder.path / "environment.json").unlink()
    UNREADABLE[what](folder.path / "environment.json")
    with pytest.raises(OutputError, match=r"run: is not empty and not a run of ksom|environment\.json: cannot be read"):
        make_way(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("name", ["summary.json", "environment.json"])
def test_what_may_not_be_read_is_named(folder, name):
    (folder.path / name).chmod(0)
    for path in (folder.path, *folder.path.parents):
        if not path.stat().st_mode & 0o001:  # pytest's own folders are nobody else's
            path.chmod(0o777)
    folder.path.chmod(0o777)
    (folder.path / LOCK).chmod(0o666)
    code = """
import os, sys, filelock
from pathlib import Path
from ksom.runs.run_folder import RunFolder, OutputError
os.setuid(65534)
folder = RunFolder(Path(sys.argv[1]))
try:
    with folder.locked():
        folder.make_way(restart=False)
except OutputError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, folder.path]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    assert f"{folder.path / name}: cannot be read (Permission denied)" in told.stdout


def test_an_unfinished_run_is_neither_moved_nor_overwritten(folder):
    (folder.path / "summary.json").unlink()
    assert folder.status is None
    with pytest.raises(OutputError, match="unfinished run; go on with it by --resume, or begin anew by --restart"):
        make_way(folder)
    assert json.loads((folder.path / "environment.json").read_text())
