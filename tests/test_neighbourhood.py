"""A neighbourhood is 1 at the winner, falls with the distance, and ends where it could not move a weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import NEIGHBOURHOODS, Gaussian, factors, factors_of_all

SIGMAS = st.floats(1e-3, 1e3)
DTYPES = ["float32", "float64"]


@pytest.fixture(scope="module", params=list(NEIGHBOURHOODS))
def neighbourhood(request):
    return NEIGHBOURHOODS.get(request.param)()


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factor_of_the_winner_is_one(neighbourhood, dtype, sigma):
    table = factors(neighbourhood, Rectangular(3, 4), sigma, dtype)
    assert table.rows[0] == table.columns[0] == 1


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factors_fall_with_distance_and_never_below_zero(neighbourhood, dtype, sigma):
    table = factors(neighbourhood, Rectangular(50, 50), sigma, dtype)
    assert (np.diff(table.rows) <= 0).all()
    assert table.rows.min() >= 0


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factors_below_a_quarter_of_epsilon_are_zero(dtype, sigma):
    exact = np.exp(-((np.arange(200) / sigma) ** 2) / 2)
    expected = np.where(exact < np.finfo(dtype).eps / 4, 0, exact).astype(dtype)
    assert factors(Gaussian(), Rectangular(200, 1), sigma, dtype).rows.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("dtype", "reach"), [("float32", 5.89), ("float64", 8.66)])
def test_update_reaches_so_many_sigma(dtype, reach):
    rows = factors(Gaussian(), Rectangular(2000, 1), 100.0, dtype).rows
    assert np.flatnonzero(rows)[-1] / 100 == pytest.approx(reach, abs=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma", [5e-324, 1e-300, 1e300, 1.7e308])
def test_extreme_sigma_raises_no_warning(dtype, sigma):
    rows = factors(Gaussian(), Rectangular(3, 1), sigma, dtype).rows
    assert rows.tolist() == ([1, 0, 0] if sigma < 1 else [1, 1, 1])


def test_tables_are_in_the_working_precision():
    assert {table.dtype for table in factors(Gaussian(), Rectangular(2, 2), 1.0, "float32")} == {np.dtype("float32")}


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigmas=st.lists(SIGMAS, min_size=1, max_size=20), height=st.integers(1, 70))
def test_factors_computed_together_are_the_same_bits(neighbourhood, dtype, sigmas, height):
    lattice = Rectangular(height, 5)
    for sigma, together in zip(sigmas, factors_of_all(neighbourhood, lattice, sigmas, dtype), strict=True):
        alone = factors(neighbourhood, lattice, sigma, dtype)
        assert [table.tobytes() for table in together] == [table.tobytes() for table in alone]
