"""Killed and resumed = never killed: map.npz and the film to the bit, each step of the metrics once."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ksom.default_setup import Experiment
from ksom.hooks import Hook
from ksom.runs.run import Run
from tests.waiting import wait_until

EXPERIMENT = """
DATASET: {NAME: RandomColors, SIZE: 40}
MODEL: {HEIGHT: 30, WIDTH: 30}
TRAINER: {ITERATIONS: 600, BATCH_SIZE: 30, SHUFFLE: true}
HOOKS:
  VLOG: {EVERY: 7, SIZE: 60}
  CHECKPOINT: {EVERY: 5, KEEP: 2}
  QUALITY: {EVERY: 3}
"""

CLOCK = ("seconds", "seconds_per_iteration", "iterations_per_second", "eta_seconds")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    (folder / "colours.yaml").write_text(EXPERIMENT)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(experiment: Path) -> Path:
    assert run(experiment, "whole")[0] == 0
    return experiment / "whole"


def start(experiment: Path, folder: str, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "ksom",
        "train",
        "--config-file",
        "colours.yaml",
        "--output-dir",
        folder,
        *arguments,
    ]
    return subprocess.Popen(command, cwd=experiment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def run(experiment: Path, folder: str, *arguments: str) -> tuple[int, str]:
    return ended(start(experiment, folder, *arguments))


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    wait_until(lambda: path.exists() or process.poll() is not None, lambda: time.sleep(0.002))


def metrics(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in CLOCK} for line in lines]


def assert_same_run(folder: Path, uninterrupted: Path) -> None:
    for name in ("map.npz", "vlog.gif", "map.png"):
        assert (folder / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    assert metrics(folder) == metrics(uninterrupted)
    assert json.loads((folder / "summary.json").read_text())["status"] == "completed"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_and_resumed_equals_never_killed(
    experiment: Path, uninterrupted: Path, seed: int
) -> None:
    """Kill -9 loses nothing that a resume does not make again, bit for bit."""
    moments, folder, kills = random.Random(seed), experiment / f"killed{seed}", 0
    while True:
        process = start(experiment, folder.name, *(["--resume"] if folder.exists() else []))
        if kills < 8:
            wait_for(folder / "config.yaml", process)
            time.sleep(moments.uniform(0, 0.6))
            kills += process.poll() is None
            process.kill()
        status, output = ended(process)
        if status == 0:
            break
        assert status == -signal.SIGKILL, output
    assert kills > 1
    assert_same_run(folder, uninterrupted)


LONG = {
    "batch": ["TRAINER.ALGORITHM", "batch", "DATASET.SIZE", "400000", "TRAINER.BATCH_SIZE", "0"],
    "mini-batch": ["TRAINER.ALGORITHM", "batch", "DATASET.SIZE", "400000", "TRAINER.BATCH_SIZE", "300000"],
    "online": ["DATASET.SIZE", "20000", "TRAINER.BATCH_SIZE", "0"],
}
"""Trainings of a few iterations that take seconds each, with checkpoints by time within them."""

FEW = ["TRAINER.ITERATIONS", "3", "HOOKS.CHECKPOINT.MINUTES", "0.001", "HOOKS.VLOG.EVERY", "1"]
FEW += ["HOOKS.QUALITY.EVERY", "1", "CALLBACK_PERIOD", "1", "BACKEND", "numpy", "TRAINER.ALGORITHM", "online"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", LONG)
def test_killed_within_iterations_and_resumed_equals_never_killed(experiment: Path, kind: str) -> None:
    """Checkpoints are taken by time; the last part goes on with another backend."""
    long, moments = [*FEW, *LONG[kind]], random.Random(1)
    assert run(experiment, f"whole {kind}", *long)[0] == 0
    folder, within, kills = experiment / f"within {kind}", 0, 0
    while True:
        resume = ["--resume"] if folder.exists() else []
        process = start(experiment, folder.name, *resume, *long, *(["BACKEND", "auto"] if kills >= 4 else []))
        if kills < 4:
            wait_for(folder / "checkpoints" / "last.npz", process)
            time.sleep(moments.uniform(0.5, 2.5))
            kills += process.poll() is None
            process.kill()
        status, output = ended(process)
        within += "samples of the next one" in output
        if status == 0:
            break
        assert status == -signal.SIGKILL, output
    assert within > 0  # or no iteration was gone on with
    assert_same_run(folder, experiment / f"whole {kind}")


@pytest.mark.parametrize("kind", LONG)
def test_a_signal_stops_within_an_iteration_and_it_is_said_where(experiment: Path, kind: str) -> None:
    long = [*FEW, *LONG[kind]]
    folder = experiment / f"signal {kind}"
    process = start(experiment, folder.name, *long)
    wait_for(folder / "checkpoints" / "last.npz", process)
    process.send_signal(signal.SIGTERM)
    status, output = ended(process)
    assert status == 143, output
    assert re.search(r"interrupted after \d of 3 iterations, and \d+ samples of the next one", output), output


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_training_saves_and_a_resume_completes_the_same_run(
    experiment: Path, uninterrupted: Path, number: signal.Signals, status: int
) -> None:
    folder = experiment / number.name
    process = start(experiment, folder.name)
    wait_for(folder / "checkpoints" / "last.npz", process)
    process.send_signal(number)
    returned, output = ended(process)
    assert returned == status, output
    assert "interrupted" in output
    assert "--resume" in output
    assert json.loads((folder / "summary.json").read_text())["status"] == "interrupted"
    refused, message = run(experiment, folder.name)
    assert refused == 1
    assert "--resume" in message
    assert run(experiment, folder.name, "--resume")[0] == 0
    assert_same_run(folder, uninterrupted)


def test_a_signal_that_was_ignored_stays_so(experiment: Path, uninterrupted: Path) -> None:
    """As under nohup: closing the terminal does not stop the training."""
    folder = experiment / "nohup"
    code = "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); from ksom.entry import main; main()"
    command = [sys.executable, "-c", code, "train", "--config-file", "colours.yaml", "--output-dir", folder.name]
    process = subprocess.Popen(command, cwd=experiment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(folder / "checkpoints" / "last.npz", process)
    process.send_signal(signal.SIGHUP)
    status, output = ended(process)
    assert status == 0, output
    assert_same_run(folder, uninterrupted)


def test_a_second_ctrl_c_stops_at_once(experiment: Path) -> None:
    folder = experiment / "twice"
    process = start(
        experiment, folder.name, "BACKEND", "numpy", "MODEL.HEIGHT", "700", "MODEL.WIDTH", "700", "DATASET.SIZE", "400"
    )
    wait_for(folder / "config.yaml", process)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    status, output = ended(process)
    assert status == 130, output
    assert "Traceback" not in output
    assert not (folder / "summary.json").exists()


def test_a_damaged_newest_checkpoint_is_passed_over_with_a_warning(experiment: Path, uninterrupted: Path) -> None:
    folder = experiment / "damaged"
    process = start(experiment, folder.name)
    wait_for(folder / "checkpoints" / "iteration-000000010.npz", process)
    kill(process)
    newest = sorted((folder / "checkpoints").glob("iteration-*.npz"))[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    status, output = run(experiment, folder.name, "--resume")
    assert status == 0, output
    assert f"{newest.name}: the checkpoint is damaged" in output
    assert_same_run(folder, uninterrupted)


def test_resume_without_a_checkpoint_starts_from_the_beginning_and_says_so(
    experiment: Path, uninterrupted: Path
) -> None:
    assert "no checkpoint to resume from; starting from the beginning" in run(experiment, "nothing", "--resume")[1]
    assert_same_run(experiment / "nothing", uninterrupted)


def test_resume_of_a_finished_run_says_so_and_changes_nothing(experiment: Path, uninterrupted: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in uninterrupted.rglob("[!.]*")}
    status, output = run(experiment, uninterrupted.name, "--resume")
    assert status == 0
    assert "finished" in output
    assert {path: path.stat().st_mtime_ns for path in uninterrupted.rglob("[!.]*")} == before


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (("TRAINER.ITERATIONS", "400"), r"TRAINER.ITERATIONS: 600 → 400"),
        (("SEED", "1"), r"SEED: 0 → 1"),
        (("MODEL.DTYPE", "float64"), r"MODEL.DTYPE: float32 → float64"),
        (("DATASET.SIZE", "41"), r"DATASET.SIZE: 40 → 41"),
    ],
)
def test_resume_with_a_config_that_learns_something_else_is_refused_showing_the_difference(
    experiment: Path, uninterrupted: Path, override: tuple[str, str], message: str
) -> None:
    status, output = run(experiment, uninterrupted.name, "--resume", *override)
    assert status == 1
    assert message in output


def test_resume_with_other_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "colours.yaml").write_text("DATASET: {NAME: Array, PATH: data.npy}\nTRAINER: {ITERATIONS: 5}\n")
    np.save(tmp_path / "data.npy", np.eye(3))
    assert run(tmp_path, "run")[0] == 0
    np.save(tmp_path / "data.npy", np.eye(3) * 0.5)
    status, output = run(tmp_path, "run", "--resume")
    assert status == 1
    assert "the run was begun with other data" in output


def test_resume_with_other_hooks_threads_and_backend_is_welcome(experiment: Path, uninterrupted: Path) -> None:
    folder = experiment / "other"
    process = start(experiment, folder.name)
    wait_for(folder / "checkpoints" / "last.npz", process)
    kill(process)
    changes = ["THREADS", "1", "BACKEND", "numpy", "HOOKS.TIMING", "null", "HOOKS.CHECKPOINT.EVERY", "50"]
    assert run(experiment, folder.name, "--resume", *changes)[0] == 0
    assert (folder / "map.npz").read_bytes() == (uninterrupted / "map.npz").read_bytes()


def test_batch_training_killed_and_resumed_equals_never_killed(experiment: Path) -> None:
    batch = ["TRAINER.ALGORITHM", "batch"]
    assert run(experiment, "whole batch", *batch)[0] == 0
    process = start(experiment, "batch", *batch)
    wait_for(experiment / "batch" / "checkpoints" / "iteration-000000010.npz", process)
    kill(process)
    assert run(experiment, "batch", "--resume", "BACKEND", "numpy", *batch)[0] == 0
    assert_same_run(experiment / "batch", experiment / "whole batch")


def test_a_stop_by_the_time_limit_can_be_resumed_to_the_same_bits(experiment: Path, uninterrupted: Path) -> None:
    limit = ["HOOKS.LIMIT", "{NAME: TimeLimit, SECONDS: 0.3}"]
    status, output = run(experiment, "limited", *limit)
    assert status == 0
    assert "the time limit of 0.3 s is reached" in output
    first = json.loads((experiment / "limited" / "summary.json").read_text())
    assert run(experiment, "limited", "--resume")[0] == 0
    assert_same_run(experiment / "limited", uninterrupted)
    whole = json.loads((experiment / "limited" / "summary.json").read_text())
    assert 0.3 <= first["seconds_wall"] < whole["seconds_wall"]
    assert first["seconds_learning"] < whole["seconds_learning"] < whole["seconds_wall"]


def test_a_second_process_in_the_same_folder_is_refused(experiment: Path) -> None:
    folder = experiment / "busy"
    first = start(experiment, folder.name, "MODEL.HEIGHT", "300", "MODEL.WIDTH", "300")
    wait_for(folder / "config.yaml", first)
    status, output = run(experiment, folder.name)
    kill(first)
    assert status == 1
    assert "another process is training there" in output


def test_a_resumed_film_keeps_the_shape_of_its_frames(experiment: Path, uninterrupted: Path) -> None:
    assert run(experiment, "shape", "HOOKS.LIMIT", "{NAME: TimeLimit, SECONDS: 0.3}")[0] == 0
    status, output = run(experiment, "shape", "--resume", "HOOKS.VLOG.SIZE", "120", "HOOKS.VLOG.CAPTION", "false")
    assert status == 0
    assert "goes on with SIZE 60 and CAPTION True, as the film was begun" in output
    assert_same_run(experiment / "shape", uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize(
    "film",
    [
        ["MODEL.LATTICE", "hexagonal"],
        ["MODEL.LATTICE", "hexagonal", "HOOKS.VLOG.BESIDE", "umatrix"],
        ["HOOKS.VLOG.BESIDE", "topographic_error"],
        ["MODEL.HEIGHT", "1", "HOOKS.VLOG.LEGEND", "true"],
        ["DATASET", "{NAME: Bundled, SET: iris}", "HOOKS.VLOG.FORMAT", "webp"],
    ],
    ids=["hexagons", "umatrix", "curve", "chain", "legend"],
)
def test_a_film_of_a_killed_and_resumed_run_is_that_of_an_uninterrupted_one(
    experiment: Path, film: list[str], request: pytest.FixtureRequest
) -> None:
    """Whatever it shows; what is made of it in the end as well."""
    name, film = request.node.callspec.id, ["TRAINER.ITERATIONS", "200", *film]
    assert run(experiment, f"whole {name}", *film)[0] == 0
    process = start(experiment, f"killed {name}", *film)
    wait_for(experiment / f"killed {name}" / "checkpoints" / "iteration-000000060.npz", process)
    kill(process)
    assert run(experiment, f"killed {name}", "--resume", *film)[0] == 0
    assert_same_run(experiment / f"killed {name}", experiment / f"whole {name}")
    pages = [(experiment / f"{how} {name}" / "vlog.html").read_text() for how in ("killed", "whole")]
    assert pages[0].replace("killed", "whole") == pages[1]
    if "webp" in film:
        both = [(experiment / f"{how} {name}" / "vlog.webp").read_bytes() for how in ("killed", "whole")]
        assert both[0] == both[1]


def test_a_plain_name_of_an_earlier_config_is_a_node_with_defaults(tmp_path: Path) -> None:
    class Stop(Hook):
        def after_step(self, hook_run: Run) -> None:
            hook_run.request_stop("enough")

    first = Experiment(output_dir=tmp_path / "run")
    plain = {**first.config["MODEL"], "LATTICE": "rectangular", "NEIGHBOURHOOD": "gaussian"}
    first.trainer.config = {**first.config, "MODEL": plain}
    first.trainer.hooks["STOP"] = Stop()
    assert first.run().status == "stopped"
    assert Experiment(output_dir=tmp_path / "run").run(resume=True).status == "completed"
