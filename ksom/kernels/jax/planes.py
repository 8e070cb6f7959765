"""The map on a JAX device, and squared distances to its nodes with the reference's bits.

XLA may compute a · b + c with one rounding where the reference has two, and does on a processor that can. A minimum
with an infinity that the compiler does not know keeps the product apart from the sum: without it, 26 % of squared
distances of 7 features differed in their last bit, with it none.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import DTypeLike, NDArray

FEATURES_AT_ONCE = 16
"""So many features are added at most without going back to memory, and compiled one by one."""


class Shape(NamedTuple):
    """The sizes of a map, known while kernels are compiled."""

    height: int
    width: int
    features: int

    @property
    def nodes(self) -> int:
        """K."""
        return self.height * self.width

    @property
    def blocks(self) -> tuple[int, int]:
        """The number of blocks of features, B, and of features in each, F; the last block is filled up with zeros.

        Examples
        --------
        >>> Shape(1, 1, 3).blocks, Shape(1, 1, 34).blocks, Shape(1, 1, 784).blocks
        ((1, 3), (3, 12), (49, 16))
        """
        count = -(-self.features // FEATURES_AT_ONCE)
        return count, -(-self.features // count)

    @property
    def filled(self) -> int:
        """The number of features with those filled up."""
        return self.blocks[0] * self.blocks[1]


def as_planes(weights: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return weights of shape (H, W, D) as planes of nodes, shape (B, F, H, W)."""
    shape = Shape(*weights.shape)
    planes = np.zeros((shape.filled, shape.height, shape.width), dtype=dtype)
    planes[: shape.features] = np.moveaxis(weights, -1, 0)
    # Adding 0 turns −0 into 0; then a factor of 0 never changes a bit of a weight.
    planes += 0
    return planes.reshape(*shape.blocks, shape.height, shape.width)


def as_map(planes: NDArray[Any], features: int) -> NDArray[Any]:
    """Return planes as weights of shape (H, W, D), a new array."""
    return np.moveaxis(planes.reshape(-1, *planes.shape[2:])[:features], 0, -1).copy(order="C")


def rounded(product: jax.Array, infinity: jax.Array) -> jax.Array:
    """Return a product as it is; what is added to it cannot be fused with it, because only we know the infinity."""
    return jnp.minimum(product, infinity)


def squared_distances(
    weights: jax.Array,
    samples: jax.Array,
    infinity: jax.Array,
    pick: Callable[[jax.Array], jax.Array] = lambda block: block,
) -> jax.Array:
    """Return ‖w − x‖², adding feature by feature, in order.

    Parameters
    ----------
    weights : array of shape (B, F, …)
        Of some nodes.
    samples : array of shape (B, F, …)
        Of shapes that go with those of the weights.
    infinity : array of shape ()
        See `rounded`.
    pick : callable
        What of a block of weights, shape (F, …), is meant.
    """

    def add(squared: jax.Array, block: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        for weight, value in zip(pick(block[0]), block[1], strict=True):
            difference = weight - value
            squared += rounded(difference * difference, infinity)
        return squared, None

    shape = jnp.broadcast_shapes(jax.eval_shape(pick, weights[0]).shape[1:], samples.shape[2:])
    return lax.scan(add, jnp.zeros(shape, weights.dtype), (weights, samples))[0]


def seen_from(winner: jax.Array, tables: jax.Array, length: int) -> jax.Array:
    """Return the part of tables by Δ, along their last axis, that holds for the nodes 0 … length − 1."""
    return lax.dynamic_slice_in_dim(tables, length - 1 - winner, length, axis=-1)


def nearest(squared: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
    """Return the places of the k smallest along the last axis, the first of equals, and what is there."""
    numbers = lax.broadcasted_iota(jnp.int64, squared.shape, squared.ndim - 1)
    places: list[jax.Array] = []
    least: list[jax.Array] = []
    for _ in range(k):
        smallest = squared.min(axis=-1, keepdims=True)
        # Two minima, because they fill vectors: an argmin took three times as long.
        place = jnp.where(squared == smallest, numbers, squared.shape[-1]).min(axis=-1, keepdims=True)
        squared = jnp.where(numbers == place, jnp.inf, squared)
        places, least = [*places, place], [*least, smallest]
    return jnp.concatenate(places, axis=-1), jnp.concatenate(least, axis=-1)
