"""Online training, compiled by JAX: a loop over samples that shows each to the whole map."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.kernels.jax.planes import Shape, nearest, rounded, seen_from, squared_distances
from ksom.method.neighbourhood import Factors

PIECE_BYTES = 2**20
"""How much is sent to the device at a time, samples or tables of factors: a megabyte …"""

PIECE_ITEMS = 1024
"""… or so many of them."""


class Shown(NamedTuple):
    """A block of samples and how they are learned."""

    samples: NDArray[Any]
    factors: Factors
    learning_rate: float


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
    """alpha · rows[Δrow], by Δrow + H − 1, shape (T, 2H − 1)."""
    column_factors: NDArray[Any]
    """By phase and Δcolumn + W − 1, shape (T, phases, 2W − 1)."""
    phases: NDArray[np.int32]
    """Which phase holds, by the parity of the winner's row and Δrow + H − 1, shape (2, 2H − 1)."""
    number: int
    """How many samples there are."""


def pieces(steps: Iterable[OnlineStep], shape: Shape, dtype: np.dtype[Any]) -> Iterator[Piece]:
    """Gather steps into pieces; a step with many samples may span several."""
    shown: list[Shown] = []
    number = 0
    for blocks, factors, learning_rate in steps:
        most_samples, most_tables = _sizes(shape, factors, dtype)
        for block in blocks:
            for start in range(0, len(block.values), most_samples):
                rows = block.values[start : start + most_samples]
                if number + len(rows) > most_samples or len(shown) == most_tables:
                    yield _piece(shown, shape, dtype)
                    shown, number = [], 0
                shown.append(Shown(rows, factors, learning_rate))
                number += len(rows)
    if shown:
        yield _piece(shown, shape, dtype)


def _sizes(shape: Shape, factors: Factors, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return how many samples and how many steps' tables a piece has room for."""
    values = PIECE_BYTES // dtype.itemsize
    samples, tables = values // shape.filled, values // (factors.rows.size + factors.columns.size)
    return min(max(samples, 1), PIECE_ITEMS), min(max(tables, 1), PIECE_ITEMS)


def _piece(shown: list[Shown], shape: Shape, dtype: np.dtype[Any]) -> Piece:
    like = shown[0].factors
    most_samples, most_tables = _sizes(shape, like, dtype)
    samples, step = np.zeros((most_samples, shape.filled), dtype), np.zeros(most_samples, np.int32)
    row_rates, column_factors = (np.zeros((most_tables, *table.shape), dtype) for table in like[:2])
    number = 0
    for table, (rows, factors, learning_rate) in enumerate(shown):
        places = slice(number, number + len(rows))
        samples[places, : shape.features], step[places] = rows, table
        row_rates[table], column_factors[table] = dtype.type(learning_rate) * factors.rows, factors.columns
        number += len(rows)
    return Piece(samples, step, row_rates, column_factors, like.phases, number)


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
        row, column = winner // width, winner % width
        row_rates = seen_from(row, piece.row_rates[step], height)
        column_factors = seen_from(column, piece.column_factors[step], width)
        if len(column_factors) > 1:
            column_factors = column_factors[seen_from(row, piece.phases[row % 2], height)]
        rates = row_rates[:, jnp.newaxis] * column_factors
        return planes + rounded(rates * (sample - planes), infinity)

    shown: jax.Array = lax.fori_loop(0, piece.number, show, planes)
    return shown
