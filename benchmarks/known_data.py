"""Data that strangers begin with, sorted: measured ones, six shapes that are hard for a sheet, many rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import mixture

Samples = NDArray[np.float64]


def scaled(samples: Samples) -> Samples:
    """Mean 0 and standard deviation 1 of each feature; a constant one is 0."""
    deviation = samples.std(axis=0)
    centred: Samples = (samples - samples.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return centred


def shipped(name: str) -> Samples:
    """A data set that comes with scikit-learn."""
    from sklearn import datasets

    samples: Samples = getattr(datasets, f"load_{name}")().data
    return samples


def penguins() -> Samples:
    """The four measurements of those penguins that have them all, ordered by species."""
    from palmerpenguins import load_penguins

    table: Any = load_penguins()
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    return np.asarray(table[columns].dropna(), dtype=np.float64)


def sorted_mixture() -> Samples:
    """100,000 rows of 64 round clusters in 16 dimensions, ordered by their first feature."""
    samples = mixture(100_000, 16).astype(np.float64)
    return samples[samples[:, 0].argsort()]


def hepta() -> Samples:
    """Seven small balls: one in the middle, six around it; 212 points in space."""
    centres = np.vstack([np.zeros(3), 3 * np.eye(3), -3 * np.eye(3)])
    return np.vstack([centre + 0.35 * _ball(size, 3) for centre, size in zip(centres, [32] + [30] * 6, strict=True)])


def chainlink() -> Samples:
    """Two rings that pass through each other; 1,000 points in space."""
    angle, zero = np.linspace(0, 2 * np.pi, 500), np.zeros(500)
    rings = [np.stack([np.cos(angle), np.sin(angle), zero], 1), np.stack([1 + np.cos(angle), zero, np.sin(angle)], 1)]
    return np.vstack(rings) + 0.1 * _ball(1000, 3)


def atom() -> Samples:
    """A dense core in a thin shell; 800 points in space."""
    shell = np.random.default_rng(1).normal(size=(400, 3))
    return np.vstack([6 * _ball(400, 3), 50 * shell / np.linalg.norm(shell, axis=1, keepdims=True)])


def target() -> Samples:
    """A disc in a ring, and three strange points in each of four corners; 770 points in the plane."""
    angle = np.linspace(0, 2 * np.pi, 395)
    ring = 2.5 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * _ball(395, 2)
    corners = np.repeat([[-3.0, -3.0], [-3.0, 3.0], [3.0, -3.0], [3.0, 3.0]], 3, axis=0) + 0.05 * _ball(12, 2)
    return np.vstack([0.8 * _ball(363, 2), ring, corners])


def two_diamonds() -> Samples:
    """Two squares on their corners, touching; 800 points in the plane."""
    square = np.random.default_rng(0).uniform(-1, 1, (800, 2))
    diamond = np.stack([square.sum(axis=1), square[:, 0] - square[:, 1]], 1) / 2
    return diamond + np.repeat([[0.0, 0.0], [2.05, 0.0]], 400, axis=0)


def wing_nut() -> Samples:
    """Two wings that are dense where they are far from each other; 1,016 points in the plane."""
    wing = np.random.default_rng(0).beta(2, 1, (508, 2)) * [2.0, 3.0]
    return np.vstack([wing, -wing - [0.2, -3.2]])


def _ball(size: int, features: int) -> Samples:
    """Points spread evenly in the ball of radius 1."""
    random = np.random.default_rng([size, features])
    directions = random.normal(size=(size, features))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True) * random.random((size, 1)) ** (1 / features)


SHAPES: dict[str, Callable[[], Samples]] = {
    "hepta": hepta,
    "chainlink": chainlink,
    "atom": atom,
    "target": target,
    "two diamonds": two_diamonds,
    "wing nut": wing_nut,
}
"""In the manner of A. Ultsch's Fundamental Clustering Problems Suite."""

KNOWN: dict[str, Callable[[], Samples]] = {
    "iris": lambda: shipped("iris"),
    "iris, scaled": lambda: scaled(shipped("iris")),
    "wine, scaled": lambda: scaled(shipped("wine")),
    "digits": lambda: shipped("digits"),
    "penguins, scaled": lambda: scaled(penguins()),
    "mixture": sorted_mixture,
    **SHAPES,
}
"""By name; those that a map can be expected to be ordered on."""

UNSCALED: dict[str, Callable[[], Samples]] = {
    "wine, as it is": lambda: shipped("wine"),
    "penguins, as they are": penguins,
}
"""Where one feature is hundreds of times as large as the others: a map cannot but follow that one."""
