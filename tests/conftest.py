"""What all tests share: hypothesis draws the same examples every time and JAX computes on the processor, unless told
otherwise; the kernels can be had as plain Python, and nothing tells anybody of the tests.
"""

import faulthandler
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest
from hypothesis import settings

from ksom.logger import LOGGER

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
os.environ.pop("MLFLOW_TRACKING_URI", None)  # no test is to write to a developer's own server
os.environ.pop("MLFLOW_EXPERIMENT_NAME", None)

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=30, database=None)
settings.register_profile("random", derandomize=False, deadline=None, max_examples=300, database=None)
settings.load_profile("ci")

EXIT_SECONDS = 180
"""A process that has done its tests, and is still there after so long, says what its threads wait for, and ends."""

INTERPRETED = (
    "vectors tiles boxes centred lanes products online plain_online tile_search pairs product_search shadows "
    "shadow_search ways search ahead look_ahead batch sparse backend"
)


def pytest_unconfigure() -> None:
    """Let no thread or process that a test has left keep the tests from coming to an end."""
    faulthandler.dump_traceback_later(EXIT_SECONDS, exit=True, file=sys.__stderr__)


@pytest.fixture(autouse=True)
def _the_log_as_it_was() -> Iterator[None]:
    """A command that is run in this process shows its log on the console; the next test's is nobody's."""
    handlers, level, propagate = LOGGER.handlers[:], LOGGER.level, LOGGER.propagate
    yield
    LOGGER.handlers, LOGGER.propagate = handlers, propagate
    LOGGER.setLevel(level)


@pytest.fixture(scope="module")
def interpreted() -> Iterator[dict[str, ModuleType]]:
    """The modules of the compiled backend as plain Python."""
    names = [f"ksom.kernels.numba.{name}" for name in INTERPRETED.split()]
    compiled = {name: sys.modules.pop(name) for name in names}
    numba.config.DISABLE_JIT = True
    try:
        modules = {name.rsplit(".", 1)[1]: importlib.import_module(name) for name in names}
    finally:
        numba.config.DISABLE_JIT = False
        sys.modules.update(compiled)
        for name, module in compiled.items():
            setattr(sys.modules["ksom.kernels.numba"], name.rpartition(".")[2], module)
    with np.errstate(over="ignore", under="ignore"):
        yield modules


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is brought onto the disk, and what is renamed, in order."""
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def telling_fsync(descriptor: int) -> None:
        order.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def telling_replace(old: Path, new: Path) -> None:
        order.append(f"rename to {new.name}")
        replace(old, new)

    monkeypatch.setattr("os.fsync", telling_fsync)
    monkeypatch.setattr("os.replace", telling_replace)
    return order
