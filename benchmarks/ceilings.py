"""What this machine can do at best: copies, matrix products, the vector units."""

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.estimate import seconds_of
from benchmarks.measure import alone

COPIES = {"copy of 12 MB": 12 * 10**6, "copy of 512 MB": 512 * 10**6}
SIDE = 2048
"""Of the square matrices whose product is timed."""
FEW, MANY = 4096, 2**26
"""So many weights stay in a core's first cache; so many are held at most."""
UPDATED = 10**8
"""How many weights are updated to see how fast that is."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    try:
        told = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(": ")[1] for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor()
    return {
        "processor": processor,
        "cores": cores(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
    }


def measure() -> list[dict[str, Any]]:
    """Return each ceiling with one thread and with all."""
    return [
        {"name": name, "threads": threads, "rate": rate, "unit": unit}
        for threads in sorted({1, cores()})
        for name, rate, unit in alone(_rates, threads, threads=threads)
    ]


def update_rate(threads: int, values: int) -> float:
    """Weights per second that w += factor · (x − w) updates, on a map of so many, all threads together."""
    compiled, size = _compiled_update(), max(1, min(values, MANY) // threads)
    weights = [np.ones(size, dtype=np.float32) for _ in range(threads)]
    factors, sample, times = np.full(size, 0.01, dtype=np.float32), np.float32(0.5), max(2, UPDATED // size // threads)
    compiled(weights[0], factors, sample, 1)
    with ThreadPoolExecutor(threads) as pool:
        seconds = _best(lambda: list(pool.map(lambda each: compiled(each, factors, sample, times), weights)))
    return threads * size * times / seconds


def _rates(threads: int) -> list[tuple[str, float, str]]:
    copies = [(name, _copy_rate(size, threads) / 1e9, "GB/s") for name, size in COPIES.items()]
    matrix = np.ones((SIDE, SIDE), dtype=np.float32)
    product = 2 * SIDE**3 / _best(lambda: matrix @ matrix)
    return [
        *copies,
        ("float32 matrix product", product / 1e9, "GFLOP/s"),
        ("w += factor · (x − w) in the first cache", update_rate(threads, threads * FEW) / 1e9, "values/ns"),
    ]


def _copy_rate(size: int, threads: int) -> float:
    source, target = np.ones(size // 4, dtype=np.float32), np.zeros(size // 4, dtype=np.float32)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        return size / _best(lambda: list(pool.map(lambda pair: np.copyto(*pair), parts)))


def _best(run: Any) -> float:
    """The quickest of some: a ceiling is what is possible."""
    return min(seconds_of(run) for _ in range(7))


def _compiled_update() -> Any:
    """Return the update of an online training, compiled where numba is there, else numpy's."""
    try:
        from numba import njit
    except ImportError:
        return _update
    return njit(_update_by_node, nogil=True, fastmath=True)


def _update_by_node(weights: Any, factors: Any, sample: Any, times: int) -> None:
    for _ in range(times):
        for node in range(len(weights)):
            weights[node] += factors[node] * (sample - weights[node])


def _update(weights: Any, factors: Any, sample: Any, times: int) -> None:
    for _ in range(times):
        weights += factors * (sample - weights)
