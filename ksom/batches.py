"""The samples of an iteration as a map computes with them: checked blocks of the working precision."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset, Rows, SameBlocks
from ksom.errors import DataError
from ksom.intake import Intake
from ksom.part_summary import counting_weights, values_and_weights
from ksom.samples import BLOCK_ROWS, Block
from ksom.sparse_rows import SamplesLike


@dataclass(eq=False)
class Batches:
    """All that is needed to hand out the samples of any iteration, or of a piece of it, anywhere.

    Every value that is handed out has been looked at: none is NaN, infinite or too large, whatever became of the data
    set since it was read first.

    Examples
    --------
    >>> batches = Batches(Dataset([[0.0], [1.0], [2.0]]), Intake(np.dtype("float32")), batch_size=2)
    >>> [block.values.tolist() for block in batches.of(1)]
    [[[2.0]]]
    """

    dataset: Dataset
    """The samples, data units."""
    intake: Intake
    """What is done to them; it refuses gaps where the data have none."""
    batch_size: int = 0
    """Samples per iteration; 0: the whole data set."""
    shuffle: bool = False
    """A new order in every epoch."""
    seed: int = 0
    """Seed of that order."""
    has_gaps: bool = False
    """Whether values are missing, or may be: then every block tells."""
    mean_weight: float | None = None
    """The mean of the samples' weights; None: they have none."""
    looked_at: NDArray[Any] | None = field(default=None, repr=False)
    """An array in memory whose values need not be looked at again; it must stay as it is."""

    def __getstate__(self) -> dict[str, Any]:
        """Travel without an array that may be larger than the samples: a view of it would be another one there."""
        is_all = self.looked_at is getattr(self.dataset, "samples", None)
        return {**self.__dict__, "looked_at": self.looked_at if is_all else None}

    @property
    def can_be_cut(self) -> bool:
        """Whether a piece of an iteration can be had without the samples before it."""
        return type(self.dataset).batch is Dataset.batch

    def size(self, iteration: int) -> int:
        """Return how many samples an iteration shows, where that can be known before: where it can be cut."""
        return len(self.dataset.rows_shown(iteration, self.batch_size)[1])

    def of(self, iteration: int) -> Iterable[Block]:
        """Return the samples of an iteration, in blocks; those of small data that never change as a tuple.

        Raises
        ------
        DataError
            While they are taken: if the data have become something that cannot be learned from.
        """
        raw = self.dataset.batch(iteration, **self._how)
        blocks = self.checked(raw, _name(iteration))
        return tuple(blocks) if isinstance(raw, SameBlocks) else blocks

    def runs(self, iterations: range) -> Iterator[tuple[range, Iterable[Block]]]:
        """Yield some of the iterations in a row, again and again, with their samples in one block; or one, as `of`.

        Batches of few samples are read and looked at together: one by one that takes longer than to learn from them.
        Raises as `of` does.
        """
        per_batch = self.dataset.samples_per_iteration(self.batch_size)
        at_once = BLOCK_ROWS // per_batch if self.can_be_cut and per_batch < len(self.dataset) else 0
        while iterations:
            epoch, first = self.dataset.rows_shown(iterations[0], self.batch_size)
            together = iterations[: min(at_once, -(-(len(self.dataset) - first.start) // per_batch))]
            if len(together) < 2:
                yield iterations[:1], self.of(iterations[0])
                iterations = iterations[1:]
                continue
            rows = range(first.start, min(first.start + len(together) * per_batch, len(self.dataset)))
            raw = self.dataset.of_epoch(epoch, rows, shuffle=self.shuffle, seed=self.seed)
            try:
                yield together, tuple(self.checked(raw, ""))
            except DataError:  # one of them tells which it is, when it is taken
                yield from ((range(one, one + 1), self.of(one)) for one in together)
            iterations = iterations[len(together) :]

    def piece(self, iteration: int, start: int, stop: int | None = None) -> Iterable[Block]:
        """Return the samples start … stop − 1 of an iteration; raises as `of`."""
        if self.can_be_cut:
            return self.checked(self.dataset.piece(iteration, start, stop, **self._how), _name(iteration), start)
        return _cut(self.of(iteration), start, stop)

    def checked(self, blocks: Iterable[Rows], where: str, first_row: int = 0) -> Iterator[Block]:
        """Yield raw samples as the map computes with them; the first of them is the batch's row of that number."""
        for block in blocks:
            values, weights = values_and_weights(block)
            is_known = isinstance(values, np.ndarray) and values.base is self.looked_at is not None
            checked = Block(values, first_row) if is_known else self.taken(values, where, first_row)
            yield _weighted(checked, weights, self.mean_weight, where)
            first_row += len(values)

    def taken(self, samples: SamplesLike, where: str, first_row: int = 0) -> Block:
        """Return raw samples as the map computes with them."""
        names = self.dataset.feature_names
        block = self.intake.block(samples, where, features=self.dataset.features, first_row=first_row, names=names)
        if self.has_gaps and block.missing is None:  # all blocks are alike
            return block._replace(missing=np.zeros(block.values.shape, np.bool_))
        return block

    @property
    def _how(self) -> dict[str, Any]:
        return {"batch_size": self.batch_size, "shuffle": self.shuffle, "seed": self.seed}


def _name(iteration: int) -> str:
    return f"the batch of iteration {iteration}"


def _cut(blocks: Iterable[Block], start: int, stop: int | None) -> Iterator[Block]:
    """Yield the rows start … stop − 1 of some blocks that have to be made from the first one on."""
    first = 0
    for block in blocks:
        last = first + len(block.values)
        low, high = max(start, first), last if stop is None else min(stop, last)
        if low < high:
            yield block.rows(low - first, high - first)
        first = last


def _weighted(block: Block, weights: NDArray[Any] | None, mean: float | None, where: str) -> Block:
    """Return a block with its weights, whose mean over the data is 1."""
    if weights is None and mean is None:
        return block
    if weights is None or mean is None:
        raise DataError(f"{where}: it must have weights if the samples of the data set have some, and only then")
    return block._replace(weights=counting_weights(weights, len(block.values), where, block.first_row) / mean)
