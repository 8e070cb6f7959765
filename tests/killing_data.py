"""Data that end the worker that reads them, so many times in each iteration."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ksom import Dataset


class Killing(Dataset):
    """Kills the process that reads a piece, midway, with SIGKILL, as often as there are files to remove.

    A scheduler counts a death against every part that the worker had, begun or not, and gives up one that was there
    often enough: deaths in as many iterations are counted apart.
    """

    def __init__(self, samples: Any, folder: Path, times: int, iterations: int, weights: Any = None) -> None:
        super().__init__(samples, weights)
        self.me, self.folder = os.getpid(), folder
        for iteration in range(iterations):
            for number in range(times):
                (folder / f"kill-{iteration}-{number}").touch()

    def piece(self, iteration: int, start: int, stop: int | None = None, **how: Any) -> Iterable[Any]:
        for number, rows in enumerate(super().piece(iteration, start, stop, **how)):
            if number == 1 and os.getpid() != self.me:
                for file in sorted(self.folder.glob(f"kill-{iteration}-*")):
                    file.unlink(missing_ok=True)
                    os.kill(os.getpid(), signal.SIGKILL)
            yield rows
