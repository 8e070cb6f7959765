"""The devices that JAX computes on: which, how much they hold, and what is said when they cannot."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np
from jax.errors import JaxRuntimeError
from jax.sharding import Mesh

from ksom.errors import BackendUnavailable, DataError
from ksom.memory import available_memory


def all_devices() -> Mesh:
    """Return all devices that JAX sees from this process, along one axis called "device".

    JAX_PLATFORMS names their kind: cpu, cuda, rocm, tpu; without it JAX takes the fastest there is.

    Raises
    ------
    BackendUnavailable
        If there is no device of that kind.
    """
    try:
        devices = jax.local_devices()
    except (RuntimeError, AssertionError) as error:  # an assertion of JAX's own: cuda without its plugin
        wanted = os.environ.get("JAX_PLATFORMS") or "nothing"
        why = f" ({error})" if str(error) else ""
        told = f"backend jax: JAX_PLATFORMS must name devices that JAX can use here, got {wanted}{why}"
        raise BackendUnavailable(f"{told}; JAX_PLATFORMS=cpu always works") from error
    return Mesh(np.array(devices), ("device",))


def require_room(mesh: Mesh, needed: int, what: str) -> None:
    """Raise DataError if a device has less memory than `needed`, bytes, for `what`."""
    for device in mesh.devices.flat:
        free = _free_bytes(device)
        if free is not None and needed > free:
            told = f"{what} need {needed / 1e9:.3g} GB on every device, {device} has {free / 1e9:.3g} GB"
            raise DataError(f"backend jax: {told}; make the map smaller, or use the backend numba")


@contextmanager
def computing(what: str) -> Iterator[None]:
    """Let JAX compute in float64 where it is asked to, here only; an exhausted memory becomes one line.

    Raises
    ------
    DataError
        If a device runs out of memory.
    """
    try:
        with jax.enable_x64(True):
            yield
    except JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) and "Out of memory" not in str(error):
            raise
        told = f"backend jax: the device has too little memory for {what} ({str(error).splitlines()[0]})"
        raise DataError(f"{told}; make the map smaller, or use the backend numba") from error


def _free_bytes(device: jax.Device) -> int | None:
    """Return how much memory a device has left, or this process may use in all; None where nobody tells."""
    stats = device.memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0))
    return available_memory() if device.platform == "cpu" else None
