"""What is not a regular file of bounded size is refused, at once."""

import os
import socket

import pytest

from ksom.regular_files import open_regular, read_regular


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file", 3) == b"abc"
    assert read_regular(str(tmp_path / "link"), 3) == b"abc"
    with open_regular(tmp_path / "file") as file:
        assert file.read(1) == b"a"


def test_a_file_that_is_larger_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"abcd")
    with pytest.raises(OSError, match="it is larger than 3 bytes"):
        read_regular(tmp_path / "file", 3)


def test_a_pipe_is_refused_without_waiting_for_a_writer(pipe):
    with pytest.raises(OSError, match="it is a named pipe, not a file"):
        open_regular(pipe)


def test_what_takes_the_place_of_a_file_is_refused(tmp_path, pipe, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("ksom.regular_files._stat", lambda path: (tmp_path / "file").stat())
    with pytest.raises(OSError, match="it is a named pipe, not a file"):
        open_regular(pipe)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(path):
    with pytest.raises(OSError, match="it is a device, not a file"):
        open_regular(path)


def test_a_socket_and_a_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(OSError, match="it is a socket, not a file"):
            open_regular("socket")
    with pytest.raises(OSError, match="it is a folder, not a file"):
        open_regular(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(OSError, match="no file can have such a name"):
        open_regular(name)


def test_links_that_go_round_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        open_regular(tmp_path / "a")


def test_a_file_that_is_not_there_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
