"""The sums of a whole batch, added up without a pause: what all others must have the bits of."""

from collections.abc import Iterable

from ksom.kernels.batch_sums import BatchSums, Samples, SumsOfBlocks
from ksom.kernels.node_sums import NodeSums
from ksom.samples import Block


def sum_of_parts(node_sums: SumsOfBlocks, blocks: Iterable[Block]) -> NodeSums:
    """Return the sums of a batch that comes in blocks of any size; see `Backend.node_sums`."""
    sums, samples = BatchSums(), Samples(blocks)
    sums.add(node_sums, samples)
    while not samples.is_over():
        sums.add(node_sums, samples)
    return sums.total()
