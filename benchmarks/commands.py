"""How long the command takes from the shell: a whole process each."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.limits import Limits

CONFIGS = Path(__file__).parents[1] / "configs"

COMMANDS = {
    "import ksom": ["-c", "import ksom"],
    "ksom train, exp1.yaml": ["-m", "ksom", "train", "--config-file", str(CONFIGS / "exp1.yaml")],
    "ksom train, exp2.yaml": ["-m", "ksom", "train", "--config-file", str(CONFIGS / "exp2.yaml")],
    "ksom train, exp3.yaml": ["-m", "ksom", "train", "--config-file", str(CONFIGS / "exp3.yaml")],
}


def measure(limits: Limits) -> list[dict[str, Any]]:
    """Time each command, after a run that compiles and that fills the system's caches."""
    with tempfile.TemporaryDirectory() as compiled:
        return [_command(name, words, limits, compiled) for name, words in COMMANDS.items()]


def _command(name: str, words: list[str], limits: Limits, compiled: str) -> dict[str, Any]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": compiled}
    seconds: list[float] = []
    try:
        first = _seconds(words, environment, limits.answer)
        while len(seconds) < limits.runs and sum(seconds) < limits.cell:
            seconds.append(_seconds(words, environment, limits.answer))
    except subprocess.TimeoutExpired:
        return {"name": name, "note": f"not done after {limits.answer:.0f} s"}
    except subprocess.CalledProcessError as error:
        return {"name": name, "note": f"exit status {error.returncode}"}
    return {"name": name, "first_seconds": first, "seconds": statistics.median(seconds)}


def _seconds(words: list[str], environment: dict[str, str], timeout: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, timeout=timeout, check=True, capture_output=True
        )
        return time.perf_counter() - began
