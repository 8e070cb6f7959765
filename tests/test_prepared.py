"""A table is read once; what is kept of it is whole, private, bounded, and never older than the table."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ksom import Table, train
from ksom.cache_folder import cache_folder
from ksom.entry import cli
from ksom.errors import DataError, OutputError, ParameterError
from ksom.tables import prepared as prepared_module
from ksom.tables.prepared import kept_tables, largest_cache, make_room
from ksom.tables.source import TableSource

pa = pytest.importorskip("pyarrow")
csv = pytest.importorskip("pyarrow.csv")

TABLE = {"x": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"], "y": [0.5, 0.25, 0.0]}
TRAIN = "from ksom import Table, train; import sys; print(train(Table(sys.argv[1]), 2, 2, iterations=1).weights.sum())"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for tables, small ones too."""
    monkeypatch.setenv("KSOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(prepared_module, "SMALL", 0)
    return tmp_path / "cache" / "tables"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    csv.write_csv(pa.table(TABLE), tmp_path / "t.csv")
    return tmp_path / "t.csv"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read of a table, each time."""
    seen: list[str] = []
    batches = TableSource.batches

    def telling(self, numbers, texts=()):
        seen.append(" ".join([*numbers, *texts]))
        return batches(self, numbers, texts)

    monkeypatch.setattr(TableSource, "batches", telling)
    return seen


def kept(place: Path) -> list[Path]:
    return sorted(place.glob("*.npy"))


def release() -> None:
    """Let go of what this process holds, as its end does."""
    while prepared_module._HELD:
        os.close(prepared_module._HELD.pop())


@pytest.fixture(autouse=True)
def _released() -> "object":
    yield
    release()


def test_the_second_time_a_table_is_not_read_and_is_the_same(file: Path, reads: list[str]) -> None:
    first = Table(file, categories=["kind"])
    assert reads == ["kind", "x y kind"]
    second = Table(file, categories=["kind"])
    assert reads == ["kind", "x y kind"]
    assert second.encoding == first.encoding
    assert second.samples.tobytes() == first.samples.tobytes() == Table(pa.table(TABLE), ["x", "y"], ["kind"]).rows(
        slice(None)
    )[:, [0, 2, 3, 1]].tobytes()  # fmt: skip


def test_what_is_kept_is_mapped_and_cannot_be_written_to(file: Path) -> None:
    Table(file, columns=["x"])
    samples = Table(file, columns=["x"]).samples
    assert isinstance(samples, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        samples[0, 0] = 3


def test_what_is_kept_is_an_array_that_numpy_reads(file: Path, place: Path) -> None:
    table = Table(file, columns=["x", "y"])
    np.testing.assert_array_equal(np.load(kept(place)[0], allow_pickle=False), table.samples)


CHANGES = {
    "a longer file": lambda path: path.write_text(path.read_text() + "4,b,7\n"),
    "as long a file": lambda path: path.write_text(path.read_text().replace("0.25", "0.35")),
    "another file of its name": lambda path: (path.with_suffix(".new").write_bytes(path.read_bytes()),
                                              path.with_suffix(".new").replace(path)),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_table_that_was_changed_is_read_again(file: Path, reads: list[str], change) -> None:
    Table(file, columns=["x", "y"])
    change(file)
    table = Table(file, columns=["x", "y"])
    assert len(reads) == 2
    assert len(table) == len(file.read_text().splitlines()) - 1


def test_a_change_that_leaves_size_and_time_as_they_were_is_noticed(file: Path) -> None:
    Table(file, columns=["x", "y"])
    before = file.stat()
    with file.open("r+b") as opened:
        opened.seek(file.read_bytes().index(b"3"))
        opened.write(b"9")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Table(file, columns=["x", "y"]).samples[2, 0] == 9


OTHERS = {
    "columns": {"columns": ["y"]},
    "filter": {"columns": ["x"], "where": "y > 0.3"},
    "types": {"columns": ["x"], "types": {"x": "number"}},
    "how CSV is written": {"columns": ["x"], "csv": {"delimiter": ","}},
    "dropped rows": {"columns": ["x"], "drop_missing": True},
    "cycles": {"columns": ["x"], "cyclic": {"x": 24}},
    "categories": {"columns": ["x"], "categories": ["kind"]},
    "rare": {"columns": ["x"], "categories": {"kind": {"rare": 0.5}}},
}


@pytest.mark.parametrize("how", OTHERS.values(), ids=OTHERS.keys())
def test_another_question_is_another_table(file: Path, place: Path, how: dict[str, object]) -> None:
    Table(file, columns=["x"])
    Table(file, **how)
    assert len(kept(place)) == 2


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a flipped bit": flipped,
    "a cut file": lambda path: path.write_bytes(path.read_bytes()[:-8]),
    "an empty file": lambda path: path.write_bytes(b""),
    "no description": lambda path: path.with_suffix(".json").unlink(),
    "no JSON": lambda path: path.with_suffix(".json").write_text("{"),
    "another description": lambda path: path.with_suffix(".json").write_text('{"encoding": 3, "shape": []}'),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_damaged_is_made_again(file: Path, place: Path, reads: list[str], damage) -> None:
    expected = Table(file, columns=["x", "y"]).samples.tobytes()
    release()
    damage(kept(place)[0])
    assert Table(file, columns=["x", "y"]).samples.tobytes() == expected
    assert len(reads) == 2
    assert Table(file, columns=["x", "y"]).samples.tobytes() == expected
    assert len(reads) == 2


def test_a_link_in_the_cache_is_not_followed(file: Path, place: Path, tmp_path: Path) -> None:
    Table(file, columns=["x", "y"])
    release()
    path = kept(place)[0]
    path.rename(tmp_path / "precious.npy")
    path.symlink_to(tmp_path / "precious.npy")
    before = (tmp_path / "precious.npy").read_bytes()
    Table(file, columns=["x", "y"])
    assert not path.is_symlink()
    assert (tmp_path / "precious.npy").read_bytes() == before


def test_nobody_else_can_look_into_the_cache(file: Path, place: Path) -> None:
    Table(file, columns=["x"])
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o700, 0o700)


def test_a_folder_that_others_can_write_to_keeps_nothing(
    file: Path, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.mkdir(parents=True)
    place.chmod(0o777)
    assert len(Table(file, columns=["x"])) == 3
    assert kept(place) == []
    assert "read anew in every run: no folder to keep them (somebody else can write to it)" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
def test_somebody_else_s_link_for_a_folder_keeps_nothing(file: Path, place: Path, tmp_path: Path, caplog) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    place.parent.symlink_to(tmp_path / "mine")
    os.chown(place.parent, 12345, 12345, follow_symlinks=False)
    Table(file, columns=["x"])
    assert list((tmp_path / "mine").iterdir()) == []
    assert "somebody else can write to it" in caplog.text


def test_a_folder_that_cannot_be_made_keeps_nothing(file: Path, tmp_path: Path, caplog) -> None:
    (tmp_path / "cache").write_text("")
    assert isinstance(Table(file, columns=["x"]).samples, np.ndarray)
    assert "no folder to keep them (" in caplog.text


def test_a_user_without_a_home_keeps_nothing(file: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for variable in ("KSOM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert len(Table(file, columns=["x"])) == 3
    assert "no folder to keep them (this user has no home)" in caplog.text


def test_the_cache_is_where_the_system_keeps_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KSOM_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder("tables") == tmp_path / "xdg/ksom/tables"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("tables") == tmp_path / ".cache/ksom/tables"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(prepared_module, "_write_header", full)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_keeps_nothing_and_leaves_nothing(file: Path, place: Path, caplog) -> None:
    table = Table(file, columns=["x"])
    assert table.samples.ravel().tolist() == TABLE["x"]
    assert list(place.iterdir()) == []
    assert "t.csv: cannot be kept, it is read anew in every run" in caplog.text


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_and_a_small_memory_are_told_in_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_module, "available_memory", lambda: 10)
    with pytest.raises(DataError, match=r"t.csv: takes more than .* GB, too much for the memory, .*KSOM_CACHE$"):
        Table(file, columns=["x"])


def test_small_files_and_tables_in_memory_are_not_kept(file: Path, place: Path, monkeypatch) -> None:
    Table(pa.table(TABLE), columns=["x"])
    monkeypatch.setattr(prepared_module, "SMALL", 2**23)
    Table(file, columns=["x"])
    assert kept(place) == []


def test_a_table_that_cannot_be_read_leaves_nothing(file: Path, place: Path) -> None:
    file.write_text("x,y\n1,2\nq,3\n")
    with pytest.raises(DataError, match="line 3"):
        Table(file, columns=["x", "y"], types={"x": "number"})
    assert list(place.iterdir()) == []


def test_a_table_that_changes_while_it_is_read_is_refused(file: Path, place: Path, monkeypatch) -> None:
    states = iter([[("t.csv", 1)], [("t.csv", 2)]])
    monkeypatch.setattr(prepared_module, "_states", lambda _files: next(states))
    with pytest.raises(DataError, match=r"t.csv: was written to while it was read; let nothing change it"):
        Table(file, columns=["x"])
    assert list(place.iterdir()) == []


def used(file: Path, place: Path, when: int, **how: object) -> Path:
    """Keep a table that was last used at a time; return its file."""
    before = set(kept(place))
    Table(file, **how)
    release()
    path = next(iter(set(kept(place)) - before))
    os.utime(path.with_suffix(".json"), (when, when))
    return path


def test_of_more_than_fits_what_was_not_used_for_longest_goes(file: Path, place: Path) -> None:
    old, new = used(file, place, 100, columns=["x"]), used(file, place, 200, columns=["y"])
    make_room(place, sum(each.size for each in kept_tables(place)) - 1)
    assert kept(place) == [new]
    assert not old.with_suffix(".json").exists()


def test_a_table_that_is_used_again_is_the_newest(file: Path, place: Path) -> None:
    old, new = used(file, place, 100, columns=["x"]), used(file, place, 200, columns=["y"])
    Table(file, columns=["x"])
    assert [each.samples for each in kept_tables(place)] == [old, new]


def test_what_is_in_use_is_never_removed(file: Path, place: Path) -> None:
    used(file, place, 100, columns=["y"])
    Table(file, columns=["x"])
    make_room(place, -1)
    assert [each.shape for each in kept_tables(place)] == [(3, 1)]
    release()
    make_room(place, -1)
    assert list(place.iterdir()) == []


def test_a_new_table_makes_room_for_itself(file: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSOM_CACHE_GB", "0")
    first = used(file, place, 100, columns=["x"])
    second = used(file, place, 200, columns=["y"])
    assert not first.exists()
    assert second.exists()


def test_leftovers_of_killed_processes_go(place: Path, file: Path) -> None:
    Table(file, columns=["x"])
    left, fresh = place / f".a.npy.{'0' * 16}.part", place / f".b.npy.{'0' * 16}.part"
    left.write_bytes(b"1")
    fresh.write_bytes(b"1")
    os.utime(left, (1, 1))
    make_room(place, 1e9)
    assert (left.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize("told", ["much", "-1", "nan"])
def test_a_bound_that_is_no_number_is_told(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSOM_CACHE_GB", told)
    with pytest.raises(ParameterError, match="KSOM_CACHE_GB must be a number"):
        largest_cache()


@pytest.mark.slow
def test_two_processes_at_once_give_the_same_map_and_one_whole_table(tmp_path: Path, place: Path) -> None:
    rng = np.random.default_rng(0)
    csv.write_csv(pa.table({f"x{i}": rng.normal(size=60_000) for i in range(8)}), tmp_path / "big.csv")
    assert (tmp_path / "big.csv").stat().st_size > 2**23
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", TRAIN, "big.csv"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, env=environment) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] != b""
    assert len(list(place.iterdir())) == 2
    assert str(train(Table(tmp_path / "big.csv"), 2, 2, iterations=1).weights.sum()) == said[0].decode().strip()


def test_ksom_cache_shows_and_clears(file: Path, place: Path) -> None:
    Table(file, columns=["x", "y"])
    shown = CliRunner().invoke(cli, ["cache"])
    assert str(file) in shown.output
    assert "3 × 2" in shown.output
    assert f"{place}: 1 table, " in shown.output
    assert "1 table in use" in CliRunner().invoke(cli, ["cache", "--clear"]).output
    release()
    assert "1 table removed, 176 bytes" in CliRunner().invoke(cli, ["cache", "--clear"]).output
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("told", ["[]", '{"files": 3}', '{"files": ["a\\u001b[2J"], "shape": ["x"]}', "3"])
def test_ksom_cache_lists_a_table_of_which_nonsense_is_told(told: str, file: Path, place: Path) -> None:
    Table(file, columns=["x", "y"])
    next(place.glob("*.json")).write_text(told)
    shown = CliRunner().invoke(cli, ["cache"], catch_exceptions=False).output
    assert f"{place}: 1 table, " in shown
    assert "\x1b" not in shown


def test_ksom_cache_says_why_there_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    result = CliRunner().invoke(cli, ["cache"])
    assert isinstance(result.exception, OutputError)
    assert "the cache folder: cannot be used (" in str(result.exception)
