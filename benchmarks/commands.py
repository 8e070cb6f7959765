"""How long the command takes from the shell: a whole process each."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.limits import Limits

HERE = Path(__file__).parents[1]
CONFIGS = HERE / "configs"


class Command(NamedTuple):
    """Arguments for the interpreter."""

    words: list[str]
    bare: str = ""
    """The row of the table that is the same training without the experiment around it."""


def _train(config: str) -> list[str]:
    return ["-m", "ksom", "train", "--config-file", str(CONFIGS / config)]


COMMANDS = {
    "import ksom": Command(["-c", "import ksom"]),
    "ksom train, exp1.yaml": Command(_train("exp1.yaml")),
    "ksom train, exp2.yaml": Command(_train("exp2.yaml"), bare="O2"),
    "ksom train, exp3.yaml": Command(_train("exp3.yaml"), bare="O3"),
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


def _command(name: str, command: Command, limits: Limits, compiled: str) -> dict[str, Any]:
    # This ksom, whatever else is installed.
    environment = {**os.environ, "NUMBA_CACHE_DIR": compiled, "PYTHONPATH": str(HERE)}
    runs: list[Taken] = []
    try:
        first = _taken(command.words, environment, limits.answer)
        while len(runs) < limits.runs and sum(run.whole for run in runs) < limits.cell:
            runs.append(_taken(command.words, environment, limits.answer))
    except subprocess.TimeoutExpired:
        return {"name": name, "note": f"not done after {limits.answer:.0f} s"}
    except subprocess.CalledProcessError as error:
        return {"name": name, "note": f"exit status {error.returncode}"}
    told = {"name": name, "bare": command.bare, "first_seconds": first.whole}
    trainings = [run.training for run in runs if run.training is not None]
    told |= {"training_seconds": statistics.median(trainings)} if trainings else {}
    return {**told, "seconds": statistics.median(run.whole for run in runs)}


def _taken(words: list[str], environment: dict[str, str], timeout: float) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, timeout=timeout, check=True, capture_output=True
        )
        seconds = time.perf_counter() - began
        summary = next(Path(folder).glob("logs/*/summary.json"), None)
        return Taken(seconds, json.loads(summary.read_text())["seconds_wall"] if summary else None)
