"""Online training, compiled by JAX: a loop over samples that shows each to the whole map."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from ksom.kernels import OnlineStep
from ksom.kernels.planes_jax import Shape, nearest, rounded, squared_distances

PIECE_BYTES = 2**20
"""How much is sent to the device at a time, samples or tables of factors: a megabyte …"""

PIECE_ITEMS = 1024
"""… or so many of them."""


class Piece(NamedTuple):
    """Some samples to be shown one after another; its arrays have the same shapes in every piece for a map.

    So nothing is compiled twice, however many samples an iteration has and iterations a call: what is beyond `number`
    is not shown, and what is beyond the neighbourhood's reach are zeros.
    """

    samples: NDArray[Any]
    """Shape (S, D filled up), data units."""
    step: NDArray[np.int32]
    """Which step's tables each sample has, shape (S,)."""
    row_rates: NDArray[Any]
    """alpha · g(Δrow), by |Δrow|, shape (T, H)."""
    column_factors: NDArray[Any]
    """g(Δcolumn), by |Δcolumn|, shape (T, W)."""
    number: int
    """How many samples there are."""


def pieces(steps: Iterable[OnlineStep], shape: Shape, dtype: np.dtype[Any]) -> Iterator[Piece]:
    """Gather steps into pieces; a step with many samples may span several."""
    piece, tables = _empty(shape, dtype), 0
    for samples, factors, learning_rate in steps:
        is_new = True
        for block in samples:
            start = 0
            while start < len(block):
                if piece.number == len(piece.step) or (is_new and tables == len(piece.row_rates)):
                    yield piece
                    piece, tables, is_new = _empty(shape, dtype), 0, True
                if is_new:
                    piece.row_rates[tables] = dtype.type(learning_rate) * factors.rows
                    piece.column_factors[tables] = factors.columns
                    tables, is_new = tables + 1, False
                shown = block[start : start + len(piece.step) - piece.number]
                places = slice(piece.number, piece.number + len(shown))
                piece.samples[places, : shape.features], piece.step[places] = shown, tables - 1
                piece, start = piece._replace(number=places.stop), start + len(shown)
    if piece.number:
        yield piece


def _empty(shape: Shape, dtype: np.dtype[Any]) -> Piece:
    samples, tables = (
        min(max(PIECE_BYTES // (length * dtype.itemsize), 1), PIECE_ITEMS)
        for length in (shape.filled, shape.height + shape.width)
    )
    return Piece(
        np.zeros((samples, shape.filled), dtype),
        np.zeros(samples, np.int32),
        np.zeros((tables, shape.height), dtype),
        np.zeros((tables, shape.width), dtype),
        0,
    )


@functools.partial(jax.jit, donate_argnames="planes")
def learn(planes: jax.Array, piece: Piece, infinity: jax.Array) -> jax.Array:
    """Show a piece's samples; return the planes, shape (B, F, H, W), as they are then.

    For each sample x, with its best matching node b: w ← w + (alpha · h(b, node)) · (x − w) for every node.
    """
    *blocks, height, width = planes.shape
    samples = piece.samples.reshape(-1, *blocks, 1, 1)

    def show(number: jax.Array, planes: jax.Array) -> jax.Array:
        sample, step = samples[number], piece.step[number]
        winner = nearest(squared_distances(planes, sample, infinity).reshape(-1), 1)[0][0]
        rates = (
            piece.row_rates[step, jnp.abs(jnp.arange(height) - winner // width)][:, jnp.newaxis]
            * piece.column_factors[step, jnp.abs(jnp.arange(width) - winner % width)]
        )
        return planes + rounded(rates * (sample - planes), infinity)

    shown: jax.Array = lax.fori_loop(0, piece.number, show, planes)
    return shown
