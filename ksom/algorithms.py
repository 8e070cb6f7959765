"""What an iteration does to the map."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Protocol

import numpy as np

from ksom.compute.compute import Compute
from ksom.compute.here import Here
from ksom.errors import ParameterError, TrainingFailed
from ksom.feed import Feed
from ksom.kernels.backend import OnlineRun, OnlineStep, cut
from ksom.kernels.batch_sums import BatchSums, Samples
from ksom.kernels.effort import Work
from ksom.kernels.node_sums import NodeSums
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Lattice
from ksom.method.neighbourhood import Tables, apart, factors_of_all, require_no_negative, whole_factors
from ksom.method.schedules import SCHEDULES, Exponential, Geometric, Schedule, ScheduleLike, as_schedule, values
from ksom.pace import Pace
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import Range
from ksom.summing import summing
from ksom.under_way import UnderWay

FAR = 100
"""Weights are said to diverge beyond so many widths of the data around them: what pushes nodes apart within bounds, as
a neighbourhood with negative values is meant to do, does not take them there."""

NARROW = 0.3
"""Where sigma ends on a map of at most two rows and columns, lattice steps: there a node learns 4 thousandths of what
its neighbour wins. With 1, a map of two nodes learns both from everything: of two blobs it finds neither."""


class Algorithm(Protocol):
    """A way to train; holds what is constant in a training."""

    minds_order: bool = True
    """Whether the samples' order in an iteration makes a difference to what is learned, beyond rounding."""
    weighs_samples: bool = False
    """Whether it can let samples count by their weights; a training that cannot refuses them."""
    takes_sparse: bool = False
    """Whether it can learn from sparse samples; a training that cannot refuses them."""
    compute: Compute | None = None
    """Who does the parts of an iteration; None: one process, because samples are shown one after another."""

    def prepare(self, som: KohonenSOM, iterations: int) -> None:
        """Complete the parameters for a map and a number of iterations, and check them."""
        ...

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations, if each shows so many samples."""
        ...

    def train(self, som: KohonenSOM, feed: Feed, begun: UnderWay, stop: int, pace: Pace) -> Iterator[UnderWay]:
        """Do the iterations up to `stop` − 1, yielding where one may leave off and go on later.

        Parameters
        ----------
        som : KohonenSOM
            The map.
        feed : Feed
            The samples.
        begun : UnderWay
            What is done already; what was yielded may be given, with the weights as they were then.
        stop : int
            The number of iterations that are done in the end.
        pace : Pace
            How much is worked before something is yielded.
        """
        ...

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return what changes with the iteration, by name."""
        ...


ALGORITHMS = Registry("algorithm", Algorithm)


@ALGORITHMS.register("online")
class Online(Algorithm):
    """Kohonen's original algorithm: each sample moves the map before the next one is looked at.

    In iteration t, for each sample x of the batch, in order: b is its best matching node; then for every node
    w ← w + (alpha(t) · h(b, node; sigma(t))) · (x − w).

    Parameters
    ----------
    sigma : schedule, str, float, pair of float, or function
        Radius of the neighbourhood, lattice steps: a schedule or its name, its start, (start, end), or a function of p,
        from 0 in the first iteration to 1 in the last. Default start: half of the map's longer side, at least 1; end:
        1. On a map of at most two rows and columns, where 1 step reaches everything, it ends at 0.3, and both schedules
        are geometric by default.
    learning_rate : schedule, str, float, pair of float, or function
        alpha, in (0, 1]; likewise. Default start: 0.1; end: 0.01.

    Raises
    ------
    ParameterError
        If a learning rate is above 1, or sigma starts below 1 with an exponential schedule.

    References
    ----------
    T. Kohonen, Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 1982.
    """

    parts = {"sigma": SCHEDULES, "learning_rate": SCHEDULES}

    def __init__(self, sigma: ScheduleLike = "exponential", learning_rate: ScheduleLike = "exponential") -> None:
        self.sigma = as_schedule("sigma", sigma)
        self.learning_rate = as_schedule("learning_rate", learning_rate)

    def __repr__(self) -> str:
        return as_call(self)

    def prepare(self, som: KohonenSOM, iterations: int) -> None:
        self._iterations = iterations
        if self.sigma == self.learning_rate == Exponential() and _is_tiny(som.lattice):
            self.sigma = self.learning_rate = Geometric()
        self.sigma, self._sigma, start = _bound_sigma(self.sigma, som.lattice, iterations, end=1.0)
        self.learning_rate = self.learning_rate.chosen(start=0.1, end=0.01)
        for name in ("start", "end"):
            rate = getattr(self.learning_rate, name, 0)
            if isinstance(rate, float) and rate > 1:
                raise ParameterError(f"algorithm.learning_rate.{name}", "be > 0 and <= 1", rate)
        self._learning_rate = values("algorithm.learning_rate", self.learning_rate, iterations, start, at_most=1)

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations: to show each sample by itself."""
        return Work(shown=self._iterations * samples)

    def train(self, som: KohonenSOM, feed: Feed, begun: UnderWay, stop: int, pace: Pace) -> Iterator[UnderWay]:
        """Do the iterations up to `stop` − 1; several that take a moment, in one call of the backend."""
        if begun.rows or feed.samples_per_iteration > pace.samples:
            for iteration in range(begun.iteration, stop):
                yield from self._piece_by_piece(som, feed, iteration, begun.rows, pace)
                begun = UnderWay(iteration + 1)
        else:
            self._show(som, self._runs(som, feed, range(begun.iteration, stop)))

    def _piece_by_piece(self, som: KohonenSOM, feed: Feed, iteration: int, rows: int, pace: Pace) -> Iterator[UnderWay]:
        """Do an iteration, from row `rows` on, some samples at a time."""
        [factors] = factors_of_all(som.neighbourhood, som.lattice, [self._sigma(iteration)], som.dtype)
        step = OnlineStep((), factors, self._learning_rate(iteration))
        samples = Samples(feed.batch(iteration, rows))
        while not samples.is_over():
            before = samples.taken
            pace.begin()
            self._show(som, [step._replace(blocks=samples.next(pace.samples))])
            pace.end(samples.taken - before)
            yield UnderWay(iteration, rows + samples.taken)

    def _show(self, som: KohonenSOM, steps: Iterable[OnlineStep | OnlineRun]) -> None:
        with np.errstate(over="ignore", invalid="ignore") if som.neighbourhood.lowest < 0 else nullcontext():
            som.kernels.show(steps)

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return sigma, lattice steps, and the learning rate of an iteration."""
        return {"sigma": self._sigma(iteration), "learning_rate": self._learning_rate(iteration)}

    def _runs(self, som: KohonenSOM, feed: Feed, iterations: range) -> Iterator[OnlineStep | OnlineRun]:
        """Yield the iterations, many together where their samples are."""
        tables = Tables(som.neighbourhood, som.lattice, list(map(self._sigma, iterations)), som.dtype)
        for some, blocks in feed.runs(iterations):
            if len(some) == 1:
                [factors] = apart(tables.next(1))
                yield OnlineStep(blocks, factors, self._learning_rate(some[0]))
            else:
                [block] = blocks
                rates = list(map(self._learning_rate, some))
                yield from cut(block, feed.samples_per_iteration, tables, rates)


@ALGORITHMS.register("batch")
class Batch(Algorithm):
    """The batch map: every node moves to the mean of all samples, weighted by the neighbourhood of their winners.

    In iteration t, b(x) is the best matching node of each sample x, with the weights as they were; then for every node
    w_k ← Σ_x h(b(x), k; sigma(t)) · x / Σ_x h(b(x), k; sigma(t)). Computed as Σ_b h(b, k) S_b / Σ_b h(b, k) n_b from
    the sum S_b and the number n_b of the samples that node b won, all in float64. A node whose denominator is below
    1e-12 keeps its weights. A learning rate would cancel: there is none. With a part of the data in each iteration
    (`batch_size`) this is mini-batch training.

    Parameters
    ----------
    sigma : schedule, str, float, pair of float, or function
        Radius of the neighbourhood, lattice steps: a schedule or its name, its start, (start, end), or a function of p,
        from 0 in the first iteration to 1 in the last. Default start: half of the map's longer side, at least 1; end:
        0.7 (0.3 on a map of at most two rows and columns), reached in the last iteration by all but exponential and
        constant ones; an exponential one goes to 1. A single iteration has the start.

    Raises
    ------
    ParameterError
        If sigma starts below 1 with an exponential schedule, or the neighbourhood has negative values.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 3.6.
    T. Kohonen, Essentials of the self-organizing map, Neural Networks 37, 2013.
    """

    parts = {"sigma": SCHEDULES}
    minds_order = False
    weighs_samples = takes_sparse = True
    compute: Compute = Here()

    def __init__(self, sigma: ScheduleLike = "geometric") -> None:
        self.sigma = as_schedule("sigma", sigma, usual="geometric")

    def __repr__(self) -> str:
        return as_call(self)

    def prepare(self, som: KohonenSOM, iterations: int) -> None:
        require_no_negative(som.neighbourhood)
        self._iterations = iterations
        self.sigma, self._sigma, _ = _bound_sigma(self.sigma, som.lattice, iterations, end=0.7)

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations: to search for all samples, and to smooth their sums."""
        return Work(searched=self._iterations * samples, searches=self._iterations, smoothed=self._iterations)

    def train(self, som: KohonenSOM, feed: Feed, begun: UnderWay, stop: int, pace: Pace) -> Iterator[UnderWay]:
        """Do the iterations up to `stop` − 1."""
        for iteration in range(begun.iteration, stop):
            sums = begun.sums or BatchSums()
            under_way, left = UnderWay(iteration, sums.rows, sums), self._iterations - iteration
            yield from summing(som, feed, under_way, pace, self.compute, iterations=left)
            factors = whole_factors(som.neighbourhood, som.lattice, self._sigma(iteration))
            for _ in som.kernels.moving_to_means(self.node_sums(sums), factors):
                yield under_way  # all samples were shown; whoever goes on from here begins the move again
            begun = UnderWay(iteration + 1)
            yield begun

    def node_sums(self, sums: BatchSums) -> NodeSums:
        """Return what the nodes move to the means of, given the sums of a batch."""
        return sums.total()

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return sigma of an iteration, lattice steps."""
        return {"sigma": self._sigma(iteration)}


def require_bounded(som: KohonenSOM, within: Range, iteration: int) -> None:
    """Refuse to go on with a map that diverges, as one may whose neighbourhood has negative values.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    within : Range
        Where the data lie.
    iteration : int
        How many are done, for the message.

    Raises
    ------
    TrainingFailed
        If weights are not finite, or farther from the data than `FAR` times their width.
    """
    if som.neighbourhood.lowest >= 0 or som.distance.on_sphere:
        return
    far = FAR * (float((within.high - within.low).max()) or 1.0)
    weights = som.weights.reshape(-1, som.features)
    low, high = weights.min(axis=0), weights.max(axis=0)
    if not ((within.low - far <= low) & (high <= within.high + far)).all():  # NaN is neither
        told = f"weights are more than {FAR} times the data's width away from the data after iteration {iteration}"
        why = f"{som.neighbourhood!r} pushes nodes away faster than samples draw them back"
        raise TrainingFailed(f"the map diverges: {told}; {why}: take a lower learning rate or a smaller sigma")


def _bound_sigma(
    schedule: Schedule, lattice: Lattice, iterations: int, end: float
) -> tuple[Schedule, Callable[[int], float], float]:
    """Return sigma's schedule with nothing left open, the schedule as a function of the iteration, and its start."""
    start = max(1.0, max(lattice.height, lattice.width) / 2)  # a neighbourhood that reaches most of the map
    schedule = schedule.chosen(start, NARROW if _is_tiny(lattice) else end)
    first = start if schedule.start is None else schedule.start
    return schedule, values("algorithm.sigma", schedule, iterations, first), first


def _is_tiny(lattice: Lattice) -> bool:
    """Whether a sigma of 1 step reaches the whole map, so that its nodes would never come apart."""
    return max(lattice.height, lattice.width) <= 2
