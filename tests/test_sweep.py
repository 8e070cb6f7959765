"""`ksom sweep`: real small trainings in processes of their own, one table, resumed as a whole."""

import contextlib
import csv
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

import ksom
from ksom.default_setup import Experiment
from ksom.entry import cli, main
from ksom.runs.run_folder import RunFolder
from ksom.tasks.comparison import compare
from ksom.tasks.grid import Grid, axis
from ksom.tasks.sweep import Sweep
from ksom.tasks.sweep_results import Spread

SHEET = np.random.default_rng(0).normal(size=(80, 4)) * [3, 2, 1, 0.5]
WIDTHS = ("--grid", "MODEL.WIDTH", "3,5")
LONG = ("MODEL.WIDTH=30", "MODEL.HEIGHT=30", "TRAINER.ITERATIONS=1500", "HOOKS.CHECKPOINT.EVERY=100", "HOOKS.VLOG=null")
"""A training of some seconds, and few files."""
ELSEWHERE = "; choose another folder (-o)"
QUICK = """
DATASET: {NAME: Array, PATH: sheet.npy}
MODEL: {HEIGHT: 4, INITIAL: random}
TRAINER: {ITERATIONS: 12}
HOOKS: {CHECKPOINT: {EVERY: 4}}
"""


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with data and an experiment, which is the current one."""
    monkeypatch.chdir(tmp_path)
    np.save("sheet.npy", SHEET)
    (tmp_path / "quick.yaml").write_text(QUICK)
    return tmp_path


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep of 2 widths × 3 seeds, two at a time; whoever wants to change it makes a copy."""
    folder = tmp_path_factory.mktemp("sweep")
    np.save(folder / "sheet.npy", SHEET)
    (folder / "quick.yaml").write_text(QUICK)
    with contextlib.chdir(folder):
        Sweep("quick.yaml", Grid([axis("MODEL.WIDTH", "3,5")], [0, 1, 2])).run(jobs=2)
    return folder


@pytest.fixture
def copied(swept, tmp_path, monkeypatch):
    shutil.copytree(swept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "logs" / "quick.sweep"


def command(*words):
    """Run the command in this process; return its status, what it printed, and the table."""
    done = CliRunner().invoke(cli, ["sweep", *map(str, words)], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout


def refused(monkeypatch, capsys, *words):
    """Run the command as from a shell; return the one line that it says."""
    monkeypatch.setattr(sys, "argv", ["ksom", "sweep", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err.strip()


def table(folder):
    with (folder / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def bits(folder):
    """The SHA-256 of each run's weights, by the run's name."""
    maps = sorted(folder.glob("*/map.npz"))
    return {path.parent.name: hashlib.sha256(ksom.KohonenSOM.load(path).weights.tobytes()).hexdigest() for path in maps}


def test_the_bits_are_the_same_however_many_runs_are_trained_at_a_time(copied):
    command("quick.yaml", *WIDTHS, "--seeds", 3, "--jobs", 1, "-o", "alone")
    assert len(bits(copied)) == 6
    assert bits(copied.parents[1] / "alone") == bits(copied)


def test_a_run_has_the_bits_of_an_ordinary_training(copied):
    result = Experiment("quick.yaml", ["MODEL.WIDTH", "5", "SEED", "2"], "ordinary").run()
    ordinary = hashlib.sha256(result.som.weights.tobytes()).hexdigest()
    assert bits(copied)["width=5,seed=2"] == ordinary


def test_the_table_has_a_row_for_each_run_with_what_its_folder_tells(copied):
    rows = table(copied)
    assert [(row["MODEL.WIDTH"], row["SEED"]) for row in rows] == [(w, s) for w in "35" for s in "012"]
    for row in rows:
        summary = RunFolder(copied / row["run"]).summary()
        assert row["status"] == "completed"
        assert float(row["quantization_error"]) == summary["quantization_error"]
        assert float(row["topographic_error"]) == summary["topographic_error"]
        assert 0 < float(row["explained_variance"]) < 1
        assert float(row["seconds_learning"]) > 0


def test_a_combination_is_told_by_means_and_deviations_over_its_seeds(copied):
    told = json.loads((copied / "sweep.json").read_text())
    rows = table(copied)
    for combination in told["combinations"]:
        own = [row for row in rows if row["MODEL.WIDTH"] == combination["values"]["MODEL.WIDTH"]]
        errors = [float(row["quantization_error"]) for row in own]
        assert combination["ended"] == combination["runs"] == 3
        assert combination["quantization_error"]["mean"] == pytest.approx(np.mean(errors))
        assert combination["quantization_error"]["deviation"] == pytest.approx(np.std(errors, ddof=1))
        agreements = {int(row["SEED"]): float(row["agreement"]) for row in own}
        assert combination["typical_seed"] == max(agreements, key=agreements.get)


def test_equal_numbers_do_not_deviate_by_their_rounding():
    number = 0.8132702392002724
    assert np.std([number] * 3, ddof=1) > 0
    assert Spread.of([number, None, number, number]) == (number, 0)
    assert Spread.of([number]) == (number, None)


def test_how_well_seeds_agree_is_the_measure_of_compare(copied):
    compared = compare([copied / f"width=3,seed={seed}" for seed in range(3)])
    shares = [compared.agreement(i, j).share for i, j in ((0, 1), (0, 2), (1, 2))]
    told = json.loads((copied / "sweep.json").read_text())["combinations"][0]
    assert told["agreement"]["mean"] == pytest.approx(np.mean(shares))
    first = table(copied)[0]
    assert float(first["agreement"]) == pytest.approx((shares[0] + shares[1]) / 2)


def test_the_front_is_marked_in_the_table_and_drawn(copied):
    rows = table(copied)
    errors = [(float(row["quantization_error"]), float(row["topographic_error"])) for row in rows]
    is_on = [
        not any(q <= own[0] and t <= own[1] and (q, t) != own for q, t in errors)
        for own in errors
    ]  # fmt: skip
    assert [row["on_front"] == "True" for row in rows] == is_on
    assert (copied / "pareto.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_is_everything_but_the_picture(copied, monkeypatch):
    (copied / "pareto.png").unlink()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, told = command("quick.yaml", *WIDTHS, "--seeds", 3)
    assert status == 0
    assert "Pareto" not in told
    assert not (copied / "pareto.png").exists()


def test_the_same_command_again_trains_nothing(copied):
    times = {path: path.stat().st_mtime_ns for path in copied.glob("*/*")}
    status, told = command("quick.yaml", *WIDTHS, "--seeds", 3, "--jobs", 2)
    assert status == 0
    assert told.count("completed") == 6
    assert {path: path.stat().st_mtime_ns for path in copied.glob("*/*")} == times


def test_an_unfinished_run_is_resumed_and_ends_with_the_same_bits(copied):
    before = bits(copied)
    run = copied / "width=5,seed=1"
    for name in ("summary.json", "map.npz"):
        (run / name).unlink()
    for path in run.glob("checkpoints/*12.npz"):
        path.unlink()
    command("quick.yaml", *WIDTHS, "--seeds", 3)
    assert bits(copied) == before
    assert "resuming at iteration 8 of 12" in (run / "train.log").read_text()


def test_the_same_grid_in_another_order_trains_nothing(there):
    height = ("--grid", "MODEL.HEIGHT", "2")
    command("quick.yaml", *WIDTHS, *height)
    before = {path: path.stat().st_mtime_ns for path in (there / "logs").rglob("map.npz")}
    command("quick.yaml", *height, *WIDTHS)
    assert {path: path.stat().st_mtime_ns for path in (there / "logs").rglob("map.npz")} == before


def test_more_values_and_seeds_go_on_from_what_is_there(copied):
    kept = bits(copied)
    command("quick.yaml", "--grid", "MODEL.WIDTH", "5,6", "--seeds", "2,7")
    assert kept.items() < bits(copied).items()
    found = [(row["MODEL.WIDTH"], row["SEED"]) for row in table(copied)]
    assert sorted(found) == sorted([(w, s) for w in "35" for s in "012"] + [("5", "7"), ("6", "2"), ("6", "7")])
    assert all(row["status"] == "completed" for row in table(copied))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--grid", "MODEL.WIDHT", "3,4"),
            "with MODEL.WIDHT 3: MODEL.WIDHT: KohonenSOM has no such key; did you mean 'WIDTH'?",
        ),
        (("--grid", "MODEL.WIDTH", "3,x"), "with MODEL.WIDTH x: MODEL.WIDTH must be an integer of at least 1, got 'x'"),
        (
            ("--grid", "TRAINER.ITERATIONS", "3,[4]"),
            "with TRAINER.ITERATIONS [4]: TRAINER.ITERATIONS must be an integer of at least 1, got [4]",
        ),
        (("--grid", "MODL.WIDTH", "3"), "with MODL.WIDTH 3: the command line: unknown key MODL; did you mean 'MODEL'?"),
    ],
)
def test_a_bad_value_is_one_line_and_nothing_is_trained(there, monkeypatch, capsys, words, message):
    told = refused(monkeypatch, capsys, "quick.yaml", *words, "--seeds", "2")
    assert told.startswith(f"Error: {message}")
    assert "\n" not in told
    assert not (there / "logs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--grid", "MODEL.HEIGHT", "3,4"),
            "logs/quick.sweep: holds a sweep over MODEL.WIDTH, not over MODEL.HEIGHT" + ELSEWHERE,
        ),
        (
            (*WIDTHS, "TRAINER.ITERATIONS", "13"),
            f"logs/quick.sweep: holds a sweep of another experiment (TRAINER.ITERATIONS: 12 → 13){ELSEWHERE}",
        ),
        (
            (*WIDTHS, "-o", "logs"),
            "logs: is not empty and not the folder of a sweep (no sweep.json); choose another folder (-o)",
        ),
    ],
)
def test_another_sweep_in_the_folder_is_refused(copied, monkeypatch, capsys, words, message):
    before = bits(copied)
    assert refused(monkeypatch, capsys, "quick.yaml", *words) == f"Error: {message}"
    assert bits(copied) == before


def test_other_data_under_the_same_name_are_refused(copied, monkeypatch, capsys):
    np.save("sheet.npy", SHEET + 1)
    told = refused(monkeypatch, capsys, "quick.yaml", *WIDTHS, "--seeds", "4")
    why = "the sweep was begun with other data; sweep the same, or choose another folder (-o)"
    assert told == f"Error: logs/quick.sweep/width=3,seed=0: {why}"


@pytest.mark.parametrize(
    ("content", "why"),
    [("{", "cannot be read (it is damaged)"), ('{"grid": 3}', "does not tell of a sweep")],
)
def test_a_damaged_record_is_told_in_one_line(copied, monkeypatch, capsys, content, why):
    (copied / "sweep.json").write_text(content)
    told = refused(monkeypatch, capsys, "quick.yaml", *WIDTHS)
    assert told == f"Error: logs/quick.sweep/sweep.json: {why}; restore it, or choose another folder (-o)"


def test_a_run_that_fails_ends_no_other_and_is_named(there):
    foreign = there / "logs" / "quick.sweep" / "width=3,seed=1"
    command("quick.yaml", "--grid", "MODEL.WIDTH", "3")
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    status, told = command("quick.yaml", "--grid", "MODEL.WIDTH", "3", "--seeds", 3)
    assert status == 1
    assert "failed: width=3,seed=1: logs/quick.sweep/width=3,seed=1: is not empty and not a run of ksom" in told
    assert [row["status"] for row in table(foreign.parent)] == ["completed", "failed", "completed"]


def test_a_process_that_dies_ends_no_other_run(there):
    (there / "mine.py").write_text(
        "import os\nimport numpy as np\nfrom ksom import Dataset\n"
        "class Dies(Dataset):\n"
        "    def __init__(self, seed: int = 0) -> None:\n"
        "        if seed == 1:\n            print('not an answer', flush=True)\n            os._exit(3)\n"
        "        super().__init__(np.random.default_rng(seed).random((30, 2)))\n"
    )
    status, told = command("quick.yaml", "DATASET", "{NAME: 'mine:Dies'}", "--seeds", "0,1,2")
    assert status == 1
    assert "failed: seed=1: its process ended with status 3" in told
    assert [row["status"] for row in table(there / "logs/quick.sweep")] == ["completed", "failed", "completed"]
    assert "the data differ from seed to seed; agreement and explained variance are by those of seed 0" in told


def test_formulas_in_values_are_text_in_the_table(there):
    (there / "=2+3.npy").write_bytes((there / "sheet.npy").read_bytes())
    command("quick.yaml", "--grid", "DATASET.PATH", "=2+3.npy,sheet.npy")
    assert [row["DATASET.PATH"] for row in table(there / "logs/quick.sweep")] == ["'=2+3.npy", "sheet.npy"]


def test_two_sweeps_in_one_folder_are_refused(copied, monkeypatch, capsys):
    import filelock

    with filelock.FileLock(copied / ".lock"):
        told = refused(monkeypatch, capsys, "quick.yaml", *WIDTHS)
    assert told == "Error: logs/quick.sweep: another sweep is running there; wait, or choose another folder (-o)"


def test_a_lock_that_is_a_link_leads_nowhere(there, monkeypatch, capsys):
    folder = there / "logs/quick.sweep"
    folder.mkdir(parents=True)
    (there / "mine.txt").write_text("dear")
    (folder / ".lock").symlink_to(there / "mine.txt")
    assert "is a link" in refused(monkeypatch, capsys, "quick.yaml", *WIDTHS)
    assert (there / "mine.txt").read_text() == "dear"


def test_runs_of_a_sweep_that_ended_meanwhile_stay_in_the_table(copied):
    late = Sweep("quick.yaml", Grid([axis("MODEL.WIDTH", "3")], [0]))
    command("quick.yaml", *WIDTHS, "--seeds", "3,4")
    late.run()
    assert {row["SEED"] for row in table(copied)} == set("01234")


def test_a_process_that_cannot_be_begun_is_a_run_that_failed(there, monkeypatch):
    def none(self):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("ksom.tasks.run_pool._Worker.__init__", none)
    results = Sweep("quick.yaml", Grid([], [0, 1])).run().results
    assert [row.why for row in results.failed] == ["no process could be begun for it: Cannot allocate memory"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_cleanly_and_the_same_command_goes_on_to_the_same_bits(there, number):
    words = ["sweep", "quick.yaml", *LONG, "--seeds", "3", "--jobs", "2"]
    log = there / "logs/quick.sweep/seed=0/checkpoints"
    with subprocess.Popen([sys.executable, "-m", "ksom", *words], stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not list(log.glob("*.npz")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "interrupted; the same command goes on" in told
    assert "Traceback" not in told
    states = [row["status"] for row in table(there / "logs/quick.sweep")]
    assert "interrupted" in states
    assert states[2] == "not ended"
    for folder in ((), ("-o", "whole")):
        status, shown = command(*words[1:], *folder)
        assert status == 0, shown
    assert bits(there / "logs/quick.sweep") == bits(there / "whole")


@pytest.mark.slow
def test_runs_of_a_sweep_that_was_killed_end_by_themselves_and_are_resumed(there):
    words = ["sweep", "quick.yaml", *LONG, "--seeds", "1"]
    folder = there / "logs/quick.sweep/seed=0"
    with subprocess.Popen([sys.executable, "-m", "ksom", *words]) as process:
        until = time.monotonic() + 60
        while not list((folder / "checkpoints").glob("*.npz")) and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
    while RunFolder(folder).status is None and time.monotonic() < until:
        time.sleep(0.02)
    assert RunFolder(folder).status == "interrupted"
    status, _ = command(*words[1:])
    assert status == 0
