"""The compiled backend without a wait for the compiler: numpy computes until the kernels are there.

Both have the same bits, so whoever is there does the next piece of work, and nothing but the time tells who did.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.kernels.backend import OnlineRun, OnlineStep, one_by_one
from ksom.kernels.compiler import COMPILER, HURRY_SECONDS
from ksom.kernels.effort import Work, numpy_seconds
from ksom.kernels.errand import AHEAD_FEATURES, AXES_FEATURES, MANY_SAMPLES, Errand
from ksom.kernels.node_sums import SUM_ROWS, NodeSums, regrouped
from ksom.kernels.numba.terms import SQUARES, TERMS
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.method.distance import Distance
from ksom.method.neighbourhood import Factors, Neighbourhood
from ksom.samples import Block
from ksom.sparse_rows import SparseRows

if TYPE_CHECKING:
    from ksom.kernels.numba.backend import NumbaBackend

logger = logging.getLogger(__name__)

PIECE_SECONDS = 0.05
"""About so long numpy works before somebody looks whether the kernels are there."""

LOOK_SECONDS = 0.01
"""How often is looked, where pieces are smaller."""

PATIENCE_SECONDS = 1.0
"""What takes numpy longer, and cannot be cut, waits for the kernels."""


class AtOnce:
    """The numpy backend until kernels are compiled, then the numba backend; see `Backend` for the operations.

    Parameters
    ----------
    weights : ndarray of shape (H, W, D)
        First weights, data units; copied.
    dtype : dtype
        The working precision, float32 or float64.
    threads : int
        How many threads numba may use.
    distance : Distance
        One of those that `TERMS` knows.
    neighbourhood : Neighbourhood, optional
        What the map learns by, if it is known.
    expected_seconds : float
        How long numpy would take for all that is asked of it, as far as known.
    """

    name = "numba"
    rows_between_pauses = SUM_ROWS

    def __init__(
        self,
        weights: NDArray[Any],
        dtype: DTypeLike,
        threads: int,
        distance: Distance,
        *,
        neighbourhood: Neighbourhood | None = None,
        expected_seconds: float = 0.0,
    ) -> None:
        self._dtype, self._threads, self._distance = np.dtype(dtype), threads, distance
        self._is_pushing = neighbourhood is not None and neighbourhood.lowest < 0
        self._is_broken = False
        if expected_seconds > HURRY_SECONDS:
            COMPILER.is_urgent = True
        self._shape = weights.shape
        self._moves_soon = self._to_move(is_product=neighbourhood is None or neighbourhood.is_product)
        self._shown_in_piece = self._piece(Work(shown=1), 1)
        self._next_look = 0.0
        is_known = Errand("search", self._dtype.name, type(distance).__name__).is_marked()
        self._held: NumpyBackend | NumbaBackend = self._numba(weights) if is_known else self._numpy(weights)

    @property
    def weights(self) -> NDArray[Any]:
        return self._held.weights

    @property
    def features(self) -> int:
        return self._held.features

    def show(self, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        left = iter(steps)
        for first in left:
            if isinstance(first, OnlineRun) and self._can_show(first.block):
                self._compiled().show(chain([first], left))
            else:
                self._show_in_pieces(one_by_one(chain([first], left)))

    def node_sums(
        self, blocks: Iterable[Block], so_far: NodeSums | None = None, winners: NDArray[np.int64] | None = None
    ) -> NodeSums:
        blocks = iter(blocks)
        for first in blocks:
            errands, left = self._to_sum(first), chain([first], blocks)
            if COMPILER.has(errands, [self._moves_soon]):
                return self._compiled().node_sums(left, so_far, winners)
            return self._sums_in_pieces(regrouped(left, SUM_ROWS), so_far, winners, errands)
        return self._held.node_sums([], so_far)

    def moving_to_means(self, node_sums: NodeSums, factors: Factors) -> Iterator[None]:
        errands = [self._to_move(is_product=factors.is_product)]
        takes_long = self._seconds(Work(smoothed=1)) > PATIENCE_SECONDS
        while not COMPILER.has(errands) and takes_long:
            time.sleep(LOOK_SECONDS)
            yield
        moving = self._whoever(errands)
        yield from moving.moving_to_means(node_sums, factors)
        self._held = moving  # whoever looked up meanwhile may have had somebody else search

    def best_matching_nodes(self, block: Block, k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        errands, count, begin = [self._to_search(block)], len(block.values), 0
        found: list[tuple[NDArray[np.int64], NDArray[Any]]] = []
        piece = self._piece(Work(searched=count), count)
        while begin < count or not found:
            can = COMPILER.has(errands)
            stop = count if can else min(begin + piece, count)
            some = block if stop - begin == count else block.rows(begin, stop)
            found.append(self._whoever(errands).best_matching_nodes(some, k))
            begin = stop
        if len(found) == 1:
            return found[0]
        nodes, totals = zip(*found, strict=True)
        return np.concatenate(nodes), np.concatenate(totals)

    def distances(self, block: Block) -> NDArray[Any]:
        return self._whoever([self._errand("distances", _kind(block))]).distances(block)

    def _show_in_pieces(self, steps: Iterator[OnlineStep]) -> None:
        """Show samples as long as there are no kernels, and the rest with them."""
        for step in steps:
            blocks = iter(step.blocks)
            for block in blocks:
                shown = self._shown(step, block)
                if shown < len(block.values):
                    rest = step._replace(blocks=chain([block.rows(shown, len(block.values))], blocks))
                    self._compiled().show(chain([rest], steps))

    def _shown(self, step: OnlineStep, block: Block) -> int:
        """Show a block's samples as long as there are no kernels; return how many were shown."""
        count = len(block.values)
        for begin in range(0, count, self._shown_in_piece):
            if self._is_time_to_look() and self._can_show(block):
                return begin
            some = block.rows(begin, min(begin + self._shown_in_piece, count))
            self._plain().show([step._replace(blocks=[some])])
        return count

    def _is_time_to_look(self) -> bool:
        """Whether numpy has worked for a while; to look takes as long as to show a sample to a small map."""
        now = time.monotonic()
        if isinstance(self._held, NumpyBackend) and now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        return True

    def _can_show(self, block: Block) -> bool:
        return COMPILER.has([self._to_show(block)], [self._to_search(block)])

    def _sums_in_pieces(
        self,
        blocks: Iterator[Block],
        so_far: NodeSums | None,
        winners: NDArray[np.int64] | None,
        errands: Sequence[Errand],
    ) -> NodeSums:
        """Add samples as long as there are no kernels, and the rest with them."""
        made = so_far
        for block in blocks:
            if COMPILER.has(errands):
                return self._compiled().node_sums(chain([block], blocks), made, winners)
            found = self.best_matching_nodes(block, 1)[0][:, 0] if winners is None else winners
            made = self._plain().node_sums([block], made, found)
        return made or self._plain().node_sums([])

    def _to_show(self, block: Block) -> Errand:
        how = ["ahead"] if self.features >= AHEAD_FEATURES else []
        return self._errand("show", [*how, *_kind(block), *(["pushing"] if self._is_pushing else [])])

    def _to_search(self, block: Block) -> Errand:
        """Return the search for a block's samples: of many there are several ways."""
        how = _kind(block)
        if not how and TERMS[type(self._distance)] == SQUARES and len(block.values) >= MANY_SAMPLES:
            how = ["many", *(["axes"] if self.features >= AXES_FEATURES else [])]
        return self._errand("search", how)

    def _to_sum(self, block: Block) -> list[Errand]:
        weighted = [] if block.weights is None else ["weights"]
        return [self._to_search(block), self._errand("sums", [*_kind(block), *weighted])]

    def _to_move(self, *, is_product: bool) -> Errand:
        return self._errand("means", [] if is_product else ["spread"])

    def _errand(self, work: str, how: Iterable[str]) -> Errand:
        return Errand(work, self._dtype.name, type(self._distance).__name__, tuple(how))

    def _whoever(self, errands: Sequence[Errand]) -> "NumpyBackend | NumbaBackend":
        """Return who can do some errands without a wait."""
        return self._compiled() if COMPILER.has(errands) else self._plain()

    def _compiled(self) -> "NumpyBackend | NumbaBackend":
        """Return the numba backend; numpy's, where numba turns out not to work here."""
        if isinstance(self._held, NumpyBackend) and not self._is_broken:
            self._held = self._numba(self._held.weights)
        return self._held

    def _plain(self) -> NumpyBackend:
        if not isinstance(self._held, NumpyBackend):
            self._held = self._numpy(self._held.weights)
        return self._held

    def _numpy(self, weights: NDArray[Any]) -> NumpyBackend:
        return NumpyBackend(weights, self._dtype, self._distance)

    def _numba(self, weights: NDArray[Any]) -> "NumpyBackend | NumbaBackend":
        try:
            from ksom.kernels.numba.backend import NumbaBackend
        except ImportError as error:
            logger.warning("backend numba cannot be loaded (%s); numpy goes on, with the same bits", error)
            self._is_broken = True
            return self._numpy(weights)
        return NumbaBackend(weights, self._dtype, self._threads, self._distance)

    def _seconds(self, work: Work) -> float:
        """Return how long numpy takes for some work, about."""
        return numpy_seconds(work, *self._shape)

    def _piece(self, work: Work, count: int) -> int:
        """Return of how many samples, of so many that are some work, numpy does without a look up."""
        return max(1, int(PIECE_SECONDS * count / self._seconds(work)))


def _kind(block: Block) -> list[str]:
    """Return what kind of samples a block has, where it is not the usual one."""
    if isinstance(block.values, SparseRows):
        return ["sparse"]
    return [] if block.missing is None else ["gaps"]
