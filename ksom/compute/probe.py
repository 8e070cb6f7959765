"""A small piece of work whose bits tell whether another process computes as this one does."""

import functools
import hashlib
import platform
import socket
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ksom.compute.compute import Result, Task
from ksom.errors import BackendUnavailable, ComputeError
from ksom.kernels import get_backend
from ksom.samples import Block

TOKEN = "token"
"""The file by which workers show that they see the shared folder, and what is in it."""


class Probe(NamedTuple):
    """What a process is, and how it computes."""

    host: str
    """Its machine's name."""
    address: str
    """Where it is reached, if it is a worker of Dask."""
    versions: dict[str, str]
    """Of Python, ksom, numpy and numba."""
    bits: str
    """SHA-256 of what it made of the probe."""
    sees_folder: bool
    """Whether it finds the token in the shared folder."""
    processor: str = ""
    """What its system calls its processor."""

    @property
    def who(self) -> str:
        """What messages call it."""
        return f"worker {self.address} on {self.host}" if self.address else f"a worker on {self.host}"

    def difference(self, other: "Probe") -> str:
        """Return how another process differs, in words; "" if it does not."""
        for name, version in self.versions.items():
            theirs = other.versions.get(name)
            if theirs != version:
                return f"has {f'{name} {theirs}' if theirs else f'no {name}'}, here it is {version or 'not installed'}"
        if self.bits != other.bits:
            return f"computes other bits than here (its processor: {other.processor or 'unknown'})"
        return ""


def probed(folder: Path | None = None) -> Probe:
    """Return what this process is; `folder`: what it should see."""
    sees = folder is None or (folder / TOKEN).is_file()
    processor = platform.processor() or platform.machine()
    return Probe(socket.gethostname(), _address(), _versions(), _bits(), sees, processor)


def require_alike(here: Probe, worker: Probe, folder: Path) -> None:
    """Refuse a worker that does not compute as this process does, or does not see the shared folder.

    Raises
    ------
    ComputeError
        Naming the worker, and how it differs.
    """
    difference = here.difference(worker)
    if difference:
        raise ComputeError(f"compute: {worker.who} {difference}; give all workers the same")
    if not worker.sees_folder:
        told = f"the folder {folder} is not seen by {worker.who}"
        raise ComputeError(f"compute: {told}; give COMPUTE.SHARED a folder that all machines see")


def _address() -> str:
    """Return where this process is reached, if it is a worker of Dask."""
    if "distributed" not in sys.modules:
        return ""
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:  # it is none
        return ""


@functools.cache
def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": ".".join(platform.python_version_tuple()[:2])}  # a pickle, and bits, are the same in 3.11.x
    for name, package in (("ksom", "kohonen2"), ("numpy", "numpy"), ("numba", "numba")):
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = ""
    return found


@functools.cache
def _bits() -> str:
    """Return the digest of winners, distances and sums, by tiles and by products, in both precisions.

    The samples are fractions of whole numbers: a function such as a sine has other bits on other processors itself.
    """
    digest = hashlib.sha256()
    for dtype in ("float32", "float64"):
        for features in (3, 70):
            mixed = (np.arange(600 * features, dtype=np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
            values = (mixed.astype(np.float64) / 2**32).reshape(600, features)
            weights = values[:400].reshape(20, 20, features)
            try:
                kernels = get_backend("numba", weights, dtype, threads=1)
            except BackendUnavailable:
                kernels = get_backend("numpy", weights, dtype)
            block = Block((values[100:] * 1.01).astype(dtype))
            sums = kernels.node_sums([block])
            for array in (*kernels.best_matching_nodes(block, 2), sums.sums, sums.counts):
                digest.update(array.tobytes())
    return digest.hexdigest()


class Probed(NamedTuple):
    """A task for workers that may have come after the others were looked at: each process is looked at once."""

    task: Task[object]
    expected: Probe
    folder: Path

    def __call__(self, part: int) -> object:
        _require_alike_once(self.expected.bits, tuple(self.expected.versions.items()), self.folder)
        try:
            return self.task(part)
        except FileNotFoundError as error:  # it is tried again: a file may come late to another machine
            told = f"{error.filename} is not seen by {probed().who}"
            raise FileNotFoundError(
                f"{told}; data must lie where all machines see them, under the same path"
            ) from error

    def name(self, part: int) -> str:
        return self.task.name(part)


@functools.cache
def _require_alike_once(bits: str, versions: tuple[tuple[str, str], ...], folder: Path) -> None:
    require_alike(Probe("", "", dict(versions), bits, sees_folder=True), probed(folder), folder)


def as_probed(task: Task[Result], expected: Probe, folder: Path) -> Task[Result]:
    """Return a task that every worker does only if it computes as `expected` and sees a folder."""
    made: Task[Result] = Probed(task, expected, folder)  # type: ignore[assignment]  # a NamedTuple cannot be generic in 3.11
    return made
