"""How long the command takes from the shell: a whole process each."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.limits import Limits

HERE = Path(__file__).parents[1]
CONFIGS = HERE / "configs"


class Command(NamedTuple):
    """Arguments for the interpreter."""

    words: list[str]
    bare: str = ""
    """The experiment whose training is measured without the experiment around it, in turn with the command."""


def _train(config: str) -> list[str]:
    return ["-m", "ksom", "train", "--config-file", str(CONFIGS / config)]


BARE = """
import sys, time, ksom
config = ksom.Experiment(sys.argv[1]).config
model, training = config["MODEL"], config["TRAINER"]

def seconds():
    data, began = ksom.RandomColors(config["DATASET"]["SIZE"]), time.perf_counter()
    ksom.train(data, model["HEIGHT"], model["WIDTH"], training["ITERATIONS"], algorithm="online", initial="random",
               shuffle=False, seed=config["SEED"])
    return time.perf_counter() - began

seconds()  # loads and compiles
print(seconds())
"""
"""The training of the colour experiments in a process that has its kernels, without hooks."""

COMMANDS = {
    "import numpy": Command(["-c", "import numpy"]),
    "import ksom": Command(["-c", "import ksom"]),
    "ksom --help": Command(["-m", "ksom", "--help"]),
    "ksom train, exp1.yaml": Command(_train("exp1.yaml"), bare="exp1.yaml"),
    "ksom train, exp2.yaml": Command(_train("exp2.yaml"), bare="exp2.yaml"),
    "ksom train, exp3.yaml": Command(_train("exp3.yaml"), bare="exp3.yaml"),
}


class Taken(NamedTuple):
    """Seconds of one process."""

    whole: float
    training: float | None
    """What the run itself tells of its training, hooks and loading of compiled kernels included; None if it is none."""


def measure(limits: Limits) -> list[dict[str, Any]]:
    """Time each command, after a run that compiles and that fills the system's caches."""
    with tempfile.TemporaryDirectory() as compiled:
        return [_command(name, command, limits, compiled) for name, command in COMMANDS.items()]


def _command(name: str, command: Command, limits: Limits, kept: str) -> dict[str, Any]:
    # This ksom, whatever else is installed; with what Python compiles kept, as it is for whoever uses it.
    environment = {**os.environ, "NUMBA_CACHE_DIR": kept, "PYTHONPYCACHEPREFIX": kept, "PYTHONPATH": str(HERE)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    runs: list[Taken] = []
    bare: list[float] = []
    try:
        first = _taken(command.words, environment, limits.answer)
        while len(runs) < limits.runs and sum(run.whole for run in runs) < limits.cell:
            runs.append(_taken(command.words, environment, limits.answer))
            bare += [_bare_seconds(command.bare, environment, limits.answer)] if command.bare else []
    except subprocess.TimeoutExpired:
        return {"name": name, "note": f"not done after {limits.answer:.0f} s"}
    except subprocess.CalledProcessError as error:
        return {"name": name, "note": f"exit status {error.returncode}"}
    told: dict[str, Any] = {"name": name, "first_seconds": first.whole}
    trainings = [run.training for run in runs if run.training is not None]
    told |= {"training_seconds": statistics.median(trainings)} if trainings else {}
    told |= {"bare_seconds": statistics.median(bare)} if bare else {}
    return {**told, "seconds": statistics.median(run.whole for run in runs)}


def _bare_seconds(config: str, environment: Mapping[str, str], timeout: float) -> float:
    words = [sys.executable, "-c", BARE, str(CONFIGS / config)]
    return float(subprocess.run(words, env=environment, timeout=timeout, check=True, capture_output=True).stdout)


def _taken(words: list[str], environment: Mapping[str, str], timeout: float) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, timeout=timeout, check=True, capture_output=True
        )
        seconds = time.perf_counter() - began
        summary = next(Path(folder).glob("logs/*/summary.json"), None)
        return Taken(seconds, json.loads(summary.read_text())["seconds_wall"] if summary else None)
