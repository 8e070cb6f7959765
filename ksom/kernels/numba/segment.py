"""Iterations gathered into arrays, so that a compiled kernel does them in one call."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.method.neighbourhood import Factors

SEGMENT_BYTES = 2**24
"""How much is gathered for one call, samples and factors: 16 MB."""


class Segment(NamedTuple):
    """U samples, to be shown one after another, in B blocks that each have factors of their own."""

    samples: NDArray[Any]
    """Shape (U, D), data units."""
    block: NDArray[np.int64]
    """The block that each sample is in, shape (U,)."""
    winners: NDArray[np.int64]
    """Row and column of each sample's best matching node, shape (U, 2); filled in while the map learns."""
    row_rates: NDArray[Any]
    """alpha · g(Δrow), by |Δrow|, shape (B, H)."""
    column_factors: NDArray[Any]
    """g(Δcolumn), for Δcolumn from −(W − 1) to W − 1, shape (B, 2W − 1): along a row of nodes it is read forwards."""
    row_reach: NDArray[np.int64]
    """The largest |Δrow| with a factor other than 0, shape (B,)."""
    column_reach: NDArray[np.int64]
    """Likewise for columns."""
    row_rates_within: NDArray[Any]
    """The smallest rate up to each |Δrow|, shape (B, H): falls with the distance, as most tables do themselves."""
    row_rates_beyond: NDArray[Any]
    """The largest rate from each |Δrow| on."""
    column_factors_within: NDArray[Any]
    """Likewise for columns, shape (B, W)."""
    column_factors_beyond: NDArray[Any]


def segments(steps: Iterable[OnlineStep]) -> Iterator[Segment]:
    """Gather steps into segments of about `SEGMENT_BYTES`; a step with many samples may span several."""
    blocks: list[NDArray[Any]] = []
    shown: list[tuple[Factors, float]] = []
    size = 0
    for samples, factors, learning_rate in steps:
        for block in samples:
            blocks.append(block)
            shown.append((factors, learning_rate))
            # Eight tables follow from the two that came.
            size += block.nbytes + 4 * (factors.rows.nbytes + factors.columns.nbytes)
            if size >= SEGMENT_BYTES:
                yield _segment(blocks, shown)
                blocks, shown, size = [], [], 0
    if blocks:
        yield _segment(blocks, shown)


def _segment(blocks: list[NDArray[Any]], shown: list[tuple[Factors, float]]) -> Segment:
    """Gather blocks and how they are learned: their factors and learning rates."""
    factors, learning_rates = zip(*shown, strict=True)
    samples = np.ascontiguousarray(np.concatenate(blocks))
    rows, columns = (np.array(tables) for tables in zip(*factors, strict=True))
    row_rates = np.array(learning_rates, dtype=samples.dtype)[:, np.newaxis] * rows
    return Segment(
        samples,
        np.repeat(np.arange(len(blocks)), [len(block) for block in blocks]),
        np.empty((len(samples), 2), dtype=np.int64),
        row_rates,
        np.concatenate([columns[:, :0:-1], columns], axis=1),
        _reach(rows),
        _reach(columns),
        np.minimum.accumulate(row_rates, axis=1),
        _largest_beyond(row_rates),
        np.minimum.accumulate(columns, axis=1),
        _largest_beyond(columns),
    )


def _reach(tables: NDArray[Any]) -> NDArray[np.int64]:
    """Return the largest distance with a factor other than 0, for each table."""
    reach: NDArray[np.int64] = np.where(tables != 0, np.arange(tables.shape[1]), 0).max(axis=1)
    return reach


def _largest_beyond(tables: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.maximum.accumulate(tables[:, ::-1], axis=1)[:, ::-1])
