"""Best matching nodes by products on a JAX device: a shortlist by cheap scores, settled by plain differences.

‖x − c‖² − 2 (x − c)·(w − c) + ‖w − c‖² is ‖w − x‖² but for rounding, whatever the centre c. The groups of nodes with
the best scores are measured as the reference does; where a node of another group might be as near, all nodes are.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Placed

from ksom.kernels.jax.planes import Shape, nearest, squared_distances
from ksom.kernels.rounding import MOST_FEATURES, score_margin

GROUP = 16
"""So many nodes, next to each other in a row, are put on the shortlist together: what is measured lies together."""

GROUPS = 4
"""So many groups are on it."""

SCORES = {"cpu": 2**20}
"""How many scores (samples × nodes) are held at a time, by the kind of device: 4 MB of float32 on a processor …"""

MANY_SCORES = 2**26
"""… and 256 MB elsewhere, so that an accelerator has enough to do."""

MEASURED = 2**17
"""How many distances are measured at a time, of samples that the shortlist does not settle."""


class Scored(NamedTuple):
    """A map, ready to be searched."""

    groups: jax.Array
    """The weights in G groups of neighbouring nodes, the last one filled up, shape (B, F, G, `GROUP`), data units."""
    centre: jax.Array
    """c, shape (D filled up,), data units; about the middle of the weights, though any other would do."""
    centred: jax.Array
    """w − c, shape (D filled up, `GROUP` · G): the first node of every group, then the second, …"""
    norms: jax.Array
    """‖w − c‖², in the same order, data units²; infinite where a group has no node."""
    reach: jax.Array
    """The largest ‖w − c‖, data units, shape ()."""


@jax.jit
def scored(planes: jax.Array) -> Scored:
    """Make a map of planes of shape (B, F, H, W) ready to be searched."""
    planes = planes.reshape(*planes.shape[:2], -1)
    nodes = planes.shape[2]
    count = -(-nodes // GROUP)
    groups = jnp.pad(planes, [(0, 0), (0, 0), (0, count * GROUP - nodes)]).reshape(*planes.shape[:2], count, GROUP)
    centre = (planes.min(axis=2) / 2 + planes.max(axis=2) / 2).reshape(-1)
    centred = groups.swapaxes(2, 3).reshape(len(centre), -1) - centre[:, jnp.newaxis]
    squares = (centred * centred).sum(axis=0)
    norms = jnp.where(_node_numbers(count).T.reshape(-1) < nodes, squares, jnp.inf)
    reach = jnp.sqrt(jnp.where(norms < jnp.inf, norms, 0).max())
    return Scored(groups, centre, centred, norms, reach)


class Sent(NamedTuple):
    """Blocks of samples on d devices: the first device has the blocks 0, d, 2 d, …, the second 1, d + 1, and so on."""

    samples: Any
    """Shape (d, blocks, n, D filled up), data units; n is a power of two."""
    counts: Any
    """How many samples each block has, shape (d, blocks)."""
    blocks: Any
    """How many of each device's blocks are meant."""

    @staticmethod
    def places() -> "Sent":
        """Return how the arrays are spread over the devices."""
        return Sent(Placed("device"), Placed("device"), Placed())


@functools.partial(jax.jit, static_argnames=("mesh", "shape", "k"))
def best_matching_nodes(
    scored: Scored, sent: Sent, infinity: jax.Array, *, mesh: Mesh, shape: Shape, k: int
) -> tuple[jax.Array, jax.Array]:
    """Return the nodes and squared distances that `search` finds, shapes (d, blocks, n, k)."""

    def on_one_device(scored: Scored, sent: Sent, infinity: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one_block(number: jax.Array, found: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            samples, count = sent.samples[0, number], sent.counts[0, number]
            answers = search(scored, samples, count, infinity, mesh=mesh, shape=shape, k=k)
            return found[0].at[0, number].set(answers[0]), found[1].at[0, number].set(answers[1])

        answers = (*sent.samples.shape[:3], k)
        none = jnp.zeros(answers, jnp.int64), jnp.zeros(answers, sent.samples.dtype)
        found: tuple[jax.Array, jax.Array] = lax.fori_loop(0, sent.blocks, one_block, none)
        return found

    found: tuple[jax.Array, jax.Array] = jax.shard_map(
        on_one_device,
        mesh=mesh,
        in_specs=(Placed(), Sent.places(), Placed()),
        out_specs=Placed("device"),
        check_vma=False,
    )(scored, sent, infinity)
    return found


@jax.jit
def all_distances(planes: jax.Array, samples: jax.Array, infinity: jax.Array) -> jax.Array:
    """Return the squared distances of samples, shape (n, D filled up), to all nodes of planes, shape (n, K)."""
    blocks = samples.T.reshape(*planes.shape[:2], len(samples), 1)
    return squared_distances(planes.reshape(*planes.shape[:2], 1, -1), blocks, infinity)


def search(
    scored: Scored, samples: jax.Array, count: jax.Array, infinity: jax.Array, *, mesh: Mesh, shape: Shape, k: int
) -> tuple[jax.Array, jax.Array]:
    """Return the k nearest nodes of each sample and their squared distances, both of shape (n, k).

    Parameters
    ----------
    scored : Scored
        The map.
    samples : array of shape (n, D filled up)
        n is a power of two.
    count : array of shape ()
        How many samples are meant; the others get some answer.
    infinity : array of shape ()
        See `planes.rounded`.
    mesh : Mesh
        The devices, of which one does this.
    shape : Shape
        The map's sizes.
    k : int
        1 or 2, at most the number of nodes.
    """
    if shape.nodes <= GROUP * GROUPS or shape.features > MOST_FEATURES:
        nodes, squared = jnp.zeros((len(samples), k), int), jnp.zeros((len(samples), k), samples.dtype)
        is_settled = jnp.zeros(len(samples), bool)
    else:
        some = min(len(samples), _samples_at_once(shape, mesh))
        one_part = functools.partial(_shortlisted, scored, infinity=infinity, shape=shape, k=k)
        found = lax.map(one_part, samples.reshape(-1, some, samples.shape[1]))
        nodes, squared, is_settled = (each.reshape(len(samples), *each.shape[2:]) for each in found)
    is_settled |= jnp.arange(len(samples)) >= count
    return _settled(scored, samples, (nodes, squared), is_settled, infinity, shape=shape)


def _samples_at_once(shape: Shape, mesh: Mesh) -> int:
    """Return for how many samples scores are held at a time, a power of two."""
    scores = SCORES.get(mesh.devices.flat[0].platform, MANY_SCORES)
    return 1 << max(0, (scores // shape.nodes).bit_length() - 1)


def _shortlisted(
    scored: Scored, samples: jax.Array, *, infinity: jax.Array, shape: Shape, k: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the nearest nodes on the shortlist, their squared distances, and whether no other can be as near."""
    centred = samples - scored.centre
    scores = scored.norms + jnp.matmul(-2 * centred, scored.centred, precision=lax.Precision.HIGHEST)
    least = scores.reshape(len(samples), GROUP, -1).min(axis=1)
    groups, best = nearest(least, GROUPS + 1)  # XLA's own top_k took up to ten times as long as all the rest
    groups = jnp.sort(groups[:, :GROUPS], axis=1)  # by their nodes, so that the first of equals is found first

    blocks = samples.T.reshape(*shape.blocks, len(samples), 1, 1)
    measured = squared_distances(scored.groups, blocks, infinity, lambda block: block[:, groups])
    numbers = _node_numbers(least.shape[1])[groups].reshape(len(samples), -1)
    measured = jnp.where(numbers < shape.nodes, measured.reshape(len(samples), -1), jnp.inf)
    places, squared = nearest(measured, k)

    nodes = jnp.take_along_axis(numbers, places, axis=1)
    return nodes, squared, _is_nearer(squared[:, -1], best[:, GROUPS], centred, scored.reach, shape)


def _is_nearer(squared: jax.Array, score: jax.Array, centred: jax.Array, reach: jax.Array, shape: Shape) -> jax.Array:
    """Tell whether a squared distance is smaller than that of any node with that score or a larger one.

    See `score_margin`: half of its margin is for the score, the other half for ‖x − c‖² and the comparison.
    """
    margin = score_margin(shape.filled, squared.dtype, flushed=True)
    own = (centred * centred).sum(axis=1)
    radius = jnp.sqrt(own) + reach
    apart = radius * (margin.for_radius * radius + margin.for_reach * reach) + margin.underflow
    return (radius * radius < margin.largest) & (score + own - apart > squared)


def _settled(
    scored: Scored,
    samples: jax.Array,
    found: tuple[jax.Array, jax.Array],
    is_settled: jax.Array,
    infinity: jax.Array,
    *,
    shape: Shape,
) -> tuple[jax.Array, jax.Array]:
    """Measure all nodes for the samples that are not settled, some at a time; return what is found then."""
    unsettled = jnp.argsort(is_settled, stable=True)
    some = min(len(samples), max(1, MEASURED // shape.nodes))
    weights = scored.groups.reshape(*shape.blocks, 1, -1)

    def measure(part: jax.Array, found: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        chosen = lax.dynamic_slice(unsettled, (part * some,), (some,))
        squared = squared_distances(weights, samples[chosen].T.reshape(*shape.blocks, some, 1), infinity)
        whole = nearest(squared[:, : shape.nodes], found[0].shape[1])
        return found[0].at[chosen].set(whole[0]), found[1].at[chosen].set(whole[1])

    parts = -(-(~is_settled).sum() // some)
    settled: tuple[jax.Array, jax.Array] = lax.fori_loop(0, parts, measure, found)
    return settled


def _node_numbers(groups: int) -> jax.Array:
    """Return the nodes of each group, shape (groups, `GROUP`)."""
    return jnp.arange(groups * GROUP).reshape(groups, GROUP)
