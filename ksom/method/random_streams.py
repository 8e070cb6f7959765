"""Independent random streams from one seed, each with a name, so that a new use of chance never moves another one."""

import zlib

import numpy as np


def stream(seed: int, name: str, *index: int) -> np.random.Generator:
    """Return the random stream called `name`.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    name : str
        What the numbers are for: "data", "initial weights", "order", "probe".
    *index : int
        Counters within the name, such as the epoch.

    Examples
    --------
    >>> bool(stream(0, "order", 3).random() == stream(0, "order", 3).random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), *index)))
