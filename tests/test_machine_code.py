"""Kernels are compiled once per machine; what is kept is never old, and never breaks a run."""

import ast
import importlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from ksom.kernels.numba import kept_code, machine_code
from ksom.kernels.numba.compilation import ENTRY, compiled
from ksom.kernels.numba.kept_code import VERSIONS, kept_in
from ksom.kernels.numba.parts import how_parts_are_compiled

KERNELS = Path(machine_code.__file__).parents[1]

MEASURES = """
import numpy as np
from ksom.kernels.numba.backend import NumbaBackend
from ksom.samples import Block
print(NumbaBackend(np.array([[[3.0], [5.0]]]), np.float64).distances(Block(np.array([[1.0]]))))
"""


def half(values):
    for i in range(values.size):
        values[i] /= 2


def halve() -> Any:
    """A kernel that this process has not compiled yet."""
    return compiled(**ENTRY)(half)


def halved(kernel: Any, dtype: Any = np.float64) -> list[float]:
    values = np.array([3.0, 1.0], dtype=dtype)
    kernel(values)
    return values.tolist()


def hits(kernel: Any) -> int:
    return sum(kernel.stats.cache_hits.values())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for machine code."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kept_in.cache_clear()
    kept_code.tell_of_no_place.cache_clear()
    yield tmp_path
    kept_in.cache_clear()


def child(code: str, folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_after_an_edit_the_new_arithmetic_runs_though_another_file_takes_it_in(tmp_path: Path) -> None:
    shutil.copytree(KERNELS.parent, tmp_path / "ksom", ignore=shutil.ignore_patterns("__pycache__"))
    assert child(MEASURES, tmp_path, tmp_path / "cache").stdout == "[[2. 4.]]\n"
    boxes = tmp_path / "ksom" / "kernels" / "numba" / "boxes.py"
    boxes.write_text(boxes.read_text().replace("return difference * difference", "return 4 * difference * difference"))
    assert child(MEASURES, tmp_path, tmp_path / "cache").stdout == "[[4. 8.]]\n"


def test_what_was_compiled_once_is_loaded(place: Path) -> None:
    halved(halve())
    again = halve()
    assert halved(again) == [1.5, 0.5]
    assert hits(again) == 1


def test_each_precision_has_a_file_of_its_own(place: Path) -> None:
    for dtype in (np.float32, np.float64):
        assert halved(halve(), dtype) == [1.5, 0.5]
    assert len(list(place.rglob("half.*"))) == 2


def flipped(content: bytes) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


DAMAGE = {
    "emptied": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"garbage" * 100,
    "zeros": lambda content: bytes(len(content)),
    "one bit flipped": flipped,
}


@pytest.mark.parametrize("damaged", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_and_written_again(place: Path, damaged: Callable[[bytes], bytes]) -> None:
    halved(halve())
    [file] = place.rglob("half.*")
    file.write_bytes(damaged(file.read_bytes()))
    meeting = halve()
    assert halved(meeting) == [1.5, 0.5]
    assert hits(meeting) == 0
    after = halve()
    halved(after)
    assert hits(after) == 1


def test_a_file_that_was_written_as_something_else_is_compiled_again(place: Path) -> None:
    halved(halve())
    [file] = place.rglob("half.*")
    file.write_bytes(machine_code.hashlib.sha256(b"no pickle").digest() + b"no pickle")
    assert halved(halve()) == [1.5, 0.5]


def test_a_folder_that_is_cleared_away_under_way_is_made_again(place: Path) -> None:
    halved(halve())
    shutil.rmtree(place / "ksom" / "kernels" / kept_in().name)
    halved(halve())
    again = halve()
    halved(again)
    assert hits(again) == 1


def test_nobody_else_may_look_into_the_folder_or_write_there(place: Path) -> None:
    halved(halve())
    assert kept_in().stat().st_mode & 0o077 == 0
    assert kept_in().parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name == "nt", reason="folders have other rights there")
@pytest.mark.parametrize("above", [0, 1, 2])
def test_nothing_is_loaded_from_a_folder_that_others_can_write(
    place: Path, above: int, caplog: pytest.LogCaptureFixture
) -> None:
    halved(halve())
    [kept_in(), *kept_in().parents][above].chmod(0o777)
    kept_in.cache_clear()
    again = halve()
    assert halved(again) == [1.5, 0.5]
    assert hits(again) == 0
    assert "(somebody else can write to it); set NUMBA_CACHE_DIR" in caplog.text


def test_without_a_place_the_kernels_are_compiled_and_it_is_told_once(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (place / "ksom").write_text("a file where the folder should be")
    for dtype in (np.float32, np.float64):
        assert halved(halve(), dtype) == [1.5, 0.5]
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert f"{place / 'ksom' / 'kernels'}: compiled kernels cannot be kept" in told[0].getMessage()


def test_a_user_without_a_home_is_told(
    monkeypatch: pytest.MonkeyPatch, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does for a user whom nobody knows
    assert halved(halve()) == [1.5, 0.5]
    assert "(this user has no home)" in caplog.text


FULL = """
import resource
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
"""

EMPTY_AGAIN = """
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # what measures the coverage writes at the end
"""


@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
def test_a_full_disk_costs_the_time_to_compile_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = child(FULL + MEASURES + EMPTY_AGAIN, KERNELS.parents[1], tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "[[2. 4.]]\n")
    assert ran.stderr.count("\n") == 1
    assert "compiled kernels cannot be kept" in ran.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_only_the_newest_versions_are_kept(place: Path) -> None:
    kernels = place / "ksom" / "kernels"
    for age in range(VERSIONS + 3):
        (kernels / f"version {age}").mkdir(parents=True, mode=0o700)
        (kernels / f"version {age}" / "kernel").touch()
        os.utime(kernels / f"version {age}", (1e9 - age, 1e9 - age))
    kernels.chmod(0o700)
    halved(halve())
    kept = {folder.name for folder in kernels.iterdir()}
    assert kept == {kept_in().name, *(f"version {age}" for age in range(VERSIONS - 1))}


COMPILED = [path for path in sorted((KERNELS / "numba").glob("*.py")) if "@compiled(" in path.read_text()]


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_kernels_take_in_nothing_but_what_the_digest_is_made_of(path: Path) -> None:
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    outside = [node for node in nodes if (node.module or "").startswith("ksom") and "ksom.kernels" not in node.module]
    taken = [getattr(importlib.import_module(node.module), name.name) for node in outside for name in node.names]
    assert all(isinstance(what, type) for what in taken)  # what arrays are called: no arithmetic


@pytest.mark.parametrize(
    ("version", "is_tried"), [((0, 59), False), ((0, 60), True), ((0, 99), False), ((1, 0), False)]
)
def test_with_a_numba_that_was_not_tried_parts_are_compiled_as_all_functions(
    version: tuple[int, int], is_tried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba, "version_info", numba.version_info._replace(short=version))
    assert bool(how_parts_are_compiled()) is is_tried
