"""A neighbourhood is 1 at the winner, falls with the distance, and ends where it could not move a weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.method.lattice import Rectangular, squared_distances
from ksom.method.neighbourhood import NEIGHBOURHOODS, Gaussian, factors_of_all, whole_factors

SIGMAS = st.floats(1e-3, 1e3)
DTYPES = ["float32", "float64"]


class Bubble:
    """No product."""

    is_product = False
    lowest = 0.0

    def of(self, squares, sigma):
        return (squares <= sigma**2).astype(float)


class Pushing:
    """Negative beyond sigma."""

    is_product = False
    lowest = -1.0

    def of(self, squares, sigma):
        return np.where(squares <= sigma**2, 1.0, -0.5)


def factors(neighbourhood, lattice, sigma, dtype):
    return next(factors_of_all(neighbourhood, lattice, [sigma], dtype))


def looked_up(table, lattice):
    """h(b, k) of all nodes, from the tables, shape (K, K)."""
    rows, columns = divmod(np.arange(lattice.size), lattice.width)
    down = rows - rows[:, np.newaxis] + lattice.height - 1
    right = columns - columns[:, np.newaxis] + lattice.width - 1
    return table.rows[down] * table.columns[table.phases[rows[:, np.newaxis] % 2, down], right]


@pytest.fixture(scope="module", params=list(NEIGHBOURHOODS))
def neighbourhood(request):
    return NEIGHBOURHOODS.get(request.param)()


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factor_of_the_winner_is_one(neighbourhood, dtype, sigma):
    table = factors(neighbourhood, Rectangular(3, 4), sigma, dtype)
    assert table.rows[2] == table.columns[0, 3] == 1


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factors_fall_with_distance_and_never_below_zero(neighbourhood, dtype, sigma):
    table = factors(neighbourhood, Rectangular(50, 50), sigma, dtype)
    assert (np.diff(table.rows[49:]) <= 0).all()
    assert (np.diff(table.rows[:50]) >= 0).all()
    assert table.rows.min() >= 0


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factors_below_a_quarter_of_epsilon_are_zero(dtype, sigma):
    exact = np.exp(-((np.arange(200) / sigma) ** 2) / 2)
    expected = np.where(exact < np.finfo(dtype).eps / 4, 0, exact).astype(dtype)
    assert factors(Gaussian(), Rectangular(200, 1), sigma, dtype).rows[199:].tobytes() == expected.tobytes()


@pytest.mark.parametrize(("dtype", "reach"), [("float32", 5.89), ("float64", 8.66)])
def test_update_reaches_so_many_sigma(dtype, reach):
    rows = factors(Gaussian(), Rectangular(2000, 1), 100.0, dtype).rows[1999:]
    assert np.flatnonzero(rows)[-1] / 100 == pytest.approx(reach, abs=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma", [5e-324, 1e-300, 1e300, 1.7e308])
def test_extreme_sigma_raises_no_warning(dtype, sigma):
    rows = factors(Gaussian(), Rectangular(3, 1), sigma, dtype).rows[2:]
    assert rows.tolist() == ([1, 0, 0] if sigma < 1 else [1, 1, 1])


def test_tables_are_in_the_working_precision():
    table = factors(Gaussian(), Rectangular(2, 2), 1.0, "float32")
    assert table.rows.dtype == table.columns.dtype == np.float32


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigmas=st.lists(SIGMAS, min_size=1, max_size=20), height=st.integers(1, 70))
def test_factors_computed_together_are_the_same_bits(neighbourhood, dtype, sigmas, height):
    lattice = Rectangular(height, 5)
    for sigma, together in zip(sigmas, factors_of_all(neighbourhood, lattice, sigmas, dtype), strict=True):
        alone = factors(neighbourhood, lattice, sigma, dtype)
        assert [table.tobytes() for table in together] == [table.tobytes() for table in alone]


@pytest.mark.parametrize("wrap", ["none", "rows", "columns", "both"])
@pytest.mark.parametrize("kind", [Gaussian, Bubble, Pushing])
@given(height=st.integers(1, 6), width=st.integers(1, 6), sigma=st.floats(0.1, 5))
def test_the_tables_hold_what_the_neighbourhood_says_of_every_pair_of_nodes(kind, wrap, height, width, sigma):
    lattice = Rectangular(height, width, wrap)
    first, second = (index.ravel() for index in np.indices((lattice.size, lattice.size)))
    expected = kind().of(squared_distances(lattice, first, second), sigma).reshape(lattice.size, -1)
    np.testing.assert_allclose(looked_up(whole_factors(kind(), lattice, sigma), lattice), expected, rtol=1e-12)


def test_negative_factors_are_kept():
    table = factors(Pushing(), Rectangular(1, 3), 1.0, "float32")
    assert looked_up(table, Rectangular(1, 3))[0].tolist() == [1.0, 1.0, -0.5]
