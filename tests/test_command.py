"""The command `ksom`, through the installed script or its entry point."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from ksom.commands import COMMANDS
from ksom.default_setup import Experiment
from ksom.entry import cli

ROOT = Path(__file__).parents[1]
KSOM = Path(sys.executable).with_name("ksom")
ARTEFACTS = {
    "config.yaml",
    "environment.json",
    "train.log",
    "metrics.jsonl",
    "vlog.gif",
    "vlog.html",
    "map.png",
    "map.npz",
    "checkpoints",
    "summary.json",
    ".lock",
}


def ksom(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KSOM, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def train(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ksom(folder, "train", *arguments)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    (tmp_path / "quick.yaml").write_text("TRAINER: {ITERATIONS: 5}\n")
    return tmp_path


def test_train_leaves_the_promised_files_and_says_where(quick: Path) -> None:
    done = train(quick, "--config-file", "quick.yaml")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (quick / "logs/quick").iterdir()} == ARTEFACTS
    for text in ("logs/quick/vlog.gif", "quantization error", "topographic error", "completed: 5 of 5 iterations"):
        assert text in done.stdout


def test_train_without_a_file_uses_the_default_configuration(tmp_path: Path) -> None:
    assert train(tmp_path).returncode == 0
    config = yaml.safe_load((tmp_path / "logs/default/config.yaml").read_text())
    assert config["TRAINER"]["ITERATIONS"] == 100
    assert np.load(tmp_path / "logs/default/map.npz")["weights"].shape == (10, 10, 3)


@pytest.mark.parametrize("name", ["exp1", "exp1_200", "exp1_500", "exp2", "exp3", "photo"])
def test_every_config_that_is_shipped_can_be_planned(name: str) -> None:
    planned = train(ROOT, "--config-file", f"configs/{name}.yaml", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "memory" in planned.stdout


def test_a_dry_run_trains_and_writes_nothing(quick: Path) -> None:
    planned = train(quick, "--config-file", "quick.yaml", "--dry-run", "MODEL.WIDTH", "7")
    assert planned.returncode == 0
    assert yaml.safe_load(planned.stdout.partition("\n\n")[0])["MODEL"]["WIDTH"] == 7
    assert "10 × 7 nodes" in planned.stdout
    assert [path.name for path in quick.iterdir()] == ["quick.yaml"]


def test_overrides_reach_every_level(quick: Path) -> None:
    train(
        quick,
        "--config-file",
        "quick.yaml",
        "MODEL.WIDTH",
        "4",
        "TRAINER.ALGORITHM.SIGMA.START",
        "2",
        "HOOKS.VLOG",
        "null",
    )
    config = yaml.safe_load((quick / "logs/quick/config.yaml").read_text())
    assert config["MODEL"]["WIDTH"] == 4
    assert config["TRAINER"]["ALGORITHM"]["SIGMA"] == {"NAME": "geometric", "START": 2.0, "END": 0.7}
    assert config["HOOKS"]["VLOG"] is None
    assert not (quick / "logs/quick/vlog.gif").exists()
    assert (quick / "logs/quick/map.png").is_file()


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_the_resolved_config_repeats_the_run_to_the_bit(quick: Path, algorithm: str) -> None:
    train(quick, "--config-file", "quick.yaml", "MODEL.WIDTH", "4", "TRAINER.ALGORITHM", algorithm)
    train(quick, "--config-file", "logs/quick/config.yaml", "--output-dir", "again")
    for name in ("map.npz", "vlog.gif", "map.png"):
        assert (quick / "logs/quick" / name).read_bytes() == (quick / "again" / name).read_bytes()
    resolved = [yaml.safe_load((quick / folder / "config.yaml").read_text()) for folder in ("logs/quick", "again")]
    assert resolved[0] == resolved[1]


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_the_number_of_threads_never_changes_a_byte_of_the_map(quick: Path, algorithm: str) -> None:
    """A map large enough that a second thread is worth it."""
    size = ("MODEL.HEIGHT", "100", "MODEL.WIDTH", "100", "DATASET.SIZE", "2000", "TRAINER.ITERATIONS", "3")
    for threads in ("1", "2"):
        chosen = ("BACKEND", "numba", "THREADS", threads, "TRAINER.ALGORITHM", algorithm)
        result = train(quick, "--config-file", "quick.yaml", "--output-dir", threads, *size, *chosen)
        assert result.returncode == 0, result.stderr
    assert (quick / "1/map.npz").read_bytes() == (quick / "2/map.npz").read_bytes()


def test_output_dir_names_the_run_folder_itself(quick: Path) -> None:
    train(quick, "--config-file", "quick.yaml", "--output-dir", "results/mine")
    assert (quick / "results/mine/map.npz").is_file()


def test_a_second_run_moves_the_finished_one_aside(quick: Path) -> None:
    for _ in range(3):
        assert train(quick, "--config-file", "quick.yaml").returncode == 0
    assert sorted(path.name for path in (quick / "logs").iterdir() if path.is_dir()) == ["quick", "quick.1", "quick.2"]


def test_restart_keeps_the_unfinished_run_under_another_name(quick: Path) -> None:
    train(quick, "--config-file", "quick.yaml")
    (quick / "logs/quick/summary.json").unlink()
    refused = train(quick, "--config-file", "quick.yaml")
    assert refused.returncode == 1
    assert "holds an unfinished run; go on with it by --resume, or begin anew by --restart" in refused.stderr
    assert train(quick, "--config-file", "quick.yaml", "--restart").returncode == 0
    assert (quick / "logs/quick.1/map.npz").is_file()


def test_a_folder_with_other_files_is_never_taken_for_a_run(quick: Path) -> None:
    (quick / "precious").mkdir()
    (quick / "precious/thesis.txt").write_text("years of work")
    (quick / "precious/config.yaml").write_text("a: 1")
    (quick / "precious/summary.json").write_text('{"status": "completed"}')
    refused = train(quick, "--config-file", "quick.yaml", "--output-dir", "precious", "--restart")
    assert refused.returncode == 1
    assert "is not empty and not a run of ksom (no environment.json of one); choose another" in refused.stderr
    assert len(list((quick / "precious").iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resme"], "No such option '--resme'. Did you mean '--resume'?"),
        (["--config-fil", "x.yaml"], "Did you mean '--config-file'?"),
        (["MODEL.WIDTH"], "overrides come in pairs, KEY VALUE; the last key, 'MODEL.WIDTH', has no value"),
        (["MODEL.WIDTH", "-3"], "MODEL.WIDTH must be an integer of at least 1, got -3"),
        (["MODEL.WIDHT", "3"], "MODEL.WIDHT: KohonenSOM has no such key; did you mean 'WIDTH'?"),
        (["TRAINER.ALGORITHM.SIGMA.START", "-1e-3"], "TRAINER.ALGORITHM.SIGMA.START must be a number > 0, got -0.001"),
        (["--resume", "--restart"], "give one of them"),
        (["--config-file", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["--config-file", "quik.yaml"], "did you mean 'quick.yaml'?"),
        (["--output-dir", "/proc/ksom"], "/proc/ksom: cannot be written"),
    ],
)
def test_wrong_arguments_get_one_clear_line(quick: Path, arguments: list[str], message: str) -> None:
    failed = train(quick, *arguments)
    assert failed.returncode in {1, 2}
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (quick / "logs").exists()


def test_a_failing_hook_is_named_and_the_traceback_is_in_the_log(quick: Path) -> None:
    hook = "from ksom import Hook\nclass Broken(Hook):\n    def after_step(self, run):\n        return 1 / 0\n"
    (quick / "broken.py").write_text(hook)
    failed = train(quick, "--config-file", "quick.yaml", "HOOKS.MINE", "broken:Broken")
    assert failed.returncode == 1
    assert "ZeroDivisionError: division by zero (--debug shows where); in after_step of the hook MINE" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Traceback" in (quick / "logs/quick/train.log").read_text()
    assert (
        "Traceback"
        in train(quick, "--config-file", "quick.yaml", "HOOKS.MINE", "broken:Broken", "--restart", "--debug").stderr
    )


def test_a_run_folder_that_is_removed_during_the_run_is_an_error(quick: Path) -> None:
    hook = (
        "import shutil\nfrom ksom import Hook\n"
        "class Removes(Hook):\n    def after_step(self, run):\n        shutil.rmtree(run.folder)\n"
    )
    (quick / "removes.py").write_text(hook)
    failed = train(quick, "--config-file", "quick.yaml", "HOOKS.MINE", "{NAME: 'removes:Removes', EVERY: 2}")
    assert failed.returncode == 1
    assert "logs/quick: was removed or moved away" in failed.stderr
    assert not (quick / "logs/quick").exists()


PREPARED = ("environment.json", "config.yaml", "map.npz", "map.png", "checkpoints/last.npz")


@pytest.mark.parametrize("resumed", [False, True])
def test_links_that_lie_ready_in_the_run_folder_are_never_written_through(quick: Path, resumed: bool) -> None:
    victim, folder = quick / "victim", quick / "run"
    victim.write_text("precious")
    run = ("--config-file", "quick.yaml", "--output-dir", "run")
    if resumed:
        assert train(quick, *run).returncode == 0
        (folder / "summary.json").unlink()
    for name in PREPARED:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}.part").symlink_to(victim)
        if resumed:
            path.unlink(missing_ok=True)
            path.symlink_to(victim if name != "environment.json" else folder / "env")
    if resumed:
        (folder / "env").write_text('{"packages": {"kohonen2": "0"}}')
    else:
        (folder / "checkpoints/.last.npz.part").unlink()
        (folder / "checkpoints").rmdir()
    done = train(quick, *run, *(["--resume"] if resumed else []))
    assert done.returncode == 0, done.stderr
    assert victim.read_text() == "precious"
    assert not any((folder / name).is_symlink() for name in PREPARED[:-1])


@pytest.mark.parametrize("name", ["train.log", "metrics.jsonl", "vlog.gif", ".lock", "checkpoints"])
def test_a_resume_refuses_to_write_through_a_link(quick: Path, name: str) -> None:
    run = ("--config-file", "quick.yaml", "--output-dir", "run", "TRAINER.ITERATIONS", "200")
    assert train(quick, *run).returncode == 0
    for later in ("summary.json", "checkpoints/iteration-000000200.npz"):
        (quick / "run" / later).unlink()
    (quick / "run" / name).rename(quick / "victim")
    (quick / "run" / name).symlink_to(quick / "victim")
    before = {path: path.lstat().st_mtime_ns for path in [quick / "victim", *(quick / "victim").rglob("*")]}
    refused = train(quick, *run, "--resume")
    assert refused.returncode == 1
    assert f"run/{name}: " in refused.stderr
    assert "remove it" in refused.stderr
    assert {path: path.lstat().st_mtime_ns for path in before} == before


def test_growing_files_are_on_the_disk_before_the_summary(quick: Path, disk: list[str]) -> None:
    Experiment(quick / "quick.yaml", output_dir=quick / "run").run()
    end = disk[: disk.index("rename to summary.json")]
    assert {"fsync train.log", "fsync metrics.jsonl", "fsync vlog.gif", "fsync run"} <= set(end[-6:])


def test_classes_of_the_users_own_are_found_beside_the_yaml_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/mine.py").write_text(
        "import numpy as np\nfrom ksom import Dataset, Hook\n"
        "class Ring(Dataset):\n"
        "    def __init__(self, size=50):\n"
        "        angle = np.linspace(0, 6.28, size)\n"
        "        super().__init__(np.stack([np.cos(angle), np.sin(angle)], axis=1))\n"
        "class Radius(Hook):\n"
        "    def after_step(self, run):\n"
        "        run.metrics.put(radius=float(np.hypot(*run.weights.reshape(-1, 2).T).mean()))\n"
    )
    (tmp_path / "deep/ring.yaml").write_text(
        "DATASET: {NAME: 'mine:Ring', SIZE: 30}\nHOOKS: {RADIUS: {NAME: 'mine:Radius', EVERY: 20}}\n"
    )
    done = train(tmp_path, "--config-file", "deep/ring.yaml")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "logs/ring/metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines if "radius" in line] == [20, 40, 60, 80, 100]
    config = yaml.safe_load((tmp_path / "logs/ring/config.yaml").read_text())
    assert config["DATASET"] == {"NAME": "mine:Ring", "SIZE": 30}


def test_no_result_holds_environment_variables(quick: Path) -> None:
    secret = "s3cr3t-in-the-environment"
    subprocess.run(
        [KSOM, "train", "--config-file", "quick.yaml"], cwd=quick, env={**os.environ, "TOKEN": secret}, check=True
    )
    files = [path for path in (quick / "logs").rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
@pytest.mark.parametrize("size", ["24k", "48k", "120k"])
def test_a_full_disk_gives_one_line_leaves_whole_files_and_can_be_resumed(quick: Path, size: str) -> None:
    disk = quick / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine does not let root mount")
    run = [
        "--config-file",
        "quick.yaml",
        "TRAINER.ITERATIONS",
        "60",
        "HOOKS.CHECKPOINT.EVERY",
        "5",
        "--output-dir",
        "disk/run",
    ]
    try:
        full = train(quick, *run)
        assert full.returncode == 1
        assert "cannot be written (No space left on device); free some space, then resume" in full.stderr
        assert "Traceback" not in full.stderr
        assert not list(disk.rglob("*.part"))
        for lines in disk.glob("run/metrics.jsonl"):
            assert all(json.loads(line) for line in lines.read_text().splitlines())
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        resumed = train(quick, *run, "--resume")
        assert resumed.returncode == 0, resumed.stderr
        assert train(quick, *run[:-1], "whole").returncode == 0
        for name in ("map.npz", "vlog.gif"):
            assert (disk / "run" / name).read_bytes() == (quick / "whole" / name).read_bytes()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_terminal_gets_a_progress_bar_with_the_time_left(quick: Path) -> None:
    controller, terminal = pty.openpty()
    large = [
        "MODEL.HEIGHT",
        "200",
        "MODEL.WIDTH",
        "200",
        "TRAINER.ITERATIONS",
        "20",
        "DATASET.SIZE",
        "60",
        "BACKEND",
        "numpy",
    ]
    command = [KSOM, "train", "--config-file", "quick.yaml", *large]
    process = subprocess.Popen(command, cwd=quick, stderr=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(controller, 4096):
            shown += part
    except OSError:  # the other end was closed
        pass
    os.close(controller)
    assert process.wait() == 0
    assert b"] 0 %, iteration 0/20" in shown
    assert re.search(rb"\d %, 0:\d\d left, iteration \d+/20", shown)
    assert b"iteration 20/20" in shown


def test_elsewhere_no_progress_bar_is_drawn(quick: Path) -> None:
    assert "\r" not in train(quick, "--config-file", "quick.yaml").stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_is_in_the_readme(command: str) -> None:
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.output
    assert f"ksom {command}" in (ROOT / "README.md").read_text()


def test_the_list_of_commands_loads_none_of_them(tmp_path: Path) -> None:
    code = "import sys; from ksom.entry import cli; cli.main(['--help'], standalone_mode=False)"
    code += "; sys.exit(any(name in sys.modules for name in ('numpy', 'yaml', 'ksom.commands.train')))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    from importlib.metadata import version

    assert version("kohonen2") in ksom(tmp_path, "--version").stdout


def test_describe_lists_data_sets_and_hooks_with_arguments_and_defaults(tmp_path: Path) -> None:
    listed = ksom(tmp_path, "describe").stdout
    for text in (
        "RandomColors",
        "ImagePixels",
        "SIZE: default 20",
        "Vlog",
        "FPS: default 10",
        "TimeLimit",
        "SECONDS: required",
    ):
        assert text in listed


def test_describe_explains_one_and_hints_at_the_nearest(tmp_path: Path) -> None:
    assert "Write the iteration under each frame." in ksom(tmp_path, "describe", "vlog").stdout
    failed = ksom(tmp_path, "describe", "Vlug")
    assert failed.returncode == 1
    assert "did you mean 'Vlog'?" in failed.stderr


def test_the_installed_command_is_there() -> None:
    assert shutil.which(str(KSOM))


def test_a_map_in_the_run_folder_cannot_be_the_first_weights_of_the_run_that_moves_it(quick: Path) -> None:
    assert train(quick, "--config-file", "quick.yaml").returncode == 0
    refused = train(quick, "--config-file", "quick.yaml", "MODEL.INITIAL", "{NAME: file, PATH: logs/quick/map.npz}")
    assert refused.returncode == 1
    assert "lies in the run folder, which a new run moves aside; copy it elsewhere" in refused.stderr
    assert (quick / "logs/quick/map.npz").is_file()


def test_the_current_folder_is_never_moved_aside(quick: Path) -> None:
    (quick / "here").mkdir()
    for expected in (0, 1):
        done = train(quick / "here", "--config-file", "../quick.yaml", "--output-dir", ".")
        assert done.returncode == expected, done.stderr
    assert "the current folder lies in it" in done.stderr


def test_namesakes_in_two_folders_are_two_modules(quick: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0)):
        (quick / name).mkdir()
        code = (
            f"import ksom\nclass Mine(ksom.Dataset):\n    def __init__(self):\n        super().__init__([[{value}]])\n"
        )
        (quick / name / "my_namesake.py").write_text(code)
        (quick / name / "exp.yaml").write_text("DATASET: {NAME: 'my_namesake:Mine'}")
    made = [Experiment(quick / name / "exp.yaml").dataset.samples.tolist() for name in ("a", "b", "a")]
    assert made == [[[1.0]], [[2.0]], [[1.0]]]


def test_an_experiment_runs_in_a_thread_too(quick: Path) -> None:
    experiment = Experiment(quick / "quick.yaml", output_dir=quick / "threaded")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(experiment.run).result().status == "completed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_of_somebody_else_gets_one_line(quick: Path) -> None:
    (quick / "theirs").mkdir(mode=0o700)
    quick.chmod(0o755)
    code = "import os, unicodedata, ksom.default_setup, ksom.entry, filelock; "  # read while one may
    code += "from ksom.hooks import *; os.setuid(65534); ksom.entry.main()"
    command = [sys.executable, "-c", code, "train", "--output-dir", quick / "theirs/run"]
    refused = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert "--user" in refused.stderr
