"""Batch training, compiled by JAX: sums per node, added in one order, and the neighbourhood applied to them once."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Placed

from ksom.kernels.node_sums import LEAST_WEIGHT
from ksom.kernels.planes_jax import Shape, rounded
from ksom.kernels.search_jax import Scored, search

ADDED_TOGETHER = 8
"""So many nodes are added to a total without going back to memory."""

ALWAYS_THE_SAME_SUMS: dict[str, Any] = {"xla_gpu_deterministic_ops": True}
"""A GPU would add numbers that go to the same node in whatever order they come."""


class Sums(NamedTuple):
    """As `NodeSums`, float64 on the devices."""

    sums: Any
    """Shape (K, D filled up), data units."""
    counts: Any
    """Shape (K,)."""


@functools.partial(
    jax.jit,
    static_argnames=("mesh", "shape"),
    donate_argnames="sums",
    compiler_options=ALWAYS_THE_SAME_SUMS,
)
def add_blocks(
    sums: Sums,
    scored: Scored,
    samples: jax.Array,
    counts: jax.Array,
    infinity: jax.Array,
    *,
    mesh: Mesh,
    shape: Shape,
) -> Sums:
    """Add one block of samples for each device, shape (devices, n, D filled up), with `counts` samples in each.

    Every device finds the nodes of its block and adds up its samples, in order; then the blocks are added, in order.
    So the bits do not depend on the number of devices.
    """

    def one_block(scored: Scored, samples: jax.Array, counts: jax.Array, infinity: jax.Array) -> Sums:
        rows, count = samples[0], counts[0]
        winners = search(scored, rows, count, infinity, shape=shape, k=1)[0][:, 0]
        winners = jnp.where(jnp.arange(len(rows)) < count, winners, shape.nodes)  # what fills the block up is dropped
        empty = jnp.zeros((1, shape.nodes, rows.shape[1])), jnp.zeros((1, shape.nodes))
        added = empty[0].at[0, winners].add(rows.astype(jnp.float64), mode="drop")
        return Sums(added, empty[1].at[0, winners].add(1.0, mode="drop"))

    along = Placed("device")
    places = (Placed(), along, along, Placed())
    blocks = jax.shard_map(one_block, mesh=mesh, in_specs=places, out_specs=along, check_vma=False)(
        scored, samples, counts, infinity
    )
    for device in range(len(samples)):
        sums = Sums(*(total + block[device] for total, block in zip(sums, blocks, strict=True)))
    return sums


@functools.partial(jax.jit, donate_argnames="planes")
def moved_to_means(
    planes: jax.Array, sums: Sums, row_factors: jax.Array, column_factors: jax.Array, infinity: jax.Array
) -> jax.Array:
    """Return the planes, shape (B, F, H, W), with every node at the mean of its neighbourhood's samples.

    w_k ← Σ_b h(b, k) S_b / Σ_b h(b, k) n_b, for sums of shape (K, D), in float64.
    """
    *blocks, height, width = planes.shape
    features = blocks[0] * blocks[1]

    def smoothed(values: jax.Array) -> jax.Array:
        rows = _smoothed(values.reshape(height, width, -1), row_factors, infinity)
        return _smoothed(rows.swapaxes(0, 1), column_factors, infinity).swapaxes(0, 1)

    sums_filled_up = jnp.pad(sums.sums, [(0, 0), (0, features - sums.sums.shape[1])])
    numerators, denominators = smoothed(sums_filled_up), smoothed(sums.counts)
    # Without the barrier XLA multiplies by 1 / denominator, which rounds twice.
    means = numerators / lax.optimization_barrier(jnp.broadcast_to(denominators, numerators.shape))
    means = jnp.moveaxis(means, 2, 0).astype(planes.dtype).reshape(planes.shape)
    means = jnp.where(means == 0, 0, means)  # no −0: then a factor of 0 never changes a bit of a weight
    return jnp.where(denominators[..., 0] >= LEAST_WEIGHT, means, planes)


def _smoothed(values: jax.Array, factors: jax.Array, infinity: jax.Array) -> jax.Array:
    """Σ_j factors[|i − j|] · values[j] for every i, j ascending."""
    steps = jnp.arange(len(values))

    def add(source: jax.Array, total: jax.Array) -> jax.Array:
        near = factors[jnp.abs(steps - source)][:, jnp.newaxis, jnp.newaxis]
        return total + rounded(near * values[source], infinity)

    none = jnp.zeros_like(values)
    total: jax.Array = lax.fori_loop(0, len(values), add, none, unroll=min(ADDED_TOGETHER, len(values)))
    return total
