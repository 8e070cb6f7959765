"""Batch training, compiled by JAX: sums per node, added in one order, and the neighbourhood applied to them once."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Placed

from ksom.kernels.jax.planes import Shape, rounded, seen_from
from ksom.kernels.jax.search import Scored, Sent, search
from ksom.kernels.node_sums import LEAST_WEIGHT
from ksom.kernels.spread import Spread

ADDED_TOGETHER = 8
"""So many nodes are added to a total without going back to memory."""

ALWAYS_THE_SAME_SUMS: dict[str, Any] = {"xla_gpu_deterministic_ops": True}
"""A GPU would add numbers that go to the same node in whatever order they come."""


class Product(NamedTuple):
    """As `Factors`, of a neighbourhood that is a product."""

    rows: Any
    columns: Any
    phases: Any


class Sums(NamedTuple):
    """As `NodeSums`, float64 on the devices."""

    sums: Any
    """Shape (K, D filled up), data units."""
    counts: Any
    """Shape (K, 1)."""


@functools.partial(
    jax.jit, static_argnames=("mesh", "shape"), donate_argnames="sums", compiler_options=ALWAYS_THE_SAME_SUMS
)
def add_blocks(sums: Sums, scored: Scored, sent: Sent, infinity: jax.Array, *, mesh: Mesh, shape: Shape) -> Sums:
    """Add the samples of some blocks to the sums of the nodes that win them.

    Every device finds the nodes of its block and adds up its samples, in order; then every device adds all devices'
    blocks, in order. So the bits do not depend on the number of devices.
    """

    def on_one_device(sums: Sums, scored: Scored, sent: Sent, infinity: jax.Array) -> Sums:
        def one_block(number: jax.Array, sums: Sums) -> Sums:
            samples, count = sent.samples[0, number], sent.counts[0, number]
            winners = search(scored, samples, count, infinity, mesh=mesh, shape=shape, k=1)[0][:, 0]
            added = _sums(samples, jnp.where(jnp.arange(len(samples)) < count, winners, shape.nodes), shape.nodes)
            for device in lax.all_gather(added, "device") if mesh.size > 1 else [added]:
                sums = Sums(sums.sums + device[:, :-1], sums.counts + device[:, -1:])
            return sums

        added: Sums = lax.fori_loop(0, sent.blocks, one_block, sums)
        return added

    added: Sums = jax.shard_map(
        on_one_device,
        mesh=mesh,
        in_specs=(Placed(), Placed(), Sent.places(), Placed()),
        out_specs=Placed(),
        check_vma=False,
    )(sums, scored, sent, infinity)
    return added


def _sums(samples: jax.Array, winners: jax.Array, nodes: int) -> jax.Array:
    """Return each node's sum of samples and, in the last column, their number; no node wins what fills up."""
    with_ones = jnp.pad(samples.astype(jnp.float64), [(0, 0), (0, 1)], constant_values=1)
    return jnp.zeros((nodes, with_ones.shape[1])).at[winners].add(with_ones, mode="drop")


@functools.partial(jax.jit, donate_argnames="planes")
def moved_to_means(planes: jax.Array, sums: Sums, factors: Product | Spread, infinity: jax.Array) -> jax.Array:
    """Return the planes, shape (B, F, H, W), with every node at the mean of its neighbourhood's samples.

    w_k ← Σ_b h(b, k) S_b / Σ_b h(b, k) n_b, for sums of shape (K, D), in float64.
    """
    *blocks, height, width = planes.shape
    features = blocks[0] * blocks[1]
    sums_filled_up = jnp.pad(sums.sums, [(0, 0), (0, features - sums.sums.shape[1])])
    numerators = _applied(sums_filled_up.reshape(height, width, -1), factors, infinity)
    denominators = _applied(sums.counts.reshape(height, width, -1), factors, infinity)
    means = jnp.moveaxis(_means(numerators, denominators, planes.dtype), 2, 0).reshape(planes.shape)
    return jnp.where(denominators[..., 0] >= LEAST_WEIGHT, means, planes)


@functools.partial(jax.jit, static_argnames="shape")
def applied(values: jax.Array, factors: Product | Spread, infinity: jax.Array, *, shape: Shape) -> jax.Array:
    """Return Σ_b h(b, k) · values[b] for every node k, shape (H, W, n), for values of shape (K, n)."""
    return _applied(values.reshape(shape.height, shape.width, -1), factors, infinity)


@jax.jit
def moved_plane(
    plane: jax.Array, sums: jax.Array, denominators: jax.Array, factors: Product | Spread, infinity: jax.Array
) -> jax.Array:
    """Return one plane, shape (H, W), moved as `moved_to_means` moves all of them.

    Parameters
    ----------
    plane : array of shape (H, W)
        A feature's weights.
    sums : array of shape (K, 1)
        Its sums, float64.
    denominators : array of shape (H, W, 1)
        What `applied` makes of the counts.
    factors : Product or Spread
        The neighbourhood.
    infinity : array of shape ()
        See `rounded`.
    """
    numerators = _applied(sums.reshape(*plane.shape, 1), factors, infinity)
    means = _means(numerators, denominators, plane.dtype)
    return jnp.where(denominators[..., 0] >= LEAST_WEIGHT, means[..., 0], plane)


@functools.partial(jax.jit, static_argnames="shape")
def in_blocks(planes: list[jax.Array], *, shape: Shape) -> jax.Array:
    """Return the planes of all features as one array, shape (B, F, H, W), filled up with zeros."""
    stacked = jnp.pad(jnp.stack(planes), [(0, shape.filled - shape.features), (0, 0), (0, 0)])
    return stacked.reshape(*shape.blocks, shape.height, shape.width)


def _means(numerators: jax.Array, denominators: jax.Array, dtype: Any) -> jax.Array:
    # Without the barrier XLA multiplies by 1 / denominator, which rounds twice.
    means = numerators / lax.optimization_barrier(jnp.broadcast_to(denominators, numerators.shape))
    means = means.astype(dtype)
    return jnp.where(means == 0, 0, means)  # no −0: then a factor of 0 never changes a bit of a weight


def _applied(values: jax.Array, factors: Product | Spread, infinity: jax.Array) -> jax.Array:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n)."""
    if isinstance(factors, Spread):
        return _spread(values, factors, infinity)
    return _smoothed(values, factors, infinity)


def _smoothed(values: jax.Array, factors: Product, infinity: jax.Array) -> jax.Array:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n): along rows, then along columns, phase after phase."""
    rows, columns, phases = factors

    def add_phase(phase: jax.Array, total: jax.Array) -> jax.Array:
        row_factors = jnp.where(phases == phase, rows, 0)
        along_rows = _add_smoothed(jnp.zeros_like(values), values, row_factors, infinity)
        column_factors = jnp.stack([columns[phase], columns[phase]])
        turned = _add_smoothed(total.swapaxes(0, 1), along_rows.swapaxes(0, 1), column_factors, infinity)
        return turned.swapaxes(0, 1)

    smoothed: jax.Array = lax.fori_loop(0, len(columns), add_phase, jnp.zeros_like(values))
    return smoothed


def _add_smoothed(total: jax.Array, values: jax.Array, factors: jax.Array, infinity: jax.Array) -> jax.Array:
    """Add Σ_j factors[j % 2, i − j + length − 1] · values[j] to every total[i], j ascending."""
    length = len(values)

    def add(source: jax.Array, total: jax.Array) -> jax.Array:
        near = seen_from(source, factors[source % 2], length)[:, jnp.newaxis, jnp.newaxis]
        return total + rounded(near * values[source], infinity)

    added: jax.Array = lax.fori_loop(0, length, add, total, unroll=min(ADDED_TOGETHER, length))
    return added


def _spread(values: jax.Array, order: Spread, infinity: jax.Array) -> jax.Array:
    """Σ_b h(b, k) · values[b] for every node k, shape (H, W, n), for h that is no product; see `Spread`."""
    height, width = values.shape[:2]
    rows_around = jnp.pad(values, [(height - 1, height - 1), (0, 0), (0, 0)])

    def of_parity(parity: int) -> jax.Array:
        factors, rows, columns, reach, goes_on = (table[parity] for table in order)

        def add_column(i: jax.Array, so_far: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            total, along_rows, reached = so_far

            def add_row(j: jax.Array, along_rows: jax.Array) -> jax.Array:
                source = lax.dynamic_slice_in_dim(rows_around, 2 * height - 2 - rows[j], height)
                return along_rows + rounded(factors[rows[j], columns[i]] * source, infinity)

            begun = jnp.where(goes_on[i], along_rows, 0), jnp.where(goes_on[i], reached, 0)
            along_rows = lax.fori_loop(begun[1], reach[i], add_row, begun[0])
            columns_around = jnp.pad(along_rows, [(0, 0), (width - 1, width - 1), (0, 0)])
            moved = lax.dynamic_slice_in_dim(columns_around, 2 * width - 2 - columns[i], width, axis=1)
            return total + moved, along_rows, reach[i]

        nothing = jnp.zeros_like(values)
        start = (nothing, nothing, jnp.zeros((), reach.dtype))
        spread: jax.Array = lax.fori_loop(0, len(columns), add_column, start)[0]
        return spread

    is_odd = jnp.arange(height)[:, jnp.newaxis, jnp.newaxis] % 2 == 1
    return jnp.where(is_odd, of_parity(1), of_parity(0))
