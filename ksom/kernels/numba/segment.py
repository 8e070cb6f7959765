"""Iterations gathered into arrays, so that a compiled kernel does them in one call."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineRun, OnlineStep

SEGMENT_BYTES = 2**24
"""How much is gathered for one call, samples and factors: 16 MB."""

OPEN = 2**40
"""After so many steps one comes back where one does not: farther than any map reaches."""


class Segment(NamedTuple):
    """U samples, to be shown one after another, in B iterations, or parts of some, with factors of their own."""

    samples: NDArray[Any]
    """Shape (U, D), data units."""
    missing: NDArray[np.bool_] | None
    """Where no value is known, shape (U, D); None: nowhere."""
    block: NDArray[np.int64]
    """The number of each sample's iteration among them, shape (U,)."""
    winners: NDArray[np.int64]
    """Row and column of each sample's best matching node, shape (U, 2); filled in while the map learns."""
    row_rates: NDArray[Any]
    """alpha · rows[Δrow], by Δrow + H − 1, shape (B, 2H − 1)."""
    column_factors: NDArray[Any]
    """Of each phase, by Δcolumn + W − 1, shape (B, phases, 2W − 1): along a row of nodes it is read forwards."""
    phases: NDArray[np.int32]
    """Which phase holds, by the parity of the winner's row and Δrow + H − 1, shape (2, 2H − 1)."""
    row_around: int
    """After how many rows one comes back, where all tables repeat; `OPEN` elsewhere. Distances go the shorter way."""
    column_around: int
    """Likewise for columns."""
    row_reach: NDArray[np.int64]
    """The largest distance along rows with a factor other than 0, shape (B,)."""
    column_reach: NDArray[np.int64]
    """Likewise for columns."""
    row_rates_within: NDArray[Any]
    """The smallest rate up to each distance, shape (B, H): falls with the distance, as most tables do themselves."""
    row_rates_beyond: NDArray[Any]
    """The largest rate from each distance on."""
    column_factors_within: NDArray[Any]
    """Likewise for columns and all phases, shape (B, W)."""
    column_factors_beyond: NDArray[Any]


def segments(steps: Iterable[OnlineStep | OnlineRun]) -> Iterator[Segment]:
    """Gather steps into segments of about `SEGMENT_BYTES`; a step with many samples may span several."""
    gathered: list[OnlineRun] = []
    size = 0
    for run in _runs(steps):
        gathered.append(run)
        # Tables of twice the size follow from those that came.
        size += run.block.values.nbytes + 2 * (run.tables.rows.nbytes + run.tables.columns.nbytes)
        if size >= SEGMENT_BYTES:
            yield _segment(gathered)
            gathered, size = [], 0
    if gathered:
        yield _segment(gathered)


def _runs(steps: Iterable[OnlineStep | OnlineRun]) -> Iterator[OnlineRun]:
    """Yield runs as they are, and of a step each block as a run of one."""
    for step in steps:
        if isinstance(step, OnlineRun):
            yield step
            continue
        tables = step.factors._replace(rows=step.factors.rows[np.newaxis], columns=step.factors.columns[np.newaxis])
        for block in step.blocks:
            yield OnlineRun(block, max(1, len(block.values)), tables, [step.learning_rate])


def _numbers(runs: list[OnlineRun]) -> NDArray[np.int64]:
    """Return for each sample the number of its iteration, counted from the first of some runs."""
    firsts = np.cumsum([0, *(len(run.learning_rates) for run in runs)])
    sizes = [len(run.block.values) for run in runs]
    starts = np.cumsum([0, *sizes])[:-1]
    within = np.arange(sum(sizes)) - np.repeat(starts, sizes)
    numbers: NDArray[np.int64] = within // np.repeat([run.rows for run in runs], sizes)
    numbers += np.repeat(firsts[:-1], sizes)
    return numbers


def _segment(runs: list[OnlineRun]) -> Segment:
    """Gather samples and how each is learned: its iteration's factors and learning rate."""
    blocks, phases = [run.block for run in runs], runs[0].tables.phases
    samples = np.ascontiguousarray(np.concatenate([block.values for block in blocks]))
    missing = None if blocks[0].missing is None else np.concatenate([block.missing for block in blocks])
    of_runs = zip(*(run.tables[:2] for run in runs), strict=True)
    rows, columns = (
        np.ascontiguousarray(np.concatenate(tables)) for tables in of_runs
    )  # for one kernel, of one layout
    learning_rates = [rate for run in runs for rate in run.learning_rates]
    row_rates = np.array(learning_rates, dtype=samples.dtype)[:, np.newaxis] * rows
    row_around, column_around = _around(rows), _around(columns)
    least_rate, most_rate = _by_distance(row_rates[:, np.newaxis], row_around)
    least_factor, most_factor = _by_distance(columns, column_around)
    return Segment(
        samples,
        missing if missing is None else np.ascontiguousarray(missing),
        _numbers(runs),
        np.empty((len(samples), 2), dtype=np.int64),
        row_rates,
        columns,
        phases,
        row_around,
        column_around,
        _reach(least_rate, most_rate),
        _reach(least_factor, most_factor),
        np.minimum.accumulate(least_rate, axis=1),
        _largest_beyond(most_rate),
        np.minimum.accumulate(least_factor, axis=1),
        _largest_beyond(most_factor),
    )


def _around(tables: NDArray[Any]) -> int:
    """Return after how many steps tables by Δ, along their last axis, begin again; `OPEN` if they do not."""
    length = tables.shape[-1] // 2 + 1
    return length if length > 1 and np.array_equal(tables[..., : length - 1], tables[..., length:]) else OPEN


def _by_distance(tables: NDArray[Any], around: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the smallest and the largest of tables by Δ, shape (B, phases, 2L − 1), for each distance, (B, L)."""
    middle = tables.shape[-1] // 2
    least, most = (tables[:, 0],) * 2 if tables.shape[1] == 1 else (tables.min(axis=1), tables.max(axis=1))
    least = np.minimum(least[:, middle:], least[:, middle::-1])
    most = np.maximum(most[:, middle:], most[:, middle::-1])
    for table in (least, most):
        table[:, around // 2 + 1 :] = table[:, min(around // 2, middle), np.newaxis]  # nobody is so far
    return least, most


def _reach(least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.int64]:
    """Return the largest distance with a factor other than 0, for each table."""
    has_factor = (least != 0) | (most != 0)
    has_factor[:, 0] = True  # nobody is nearer
    reach: NDArray[np.int64] = most.shape[1] - 1 - has_factor[:, ::-1].argmax(axis=1)
    return reach


def _largest_beyond(tables: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.maximum.accumulate(tables[:, ::-1], axis=1)[:, ::-1])
