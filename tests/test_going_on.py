"""A trainer goes on from a checkpoint: files, iteration and seconds are what they were then, whatever came after."""

import errno
import json
import logging
import os
import re

import pytest
from PIL import Image

from ksom.datasets.colours import RandomColors
from ksom.errors import OutputError
from ksom.hooks import Checkpoint
from ksom.hooks.hook import Hook
from ksom.hooks.metrics_writer import MetricsWriter
from ksom.hooks.quality import Quality
from ksom.hooks.vlog import Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.runs.checkpoint import newest_checkpoint
from ksom.trainer import Trainer


class Dies(Hook):
    """Ends the training as a kill would: nothing is kept after the last checkpoint."""

    def __init__(self, at):
        super().__init__(at)

    def after_step(self, run):
        raise KeyboardInterrupt


class Notes(Hook):
    """A hook of a user's own, which appends to a file as everybody does."""

    file = "notes.txt"

    def after_step(self, run):
        with (run.folder / self.file).open("a") as file:
            file.write(f"{run.iteration}\n")


def trainer(folder, *hooks):
    return Trainer(KohonenSOM(3, 3), RandomColors(9), iterations=40, hooks=[Checkpoint(10), *hooks], folder=folder)


def killed(folder, *hooks, at=33):
    first = trainer(folder, *hooks, Dies(at))
    with pytest.raises(KeyboardInterrupt):
        first.train()
    return first


def resumed(folder, *hooks):
    second, checkpoint = trainer(folder, *hooks), newest_checkpoint(folder / "checkpoints")
    second.load_state(checkpoint.state, checkpoint.weights)
    return second


def notes(folder):
    return [int(line) for line in (folder / "notes.txt").read_text().split()]


def test_the_file_of_a_users_own_hook_is_cut_back(tmp_path):
    killed(tmp_path, Notes(3))
    assert notes(tmp_path)[-1] == 33
    resumed(tmp_path, Notes(3)).train()
    assert notes(tmp_path) == [*range(3, 40, 3), 40]


def test_the_file_of_a_hook_that_is_new_since_the_checkpoint_is_removed(tmp_path):
    killed(tmp_path)
    second = resumed(tmp_path, Notes(1), Dies(37))
    with pytest.raises(KeyboardInterrupt):
        second.train()
    assert notes(tmp_path) == [31, 32, 33, 34, 35, 36, 37]
    resumed(tmp_path, Notes(1)).train()
    assert notes(tmp_path) == [*range(31, 41)]


def test_files_that_are_no_hooks_are_left_alone(tmp_path):
    killed(tmp_path)
    for name in ("train.log", "notes.txt", "thesis.txt"):
        (tmp_path / name).write_text("years of work")
    resumed(tmp_path, MetricsWriter()).train()
    for name in ("train.log", "notes.txt", "thesis.txt"):
        assert (tmp_path / name).read_text() == "years of work"


def test_a_hook_that_pauses_for_a_part_of_the_run_finds_its_file_again(tmp_path):
    killed(tmp_path, Notes(3), at=13)
    part = resumed(tmp_path, Dies(25))
    with pytest.raises(KeyboardInterrupt):
        part.train()
    assert notes(tmp_path) == [3, 6, 9]
    resumed(tmp_path, Notes(3)).train()
    assert notes(tmp_path) == [3, 6, 9, *range(21, 40, 3), 40]


def test_a_film_is_whole_once_it_is_cut_back(tmp_path):
    killed(tmp_path, Vlog(4, size=16))
    with Image.open(tmp_path / "vlog.gif") as film:
        assert film.n_frames == 9
    resumed(tmp_path)  # without the hook, even
    assert (tmp_path / "vlog.gif").read_bytes().endswith(b";")
    with Image.open(tmp_path / "vlog.gif") as film:
        assert film.n_frames == 8


def test_a_film_that_is_cut_back_goes_on_to_the_same_bytes(tmp_path):
    trainer(tmp_path / "whole", Vlog(4, size=16)).train()
    killed(tmp_path / "killed", Vlog(4, size=16))
    resumed(tmp_path / "killed", Vlog(4, size=16)).train()
    assert (tmp_path / "whole/vlog.gif").read_bytes() == (tmp_path / "killed/vlog.gif").read_bytes()


@pytest.mark.parametrize(
    ("name", "kept"), [("vlog.gif", "vlog.damaged-1.gif"), ("metrics.jsonl", "metrics.damaged-1.jsonl")]
)
def test_damage_before_the_checkpoint_is_told_and_the_damaged_file_kept(tmp_path, caplog, name, kept):
    killed(tmp_path, Vlog(5, size=16), MetricsWriter(), Hook(5))
    content = bytearray((tmp_path / name).read_bytes())
    content[20] ^= 1
    (tmp_path / name).write_bytes(content)
    second = resumed(tmp_path, Vlog(5, size=16), MetricsWriter(), Hook(5))
    with caplog.at_level(logging.WARNING, "ksom"):
        second.train()
    told = f"{tmp_path / name}: is not what it was at the checkpoint; it is kept as {kept}"
    assert caplog.messages == [f"{told}; what follows begins a new one"]
    assert (tmp_path / kept).read_bytes() == content
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines][-2:] == [35, 40]
    with Image.open(tmp_path / "vlog.gif") as film:
        assert film.n_frames > 1


def test_undamaged_files_are_not_complained_of(tmp_path, caplog):
    killed(tmp_path, Vlog(5, size=16), MetricsWriter(), Hook(5))
    with caplog.at_level(logging.WARNING, "ksom"):
        resumed(tmp_path, Vlog(5, size=16), MetricsWriter(), Hook(5)).train()
    assert caplog.messages == []


def test_metrics_put_before_a_resumed_training_belong_to_its_iteration(tmp_path):
    class Measures(Hook):
        def before_train(self, run):
            run.metrics.put(begun=1)

    killed(tmp_path)
    second = resumed(tmp_path, Measures(1), Dies(1))
    with pytest.raises(KeyboardInterrupt):
        second.train()
    assert (second.run.metrics.at(30), second.run.metrics.at(0)) == ({"begun": 1.0}, {})


def test_seconds_of_earlier_parts_count(tmp_path):
    killed(tmp_path)
    checkpoint = newest_checkpoint(tmp_path / "checkpoints")
    state = {**checkpoint.state, "seconds": 1000.0, "wall_seconds": 3000.0}
    second = trainer(tmp_path)
    second.load_state(state, checkpoint.weights)
    second.train()
    assert 1000 < second.run.seconds < 1100
    assert 3000 < second.run.wall_seconds < 3100


def test_a_checkpoint_keeps_the_seconds(tmp_path):
    first = killed(tmp_path)
    state = newest_checkpoint(tmp_path / "checkpoints").state
    assert 0 < state["seconds"] < first.run.seconds < first.run.wall_seconds
    assert state["seconds"] < state["wall_seconds"] < first.run.wall_seconds


def test_growing_files_are_on_the_disk_before_a_checkpoint_that_tells_of_them(tmp_path, disk):
    class Watches(Hook):
        """Forgets what was done before the checkpoint."""

        def after_step(self, run):
            disk.clear()

    killed(tmp_path, Notes(5), MetricsWriter(), Vlog(5, size=16), Watches(5), at=11)
    before = disk[: disk.index("rename to iteration-000000010.npz")]
    files = ("metrics.jsonl", "vlog.gif", "notes.txt", tmp_path.name)
    assert set(before) >= {f"fsync {name}" for name in files}


def test_a_run_folder_that_is_removed_ends_the_training_with_an_error(tmp_path):
    class Removes(Hook):
        def after_step(self, run):
            run.folder.rename(tmp_path / "elsewhere")

    with pytest.raises(OutputError, match="run: was removed or moved away while the training wrote there"):
        trainer(tmp_path / "run", Removes(7), MetricsWriter()).train()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["vlog.gif", "metrics.jsonl"])
def test_a_result_that_is_removed_ends_the_training_with_an_error_and_a_resume_begins_it_anew(tmp_path, name, caplog):
    class Removes(Hook):
        def after_step(self, run):
            (run.folder / name).unlink(missing_ok=True)

    hooks = Vlog(5, size=16), Quality(5), MetricsWriter()
    with pytest.raises(OutputError, match=f"{name}: was removed or moved away while the training wrote there"):
        trainer(tmp_path, *hooks, Removes(11)).train()
    resumed(tmp_path, Vlog(5, size=16), Quality(5), MetricsWriter()).train()
    assert f"{name}: is gone; what follows begins a new one" in caplog.text
    assert (tmp_path / name).stat().st_size


@pytest.mark.parametrize("every", [7, 10])
def test_a_checkpoint_makes_no_new_run_folder(tmp_path, every):
    """Not even at the iteration at which the folder goes."""

    class Removes(Hook):
        def after_step(self, run):
            run.folder.rename(tmp_path / "elsewhere")

    with pytest.raises(OutputError):
        trainer(tmp_path / "run", Removes(every)).train()
    assert not (tmp_path / "run").exists()


def test_hooks_of_different_periods_are_due_from_where_the_run_stands(tmp_path):
    class Diary(Hook):
        def __init__(self, every, told):
            super().__init__(every)
            self.told = told

        def after_step(self, run):
            self.told.append((self.every, run.iteration))

    told = []
    killed(tmp_path)
    resumed(tmp_path, Diary(4, told), Diary(7, told)).train()
    assert told == [(4, 32), (7, 35), (4, 36), (4, 40), (7, 40)]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EMFILE, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("call", ["open", "fsync", "mkdir", "unlink", "replace"])
def test_whatever_the_system_refuses_to_a_checkpoint_is_one_clear_line(tmp_path, monkeypatch, call, number):
    class Refuses(Hook):
        """From now on the system refuses one kind of call."""

        def after_step(self, run):
            if run.iteration == 20 or call == "mkdir":
                monkeypatch.setattr(os, call, refuse)

    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    hooks = [Checkpoint(10, keep=1), Refuses(10), MetricsWriter()]
    with pytest.raises(OutputError, match=rf"cannot be written \({re.escape(os.strerror(number))}\); "):
        Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=40, hooks=hooks, folder=tmp_path).train()
