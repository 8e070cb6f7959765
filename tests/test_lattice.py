"""A lattice's distances are a metric, and its neighbours are those one step away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.errors import ParameterError
from ksom.method.lattice import WRAPS, Lattice, Rectangular, are_neighbours, squared_distances

SIDES = st.integers(1, 7)

LATTICES = {f"rectangular, {wrap}": lambda *sides, wrap=wrap: Rectangular(*sides, wrap=wrap) for wrap in WRAPS}


def pairs(lattice):
    return (index.ravel() for index in np.indices((lattice.size, lattice.size)))


def distances(lattice):
    """Distance between all nodes, shape (K, K)."""
    return np.sqrt(squared_distances(lattice, *pairs(lattice))).reshape(lattice.size, lattice.size)


@pytest.fixture(scope="module", params=LATTICES)
def kind(request):
    return LATTICES[request.param]


@given(height=SIDES, width=SIDES)
def test_distance_is_a_metric(kind, height, width):
    d = distances(kind(height, width))
    apart = ~np.eye(len(d), dtype=bool)
    assert not np.diag(d).any()
    assert (d[apart] > 0).all()
    np.testing.assert_array_equal(d, d.T)
    assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :] + 1e-12).all()


@given(height=SIDES, width=SIDES)
def test_coordinates_are_as_far_apart_as_the_distances_say_where_nothing_is_wrapped(height, width):
    lattice = Rectangular(height, width)
    places = lattice.coordinates()
    between = np.hypot(*np.moveaxis(places[:, None] - places, -1, 0))
    np.testing.assert_allclose(between, distances(lattice), atol=1e-12)


@given(height=SIDES, width=SIDES)
def test_neighbours_are_mutual_and_nobody_is_his_own(kind, height, width):
    lattice = kind(height, width)
    table = are_neighbours(lattice, *pairs(lattice)).reshape(lattice.size, lattice.size)
    np.testing.assert_array_equal(table, table.T)
    assert not np.diag(table).any()


@pytest.mark.parametrize(
    ("wrap", "inside", "edge", "corner"),
    [("none", 8, 5, 3), ("rows", 8, 8, 5), ("columns", 8, 5, 5), ("both", 8, 8, 8)],
)
def test_a_node_has_as_many_neighbours_as_its_place_and_the_wrapped_axes_say(wrap, inside, edge, corner):
    lattice = Rectangular(5, 6, wrap=wrap)
    counts = [are_neighbours(lattice, np.full(30, node), np.arange(30)).sum() for node in (2 * 6 + 3, 3, 0)]
    assert counts == [inside, edge, corner]


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrapped_axis_goes_the_shorter_way_round(wrap):
    lattice = Rectangular(5, 7, wrap=wrap)
    down, across = (squared_distances(lattice, np.array([0]), np.array([node]))[0] for node in (4 * 7, 5))
    assert down == (1 if wrap in {"rows", "both"} else 16)
    assert across == (4 if wrap in {"columns", "both"} else 25)


@given(shift=st.tuples(st.integers(0, 5), st.integers(0, 4)))
def test_a_torus_shifted_is_the_same_torus(shift):
    lattice = Rectangular(6, 5, wrap="both")
    rows, columns = divmod(np.arange(30), 5)
    moved = (rows + shift[0]) % 6 * 5 + (columns + shift[1]) % 5
    first, second = pairs(lattice)
    np.testing.assert_array_equal(
        squared_distances(lattice, moved[first], moved[second]), squared_distances(lattice, first, second)
    )


def test_lattices_of_equal_shape_are_equal(kind):
    assert kind(2, 3) == kind(2, 3) != kind(3, 2)
    assert hash(kind(2, 3)) == hash(kind(2, 3))
    assert isinstance(kind(2, 3), Lattice)


def test_a_torus_is_no_plane():
    assert Rectangular(2, 3) != Rectangular(2, 3, wrap="both")


@pytest.mark.parametrize("sides", [(0, 1), (1, -1), (1.0, 1), (True, 1), (1, "2"), (1, None)])
def test_impossible_sides_are_refused(kind, sides):
    with pytest.raises(ParameterError, match=r"(height|width) must be an integer of at least 1"):
        kind(*sides)


@pytest.mark.parametrize("wrap", ["torus", True, None, "row"])
def test_an_unknown_way_to_wrap_is_refused(wrap):
    with pytest.raises(ParameterError, match="wrap must be one of none, rows, columns, both, got"):
        Rectangular(2, 3, wrap=wrap)
