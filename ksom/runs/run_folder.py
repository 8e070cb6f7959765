"""The folder of a run: where the newest run of an experiment lies, and what becomes of the one before it."""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import yaml

from ksom.errors import OutputError
from ksom.experiment_files import CONFIG, ENVIRONMENT
from ksom.masking import masked_values
from ksom.package_versions import package_version
from ksom.regular_files import open_regular, read_regular
from ksom.whole_files import as_json, open_own, remove_leftovers, replacing, writing

SUMMARY = "summary.json"
CHECKPOINTS = "checkpoints"
LOCK = ".lock"
LOG = "train.log"
MAP = "map.npz"
PICTURE = "map.png"
PLOTS = "plots"
IDENTITY = "mlflow.json"
"""By what the run is found again in MLflow, and where it is there."""
OWN_NAMES = {CONFIG, SUMMARY, CHECKPOINTS, LOCK, ENVIRONMENT, LOG, MAP, PICTURE, PLOTS, IDENTITY}
"""What no hook may append to."""
LARGEST_JSON = 2**24
"""Bytes: what ksom writes has thousands."""
TRIES = 20
"""How often a folder may be moved away at the very moment it is locked."""
PATIENCE = 0.2
"""Seconds: whoever looks whether a folder is locked shares its lock for an instant, and must not refuse a training."""


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
        """How the run in the folder ended; None if it did not, or there is none.

        Raises
        ------
        OutputError
            If summary.json is there and does not tell.
        """
        return None if (summary := self.summary()) is None else str(summary["status"])

    def summary(self) -> dict[str, Any] | None:
        """Return what summary.json holds; None if the run has not ended.

        Raises
        ------
        OutputError
            If it is there and cannot be read.
        """
        try:
            summary = _read_json(self.path / SUMMARY)
            return {"status": summary["status"], **summary}
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = f"cannot be read ({_why(error)}), so it is not known how the run ended"
            advice = "resume the run after removing this file, or begin anew by --restart"
            raise OutputError(f"{self.path / SUMMARY}: {why}; {advice}") from error

    @property
    def holds_run(self) -> bool:
        """Whether there is a run of ksom in the folder, ended or not: its environment.json tells.

        Raises
        ------
        OutputError
            If that may not be read.
        """
        try:
            return "kohonen2" in _read_json(self.path / ENVIRONMENT)["packages"]
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return False
        except OSError as error:
            raise OutputError(f"{self.path / ENVIRONMENT}: cannot be read ({_why(error)})") from error

    @property
    def is_locked(self) -> bool:
        """Whether a process trains in the folder now; a lock that cannot be looked at is nobody's."""
        path = self.path / LOCK
        if path.is_symlink():
            return False
        with suppress(OSError), open_regular(path) as file:
            return _is_held(file)
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out of the folder, which is made if it is not there.

        Raises
        ------
        OutputError
            If another process trains in it, it cannot be written, or it holds something that is not a run.
        """
        self._refuse_foreign()
        self._take()
        try:
            for folder in (self.path.resolve(), self.path / CHECKPOINTS, self.path / PLOTS):
                remove_leftovers(folder)
            yield
        finally:
            self._lock.release()

    def make_way(self, *, restart: bool) -> None:
        """Make the folder empty for a new run; an earlier run moves to the first free of <folder>.1, .2, ….

        A folder that is reached by a link moves where it is, and the link stays.

        Raises
        ------
        OutputError
            If there is an unfinished run and no `restart`, or no permission.
        """
        if not self.holds_run:
            return
        if not restart and self.status != "completed":
            told = "holds an unfinished run; go on with it by --resume, or begin anew by --restart"
            raise OutputError(f"{self.path}: {told} (which keeps it under another name)")
        self._move_away()
        self._lock.release()  # it moved along
        self._take()

    def reopen(self) -> None:
        """Let the run in the folder count as unfinished: it goes on."""
        with writing(self.path):
            (self.path / SUMMARY).unlink(missing_ok=True)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved config: every default filled in, so that the run can be repeated after one changes."""
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        with replacing(self.path / CONFIG) as file:
            file.write(text.encode())

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or absent."""
        with replacing(self.path / name) as file:
            file.write(as_json(masked_values(content), indent=2))

    def _refuse_foreign(self) -> None:
        if self._looks_foreign() and self._looks_foreign():  # not while another process moves a run away, or begins one
            told = f"is not empty and not a run of ksom (no {ENVIRONMENT} of one); choose another folder (--output-dir)"
            raise OutputError(f"{self.path}: {told}")

    def _looks_foreign(self) -> bool:
        with writing(self.path), suppress(FileNotFoundError):
            return self.path.is_dir() and any(map(_is_shown, self.path.iterdir())) and not self.holds_run
        return False

    def _take(self) -> None:
        """Lock the folder that has this name, once it is locked, too: another process may just be moving it away."""
        for _ in range(TRIES):
            with writing(self.path):
                folder = Path(os.path.realpath(self.path))
                with suppress(FileExistsError):
                    folder.mkdir(parents=True)
                if self._has_locked(folder):
                    return
        raise OutputError(f"{self.path}: another process moves it away again and again; choose another (--output-dir)")

    def _has_locked(self, folder: Path) -> bool:
        """Whether the folder could be locked, and is still where it was."""
        import filelock

        lock = filelock.FileLock(folder / LOCK, timeout=PATIENCE, poll_interval=PATIENCE / 10)
        try:
            with suppress(FileNotFoundError):  # it was moved before there was a lock
                before = folder.stat()
                open_own(folder / LOCK, create=True).close()
                lock.acquire()
                if os.path.samestat(before, self.path.stat()):
                    self._lock = lock
                    return True
        except filelock.Timeout:
            told = "another process is training there; wait, or choose another folder (--output-dir)"
            raise OutputError(f"{self.path}: {told}") from None
        lock.release()
        return False

    def _move_away(self) -> None:
        here, number = self.path.resolve(), 1
        if Path.cwd().is_relative_to(here):
            raise OutputError(f"{self.path}: the current folder lies in it, so it cannot be moved aside; go elsewhere")
        while os.path.lexists(aside := here.with_name(f"{here.name}.{number}")):
            number += 1
        with writing(self.path):
            here.rename(aside)


def environment() -> dict[str, Any]:
    """Return what a run ran on: versions and machine; no environment variables, no command line, no names of people."""
    names = ("kohonen2", "numpy", "numba", "jax", "pillow", "imageio", "pyyaml", "yacs", "click", "filelock")
    return {
        "python": sys.version.split()[0],
        "packages": {name: package_version(name) for name in names},
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "git_commit": _git_commit(),
    }


def versions_that_matter(backend: str) -> dict[str, str | None]:
    """Return the versions that can change a bit of what is learned: the numba backend has the bits of numpy's."""
    packages = ("kohonen2", "numpy", *(["jax"] if backend == "jax" else []))
    system = f"{platform.system()} {platform.machine()}"
    return {"python": sys.version.split()[0], **{name: package_version(name) for name in packages}, "system": system}


def _git_commit() -> str | None:
    """Return the commit of the current folder, if it is in a git repository."""
    import subprocess

    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _is_held(lock: IO[bytes]) -> bool:
    """Return whether a process holds the lock of an open file: it cannot be shared then, even for an instant."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is locked cannot be read
        try:
            return lock.read(1) is None
        except OSError:
            return True
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read_json(path: Path) -> Any:
    """Return what a JSON file holds, whoever made it."""
    try:
        return json.loads(read_regular(path, LARGEST_JSON))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or (str(error) if type(error) is ValueError else "it is damaged")


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".")
