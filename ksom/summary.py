"""What one pass over a data set tells: where its features lie, how they vary, what is missing, its digest."""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ksom.compute.compute import Compute, named_part, results
from ksom.compute.shipment import Shipment, sending
from ksom.dataset import Dataset, Rows
from ksom.errors import DataError
from ksom.kept_summaries import KeptSummary
from ksom.kernels.node_sums import PART_ROWS
from ksom.part import Part
from ksom.part_summary import Asked, PartSummary, Reading, as_block
from ksom.samples import Block, Summary

Told = Callable[[int, int], None]
"""Is told of so many rows read, of so many."""

FEWEST_PARTS = 2
"""Data of fewer parts are read here: nobody could share the work."""


def summarise(
    dataset: Dataset,
    *,
    keep_missing: bool = False,
    with_moments: bool = True,
    with_log_moments: bool = False,
    with_quantiles: bool = False,
    compute: Compute | None = None,
    told: Told | None = None,
) -> Summary:
    """Read the data once; refuse what cannot be learned from.

    What is known of each part of 262,144 rows is made by itself, and joined with that of the parts before it: the same
    bits whoever reads. What was kept of files that are large and have not changed since is not made again.

    Parameters
    ----------
    dataset : Dataset
        The samples, data units.
    keep_missing : bool
        Whether values may be missing.
    with_moments : bool
        Whether to tell mean and deviation, which takes as long as all the rest; else they are NaN.
    with_log_moments : bool
        Whether to tell them of sign(x) · ln(1 + |x|) too.
    with_quantiles : bool
        Whether to keep some rows to tell quantiles by, at most 64 MB, or one block.
    compute : Compute, optional
        Who reads; default: this process. It reads a data set with `blocks` of its own in any case.
    told : callable, optional
        Is told how many rows have been read, and how many there are, again and again.

    Raises
    ------
    DataError
        If there is no sample or no feature; a value is infinite, or missing where none may be; all values of a
        sample or of a feature are missing; or quantiles of sparse samples are asked for.
    """
    _require_samples(dataset)
    asked = Asked(keep_missing, with_moments, with_log_moments, with_quantiles)
    kept = KeptSummary.of(dataset, asked)
    found = None if kept is None else kept.found(dataset)
    if found is not None:
        return found
    summary = _whole(dataset, asked, compute, told).summary(dataset, name_of(dataset))
    if kept is not None:
        kept.keep(summary)
    return summary


def _whole(dataset: Dataset, asked: Asked, compute: Compute | None, told: Told | None) -> PartSummary:
    """Return what is known of all rows: parts joined from left to right."""
    rows, whole = len(dataset), None
    for part in _parts(dataset, asked, compute, told):
        whole = part if whole is None else whole.joined(part, name_of(dataset))
        if told is not None:
            told(min(whole.rows, rows), rows)
    return whole or Reading(dataset, asked, name_of(dataset)).ended()


def _parts(dataset: Dataset, asked: Asked, compute: Compute | None, told: Told | None) -> Iterator[PartSummary]:
    parts = math.ceil(len(dataset) / PART_ROWS)
    if compute is None or compute.is_here or parts < FEWEST_PARTS or type(dataset).blocks is not Dataset.blocks:
        yield from _read_here(dataset, dataset.blocks(), asked, told)
        return
    first = 0
    if compute.start_seconds:  # workers have to be started: is there enough to do?
        begun = time.monotonic()
        yield from _read_here(dataset, dataset.blocks_between(0, PART_ROWS), asked, told)
        first = 1
        if (parts - first) * (time.monotonic() - begun) < compute.start_seconds:
            yield from _read_here(dataset, dataset.blocks_between(PART_ROWS, len(dataset)), asked, told, PART_ROWS)
            return
    with sending(dataset, compute.shared) as shipment:
        yield from results(compute.each(SummaryOfPart(shipment, asked, len(dataset)), range(first, parts)))


def _read_here(
    dataset: Dataset, blocks: Iterable[Rows], asked: Asked, told: Told | None, first_row: int = 0
) -> Iterator[PartSummary]:
    """Read blocks, in whatever pieces they come, and yield what is known of each part."""
    reading, where, rows = None, name_of(dataset), len(dataset)
    for block in _cut(as_block(each, where, dataset.features) for each in blocks):
        reading = reading or Reading(dataset, asked, where, first_row)
        reading.add(block)
        first_row += len(block.values)
        if told is not None:
            told(min(first_row, rows), rows)
        if first_row % PART_ROWS == 0:
            yield reading.ended()
            reading = None
    if reading is not None:
        yield reading.ended()


def _cut(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks none of which lies in two parts."""
    row = 0
    for block in blocks:
        rows = len(block.values)
        edges = [0, *range(PART_ROWS - row % PART_ROWS, rows, PART_ROWS), rows]
        for start, stop in itertools.pairwise(edges):
            yield block if len(edges) == 2 else block.rows(start, stop)
        row += rows


class SummaryOfPart(NamedTuple):
    """Read the rows of a part, and tell what is known of them."""

    dataset: Shipment
    asked: Asked
    rows: int
    """How many there are in all."""

    def __call__(self, part: int) -> PartSummary:
        dataset: Dataset = self.dataset.opened()
        start = part * PART_ROWS
        reading = Reading(dataset, self.asked, name_of(dataset), start)
        for block in dataset.blocks_between(start, min(start + PART_ROWS, self.rows)):
            reading.add(as_block(block, name_of(dataset), dataset.features))
        return reading.ended()

    def name(self, part: int) -> str:
        return named_part(part, self.rows)


def name_of(dataset: Dataset) -> str:
    """Return what a data set is called in messages that tell the number of a row."""
    if isinstance(dataset, Part):
        return f"{name_of(dataset.whole)}, {len(dataset)} of its rows"
    leaves_out = dataset.weights is not None and not dataset.weights.all()
    return f"dataset {type(dataset).__name__}{', rows of weight 0 left out' if leaves_out else ''}"


def _require_samples(dataset: Dataset) -> None:
    try:
        size, features = len(dataset), dataset.features
        dataset.rows(slice(0, 1))
    except AttributeError as error:
        if error.obj is not dataset or error.name != "samples":
            raise
        told = "has no samples: its constructor must call super().__init__(samples)"
        raise DataError(f"{name_of(dataset)} {told}") from None
    if size < 1 or features < 1:
        raise DataError(f"{name_of(dataset)} must have at least one sample and one feature, got {size} × {features}")
