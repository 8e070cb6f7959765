"""`ksom list`: the runs below a folder, whatever state they are in and whoever made them."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from ksom.entry import cli
from ksom.runs.run_folder import RunFolder
from ksom.tasks.run_line import RunLine, run_line
from ksom.tasks.run_list import RunList
from ksom.tasks.runs_table import differing, runs_below
from ksom.text_table import width_of
from tests.trainings import begun, write_slow_experiment

SMALL = "MODEL: {HEIGHT: 3, WIDTH: 4}\nTRAINER: {ITERATIONS: 20}\nBACKEND: numpy\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with an experiment and a slow data set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    write_slow_experiment(tmp_path)
    return tmp_path


def command(*words, fails=False):
    done = CliRunner().invoke(cli, list(map(str, words)), standalone_mode=False)
    if fails:
        return str(done.exception)
    assert done.exception is None, done.exception
    return done.stdout


def trained(name, *words):
    command("train", "small.yaml", "--output-dir", f"logs/{name}", *words)
    return Path("logs", name)


def statuses():
    return {run.name: run.status for run in runs_below(Path("logs")).runs}


def test_a_run_has_a_line_with_its_size_iterations_quality_and_name(folder):
    trained("one")
    header, _, titles, line = command("list").splitlines()
    assert header == "logs: 1 run (1 completed), newest first"
    assert titles.split() == ["run", "status", "began", "map", "iterations", "time", "quantization", "topographic"]
    summary = json.loads(Path("logs/one/summary.json").read_text())
    assert line.split()[:2] + line.split()[4:8] == ["one", "completed", "3", "×", "4", "20"]
    assert line.split()[-2] == f"{summary['quantization_error']:.4g}"


def test_keys_that_differ_have_columns_and_no_others(folder):
    trained("a", "SEED", "1")
    trained("b", "SEED", "2", "DATASET.SIZE", "7")
    assert differing(runs_below(Path("logs")).runs) == ["SEED", "DATASET.SIZE"]
    titles, *lines = command("list", "--sort", "name").splitlines()[2:]
    assert titles.split()[-2:] == ["SEED", "DATASET.SIZE"]
    assert [line.split()[-2:] for line in lines] == [["1", "20"], ["2", "7"]]


def test_a_key_that_a_run_does_not_have_differs(folder):
    trained("a")
    trained("b", "TRAINER.ALGORITHM", "online")
    keys = differing(runs_below(Path("logs")).runs)
    assert {"TRAINER.ALGORITHM.NAME", "TRAINER.ALGORITHM.LEARNING_RATE.START"} <= set(keys)
    assert "–" in command("list", "--all")


def test_a_training_that_goes_on_is_running_and_once_it_is_killed_it_is_killed(folder):
    child = begun("logs/r")
    assert statuses() == {"r": "running"}
    child.kill()
    child.wait()
    assert statuses() == {"r": "killed"}


def test_an_interrupted_training_is_told_as_that_with_the_reason(folder):
    child = begun("logs/r")
    child.send_signal(signal.SIGINT)
    child.wait(60)
    line = run_line(Path("logs/r"))
    assert line.status == "interrupted"
    assert line.why


def test_a_failed_training_is_told_with_what_it_failed_of_and_does_not_steer_the_terminal(folder):
    done = subprocess.run([sys.executable, "-m", "ksom", "train", "small.yaml", "DATASET.NAME", "slowly:Slow",
                           "DATASET.FAILS_AT", "5", "DATASET.SECONDS", "0", "CALLBACK_PERIOD", "1"],
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert command("list").splitlines()[-1] == r"logs/small: failed: ValueError: the sensor has \x1b[2J gone"


def test_looking_at_the_lock_keeps_no_training_from_its_folder(folder):
    run = RunFolder(trained("one"))

    with Path("logs/one/.lock").open("rb") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        other = subprocess.Popen([sys.executable, "-c", (
            "import filelock; from pathlib import Path; from ksom.runs.run_folder import RunFolder\n"
            "print('now', flush=True)\nwith RunFolder(Path('logs/one')).locked(): pass"
        )], stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        assert other.stdout.readline() == b"now\n"
        time.sleep(0.05)
    assert other.communicate()[1] == b""
    with run.locked():
        assert run.is_locked
    assert not run.is_locked


def test_looking_writes_nothing(folder):
    run = trained("one")
    before = {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")}
    command("list")
    assert {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in run.rglob("*")} == before


def test_runs_are_found_in_folders_of_folders(folder):
    trained("deep/er/one")
    trained("two")
    assert [line.split()[0] for line in command("list", "--sort", "name").splitlines()[3:]] == ["deep/er/one", "two"]


def test_the_newest_is_first_and_reversed_the_last(folder):
    for name, when in (("old", 100), ("new", 300), ("middle", 200)):
        os.utime(trained(name) / "environment.json", (when, when))
    assert [run.name for run in RunList.of(Path("logs")).runs] == ["new", "middle", "old"]
    assert [run.name for run in RunList.of(Path("logs"), reverse=True).runs] == ["old", "middle", "new"]


def test_the_best_is_first_and_what_was_not_measured_last_both_ways_round(folder):
    for seed in range(3):
        trained(str(seed), "SEED", seed)
    unmeasured = trained("none")
    (unmeasured / "summary.json").unlink()
    (unmeasured / "metrics.jsonl").write_text("")
    for reverse in (False, True):
        *runs, last = RunList.of(Path("logs"), "quantization_error", reverse=reverse).runs
        errors = [run.numbers["quantization_error"] for run in runs]
        assert errors == sorted(errors, reverse=reverse)
        assert last.name == "none"


def test_a_number_that_nobody_has_is_refused_with_the_nearest(folder):
    trained("one")
    assert command("list", "--sort", "quantisation_error", fails=True) == (
        "--sort: no run has a number that is called 'quantisation_error'; did you mean 'quantization_error'?"
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_the_table_fits_into_the_terminal(folder, width):
    trained("a", "SEED", "1")
    trained("b", "SEED", "2", "DATASET.SIZE", "7")
    lines = RunList.of(Path("logs")).as_text(width).splitlines()
    assert all(width_of(line) <= width for line in lines[2:5])
    assert lines[2].startswith("run")


def test_more_differences_than_have_room_are_counted(folder):
    trained("a")
    others = "SEED 2 DATASET.SIZE 7 CALLBACK_PERIOD 3 THREADS 1 HOOKS.VLOG.FPS 3 HOOKS.VLOG.SIZE 100"
    trained("b", "TRAINER.ALGORITHM", "online", *others.split())
    runs = RunList.of(Path("logs"))
    keys = len(differing(runs.runs))
    assert runs.as_text().endswith(f"{keys - 8} more keys of the configurations differ: --all shows them")
    assert "--all" not in runs.as_text(with_all=True)
    assert runs.as_text().splitlines()[2].split()[8] == "SEED"  # not one that only one of them has


@pytest.mark.parametrize("name", ["地図 😀", "שלום", 'it\'s "quoted" <script>', "n" * 200])
def test_a_run_may_be_called_anything(folder, name):
    trained("a")
    Path("logs/a").rename(Path("logs", name))
    told = command("list")
    assert name[:39] in told
    assert json.loads(command("list", "--json"))["runs"][0]["name"] == name


def _break(run: Path, name: str) -> None:
    (run / name).write_text("{" * 100_000)


def _link(run: Path, name: str) -> None:
    (run / name).rename(run.parent / name)
    (run / name).symlink_to(run.parent.resolve() / name)


BREAKS = {
    "summary that is no JSON": lambda run: _break(run, "summary.json"),
    "summary of something else": lambda run: (run / "summary.json").write_text("[1]"),
    "config that is no YAML": lambda run: _break(run, "config.yaml"),
    "config that is a list": lambda run: (run / "config.yaml").write_text("[1]"),
    "metrics that are none": lambda run: (run / "metrics.jsonl").write_text("hello\n"),
    "metrics of text": lambda run: (run / "metrics.jsonl").write_text('{"iteration": 1, "a": "b"}\n'),
    "environment that is no JSON": lambda run: _break(run, "environment.json"),
    "no environment": lambda run: (run / "environment.json").unlink(),
    "linked config": lambda run: _link(run, "config.yaml"),
    "linked metrics": lambda run: _link(run, "metrics.jsonl"),
    "linked log": lambda run: _link(run, "train.log"),
    "endless summary": lambda run: ((run / "summary.json").unlink(), os.mkfifo(run / "summary.json")),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_damaged_run_is_one_line_beside_the_others(folder, how):
    trained("good")
    BREAKS[how](trained("bad"))
    lines = command("list").splitlines()
    assert {run.name: run.status for run in RunList.of(Path("logs")).runs} == {"good": "completed", "bad": "damaged"}
    assert lines[-1].startswith("logs/bad: damaged: ")
    assert "; nested" not in lines[-1]


NOT_READ = {
    "a value that is none of its kind": {
        "status": ["a"],
        "iteration": "b",
        "seconds_wall": {},
        "quantization_error": "x",
    },
    "nothing but the status": {"status": "completed"},
    "control characters": {"status": "fine\x1b[2J", "reason": "a\nb"},
    "endless numbers": {"status": "completed", "iteration": 10**400, "seconds_wall": float("inf")},
    "whole numbers that no float holds": {"status": "completed", "seconds_wall": 10**400, "topographic_error": 10**400},
}


@pytest.mark.parametrize("summary", NOT_READ.values(), ids=NOT_READ)
def test_a_strangers_summary_is_shown_as_far_as_it_is_one(folder, summary):
    run = trained("a")
    (run / "summary.json").write_text(json.dumps(summary))
    told = command("list")
    assert "\x1b" not in told
    json.loads(command("list", "--json"))


def test_foreign_folders_are_a_line_each(folder):
    trained("a")
    for name in ("photos", "empty", ".hidden"):
        Path("logs", name).mkdir()
    Path("logs/photos/a.png").write_text("")
    assert command("list").splitlines()[-2:] == [
        "logs/empty: holds no run of ksom",
        "logs/photos: holds no run of ksom",
    ]


def test_links_are_told_and_not_followed(folder):
    trained("a")
    trained("../elsewhere/b")
    Path("logs/linked").symlink_to(folder / "elsewhere")
    Path("logs/round").symlink_to(folder)
    lines = command("list").splitlines()
    assert lines[0].startswith("logs: 1 run ")
    assert lines[-2] == "logs/linked: is a link, and is not followed; name it to see the runs in it"
    assert "b" in [run.name for run in RunList.of(Path("logs/linked")).runs]


def test_a_run_itself_may_be_listed(folder):
    trained("a")
    assert command("list", "logs/a").splitlines()[-1].startswith("a    completed")


NO_FOLDERS = {
    "logs": "logs: there is no such folder; name the one that runs are in",
    "small.yaml": "small.yaml: is not a folder",
}


@pytest.mark.parametrize(("name", "told"), NO_FOLDERS.items())
def test_a_folder_that_is_not_there_is_one_line(folder, name, told):
    assert command("list", name, fails=True) == told


def test_a_folder_without_runs_is_told_so(folder):
    Path("logs").mkdir()
    assert command("list") == "logs: there is no run in it\n"


def test_the_last_numbers_are_those_of_a_long_file_too(folder):
    run = trained("a")
    (run / "summary.json").unlink()
    with (run / "metrics.jsonl").open("a") as file:
        for iteration in range(21, 5000):
            file.write(json.dumps({"iteration": iteration, "seconds": 1.0, "error": iteration / 2}) + "\n")
        file.write('{"iteration": 9999, "sec')
    assert run_line(run).numbers["error"] == 4999 / 2
    assert run_line(run).iteration == 4999


def test_json_holds_all_of_a_line(folder):
    trained("a")
    told = json.loads(command("list", "--json"))
    assert set(told["runs"][0]) == {*RunLine.__dataclass_fields__, "name"}
    assert told["runs"][0]["config"]["MODEL.WIDTH"] == "4"
