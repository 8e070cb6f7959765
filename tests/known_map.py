"""Small maps that know everything that can be drawn, made without training."""

from functools import cache

import numpy as np

from ksom import KohonenSOM
from ksom.method.lattice import Lattice

EVIL = "$\\frac{ 🐧 'مرحبا' </script>" + "x" * 200
"""A name as strangers may have it."""


def waves(lattice: Lattice, features: int = 3) -> np.ndarray:
    """Return weights that change smoothly over a map, but for one ridge down its middle, shape (height, width, D)."""
    x, y = (lattice.positions() / [lattice.width, lattice.height]).T
    number = np.arange(features)
    values = np.sin(np.outer(x, 2 + number)) + np.cos(np.outer(y, 3 - number)) + 1.5 * (x[:, np.newaxis] > 0.5)
    return values.reshape(lattice.height, lattice.width, features)


@cache
def known_map(lattice: Lattice, features: int = 3, labels: tuple[str, ...] = ("calm", "rough", "wild")) -> KohonenSOM:
    """Return a map with names and units, labelled, calibrated and clustered; not to be changed."""
    som = KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=waves(lattice, features), dtype="float64")
    names = tuple(f"wave {number}" for number in range(features))
    som.name_features(names, None, dict.fromkeys(names[::2], "m"))
    samples = samples_for(lattice, features)
    som.label(samples, np.array(labels)[np.arange(len(samples)) * 7 // 3 % len(labels)], "sea")
    som.calibrate(samples)
    som.cluster("ward", min(3, int((som.layers["hits"].values > 0).sum())))
    return som


def samples_for(lattice: Lattice, features: int = 3) -> np.ndarray:
    """Return samples near some of a map's nodes, a few near the first and fewer near each next one."""
    random = np.random.default_rng(0)
    nodes = np.minimum(random.geometric(3 / (lattice.size + 3), 40) - 1, lattice.size - 1)
    return waves(lattice, features).reshape(-1, features)[nodes] + random.normal(0, 0.01, (40, features))
