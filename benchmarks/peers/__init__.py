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


class NotOfferedError(Exception):
    """The peer, or this version of it, cannot do such work."""


PEERS = {
    "ksom": Known("ksom", "kohonen2", "online batch predict", variant="numba"),
    "ksom-numpy": Known("ksom", "kohonen2", "online batch predict", variant="numpy"),
    "ksom-jax": Known("ksom", "kohonen2", "online batch predict", variant="jax"),
    "fastersom": Known("fastersom", "fastersom", "batch predict"),
    "minisom": Known("minisom", "minisom", "online batch predict"),
    "numbasom": Known("numbasom", "numbasom", "online predict"),
    "python-som": Known("python_som", "python-som", "online batch predict"),
    "somoclu": Known("somoclu", "somoclu", "batch predict"),
    "sparse-som": Known("sparse_som", "sparse-som", "online batch predict"),
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
