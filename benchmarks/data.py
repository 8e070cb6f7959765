"""The data of the benchmark: colours, gaussian mixtures, uniform noise; the same ones on every machine."""

import numpy as np
from numpy.typing import NDArray

from ksom.datasets.colours import RandomColors

CLUSTERS = 64
SPREAD_OF_CENTRES = 3.0
"""In units of a cluster's own standard deviation: clusters touch, as those of measured data do."""


def colours(size: int, features: int) -> NDArray[np.float32]:
    """The colours of configs/exp1.yaml."""
    if features != RandomColors(1).features:
        raise ValueError(f"colours have {RandomColors(1).features} features, not {features}")
    return RandomColors(size).samples.astype(np.float32)


def mixture(size: int, features: int) -> NDArray[np.float32]:
    """A mixture of round gaussians, in random order, so that the first rows are a fair part of it."""
    random = np.random.default_rng([size, features])
    centres = random.standard_normal((CLUSTERS, features), dtype=np.float32) * SPREAD_OF_CENTRES
    samples = random.standard_normal((size, features), dtype=np.float32)
    samples += centres[random.integers(CLUSTERS, size=size)]
    return samples


def noise(size: int, features: int) -> NDArray[np.float32]:
    """Uniform noise: no structure that a search could use."""
    return np.random.default_rng([size, features]).random((size, features), dtype=np.float32)


def initial_weights(samples: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Weights of shape (side, side, D), uniform in the range of each feature."""
    low, high = samples.min(axis=0), samples.max(axis=0)
    shape = (side, side, samples.shape[1])
    return low + (high - low) * np.random.default_rng(side).random(shape, dtype=np.float32)


DATA = {"colours": colours, "mixture": mixture, "noise": noise}
