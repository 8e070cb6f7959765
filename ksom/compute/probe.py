"""A small piece of work whose bits tell whether another process computes as this one does."""

import functools
import hashlib
import platform
import socket
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
    versions: dict[str, str]
    """Of Python, ksom, numpy and numba."""
    bits: str
    """SHA-256 of what it made of the probe."""
    sees_folder: bool
    """Whether it finds the token in the shared folder."""

    def difference(self, other: "Probe") -> str:
        """Return how another process differs, in words; "" if it does not."""
        for name, version in self.versions.items():
            if other.versions.get(name) != version:
                return f"has {name} {other.versions.get(name, 'not at all')}, here it is {version}"
        return "" if self.bits == other.bits else "computes other bits: its processor differs"


def probed(folder: Path | None = None) -> Probe:
    """Return what this process is; `folder`: what it should see."""
    sees = folder is None or (folder / TOKEN).is_file()
    return Probe(socket.gethostname(), _versions(), _bits(), sees)


@functools.cache
def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name, package in (("ksom", "kohonen2"), ("numpy", "numpy"), ("numba", "numba")):
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "not at all"
    return found


@functools.cache
def _bits() -> str:
    """Return the digest of sums, by tiles and by products, of weights and samples that need no random numbers."""
    digest = hashlib.sha256()
    for dtype in ("float32", "float64"):
        for features in (3, 70):
            values = np.sin(np.arange(600 * features, dtype=np.float64) ** 1.1).reshape(600, features)
            weights = values[:400].reshape(20, 20, features)
            try:
                kernels = get_backend("numba", weights, dtype, threads=1)
            except BackendUnavailable:
                kernels = get_backend("numpy", weights, dtype)
            sums = kernels.node_sums([Block((values[100:] * 1.01).astype(dtype))])
            digest.update(sums.sums.tobytes() + sums.counts.tobytes())
    return digest.hexdigest()


class Probed(NamedTuple):
    """A task for workers that are not known to compute as this process does: each is looked at once."""

    task: Task[object]
    expected: Probe

    def __call__(self, part: int) -> object:
        found = probed()
        difference = self.expected.difference(found)
        if difference:
            raise ComputeError(f"a worker on {found.host} {difference}; give all workers the same")
        return self.task(part)

    def name(self, part: int) -> str:
        return self.task.name(part)


def as_probed(task: Task[Result], expected: Probe) -> Task[Result]:
    """Return a task that every worker does only if it computes as `expected`."""
    made: Task[Result] = Probed(task, expected)  # type: ignore[assignment]  # a NamedTuple cannot be generic in 3.11
    return made
