"""What training and measuring need of a numerical core: the interface of all backends."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.kernels.node_sums import NodeSums
from ksom.method.neighbourhood import Factors, Tables, apart
from ksom.samples import Block

BLOCK_DISTANCES = 2**18
"""How many distances (samples × nodes) are held at a time: about a megabyte, which stays in a core's cache."""


class OnlineStep(NamedTuple):
    """One iteration of online training."""

    blocks: Iterable[Block]
    """The samples, in the working precision, without weights."""
    factors: Factors
    """The neighbourhood at this iteration's sigma."""
    learning_rate: float
    """This iteration's learning rate, in (0, 1]."""


class OnlineRun(NamedTuple):
    """Iterations of online training in a row, whose samples and factors are together.

    To make a step of each took, one sample at a time, three quarters of a training of 1,600 nodes and 16 features.
    """

    block: Block
    """The samples of all iterations, one after another, in the working precision, without weights."""
    rows: int
    """So many of them each iteration shows; the last one what is left."""
    tables: Factors
    """The neighbourhoods, tables with a first axis of iterations."""
    learning_rates: list[float]
    """The iterations' learning rates, each in (0, 1]."""

    def steps(self) -> Iterator[OnlineStep]:
        """Yield the iterations one by one."""
        for number, (factors, rate) in enumerate(zip(apart(self.tables), self.learning_rates, strict=True)):
            start = number * self.rows
            block = self.block.rows(start, min(start + self.rows, len(self.block.values)))
            yield OnlineStep([block], factors, rate)


def cut(block: Block, rows: int, tables: Tables, learning_rates: list[float]) -> Iterator[OnlineRun]:
    """Yield iterations that show so many samples of a block each, as many together as have their factors together."""
    done = 0
    while done < len(learning_rates):
        some = tables.next(len(learning_rates) - done)
        stop = done + len(some.rows)
        samples = block.rows(done * rows, min(stop * rows, len(block.values)))
        yield OnlineRun(samples, rows, some, learning_rates[done:stop])
        done = stop


def one_by_one(steps: Iterable[OnlineStep | OnlineRun]) -> Iterator[OnlineStep]:
    """Yield the iterations of steps and runs one by one."""
    for step in steps:
        if isinstance(step, OnlineRun):
            yield from step.steps()
        else:
            yield step


class Backend(Protocol):
    """What training and measuring need of a numerical core.

    A block's samples are an array or, but not to be shown one after another, `SparseRows`: their squared distance to a
    node is max(0, ‖w‖² + Σ x (x − 2 w)), in float64 from weights in the working precision, the sum over the stored
    values feature by feature, in order, and so ‖w‖². That is ‖w − x‖² but for rounding; it knows no other terms than
    squares. Their sums per node are those of the same samples in full, to the bit.
    """

    name: str
    """One of `BACKENDS`."""
    rows_between_pauses: int
    """A part's sums may be made in several calls of so many samples each, or of a multiple, without changing a bit."""

    @property
    def weights(self) -> NDArray[Any]:
        """The weights as a new array of shape (H, W, D), C order, data units, in the working precision."""
        ...

    @property
    def features(self) -> int:
        """The number of features, D."""
        ...

    def show(self, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        """Show samples one after another; each moves the weights before the next one is looked at.

        Of a sample with missing values only the features that are there are compared, and moved.
        """
        ...

    def node_sums(
        self, blocks: Iterable[Block], so_far: NodeSums | None = None, winners: NDArray[np.int64] | None = None
    ) -> NodeSums:
        """Return sum and number of the samples of one part that each node wins, with the weights as they are.

        A sample counts as often as it weighs; where values are missing, each feature is counted by itself.

        Parameters
        ----------
        blocks : iterable of Block
            Of any size, in the working precision; how they are cut does not change a bit.
        so_far : NodeSums, optional
            The sums of the samples before them in the part, whole blocks of `SUM_ROWS`: these are added to, in place.
        winners : ndarray of shape (n,), optional
            Which nodes win them, if that is known; then they are one block of `SUM_ROWS` at most.
        """
        ...

    def moving_to_means(self, node_sums: NodeSums, factors: Factors) -> Iterator[None]:
        """Move every node to the mean of all samples, w_k ← Σ_b h(b, k) S_b / Σ_b h(b, k) n_b, added in float64.

        All nodes move at once, at the end. On a large map it yields before that, wherever one may look up or leave off:
        there the weights are as they were, and so are the sums, from which it may be begun again.

        The neighbourhood is applied along rows, then along columns, b ascending, phase after phase; one that is no
        product as `Spread` tells. A node whose denominator is below `LEAST_WEIGHT` keeps its weights; where each
        feature is counted, a feature of a node does. A distance of directions has the nodes that moved put back on the
        sphere, in float64.

        Parameters
        ----------
        node_sums : NodeSums
            S_b and n_b of every node b; when it has moved, its arrays may have been worked in, and are used up.
        factors : Factors
            h, in float64, as far as it reaches.
        """
        ...

    def best_matching_nodes(self, block: Block, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return the k nearest nodes of each sample, nearest first, and the sums of their distance's terms.

        Over the features that a sample has. Of equally near nodes the one with the lower index comes first.

        Parameters
        ----------
        block : Block
            The samples, in the working precision.
        k : int
            1 or 2, at most the number of nodes.

        Returns
        -------
        nodes : ndarray of shape (n, k)
            Node indices, row * W + column.
        totals : ndarray of shape (n, k)
            What `reported_distances` turns into distances: euclidean ones squared. In the working precision.
        """
        ...

    def distances(self, block: Block) -> NDArray[Any]:
        """Return the distance of each of a few samples to every node, shape (n, K), data units."""
        ...
