"""A lattice's distances are a metric, and its neighbours are those one step away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.errors import ParameterError
from ksom.method.lattice import LATTICES, Lattice

SIDES = st.integers(1, 7)


def distances(lattice):
    """Distance between all nodes, from the tables along rows and columns, shape (K, K)."""
    rows, columns = divmod(np.arange(lattice.size), lattice.width)
    by_row = lattice.row_distances()[np.abs(rows[:, None] - rows)]
    by_column = lattice.column_distances()[np.abs(columns[:, None] - columns)]
    return np.hypot(by_row, by_column)


@pytest.fixture(scope="module", params=list(LATTICES))
def kind(request):
    return LATTICES.get(request.param)


@given(height=SIDES, width=SIDES)
def test_distance_is_a_metric(kind, height, width):
    d = distances(kind(height, width))
    apart = ~np.eye(len(d), dtype=bool)
    assert not np.diag(d).any()
    assert (d[apart] > 0).all()
    np.testing.assert_array_equal(d, d.T)
    assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :] + 1e-12).all()


@given(height=SIDES, width=SIDES)
def test_coordinates_are_as_far_apart_as_the_tables_say(kind, height, width):
    lattice = kind(height, width)
    places = lattice.coordinates()
    between = np.hypot(*np.moveaxis(places[:, None] - places, -1, 0))
    np.testing.assert_allclose(between, distances(lattice), atol=1e-12)


@given(height=SIDES, width=SIDES)
def test_neighbours_are_mutual_and_nobody_is_his_own(kind, height, width):
    lattice = kind(height, width)
    first, second = (index.ravel() for index in np.indices((lattice.size, lattice.size)))
    table = lattice.are_neighbours(first, second).reshape(lattice.size, lattice.size)
    np.testing.assert_array_equal(table, table.T)
    assert not np.diag(table).any()


@pytest.mark.parametrize(("name", "count"), [("rectangular", 8)])
def test_a_node_inside_has_as_many_neighbours_as_its_lattice_says(name, count):
    lattice = LATTICES.get(name)(5, 6)
    assert lattice.are_neighbours(np.full(30, 2 * 6 + 3), np.arange(30)).sum() == count


def test_lattices_of_equal_shape_are_equal(kind):
    assert kind(2, 3) == kind(2, 3) != kind(3, 2)
    assert hash(kind(2, 3)) == hash(kind(2, 3))
    assert isinstance(kind(2, 3), Lattice)


@pytest.mark.parametrize("sides", [(0, 1), (1, -1), (1.0, 1), (True, 1), (1, "2"), (1, None)])
def test_impossible_sides_are_refused(kind, sides):
    with pytest.raises(ParameterError, match=r"(height|width) must be an integer of at least 1"):
        kind(*sides)
