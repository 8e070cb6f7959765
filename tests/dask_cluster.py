"""A scheduler of Dask and its workers, as processes started by their commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import wait_until

HERE = Path(__file__).parents[1]


class DaskCluster:
    """A scheduler on this machine; its workers come when they are asked for.

    Parameters
    ----------
    folder : Path
        Where it writes its file and its logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.processes = folder, folder / "scheduler.json", list[subprocess.Popen[bytes]]()
        folder.mkdir(parents=True, exist_ok=True)
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                     "--no-show", "--scheduler-file", str(self.file))  # fmt: skip
        try:
            wait_until(self.file.exists)
        except BaseException:
            self.close()
            raise AssertionError(self.log("scheduler")) from None

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def worker(self, *options: str, before: tuple[str, ...] = (), path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker; `before` is put before its command, `path` is where its Python looks first."""
        how = ("--scheduler-file", str(self.file), "--nthreads", "1", "--no-dashboard", "--local-directory",
               str(self.folder), *options)  # fmt: skip
        return self._start("worker", *how, before=before, path=path)

    def log(self, what: str) -> str:
        return "".join(path.read_text() for path in self.folder.glob(f"{what}-*.log"))

    def close(self) -> None:
        """End workers first, one after another: without a scheduler they take 8 s."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)

    def _start(
        self, what: str, *options: str, before: tuple[str, ...] = (), path: Path | None = None
    ) -> subprocess.Popen[bytes]:
        seen = os.pathsep.join(str(folder) for folder in (path, HERE) if folder is not None)
        command = [*before, sys.executable, "-m", "dask", what, *options]
        with (self.folder / f"{what}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": seen},
                cwd=self.folder,
            )
        self.processes.append(process)
        return process
