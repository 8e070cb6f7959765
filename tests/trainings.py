"""Trainings in processes of their own that take as long as a test needs, to be looked at while they go on."""

import subprocess
import sys
import time
from pathlib import Path

SLOWLY = """
import time
from ksom import Dataset
import numpy as np

class Slow(Dataset):
    def __init__(self, seconds=0.05, fails_at=10**9):
        self.seconds, self.fails_at = seconds, fails_at
        super().__init__(np.random.default_rng(0).random((40, 3)))

    def batch(self, iteration, **how):
        if iteration >= self.fails_at:
            raise ValueError("the sensor has \\x1b[2J gone")
        time.sleep(self.seconds)
        yield self.samples
"""
SLOW = """
DATASET: {NAME: "slowly:Slow"}
MODEL: {HEIGHT: 3, WIDTH: 4}
TRAINER: {ITERATIONS: 10000}
BACKEND: numpy
CALLBACK_PERIOD: 1
HOOKS: {CHECKPOINT: {EVERY: 5}}
"""


def write_slow_experiment(folder: Path) -> None:
    """Put slow.yaml, and its data set, into a folder."""
    (folder / "slowly.py").write_text(SLOWLY)
    (folder / "slow.yaml").write_text(SLOW)


def begun(run: str, *words: str) -> subprocess.Popen[bytes]:
    """Return the process of a training that has written numbers and a checkpoint; by itself it would take minutes."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ksom", "train", "slow.yaml", "--output-dir", run, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(Path(run, "checkpoints").glob("iteration-*.npz")):
        assert child.poll() is None
        time.sleep(0.05)
    return child
