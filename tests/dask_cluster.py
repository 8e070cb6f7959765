"""A scheduler of Dask and its workers, as processes started by their commands."""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


class DaskCluster:
    """A scheduler on this machine; its workers come when they are asked for.

    Parameters
    ----------
    folder : Path
        Where it writes its file and its logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.processes = folder, folder / "scheduler.json", []
        folder.mkdir(parents=True, exist_ok=True)
        self.scheduler = self._start(sys.executable, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                     "--no-show", "--scheduler-file", str(self.file))  # fmt: skip
        deadline = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < deadline and self.scheduler.poll() is None, self.log("scheduler")
            time.sleep(0.1)

    @property
    def address(self) -> str:
        import json

        return str(json.loads(self.file.read_text())["address"])

    def worker(self, python: str = sys.executable, *options: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, of another Python too."""
        return self._start(python, "worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-dashboard",
                           "--local-directory", str(self.folder), *options, cwd=cwd)  # fmt: skip

    def log(self, what: str) -> str:
        return "".join(path.read_text() for path in self.folder.glob(f"{what}-*.log"))

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, python: str, what: str, *options: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(HERE)} if python == sys.executable else dict(os.environ)
        with (self.folder / f"{what}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen([python, "-m", "dask", what, *options], stdout=log, stderr=log, env=environment,
                                       cwd=cwd or self.folder)  # fmt: skip
        self.processes.append(process)
        return process
