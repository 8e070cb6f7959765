"""The peers, a file each.

A peer has some of the functions `online(task)`, `batch(task)` and `predict(task)`. Each gets everything ready that is
not the work itself (the samples in the peer's own format) and returns a function that does the work from the first to
the last step and returns the weights, shape (H, W, D), or the nodes, row * W + column. Only that function is timed.
"""

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple


class Known(NamedTuple):
    """A peer that the table has a column for."""

    module: str
    distribution: str
    kinds: str
    variant: str = ""
    yardstick: bool = False
    offers: str = ""
    """What it can do beside the plain map: words of `Row.needs`."""


class NotOfferedError(Exception):
    """The peer, or this version of it, cannot do such work."""


FORMS, DISTANCES = "hexagonal torus bubble", "manhattan cosine"

PEERS = {
    "ksom": Known(
        "ksom", "kohonen2", "online batch predict", variant="numba", offers=f"{FORMS} {DISTANCES} gaps sparse"
    ),
    "ksom-numpy": Known(
        "ksom", "kohonen2", "online batch predict", variant="numpy", offers=f"{FORMS} {DISTANCES} gaps"
    ),
    "ksom-jax": Known("ksom", "kohonen2", "online batch predict", variant="jax", offers=FORMS),
    "fastersom": Known("fastersom", "fastersom", "batch predict"),
    "intrasom": Known("intrasom", "intrasom", "batch", offers="hexagonal torus gaps"),
    "kohonen-r": Known("kohonen_r", "", "batch", offers="hexagonal torus bubble gaps"),
    "minisom": Known("minisom", "minisom", "online batch predict", offers=DISTANCES),
    "numbasom": Known("numbasom", "numbasom", "online predict"),
    "python-som": Known("python_som", "python-som", "online batch predict"),
    "somoclu": Known("somoclu", "somoclu", "batch predict", offers="hexagonal torus"),
    "sparse-som": Known("sparse_som", "sparse-som", "online batch predict", offers="sparse"),
    "xpysom": Known("xpysom", "xpysom", "batch predict"),
    "sklearn-argmin": Known("sklearn_argmin", "scikit-learn", "batch predict", yardstick=True),
    "numpy": Known("numpy_plain", "numpy", "online batch predict", yardstick=True),
    "naive": Known("naive", "numpy", "online", yardstick=True),
}


def load(name: str) -> Any:
    """Import a peer.

    Raises
    ------
    ImportError
        If it is not installed.
    NotOfferedError
        If this version of it has no such variant.
    """
    known = PEERS[name]
    module = importlib.import_module(f"benchmarks.peers.{known.module}")
    return module.variant(known.variant) if known.variant else module


def installed_version(name: str) -> str:
    """Return the version of a peer, or an empty string."""
    try:
        return version(PEERS[name].distribution)
    except PackageNotFoundError:
        return ""
