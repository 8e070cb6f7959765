"""What an iteration does to the map."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from ksom.errors import ParameterError
from ksom.kernels.backend import OnlineStep
from ksom.kernels.effort import Work
from ksom.kernels.node_sums import sum_of_parts
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import Lattice
from ksom.method.neighbourhood import factors_of_all, whole_factors
from ksom.method.schedules import SCHEDULES, ScheduleLike, as_schedule
from ksom.registry import Registry
from ksom.representation import as_call
from ksom.samples import Block

Batches = Callable[[int], Iterable[Block]]
"""The samples of an iteration, in blocks of the working precision."""


class Algorithm(Protocol):
    """A way to train; holds what is constant in a training."""

    def prepare(self, lattice: Lattice, iterations: int) -> None:
        """Complete the parameters for a lattice and a number of iterations, and check them."""
        ...

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations, if each shows so many samples."""
        ...

    def train(self, som: KohonenSOM, batches: Batches, start: int, stop: int) -> None:
        """Do the iterations start … stop − 1."""
        ...

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return what changes with the iteration, by name."""
        ...


ALGORITHMS = Registry("algorithm", Algorithm)


@ALGORITHMS.register("online")
class Online:
    """Kohonen's original algorithm: each sample moves the map before the next one is looked at.

    In iteration t, for each sample x of the batch, in order: b is its best matching node; then for every node
    w ← w + (alpha(t) · h(b, node; sigma(t))) · (x − w).

    Parameters
    ----------
    sigma : schedule, str, float or pair of float
        Radius of the neighbourhood, lattice steps: a schedule or its name, its start, or (start, end). Default start:
        half of the map's longer side, at least 1; end: 1.
    learning_rate : schedule, str, float or pair of float
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
        self._iterations = 0

    def __repr__(self) -> str:
        return as_call(self)

    def prepare(self, lattice: Lattice, iterations: int) -> None:
        """Complete the schedules for a lattice and a number of iterations, and check them."""
        self._iterations = iterations
        self.sigma = self.sigma.completed(start=_half_of(lattice), end=1.0)
        self.learning_rate = self.learning_rate.completed(start=0.1, end=0.01)
        for schedule in (self.sigma, self.learning_rate):
            schedule.check(self.sigma.start)
        for name in ("start", "end"):
            rate = getattr(self.learning_rate, name, 0)
            if rate > 1:
                raise ParameterError(f"algorithm.learning_rate.{name}", "be > 0 and <= 1", rate)

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations: to show each sample by itself."""
        return Work(shown=self._iterations * samples)

    def train(self, som: KohonenSOM, batches: Batches, start: int, stop: int) -> None:
        """Do the iterations start … stop − 1, in one call of the backend."""
        som.kernels.show(self._steps(som, batches, start, stop))

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return sigma, lattice steps, and the learning rate of an iteration."""
        return {
            "sigma": self.sigma.value(iteration, self._iterations, self.sigma.start),
            "learning_rate": self.learning_rate.value(iteration, self._iterations, self.sigma.start),
        }

    def _steps(self, som: KohonenSOM, batches: Batches, start: int, stop: int) -> Iterator[OnlineStep]:
        iterations = range(start, stop)
        sigmas, learning_rates = (
            [schedule.value(iteration, self._iterations, self.sigma.start) for iteration in iterations]
            for schedule in (self.sigma, self.learning_rate)
        )
        factors = factors_of_all(som.neighbourhood, som.lattice, sigmas, som.dtype)
        return map(OnlineStep, map(batches, iterations), factors, learning_rates)


@ALGORITHMS.register("batch")
class Batch:
    """The batch map: every node moves to the mean of all samples, weighted by the neighbourhood of their winners.

    In iteration t, b(x) is the best matching node of each sample x, with the weights as they were; then for every node
    w_k ← Σ_x h(b(x), k; sigma(t)) · x / Σ_x h(b(x), k; sigma(t)). Computed as Σ_b h(b, k) S_b / Σ_b h(b, k) n_b from
    the sum S_b and the number n_b of the samples that node b won, all in float64. A node whose denominator is below
    1e-12 keeps its weights. A learning rate would cancel: there is none. With a part of the data in each iteration
    (`batch_size`) this is mini-batch training.

    Parameters
    ----------
    sigma : schedule, str, float or pair of float
        Radius of the neighbourhood, lattice steps: a schedule or its name, its start, or (start, end). Default start:
        half of the map's longer side, at least 1; end: 0.7.

    Raises
    ------
    ParameterError
        If sigma starts below 1 with an exponential schedule.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 3.6.
    T. Kohonen, Essentials of the self-organizing map, Neural Networks 37, 2013.
    """

    parts = {"sigma": SCHEDULES}

    def __init__(self, sigma: ScheduleLike = "exponential") -> None:
        self.sigma = as_schedule("sigma", sigma)
        self._iterations = 0

    def __repr__(self) -> str:
        return as_call(self)

    def prepare(self, lattice: Lattice, iterations: int) -> None:
        """Complete the schedule for a lattice and a number of iterations, and check it."""
        self._iterations = iterations
        self.sigma = self.sigma.completed(start=_half_of(lattice), end=0.7)
        self.sigma.check(self.sigma.start)

    def work(self, samples: int) -> Work:
        """Return what is to do in all iterations: to search for all samples, and to smooth their sums."""
        return Work(searched=self._iterations * samples, searches=self._iterations, smoothed=self._iterations)

    def train(self, som: KohonenSOM, batches: Batches, start: int, stop: int) -> None:
        """Do the iterations start … stop − 1."""
        for iteration in range(start, stop):
            node_sums = sum_of_parts(som.kernels.node_sums, batches(iteration))
            sigma = self.parameters(iteration)["sigma"]
            som.kernels.move_to_means(node_sums, whole_factors(som.neighbourhood, som.lattice, sigma))

    def parameters(self, iteration: int) -> dict[str, float]:
        """Return sigma of an iteration, lattice steps."""
        return {"sigma": self.sigma.value(iteration, self._iterations, self.sigma.start)}


def _half_of(lattice: Lattice) -> float:
    """Return half of the longer side, at least 1, lattice steps: a neighbourhood that reaches most of the map."""
    return max(1.0, max(lattice.height, lattice.width) / 2)
