"""A process that compiles kernels: it does errands with a few numbers, and marks those whose kernels are kept then."""

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.kernels.errand import AHEAD_FEATURES, AXES_FEATURES, Errand
from ksom.kernels.node_sums import NodeSums
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian, MexicanHat, Neighbourhood, Triangle, factors_of_all, whole_factors
from ksom.samples import Block
from ksom.sparse_rows import SparseRows

SIDE, SAMPLES = 20, 16
"""Of a map of several tiles; and more samples than are shown without looking ahead, fewer than make a search look."""

LOOK_SECONDS = 0.2
"""How often is looked whether there is somebody to compile for."""


def main() -> None:
    """Do the errands of the command line, unless they are marked."""
    parent, told = int(sys.argv[2]), json.loads(sys.argv[3])
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    gc.disable()  # the collector took a tenth of the time, for what this process is done with soon
    for work, dtype, distance, how in told:
        errand = Errand(work, dtype, distance, tuple(how))
        mark = errand.mark()
        if mark is None:
            sys.exit(1)
        with _alone(mark.with_suffix(".lock")):
            if not mark.exists():
                rehearse(errand)
                mark.touch()


def rehearse(errand: Errand) -> None:
    """Do an errand with numbers that stand for all others."""
    from ksom.kernels.numba.backend import NumbaBackend
    from ksom.kernels.numba.terms import TERMS

    distance = next(kind for kind in TERMS if kind.__name__ == errand.distance)()
    features = AHEAD_FEATURES if "ahead" in errand.how else AXES_FEATURES if "axes" in errand.how else 3
    draw = np.random.default_rng(0).random
    backend = NumbaBackend(draw((SIDE, SIDE, features)), errand.dtype, 1, distance)
    WORKS[errand.work](backend, draw((SAMPLES, features)).astype(errand.dtype), errand)


def _show(backend: Any, samples: NDArray[Any], errand: Errand) -> None:
    kinds: list[Neighbourhood] = [Gaussian(), MexicanHat()] if "pushing" in errand.how else [Gaussian()]
    for kind in kinds:
        for count in {len(samples), 2}:
            [factors] = factors_of_all(kind, Rectangular(SIDE, SIDE), [2.0], backend.weights.dtype)
            backend.show([OnlineStep([_block(samples[:count], errand)], factors, 0.1)])


def _search(backend: Any, samples: NDArray[Any], errand: Errand) -> None:
    backend.best_matching_nodes(_block(samples, errand), 1)
    if "many" in errand.how:
        from ksom.kernels.numba.boxes import in_room
        from ksom.kernels.numba.product_search import search_failed
        from ksom.kernels.numba.tile_search import make_answers
        from ksom.kernels.numba.ways import AXES, PRODUCTS, Way

        search = backend.search()
        search.best_matching_nodes(samples, 1, way=PRODUCTS)
        if "axes" in errand.how:
            search.best_matching_nodes(samples, 1, way=Way("shadows", AXES[0]))
        nodes, _, bits = make_answers(samples, 1)
        in_room(search_failed, search.tiles)(0, len(samples), samples, nodes, bits, np.zeros(len(samples), np.bool_))


def _sums(backend: Any, samples: NDArray[Any], errand: Errand) -> None:
    backend.node_sums([_block(samples, errand)], winners=np.zeros(len(samples), np.int64))


def _means(backend: Any, samples: NDArray[Any], errand: Errand) -> None:
    kind: Neighbourhood = Triangle() if "spread" in errand.how else Gaussian()
    sums = NodeSums.nothing(SIDE * SIDE, samples.shape[1])
    for _ in backend.moving_to_means(sums, whole_factors(kind, Rectangular(SIDE, SIDE), 2.0)):
        pass


def _distances(backend: Any, samples: NDArray[Any], errand: Errand) -> None:
    backend.distances(_block(samples, errand))


WORKS: dict[str, Callable[[Any, NDArray[Any], Errand], None]] = {
    "show": _show,
    "search": _search,
    "sums": _sums,
    "means": _means,
    "distances": _distances,
}


def _block(samples: NDArray[Any], errand: Errand) -> Block:
    """Return samples as the errand has them."""
    values: Any = samples
    if "sparse" in errand.how:
        count, features = samples.shape
        begins = np.arange(0, samples.size + 1, features)
        values = SparseRows(samples.ravel(), np.tile(np.arange(features, dtype=np.int32), count), begins, features)
    missing = np.zeros(samples.shape, np.bool_) if "gaps" in errand.how else None
    return Block(values, 0, missing, np.ones(len(samples)) if "weights" in errand.how else None)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let nobody else do the same meanwhile; whoever waits finds it done."""
    try:
        import fcntl
    except ImportError:  # two of them compile the same then, and either keeps it
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _watch(parent: int) -> None:
    """End when who asked does, however it does."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
