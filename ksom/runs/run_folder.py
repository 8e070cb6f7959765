"""The folder of a run: where the newest run of an experiment lies, and what becomes of the one before it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from ksom.errors import OutputError
from ksom.masking import masked_values
from ksom.whole_files import as_json, cut_back, replacing, writing

CONFIG = "config.yaml"
SUMMARY = "summary.json"
CHECKPOINTS = "checkpoints"
LOCK = ".lock"
APPEND_ONLY = ("metrics.jsonl", "train.log", "vlog.gif")
"""Files that grow, and are cut back to a checkpoint by a resume."""
ENVIRONMENT = "environment.json"


class RunFolder:
    """The folder that holds an experiment's newest run.

    Parameters
    ----------
    path : Path
        The folder, such as logs/exp1.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def status(self) -> str | None:
        """How the run in the folder ended; None if it did not, or there is none."""
        try:
            return str(self.summary()["status"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def summary(self) -> dict[str, Any]:
        """Return what summary.json holds."""
        return dict(json.loads((self.path / SUMMARY).read_text()))

    @property
    def holds_run(self) -> bool:
        """Whether there is a run of ksom in the folder, ended or not: its environment.json tells."""
        try:
            return "kohonen2" in json.loads((self.path / ENVIRONMENT).read_text())["packages"]
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out of the folder, which is made if it is not there.

        Raises
        ------
        OutputError
            If another process trains in it, it cannot be written, or it holds something that is not a run.
        """
        with writing(self.path):
            foreign = not self.holds_run and self.path.is_dir() and any(map(_is_shown, self.path.iterdir()))
        if foreign:
            told = "is not empty and not a run of ksom; choose another folder with --output-dir"
            raise OutputError(f"{self.path}: {told}")
        self._take()
        try:
            yield
        finally:
            self._lock.release()

    def make_way(self, *, restart: bool) -> None:
        """Make the folder empty for a new run; an earlier run moves to the first free of <folder>.1, .2, ….

        Raises
        ------
        OutputError
            If there is an unfinished run and no `restart`, or no permission.
        """
        if not self.holds_run:
            return
        if self.status != "completed" and not restart:
            told = "holds an unfinished run; go on with it by --resume, or begin anew by --restart"
            raise OutputError(f"{self.path}: {told} (which keeps it under another name)")
        self._move_away()
        self._lock.release()  # it moved along
        self._take()

    def cut_back(self, offsets: Mapping[str, int]) -> list[str]:
        """Cut the append-only files back to where they were at a checkpoint; return those that are not there any more.

        A file that the checkpoint does not know is removed: it is from after it.
        """
        (self.path / SUMMARY).unlink(missing_ok=True)
        missing = []
        with writing(self.path):
            for name in APPEND_ONLY:
                if name not in offsets:
                    (self.path / name).unlink(missing_ok=True)
                elif not cut_back(self.path / name, offsets[name]):
                    (self.path / name).unlink(missing_ok=True)
                    missing.append(name)
        return missing

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved config: every default filled in, so that the run can be repeated after one changes."""
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        with replacing(self.path / CONFIG) as file:
            file.write(text.encode())

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or absent."""
        with replacing(self.path / name) as file:
            file.write(as_json(masked_values(content), indent=2))

    def _take(self) -> None:
        import filelock

        path = self.path / LOCK
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            path.touch()
        self._lock = filelock.FileLock(path, timeout=0)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise OutputError(f"{self.path}: another process is training there; wait, or choose --output-dir") from None

    def _move_away(self) -> None:
        here, number = self.path.resolve(), 1
        if Path.cwd().is_relative_to(here):
            raise OutputError(f"{self.path}: the current folder lies in it, so it cannot be moved aside; go elsewhere")
        while (aside := here.with_name(f"{here.name}.{number}")).exists():
            number += 1
        with writing(self.path):
            here.rename(aside)


def environment() -> dict[str, Any]:
    """Return what a run ran on: versions and machine; no environment variables, no command line, no names of people."""
    names = ("kohonen2", "numpy", "numba", "jax", "pillow", "imageio", "pyyaml", "yacs", "click", "filelock")
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in names},
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    """Return the commit of the current folder, if it is in a git repository."""
    try:
        told = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".")
