"""Sums that workers add by ranges of nodes have the bits of those that one process adds part after part."""

import errno
import hashlib
import multiprocessing
import os
import pickle
import random
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.compute import fold_by_ranges
from ksom.compute.compute import Compute
from ksom.compute.fold_by_ranges import FoldByRanges, FoldedRange, is_large
from ksom.compute.here import Here
from ksom.compute.on_executor import OnExecutor
from ksom.compute.sums_file import read_sums, write_sums
from ksom.errors import ComputeError, DataError, OutputError
from ksom.kernels.batch_sums import BatchSums
from ksom.kernels.node_sums import PART_ROWS, NodeSums
from ksom.kernels.used_sums import UsedSums, used


@dataclass(frozen=True)
class Drawn:
    """Sums of parts as chance has them: of many magnitudes, so that another order of addition shows."""

    nodes: int
    features: int
    columns: int
    share: float = 0.5
    seed: int = 0

    def dense(self, part: int) -> NodeSums:
        chance = np.random.default_rng([self.seed, part])
        is_used = chance.random((self.nodes, 1)) < self.share
        sums = chance.normal(size=(self.nodes, self.features)) * 10.0 ** chance.integers(-12, 12, (self.nodes, 1))
        counts = chance.random((self.nodes, self.columns)) + 1e-6
        return NodeSums(np.where(is_used, sums, 0.0), np.where(is_used, counts, 0.0))

    def __call__(self, part: int) -> UsedSums:
        return used(self.dense(part))

    def name(self, part: int) -> str:
        return f"part {part}"


def plain(drawn: Drawn, rows: int) -> BatchSums:
    sums = BatchSums()
    for part in range(-(-rows // PART_ROWS)):
        sums.add_part(drawn.dense(part), min(PART_ROWS, rows - part * PART_ROWS))
    return sums


def digest(sums: NodeSums) -> str:
    assert not np.isnan(sums.sums).any()
    return hashlib.sha256(sums.sums.tobytes() + sums.counts.tobytes()).hexdigest() + str(sums.counts.shape)


def folded(compute: Compute, task: Any, rows: int, sums: BatchSums | None = None, **how: int) -> BatchSums:
    sums = sums or BatchSums()
    for _ in FoldByRanges(compute, task.nodes, task.features, **how).adding(task, sums, rows):
        pass
    return sums


class Unsteady(Here):
    """Loses what was done, does it again, and does what was done long ago once more, too late."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance, self._done = random.Random(seed), list[tuple[Any, int]]()

    def each(self, task: Any, parts: Iterable[int]) -> Iterator[Any]:
        for part in parts:
            travelled = pickle.loads(pickle.dumps(task))
            for _ in range(self._chance.randrange(3)):
                with suppress(OSError):  # nobody waits for it any more
                    again, number = self._chance.choice([(travelled, part), *self._done])
                    again(number)
            self._done.append((travelled, part))
            yield travelled(part)


@given(
    drawn=st.builds(
        Drawn,
        nodes=st.just(13),
        features=st.just(3),
        columns=st.sampled_from([1, 3]),
        share=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
        seed=st.integers(0, 1000),
    ),
    rows=st.integers(0, 9 * PART_ROWS),
    wave=st.integers(1, 10),
    ranges=st.integers(1, 20),
    seed=st.integers(0, 1000),
)
def test_the_bits_are_those_of_the_plain_fold(drawn: Drawn, rows: int, wave: int, ranges: int, seed: int) -> None:
    with closing(Unsteady(seed)) as compute:
        sums = folded(compute, drawn, rows, wave=wave, ranges=ranges)
    assert sums.rows == rows
    if rows:
        assert digest(sums.total()) == digest(plain(drawn, rows).total())
    else:
        assert not sums.total().counts.any()


@given(seed=st.integers(0, 100), left_at=st.integers(0, 40), wave=st.integers(1, 4), again=st.integers(1, 4))
def test_one_may_leave_off_anywhere_and_go_on_with_other_waves(seed: int, left_at: int, wave: int, again: int) -> None:
    drawn, rows, sums = Drawn(13, 3, 1, seed=seed), 6 * PART_ROWS + 5, BatchSums()
    expected = digest(plain(drawn, rows).total())
    with closing(Here()) as compute:
        with closing(FoldByRanges(compute, 13, 3, wave, 3).adding(drawn, sums, rows)) as adding:  # type: ignore[type-var]
            for _ in zip(range(left_at), adding, strict=False):
                pass
        stored = pickle.loads(pickle.dumps(sums))
        if stored.whole is not None:
            assert digest(stored.whole) == digest(plain(drawn, stored.rows).total())
        assert digest(folded(compute, drawn, rows, stored, wave=again, ranges=5).total()) == expected
        assert not list(compute.shared.iterdir())


Spawned = partial(ProcessPoolExecutor, mp_context=multiprocessing.get_context("spawn"))
"""Processes that share no thread with this one."""


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, Spawned])
def test_any_executor_may_do_it(pool: Any) -> None:
    drawn, rows = Drawn(1000, 4, 4), 7 * PART_ROWS
    with pool(2) as executor, closing(OnExecutor(executor, 2)) as compute:
        assert digest(folded(compute, drawn, rows).total()) == digest(plain(drawn, rows).total())


@dataclass(frozen=True)
class Killing(Drawn):
    """Kills its process once."""

    mark: Path = Path()

    def __call__(self, part: int) -> UsedSums:
        if part == 3 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(part)


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_whoever_goes_on_after_a_killed_worker_has_the_same_bits(tmp_path: Path) -> None:
    task, sums, rows = Killing(50, 3, 1, mark=tmp_path / "killed"), BatchSums(), 6 * PART_ROWS
    for _ in range(2):
        with suppress(ComputeError), Spawned(1) as pool, closing(OnExecutor(pool, 1)) as compute:
            folded(compute, task, rows, sums)
    assert digest(sums.total()) == digest(plain(task, rows).total())


def test_no_more_than_a_wave_lies_in_the_shared_folder_and_nothing_in_the_end() -> None:
    drawn, most = Drawn(20, 2, 1), 0
    with closing(Here()) as compute:
        for _ in FoldByRanges(compute, 20, 2, 3, 4).adding(drawn, BatchSums(), 11 * PART_ROWS):
            most = max(most, sum(1 for path in compute.shared.rglob("*") if path.is_file()))
        assert not list(compute.shared.iterdir())
    assert most == 3 + 2 * 4


class Refusing(Drawn):
    def __call__(self, part: int) -> UsedSums:
        raise DataError(f"part {part} is none")


def test_what_is_wrong_with_a_part_is_said_and_loses_no_wave() -> None:
    sums, drawn = BatchSums(), Drawn(20, 2, 1)
    with closing(Here()) as compute:
        folded(compute, drawn, 2 * PART_ROWS, sums, wave=1)
        with pytest.raises(DataError, match="part 2 is none"):
            folded(compute, Refusing(20, 2, 1), 4 * PART_ROWS, sums, wave=1)
        assert not list(compute.shared.iterdir())
    assert digest(sums.total()) == digest(plain(drawn, 2 * PART_ROWS).total())


def written(tmp_path: Path) -> Path:
    write_sums(tmp_path / "part-0", Drawn(20, 2, 1)(0), (0, 10, 20))
    return tmp_path / "part-0"


@pytest.mark.parametrize("number", [0, 1])
def test_a_range_of_a_file_is_what_was_written_of_these_nodes(tmp_path: Path, number: int) -> None:
    of_part, read = Drawn(20, 2, 1)(0), read_sums(written(tmp_path), number, 2)
    these = of_part.nodes // 10 == number
    for wrote, found in zip(of_part, read, strict=True):
        assert np.array_equal(wrote[these], found)


def test_a_part_that_could_not_be_written_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device\); free some space"):
        written(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", [0, 10, 60, -8])
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(OutputError, match=r"part-0: cannot be read \(it ends after \d+ bytes, too early\); the shared"):
        read_sums(path, 1, 2)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY no"])
def test_running_sums_that_are_not_whole_are_refused(tmp_path: Path, content: bytes) -> None:
    written(tmp_path)
    (tmp_path / "wave-1-range-0").write_bytes(content)
    with pytest.raises(OutputError, match=r"wave-1-range-0: cannot be read \(it is not whole\); the shared"):
        FoldedRange(tmp_path, (0, 10, 20), 2, range(1), is_first=False)(0)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_folder_that_is_not_shared_is_said_in_a_line(tmp_path: Path, *, is_first: bool) -> None:
    with pytest.raises(OutputError, match=r"cannot be read \(No such file or directory\); the shared folder must"):
        FoldedRange(tmp_path, (0, 10), 2, range(1), is_first)(0)


def test_what_travels_with_a_task_does_not_grow_with_the_wave() -> None:
    few, many = (FoldedRange(Path("x"), (0, 10), 2, range(parts), is_first=False) for parts in (1, 2000))
    assert len(pickle.dumps(many)) < len(pickle.dumps(few)) + 10


@pytest.mark.parametrize(
    ("nodes", "workers", "large"),
    [
        (1024, 1000, False),
        (10_000, 100, False),
        (10_000, 1000, True),
        (10**5, 16, False),
        (10**5, 64, True),
        (10**6, 1, True),
    ],
)
def test_sums_are_folded_by_ranges_where_they_or_many_of_them_are_large(
    nodes: int, workers: int, *, large: bool
) -> None:
    assert is_large(nodes, 50, workers) == large


@pytest.mark.parametrize(("workers", "ranges"), [(1, 13), (16, 16), (1000, fold_by_ranges.MOST_RANGES)])
def test_there_is_a_range_for_each_worker_and_no_range_is_too_large(workers: int, ranges: int) -> None:
    with ThreadPoolExecutor(1) as executor:
        fold = FoldByRanges(OnExecutor(executor, workers), 10**6, 50)
    assert len(fold.bounds) - 1 == ranges
