"""A neighbourhood is 1 at the winner, falls with the distance, and ends where it could not move a weight."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksom import train
from ksom.algorithms import Online
from ksom.errors import DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import WRAPS, Hexagonal, Rectangular, squared_distances
from ksom.method.neighbourhood import (
    NEIGHBOURHOODS,
    Bubble,
    Gaussian,
    MexicanHat,
    Neighbourhood,
    factors_of_all,
    whole_factors,
)
from ksom.trainer import Trainer

SIGMAS = st.floats(1e-3, 1e3)
DTYPES = ["float32", "float64"]


class Pushing(Neighbourhood):
    """Negative beyond sigma."""

    lowest = -1.0

    def of(self, squares, sigma):
        return np.where(squares <= sigma**2, 1.0, -0.5)


KINDS = [*map(NEIGHBOURHOODS.get, NEIGHBOURHOODS), Pushing]
LATTICES = {
    f"{shape.__name__}, {wrap}": lambda height, width, shape=shape, wrap=wrap: shape(2 * height, width, wrap)
    for shape in (Rectangular, Hexagonal)
    for wrap in WRAPS
}


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
    lattice = Rectangular(3, 4)
    assert (np.diag(looked_up(factors(neighbourhood, lattice, sigma, dtype), lattice)) == 1).all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(sigma=SIGMAS)
def test_factors_fall_with_distance_and_never_below_zero_but_for_a_hat_s(neighbourhood, dtype, sigma):
    lattice = Rectangular(1, 50)
    seen = looked_up(factors(neighbourhood, lattice, sigma, dtype), lattice)[0]
    if isinstance(neighbourhood, MexicanHat):
        assert neighbourhood.lowest <= seen.min() <= seen[-1] <= seen[0]
    else:
        assert (np.diff(seen) <= 0).all()
        assert seen.min() >= 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gaussian", [1, np.exp(-1 / 8), np.exp(-1 / 2), np.exp(-2)]),
        ("bubble", [1, 1, 1, 0]),
        ("mexican_hat", [1, 3 / 4 * np.exp(-1 / 8), 0, -3 * np.exp(-2)]),
        ("epanechnikov", [1, 3 / 4, 0, 0]),
        ("triangle", [1, 1 / 2, 0, 0]),
    ],
)
def test_a_neighbourhood_is_its_formula(name, values):
    """At distances of 0, 1, 2 and 4 steps, with sigma 2."""
    found = NEIGHBOURHOODS[name]().of(np.array([0.0, 1.0, 4.0, 16.0]), np.array([[2.0]]))
    np.testing.assert_allclose(found, [values], rtol=1e-15, atol=1e-16)


def test_a_mexican_hat_is_lowest_at_the_root_of_three_sigma():
    hat = MexicanHat()
    assert hat.lowest < hat.of(np.array([3.0]), np.array([[1.0]]))[0, 0] < hat.lowest + 1e-4
    assert hat.of(np.linspace(2.9, 3.1, 999), np.array([[1.0]])).min() >= hat.lowest


@pytest.mark.parametrize("sigma", [5e-324, 1e-300, 1e300, 1.7e308])
@pytest.mark.filterwarnings("error")
def test_no_extreme_sigma_is_too_much_for_any_neighbourhood(neighbourhood, sigma):
    lattice = Hexagonal(3, 2)
    seen = looked_up(factors(neighbourhood, lattice, sigma, "float64"), lattice)
    np.testing.assert_array_equal(seen, np.eye(6) if sigma < 1 else np.ones((6, 6)))


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
        assert [table.tobytes() for table in together[:3]] == [table.tobytes() for table in alone[:3]]


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(height=st.integers(1, 3), width=st.integers(1, 6), sigma=st.floats(0.1, 5))
def test_the_tables_hold_what_the_neighbourhood_says_of_every_pair_of_nodes(kind, lattice, height, width, sigma):
    lattice, neighbourhood = LATTICES[lattice](height, width), kind()
    first, second = (index.ravel() for index in np.indices((lattice.size, lattice.size)))
    expected = neighbourhood.of(squared_distances(lattice, first, second), np.array([[sigma]]))
    found = looked_up(whole_factors(neighbourhood, lattice, sigma), lattice)
    np.testing.assert_allclose(found, expected.reshape(lattice.size, -1), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("shape", [Rectangular, Hexagonal])
def test_what_is_no_product_has_a_table_for_every_distance_along_rows_and_phase(shape):
    table = whole_factors(Bubble(), shape(100, 30, "both"), 5.0)
    assert len(table.columns) == (51 if shape is Rectangular else 26 + 2 * 25)
    assert np.flatnonzero(table.rows[99:]).tolist() == [*range(6), *range(95, 100)]


def test_negative_factors_are_kept():
    table = factors(Pushing(), Rectangular(1, 3), 1.0, "float32")
    assert looked_up(table, Rectangular(1, 3))[0].tolist() == [1.0, 1.0, -0.5]


# The user's own.


def bump(squares, sigma):
    return np.cos(np.minimum(np.sqrt(squares) / sigma, 1) * np.pi / 2)


def hollow(squares, sigma):
    return np.where(squares == 0, 1, -0.25 * (squares <= sigma**2))


def test_a_function_is_a_neighbourhood_under_its_own_name():
    som = KohonenSOM(3, 3, neighbourhood=bump)
    assert (repr(som.neighbourhood), som.neighbourhood.lowest, som.neighbourhood.is_product) == ("bump()", 0.0, False)
    assert som.about()["neighbourhood"] == {"NAME": f"{__name__}:bump"}
    lattice = Rectangular(2, 2)
    expected = bump(squared_distances(lattice, *np.indices((4, 4)).reshape(2, -1)), 1.5).reshape(4, 4)
    np.testing.assert_array_equal(looked_up(whole_factors(som.neighbourhood, lattice, 1.5), lattice), expected)


def test_a_function_that_is_a_named_one_s_trains_the_same_map():
    samples = np.random.default_rng(0).random((30, 2))

    def mine(squares, sigma):
        return np.maximum(0, 1 - squares / sigma**2)

    maps = [train(samples, 5, 6, 5, neighbourhood=one).weights for one in (mine, "epanechnikov")]
    np.testing.assert_allclose(*maps, rtol=1e-6)


@pytest.mark.parametrize("own", [hollow, functools.partial(hollow)])
def test_a_function_with_negative_values_is_known_by_them(own):
    assert KohonenSOM(3, 3, neighbourhood=own).neighbourhood.lowest == -1
    with pytest.raises(ParameterError, match="neighbourhood must have no negative values for batch training"):
        train([[0.0], [1.0]], 3, 3, neighbourhood=own, algorithm="batch")


@pytest.mark.parametrize(
    ("function", "told"),
    {
        "NaN": (lambda d, s: np.where(d > 9, np.nan, 1.0), "be a number from its `lowest`, 0, to 1 everywhere"),
        "above 1": (lambda d, s: 1 + d, "be a number from its `lowest`, 0, to 1 everywhere"),
        "far below 0": (lambda d, s: 1 - d, "be a number from its `lowest`, -1, to 1 everywhere"),
        "0 at the winner": (lambda d, s: d * 0, "be 1 at the winner"),
        "one number": (lambda d, s: 1.0, r"return a number for each squared distance, an array of shape \(161,\)"),
        "too few": (lambda d, s: d[1:], r"return a number for each squared distance, an array of shape \(161,\)"),
        "words": (lambda d, s: ["one"] * len(d), "return a number for each squared distance"),
        "nothing": (lambda d, s: None, "return a number for each squared distance"),
    }.values(),
)
def test_values_that_no_neighbourhood_has_are_refused_before_anything_is_learned(function, told):
    with pytest.raises(ParameterError, match=f"^neighbourhood must {told}") as caught:
        KohonenSOM(3, 3, neighbourhood=function)
    assert "\n" not in str(caught.value)


def test_values_that_go_wrong_later_are_refused_where_they_come_up():
    def late(squares, sigma):
        return np.where(squares > 2000, np.nan, 1.0)

    som = KohonenSOM(1, 50, neighbourhood=late, initial=np.zeros((1, 50, 1)))
    with pytest.raises(ParameterError, match=r"\(late\(\), d² = 2401, sigma = 3\), got nan"):
        Trainer(som, [[1.0]], iterations=1, algorithm=Online(3.0)).train()


class Promising(Neighbourhood):
    """Lower than it says."""

    def of(self, squares, sigma):
        return np.where(squares + 0 * sigma == 0, 1.0, -0.5)


def test_a_class_that_goes_below_its_lowest_is_refused():
    with pytest.raises(ParameterError, match=r"must be a number from its `lowest`, 0, to 1 everywhere .* got -0\.5"):
        KohonenSOM(3, 3, neighbourhood=Promising())


@pytest.mark.parametrize("neighbourhood", [Bubble, 3, None, "bubbel", object()])
def test_what_is_no_neighbourhood_is_refused(neighbourhood):
    with pytest.raises(ParameterError, match=r"neighbourhood must name a neighbourhood \(gaussian, bubble, .*\)"):
        KohonenSOM(3, 3, neighbourhood=neighbourhood)


def test_a_map_with_a_function_is_loaded_with_it_again(tmp_path):
    KohonenSOM(2, 2, neighbourhood=bump, initial=np.zeros((2, 2, 1))).save(tmp_path / "map.npz")
    told = r"its neighbourhood must be one of gaussian, .*:bump'}; give it: load\(…, neighbourhood=…\)"
    with pytest.raises(DataError, match=told):
        KohonenSOM.load(tmp_path / "map.npz")
    assert repr(KohonenSOM.load(tmp_path / "map.npz", neighbourhood=bump).neighbourhood) == "bump()"
