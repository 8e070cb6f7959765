"""How much a node learns from a sample that another node won: functions of the lattice distance and sigma."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice
from ksom.registry import Registry, named_after
from ksom.representation import as_call

FACTORS_AT_ONCE = 2**17
"""How many factors are computed at once, for many small iterations or one large one: a megabyte of float64."""

TRIED = np.square(np.linspace(0, 40, 161)), np.array([[0.5], [1.0], [2.0], [5.0], [10.0]])
"""Where a neighbourhood is tried out before anything is learned: squared distances and sigmas."""


class Neighbourhood:
    """A function h of the squared lattice distance d² and sigma: 1 at the winner, at most 1 and at least −1 elsewhere.

    A subclass gives `of`; the rest is as most have it.
    """

    is_product: bool = False
    """Whether h(a + b) = h(a) · h(b): then rows and columns can be looked up apart."""
    lowest: float = 0.0
    """The smallest value that h can have: 0, or below, down to −1, where nodes are pushed away."""

    def __repr__(self) -> str:
        return as_call(self)

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return h at each squared distance, for each sigma, element by element.

        Parameters
        ----------
        squares : ndarray of shape (n,)
            d², lattice steps².
        sigma : ndarray of shape (s, 1)
            Radii, lattice steps, > 0.

        Returns
        -------
        ndarray of shape (s, n)
        """
        raise NotImplementedError


def of_function(function: Callable[[NDArray[np.float64], float], Any]) -> type[Neighbourhood]:
    """Return the neighbourhood that a function of (squares, sigma) stands for, as a class.

    It has negative values if such are seen where it is tried.
    """

    class OfFunction(Neighbourhood):
        __doc__ = function.__doc__

        @property
        def lowest(self) -> float:  # type: ignore[override]  # known only once the function is tried
            return -1.0 if (self.of(*TRIED) < 0).any() else 0.0

        def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.stack([_as_floats(self, function(squares, float(one)), squares.shape) for one in sigma.flat])

    return named_after(function, OfFunction)


NEIGHBOURHOODS = Registry("neighbourhood", Neighbourhood, of_function)

NeighbourhoodLike = Neighbourhood | str | Callable[[NDArray[np.float64], float], Any]
"""A neighbourhood, its name, or a function of squared distances and sigma."""


class Factors(NamedTuple):
    """One iteration's neighbourhood: h(b, k) = rows[Δrow] · columns[phases[parity of b's row, Δrow], Δcolumn].

    The tables begin at the most negative Δ; see `Lattice`. A neighbourhood that is no product has rows of 1, or 0
    beyond its reach, and a phase of its own for every distance along rows and phase of the lattice.
    """

    rows: NDArray[Any]
    """Shape (2 height − 1,)."""
    columns: NDArray[Any]
    """Shape (phases, 2 width − 1)."""
    phases: NDArray[np.int32]
    """Shape (2, 2 height − 1)."""
    is_product: bool = True
    """Whether the neighbourhood is a product of rows and columns."""


@NEIGHBOURHOODS.register("gaussian")
class Gaussian(Neighbourhood):
    """h = exp(−d² / 2σ²): a product of a gaussian of rows and one of columns.

    R's kohonen cuts it off at d = σ; some write exp(−d² / σ²), narrower by √2.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, eq. 3.2.
    """

    is_product = True

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """exp(−(d / σ)² / 2) at each d², lattice steps²."""
        with np.errstate(over="ignore", under="ignore"):  # far away, or a tiny sigma: exp(−inf) = 0 is meant
            factors: NDArray[np.float64] = np.exp(-_relative(squares, sigma) / 2)
        return factors


@NEIGHBOURHOODS.register("bubble")
class Bubble(Neighbourhood):
    """h = 1 where d² <= σ², else 0: all nodes within sigma learn alike, a disc.

    MiniSom's bubble is a square: it compares row and column with sigma apart.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 3.1.
    """

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 where d² <= σ², else 0."""
        with np.errstate(over="ignore", under="ignore"):
            factors: NDArray[np.float64] = (squares <= sigma**2).astype(np.float64)
        return factors


@NEIGHBOURHOODS.register("mexican_hat")
class MexicanHat(Neighbourhood):
    """h = (1 − d²/σ²) · exp(−d² / 2σ²): pushes away what lies beyond sigma, most at √3 σ. For online training only.

    The second derivative of a gaussian, but for its sign and scale (Ricker's wavelet). MiniSom's is narrower:
    (1 − 2 d²/σ²) · exp(−d²/σ²).

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, section 4.1.
    """

    lowest = -0.4463  # −2 exp(−3/2), rounded down

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """(1 − d²/σ²) · exp(−d² / 2σ²) at each d², lattice steps²."""
        relative = np.minimum(_relative(squares, sigma), 1e4)  # there exp is 0; −inf · 0 would be NaN
        with np.errstate(under="ignore"):
            factors: NDArray[np.float64] = (1 - relative) * np.exp(-relative / 2)
        return factors


@NEIGHBOURHOODS.register("epanechnikov")
class Epanechnikov(Neighbourhood):
    """h = max(0, 1 − d²/σ²): falls as a parabola to 0 at sigma.

    The SOM Toolbox calls it "ep".

    References
    ----------
    J. Vesanto et al., SOM Toolbox for Matlab 5, Helsinki University of Technology 2000.
    """

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """max(0, 1 − d²/σ²) at each d², lattice steps²."""
        return np.maximum(0, 1 - _relative(squares, sigma))


@NEIGHBOURHOODS.register("triangle")
class Triangle(Neighbourhood):
    """h = max(0, 1 − d/σ): falls evenly to 0 at sigma, a cone.

    MiniSom's is a pyramid: the product of a triangle of rows and one of columns.
    """

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """max(0, 1 − d/σ) at each d², lattice steps²."""
        with np.errstate(over="ignore"):
            factors: NDArray[np.float64] = np.maximum(0, 1 - np.sqrt(squares) / sigma)
        return factors


def as_neighbourhood(neighbourhood: NeighbourhoodLike) -> Neighbourhood:
    """Return a neighbourhood that is given as such, by its name, or as a function of (squares, sigma); tried out.

    Raises
    ------
    ParameterError
        If it is none, or its values are not those of one.
    """
    made: Neighbourhood = NEIGHBOURHOODS.made("neighbourhood", neighbourhood)
    _of(made, *TRIED)
    return made


def require_no_negative(neighbourhood: Neighbourhood) -> None:
    """Refuse a neighbourhood with negative values: a mean of samples cannot be weighted by them.

    Raises
    ------
    ParameterError
        Naming it.
    """
    if neighbourhood.lowest < 0:
        must = "have no negative values for batch training, which takes means weighted by them; train online"
        raise ParameterError("neighbourhood", must, neighbourhood)


def whole_factors(neighbourhood: Neighbourhood, lattice: Lattice, sigma: float) -> Factors:
    """Return one iteration's factors in float64, as far as they reach.

    Where a mean is divided by their sum, small ones count.

    Parameters
    ----------
    neighbourhood : Neighbourhood
        h.
    lattice : Lattice
        The nodes' arrangement.
    sigma : float
        Radius, lattice steps, > 0.

    Raises
    ------
    ParameterError
        If the neighbourhood's values are not those of one.
    """
    [factors] = apart(_tables(neighbourhood, _squares(neighbourhood, lattice), [sigma], np.float64, 0.0))
    return factors


def factors_of_all(
    neighbourhood: Neighbourhood, lattice: Lattice, sigmas: Sequence[float], dtype: DTypeLike
) -> Iterator[Factors]:
    """Yield the factors of an iteration with each sigma, in the working precision; see `tables_of_all`."""
    for tables in tables_of_all(neighbourhood, lattice, sigmas, dtype):
        yield from apart(tables)


def apart(tables: Factors) -> Iterator[Factors]:
    """Yield the factors of each of some iterations that have theirs together."""
    about = repeat(tables.phases), repeat(tables.is_product)
    return map(Factors._make, zip(tables.rows, tables.columns, *about, strict=False))  # twice as fast as by name


def tables_of_all(
    neighbourhood: Neighbourhood, lattice: Lattice, sigmas: Sequence[float], dtype: DTypeLike
) -> Iterator[Factors]:
    """Yield the factors of iterations with such sigmas, of many together: tables with a first axis of iterations.

    Computed in float64; factors of a magnitude below a quarter of the working precision's epsilon become 0, because
    they could not move a weight of the data's size. So an update reaches a window of nodes: with the gaussian ±5.9 σ in
    float32, ±8.6 σ in float64. Together they take a tenth of the time that they take one by one, for the same bits.

    Parameters
    ----------
    neighbourhood, lattice
        As `whole_factors`.
    sigmas : sequence of float
        Radii, lattice steps, > 0.
    dtype : dtype
        The working precision, float32 or float64.

    Raises
    ------
    ParameterError
        If the neighbourhood's values are not those of one.
    """
    squares = _squares(neighbourhood, lattice)
    at_once = max(1, FACTORS_AT_ONCE // (squares.rows.size + squares.columns.size))
    for start in range(0, len(sigmas), at_once):
        some = sigmas[start : start + at_once]
        yield _tables(neighbourhood, squares, some, dtype, least=np.finfo(dtype).eps / 4)


class Tables:
    """Hands out the factors of iterations in order, some at a time, as they are computed.

    Parameters
    ----------
    neighbourhood, lattice, sigmas, dtype
        As `tables_of_all`.
    """

    def __init__(
        self, neighbourhood: Neighbourhood, lattice: Lattice, sigmas: Sequence[float], dtype: DTypeLike
    ) -> None:
        self._coming = tables_of_all(neighbourhood, lattice, sigmas, dtype)
        self._held: Factors | None = None
        self._done = 0

    def next(self, most: int) -> Factors:
        """Return the factors of the next iterations, of so many at most: tables with a first axis of iterations."""
        if self._held is None or self._done == len(self._held.rows):
            self._held, self._done = next(self._coming), 0
        some = slice(self._done, self._done + most)
        found = self._held._replace(rows=self._held.rows[some], columns=self._held.columns[some])
        self._done += len(found.rows)
        return found


def _squares(neighbourhood: Neighbourhood, lattice: Lattice) -> Factors:
    """Return the squared distances, lattice steps², where the factors will stand."""
    rows, columns, phases = lattice.row_squares(), lattice.column_squares(), lattice.phases()
    if neighbourhood.is_product:
        return Factors(rows, columns, phases)
    different, places = np.unique(rows + 1j * phases, return_inverse=True)  # as pairs: by the square, then the phase
    of_both = different.real[:, np.newaxis] + columns[different.imag.astype(np.int32)]
    return Factors(np.zeros_like(rows), of_both, places.reshape(phases.shape).astype(np.int32), is_product=False)


def _tables(
    neighbourhood: Neighbourhood, squares: Factors, sigmas: Sequence[float], dtype: DTypeLike, least: float
) -> Factors:
    """Return the factors for all sigmas together; those of a magnitude below the least are 0."""

    def of(table: NDArray[np.float64]) -> NDArray[Any]:
        factors = _of(neighbourhood, table, np.array(sigmas, dtype=np.float64)[:, np.newaxis])
        factors[np.abs(factors) < least] = 0
        return factors.astype(dtype, copy=False)

    columns = of(squares.columns)
    if neighbourhood.is_product:
        rows = of(squares.rows)
    else:
        rows = (columns != 0).any(axis=2)[:, squares.phases].any(axis=1).astype(dtype)
    return Factors(rows, columns, squares.phases, squares.is_product)


def _of(neighbourhood: Neighbourhood, squares: NDArray[np.float64], sigmas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h at all squares for each sigma, shape (sigmas, *squares.shape)."""
    if neighbourhood.is_product:  # a short table that repeats itself: half as many exponentials
        different, places = np.unique(squares, return_inverse=True)
        return _checked(neighbourhood, different, sigmas)[:, places.reshape(squares.shape)]
    return _checked(neighbourhood, squares.reshape(-1), sigmas).reshape(-1, *squares.shape)


def _checked(
    neighbourhood: Neighbourhood, squares: NDArray[np.float64], sigmas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return h at squares of shape (n,) for sigmas of shape (s, 1); refuse what no neighbourhood can be."""
    factors = _as_floats(neighbourhood, neighbourhood.of(squares, sigmas), (len(sigmas), len(squares)))
    least, most = factors.min(), factors.max()
    if not (neighbourhood.lowest <= least and most <= 1 and (factors[:, squares == 0] == 1).all()):
        _refuse(neighbourhood, squares, sigmas[:, 0], factors)
    return factors


def _as_floats(neighbourhood: Neighbourhood, values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return what a neighbourhood returned as float64; refuse anything but numbers of the shape that is meant."""
    try:
        floats = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        floats = np.empty(())
    if floats.shape != shape:
        must = f"return a number for each squared distance, an array of shape {shape} ({neighbourhood!r})"
        raise ParameterError("neighbourhood", must, values)
    return floats


def _refuse(
    neighbourhood: Neighbourhood,
    squares: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    factors: NDArray[np.float64],
) -> None:
    """Say which of some factors cannot be, and why."""
    lowest = neighbourhood.lowest
    is_wrong = ~((lowest <= factors) & (factors <= 1))
    is_wrong |= (squares == 0) & (factors != 1)
    sigma, square = np.argwhere(is_wrong)[0]
    bounds = f"be a number from its `lowest`, {lowest:g}, to 1 everywhere"
    must = bounds if squares[square] > 0 else "be 1 at the winner"
    where = f"{neighbourhood!r}, d² = {squares[square]:g}, sigma = {sigmas[sigma]:g}"
    raise ParameterError("neighbourhood", f"{must} ({where})", float(factors[sigma, square]))


def _relative(squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """d²/σ², without an overflow where sigma² would have one."""
    with np.errstate(over="ignore", under="ignore"):
        relative: NDArray[np.float64] = (np.sqrt(squares) / sigma) ** 2
    return relative
