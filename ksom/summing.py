"""The sums of a batch, made by whoever is there to make them, in the one order of addition."""

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ksom.compute.compute import Compute, NotYet, named_part
from ksom.compute.fold_by_ranges import FoldByRanges, is_large
from ksom.compute.shipment import Shipment, shipped
from ksom.compute.sums_file import NUMBER
from ksom.errors import ParameterError
from ksom.feed import Feed
from ksom.kernels.backend import Backend
from ksom.kernels.batch_sums import BatchSums, Samples
from ksom.kernels.node_sums import PART_ROWS, SUM_ROWS, NodeSums
from ksom.kernels.used_sums import UsedSums, used
from ksom.kohonensom_model import KohonenSOM
from ksom.pace import Pace
from ksom.searching import HeldMap
from ksom.under_way import UnderWay
from ksom.whole_files import replacing

SEARCH_SECONDS = 1.0
"""Where the winners of a block of samples take longer, as on maps of a million nodes, somebody looks up meanwhile."""

FEWEST_PARTS = 2
"""A batch of fewer parts is added up here: nobody could share the work."""


def summing(
    som: KohonenSOM, feed: Feed, begun: UnderWay, pace: Pace, compute: Compute, *, iterations: int = 1
) -> Iterator[UnderWay]:
    """Add the samples of an iteration that were not added yet, yielding wherever one may leave off.

    Parameters
    ----------
    som : KohonenSOM
        The map, which stays as it is.
    feed : Feed
        The samples.
    begun : UnderWay
        Which iteration, and its sums so far, which are added to.
    pace : Pace
        How much is worked between two pauses.
    compute : Compute
        Who works.
    iterations : int
        How many such batches there will be, this one included.
    """
    assert begun.sums is not None
    samples = Samples(feed.batch(begun.iteration, begun.rows))
    is_over = begun.rows > 0 and samples.is_over()  # a stop came when all were added: it is no pause again
    while not is_over and _is_done_here(feed, begun, pace, compute, iterations):
        yield from _added_here(som, samples, begun, pace)
        is_over = samples.is_over()
    if not is_over:
        yield from _elsewhere(som, feed, begun, compute)


def require_parts(som: KohonenSOM, feed: Feed, compute: Compute) -> None:
    """Refuse workers elsewhere for what only one process can do.

    Raises
    ------
    ParameterError
        If the data set makes its own batches, or an accelerator computes.
    """
    if compute.is_here:
        return
    if not feed.batches.can_be_cut:
        own = f"{type(feed.batches.dataset).__name__}, whose own batch() has no parts that others could read"
        raise ParameterError("compute", f"be 'here' for {own}; or give it rows() instead", compute)
    if som.backend == "jax":
        raise ParameterError("compute", "be 'here' for the backend jax; or take numba", compute)


def _is_done_here(feed: Feed, begun: UnderWay, pace: Pace, compute: Compute, iterations: int) -> bool:
    """Whether the next samples are added up here: others do whole parts, where that takes them less time."""
    if compute.is_here or begun.rows % PART_ROWS:
        return True
    size = feed.batches.size(begun.iteration)
    if size <= (FEWEST_PARTS - 1) * PART_ROWS:
        return True
    left = size * iterations - begun.rows
    return compute.start_seconds > 0 and (
        not pace.is_measured or left * pace.seconds_per_sample < compute.start_seconds
    )


def _added_here(som: KohonenSOM, samples: Samples, begun: UnderWay, pace: Pace) -> Iterator[UnderWay]:
    sums, kernels = begun.sums, som.kernels
    assert sums is not None
    if kernels.rows_between_pauses <= SUM_ROWS and pace.samples_in(SEARCH_SECONDS) < SUM_ROWS:
        yield from _added_slowly(kernels, samples, begun, pace)
        return
    pace.begin()
    sums.add(kernels.node_sums, samples, max(pace.samples, kernels.rows_between_pauses))
    pace.end(sums.rows - begun.rows)
    begun.rows = sums.rows
    yield begun


def _added_slowly(kernels: Backend, samples: Samples, begun: UnderWay, pace: Pace) -> Iterator[UnderWay]:
    """Add a block, looking up while its winners are searched for: whoever leaves off there begins the block again."""
    sums, blocks, found = begun.sums, list(samples.next(SUM_ROWS)), []
    assert sums is not None
    for block in blocks:
        start = 0
        while start < len(block.values):
            stop = min(start + pace.samples_in(SEARCH_SECONDS), len(block.values))
            pace.begin()
            found.append(kernels.best_matching_nodes(block.rows(start, stop), 1)[0][:, 0])
            pace.end(stop - start)
            start = stop
            yield begun
    winners = np.concatenate(found) if found else None
    sums.add(partial(kernels.node_sums, winners=winners), Samples(blocks), SUM_ROWS)
    begun.rows = sums.rows
    yield begun


def _elsewhere(som: KohonenSOM, feed: Feed, begun: UnderWay, compute: Compute) -> Iterator[UnderWay]:
    sums, size = begun.sums, feed.batches.size(begun.iteration)
    assert sums is not None
    weights = som.weights
    path = compute.shared / f"weights-{begun.iteration}-{secrets.token_hex(8)}.npy"  # workers know them by that name
    held = HeldMap(path, weights.dtype.name, som.distance, som.kernels.name, max(1, som.threads), weights.nbytes)
    columns = som.features * (2 if som.intake.keeps_missing else 1)  # a count for each feature, or hardly any
    task = SumsOfPart(_shipment(feed, compute), held, begun.iteration, size, som.lattice.size * columns * NUMBER)
    with replacing(path) as file:
        np.save(file, weights)
    try:
        if is_large(som.lattice.size, som.features, compute.workers):
            for _ in FoldByRanges(compute, som.lattice.size, som.features).adding(task, sums, size):
                begun.rows = sums.rows
                yield begun
        else:
            for found in compute.each(task, range(sums.parts, math.ceil(size / PART_ROWS))):
                if not isinstance(found, NotYet):
                    _add_part(sums, found, som, min(PART_ROWS, size - sums.rows))
                    begun.rows = sums.rows
                yield begun
    finally:
        path.unlink(missing_ok=True)


def _add_part(sums: BatchSums, part: UsedSums, som: KohonenSOM, rows: int) -> None:
    """Add the sums of the next part; what it does not have is 0, which changes no bit."""
    whole = sums.whole
    if whole is None:
        made = NodeSums(np.zeros((som.lattice.size, som.features)), np.zeros((som.lattice.size, part.counts.shape[1])))
        made.sums[part.nodes], made.counts[part.nodes] = part.sums, part.counts
        sums.add_part(made, rows)
        return
    whole.sums[part.nodes] += part.sums
    whole.counts[part.nodes] += part.counts
    sums.rows += rows


@dataclass(frozen=True)
class SumsOfPart:
    """Find the winners of a part's samples, and add these up."""

    batches: Shipment
    held: HeldMap
    iteration: int
    size: int
    """How many samples the batch has."""
    sums_bytes: int
    """Bytes of the sums of all nodes."""

    @property
    def worker_bytes(self) -> int:
        """Bytes that whoever does it takes: the sums of all nodes, of those that were used, and these packed."""
        return self.held.worker_bytes + 3 * self.sums_bytes

    def __call__(self, part: int) -> UsedSums:
        start = part * PART_ROWS
        blocks = self.batches.opened().piece(self.iteration, start, min(start + PART_ROWS, self.size))
        return used(self.held.kernels().node_sums(blocks))

    def name(self, part: int) -> str:
        return named_part(part, self.size)


def _shipment(feed: Feed, compute: Compute) -> Shipment:
    """Return the feed's batches as workers open them; sent once for each folder."""
    folder = compute.shared
    if feed.sent is None or feed.sent.path.parent != folder.absolute():
        feed.sent = shipped(feed.batches, folder)
    return feed.sent
