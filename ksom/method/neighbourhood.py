"""How much a node learns from a sample that another node won: functions of the lattice distance and sigma."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ksom.errors import ParameterError
from ksom.method.lattice import Lattice
from ksom.registry import Registry
from ksom.representation import as_call

FACTORS_AT_ONCE = 2**17
"""How many factors are computed at once, for many small iterations or one large one: a megabyte of float64."""


class Neighbourhood(Protocol):
    """A function h of the squared lattice distance, 1 at the winner."""

    is_product: bool
    """Whether h(a + b) = h(a) · h(b): then rows and columns can be looked up apart."""
    lowest: float
    """The smallest value that h can have: 0, or below where nodes are pushed away."""

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """h at each squared distance, for each sigma, element by element; lattice steps² and lattice steps."""
        ...


NEIGHBOURHOODS = Registry("neighbourhood", Neighbourhood)


class Factors(NamedTuple):
    """One iteration's neighbourhood: h(b, k) = rows[Δrow] · columns[phases[parity of b's row, Δrow], Δcolumn].

    The tables begin at the most negative Δ; see `Lattice`. A neighbourhood that is no product has rows of 1 and a table
    of columns for every parity and Δrow.
    """

    rows: NDArray[Any]
    """Shape (2 height − 1,)."""
    columns: NDArray[Any]
    """Shape (phases, 2 width − 1)."""
    phases: NDArray[np.int16]
    """Shape (2, 2 height − 1)."""


@NEIGHBOURHOODS.register("gaussian")
class Gaussian:
    """h(d²) = exp(−d² / 2σ²): a product of a gaussian of rows and one of columns.

    References
    ----------
    T. Kohonen, Self-Organizing Maps, 3rd ed., Springer 2001, eq. 3.2.
    """

    is_product = True
    lowest = 0.0

    def __repr__(self) -> str:
        return as_call(self)

    def of(self, squares: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """exp(−(d / σ)² / 2) at each d², lattice steps²."""
        with np.errstate(over="ignore", under="ignore"):  # far away, or a tiny sigma: exp(−inf) = 0 is meant
            factors: NDArray[np.float64] = np.exp(-((np.sqrt(squares) / sigma) ** 2) / 2)
        return factors


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
    """
    squares, sigmas = _squares(neighbourhood, lattice), np.array([sigma], dtype=np.float64)
    rows, columns = (_of(neighbourhood, table, sigmas)[0] for table in squares[:2])
    return Factors(rows, columns, squares.phases)


def factors_of_all(
    neighbourhood: Neighbourhood, lattice: Lattice, sigmas: Sequence[float], dtype: DTypeLike
) -> Iterator[Factors]:
    """Yield the factors of an iteration with each sigma, in the working precision.

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
    """
    least = np.finfo(dtype).eps / 4

    def within_reach(tables: NDArray[np.float64]) -> NDArray[Any]:
        tables[np.abs(tables) < least] = 0
        return tables.astype(dtype)

    squares = _squares(neighbourhood, lattice)
    at_once = max(1, FACTORS_AT_ONCE // (squares.rows.size + squares.columns.size))
    for start in range(0, len(sigmas), at_once):
        some = np.array(sigmas[start : start + at_once], dtype=np.float64)
        rows, columns = (within_reach(_of(neighbourhood, table, some)) for table in squares[:2])
        yield from (Factors(*tables, squares.phases) for tables in zip(rows, columns, strict=True))


def _squares(neighbourhood: Neighbourhood, lattice: Lattice) -> Factors:
    """Return the squared distances, lattice steps², where the factors will stand."""
    rows, columns, phases = lattice.row_squares(), lattice.column_squares(), lattice.phases()
    if neighbourhood.is_product:
        return Factors(rows, columns, phases)
    of_both = (rows[:, np.newaxis] + columns[phases]).reshape(-1, columns.shape[1])  # by parity and Δrow
    return Factors(np.zeros_like(rows), of_both, np.arange(phases.size, dtype=np.int16).reshape(phases.shape))


def _of(neighbourhood: Neighbourhood, squares: NDArray[np.float64], sigmas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h at all squares for each sigma, shape (sigmas, *squares.shape)."""
    different, places = np.unique(squares, return_inverse=True)  # a table repeats itself: half as many exponentials
    return neighbourhood.of(different, sigmas[:, np.newaxis])[:, places.reshape(squares.shape)]
