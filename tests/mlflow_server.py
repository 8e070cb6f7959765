"""A real MLflow server on this computer's own address, that tests can kill and start again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Process:
    """A server in a process group of its own."""

    def __init__(self, arguments: list[str], folder: Path, port: int, health: str) -> None:
        self.arguments, self.folder = [sys.executable, "-m", "mlflow", *arguments], folder
        self.uri = f"http://127.0.0.1:{port}"
        self.health = health
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it looks for uvicorn
        beside = {**os.environ, "PATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.arguments, cwd=self.folder, env=beside, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        while True:
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            try:
                with urlopen(f"{self.uri}/{self.health}", timeout=5):
                    return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)

    def kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def tracking_server(folder: Path, database: Path) -> Process:
    """A server on a copy of a database: making one anew takes longer."""
    shutil.copy(database, folder / "server.db")
    port = free_port()
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "artefacts"),
    ]
    return Process(["server", *store, "--port", str(port), "--workers", "1"], folder, port, "health")


def model_server(model: str, folder: Path) -> Process:
    port = free_port()
    serve = ["models", "serve", "--model-uri", model, "--env-manager", "local", "--port", str(port), "--workers", "1"]
    return Process(serve, folder, port, "ping")
