"""Files are meant by a name, a list, a folder or a pattern, and come in the order of their names."""

import os

import pytest

from ksom.errors import DataError, ParameterError
from ksom.experiment_files import found_file
from ksom.named_files import named_files, names_several

SUFFIXES = (".npy",)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts/deep").mkdir(parents=True)
    (tmp_path / "parts/.hidden").mkdir()
    for name in ("b.npy", "a.NPY", "deep/c.npy", "notes.txt", ".dot.npy", ".hidden/d.npy"):
        (tmp_path / "parts" / name).touch()
    return tmp_path


def names(folder, named):
    found = named_files("path", named, SUFFIXES)
    return [str(file.relative_to(folder / "parts")) for file in found.files]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("parts", ["a.NPY", "b.npy", "deep/c.npy"]),
        ("parts/*", ["a.NPY", "b.npy"]),
        ("parts/?.npy", ["b.npy"]),
        ("parts/**/*.npy", ["b.npy", "deep/c.npy"]),
        ("parts/*/[c].npy", ["deep/c.npy"]),
        ("parts/notes.txt", ["notes.txt"]),
        (["parts/deep/c.npy", "parts/b.npy"], ["deep/c.npy", "b.npy"]),
    ],
)
def test_files_come_sorted_by_name_and_a_list_as_it_is(folder, monkeypatch, named, expected):
    monkeypatch.chdir(folder)
    files = named_files("path", named, SUFFIXES).files
    assert [str(file) for file in files] == [f"parts/{name}" for name in expected]


def test_what_lies_beside_is_told(folder):
    left_out = {path.name for path in named_files("path", folder / "parts", SUFFIXES).left_out}
    assert left_out == {"notes.txt", ".dot.npy"}


def test_links_that_lead_out_of_the_folder_are_not_followed(folder):
    (folder / "outside.npy").touch()
    (folder / "outside").mkdir()
    (folder / "outside/e.npy").touch()
    (folder / "parts/out.npy").symlink_to(folder / "outside.npy")
    (folder / "parts/inside.npy").symlink_to(folder / "parts/b.npy")
    (folder / "parts/away").symlink_to(folder / "outside")
    (folder / "parts/loop.npy").symlink_to(folder / "parts/loop.npy")
    assert names(folder, folder / "parts") == ["a.NPY", "b.npy", "deep/c.npy", "inside.npy"]
    assert names(folder, folder / "parts/*/*.npy") == ["deep/c.npy"]


def test_a_pipe_in_a_folder_is_left_out(folder):
    os.mkfifo(folder / "parts/pipe.npy")
    assert "pipe.npy" not in names(folder, folder / "parts")


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ("empty", DataError, "empty: there is no file there whose name ends with .npy"),
        ("others", DataError, "others: there is no file there among 1 others whose name ends with .npy"),
        ("others/*.npy", DataError, r"others/\*.npy: there is no file there whose"),
        ([], ParameterError, "path must name at least one file"),
        (3, ParameterError, "path must be the path of a file or folder"),
    ],
)
def test_nothing_to_find_is_told(tmp_path, monkeypatch, named, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "others").mkdir()
    (tmp_path / "others/notes.txt").touch()
    with pytest.raises(error, match=message):
        named_files("path", named, SUFFIXES)


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    (tmp_path / "run[1].npy").touch()
    assert not names_several(tmp_path / "run[1].npy")


def test_a_pattern_is_looked_for_beside_the_experiment_first(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert found_file("parts/*.npy", [folder]) == f"{folder.name}/parts/*.npy"
    assert found_file("nowhere/*.npy", [folder]) == "nowhere/*.npy"
