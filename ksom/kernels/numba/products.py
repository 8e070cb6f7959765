"""Products of a block of samples with many nodes, in pieces that fit the caches."""

from ksom.kernels.numba.compilation import PART, compiled
from ksom.kernels.numba.register_products import ROW_BYTES, SAMPLES, put_products

BLOCK_SAMPLES = 64
"""How many samples are done together: 256 kB of scores of 1024 nodes, which stay in a second cache."""

BLOCK_FEATURES = 64
"""How many features are added before the next nodes: their weights, 16 kB, stay in a first cache for all samples."""


@compiled(**PART)
def samples_at_once(lanes, itemsize):
    """Return how many samples are multiplied at once with so many nodes: registers hold as many sums in any case."""
    return SAMPLES * (ROW_BYTES // itemsize // lanes)


@compiled(**PART)
def multiply(count, begun, samples, weights, sums):
    """Put begun + samples · weights into sums, for the first `count` samples, filled up to a multiple of 16.

    Shapes (1, nodes), (samples, D), (lane groups, D, lanes) and (samples, nodes); for nodes beyond the lanes there are,
    what is begun is put there. Features are added to each other within a block, and then blocks: that is what bounds on
    rounding count on.
    """
    features, lanes = weights.shape[1], weights.shape[2]
    at_once = samples_at_once(lanes, weights.itemsize)
    for i in range(weights.shape[0]):
        for begin in range(0, features, BLOCK_FEATURES):
            end = min(begin + BLOCK_FEATURES, features)
            for sample in range(0, count, at_once):
                few = samples[sample : sample + at_once, begin:end]
                scores = sums[sample : sample + at_once, i * lanes : (i + 1) * lanes]
                if begin == 0:
                    put_products(begun[:, i * lanes : (i + 1) * lanes], few, weights[i, begin:end], scores)
                else:
                    put_products(scores, few, weights[i, begin:end], scores)
    for sample in range(count):
        for node in range(weights.shape[0] * lanes, sums.shape[1]):
            sums[sample, node] = begun[0, node]
