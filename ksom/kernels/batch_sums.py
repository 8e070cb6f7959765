"""The sums of a batch as they grow, in the one order of addition that there is, whoever adds and wherever it pauses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.node_sums import PART_ROWS, SUM_ROWS, NodeSums
from ksom.samples import Block


class SumsOfBlocks(Protocol):
    """What adds samples to the sums of a part: see `Backend.node_sums`."""

    def __call__(self, blocks: Iterable[Block], so_far: NodeSums | None = None) -> NodeSums: ...


@dataclass
class BatchSums:
    """The sums of a batch so far: those of its whole parts, and those of the part that was begun.

    Rows are added up in blocks of `SUM_ROWS`, blocks in parts of `PART_ROWS`, left to right, and parts in the total,
    left to right, all counted from the batch's first row. So one may pause after any block, and a part may be added up
    anywhere.
    """

    rows: int = 0
    """How many samples were added."""
    whole: NodeSums | None = None
    """The sums of all parts that are whole; None: there is none yet."""
    begun: NodeSums | None = None
    """The sums of the part after them, as far as it was added; None: nothing of it was."""

    @property
    def parts(self) -> int:
        """How many parts are whole."""
        return self.rows // PART_ROWS

    @property
    def is_begun(self) -> bool:
        """Whether anything was added, if only an empty batch."""
        return self.whole is not None or self.begun is not None

    def add_part(self, sums: NodeSums, rows: int) -> None:
        """Add the sums of the next part, of so many samples; they may be worked in."""
        self.begun = sums
        self._count(rows)

    def add(self, node_sums: SumsOfBlocks, samples: "Samples", at_most: int = PART_ROWS) -> None:
        """Add the next samples, at most so many, in whole blocks.

        Parameters
        ----------
        node_sums : callable
            Adds blocks to the sums of a part.
        samples : Samples
            What is left of the batch.
        at_most : int
            How many; at least a block is taken, and never more than what is left of the part.
        """
        assert self.begun is not None or self.rows % PART_ROWS == 0  # after `total` there is nothing to add
        left = PART_ROWS - self.rows % PART_ROWS
        before = samples.taken
        self.begun = node_sums(samples.next(min(left, max(1, at_most // SUM_ROWS) * SUM_ROWS)), self.begun)
        self._count(samples.taken - before)

    def as_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the sums as arrays by name, to be kept."""
        held = {"whole": self.whole, "begun": self.begun}
        named = {f"{name}_sums": sums.sums for name, sums in held.items() if sums is not None}
        return named | {f"{name}_counts": sums.counts for name, sums in held.items() if sums is not None}

    @classmethod
    def of_arrays(cls, rows: int, arrays: Mapping[str, NDArray[np.float64]]) -> Self:
        """Return the sums of so many samples that were kept as such arrays; they are worked in.

        Those of a whole batch may have been made one by `total`.

        Raises
        ------
        ValueError
            If they are not what `as_arrays` returns.
        """
        made = {name: _kept(arrays, name) for name in ("whole", "begun") if f"{name}_sums" in arrays}
        needed = {"whole": rows >= PART_ROWS, "begun": rows % PART_ROWS > 0}
        if list(made) not in ([name for name in needed if needed[name]], ["whole"]):
            raise ValueError(f"there must be sums of {rows} samples")
        return cls(rows, **made)

    def total(self) -> NodeSums:
        """Return the sums of all samples; the batch is then done with."""
        if self.begun is not None:
            self._close()
        assert self.whole is not None  # something was added, if only an empty batch
        return self.whole

    def _count(self, rows: int) -> None:
        self.rows += rows
        if rows and self.rows % PART_ROWS == 0:
            self._close()

    def _close(self) -> None:
        assert self.begun is not None
        if self.whole is None:
            self.whole = self.begun
        else:
            self.whole += self.begun
        self.begun = None


def _kept(arrays: Mapping[str, NDArray[np.float64]], name: str) -> NodeSums:
    sums, counts = arrays[f"{name}_sums"], arrays.get(f"{name}_counts", np.empty(0))
    if sums.ndim != 2 or sums.dtype != np.float64 or counts.dtype != np.float64:
        raise ValueError(f"its sums must be tables of float64, got {sums.dtype} of the shape {sums.shape}")
    if counts.ndim != 2 or len(counts) != len(sums) or counts.shape[1] not in {1, sums.shape[1]}:
        raise ValueError(f"its counts must fit the sums of the shape {sums.shape}, got {counts.shape}")
    return NodeSums(np.array(sums), np.array(counts))


class Samples:
    """The samples of a batch, handed out so many at a time.

    Parameters
    ----------
    blocks : iterable of Block
        The samples, in blocks of any size.

    Attributes
    ----------
    taken : int
        How many were handed out.

    Examples
    --------
    >>> import numpy as np
    >>> samples = Samples([Block(np.zeros((3, 1))), Block(np.ones((2, 1)), 3)])
    >>> [[len(block.values) for block in samples.next(4)], [len(block.values) for block in samples.next(4)]]
    [[3, 1], [1]]
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = iter(blocks)
        self._left: Block | None = None
        self.taken = 0

    def next(self, rows: int) -> Iterator[Block]:
        """Yield the next samples, so many in all or as many as there are; to be used up before it is called again."""
        while rows:
            block = next(self._blocks, None) if self._left is None else self._left
            if block is None:
                return
            size = len(block.values)
            self._left = block.rows(rows, size) if size > rows else None
            block = block.rows(0, rows) if size > rows else block
            yield block
            rows -= len(block.values)
            self.taken += len(block.values)

    def is_over(self) -> bool:
        """Whether there is no sample left."""
        if self._left is None:
            self._left = next((block for block in self._blocks if len(block.values)), None)
        return self._left is None
