"""A lattice's distances are a metric, and its neighbours are those one step away."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.default_setup import Experiment
from ksom.errors import ConfigError, DataError, ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import MapFile, write
from ksom.method.lattice import (
    NOBODY,
    WRAPS,
    Hexagonal,
    Lattice,
    Rectangular,
    are_neighbours,
    neighbours,
    squared_distances,
)

SIDES = st.integers(1, 7)


def kind_of(shape, wrap):
    """Lattices of one kind, by height and width; rows that a hexagonal one cannot wrap are made even."""

    def made(height, width):
        is_odd = shape is Hexagonal and wrap in {"rows", "both"} and type(height) is int and height > 0 and height % 2
        return shape(height + 1 if is_odd else height, width, wrap=wrap)

    return made


LATTICES = {f"{shape.__name__}, {wrap}": kind_of(shape, wrap) for shape in (Rectangular, Hexagonal) for wrap in WRAPS}


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


def by_definition(lattice):
    """Squared distances: the least of those to all images of a node, shape (K, K)."""
    rows, columns = lattice.coordinates().T
    x = columns + lattice.shift * (rows % 2)
    down = around(rows, lattice.height, is_wrapped=lattice.wrap in {"rows", "both"})
    right = around(x, lattice.width, is_wrapped=lattice.wrap in {"columns", "both"})
    return lattice.row_square * down**2 + right**2


def around(places, length, *, is_wrapped):
    """Steps between all places, the shortest way."""
    turns = np.arange(-1, 2) * length if is_wrapped else np.zeros(1)
    return np.abs(places - places[:, None] + turns[:, None, None]).min(axis=0)


@given(height=SIDES, width=SIDES)
def test_distances_are_those_of_the_definition_exactly(kind, height, width):
    lattice = kind(height, width)
    squared = squared_distances(lattice, *pairs(lattice)).reshape(lattice.size, -1)
    np.testing.assert_array_equal(squared, by_definition(lattice))


@pytest.mark.parametrize("shape", [Rectangular, Hexagonal])
@given(height=SIDES, width=SIDES)
def test_nodes_are_drawn_as_far_apart_as_the_distances_say_where_nothing_is_wrapped(shape, height, width):
    lattice = shape(height, width)
    places = lattice.positions()
    between = np.hypot(*np.moveaxis(places[:, None] - places, -1, 0))
    np.testing.assert_allclose(between, distances(lattice), atol=1e-12)


def test_coordinates_are_row_and_column(kind):
    lattice = kind(4, 3)
    np.testing.assert_array_equal(lattice.coordinates() @ [3, 1], np.arange(12))


@pytest.mark.parametrize(("shape", "corners"), [(Rectangular, 4), (Hexagonal, 6)])
def test_outlines_fill_the_plane_without_a_gap(shape, corners):
    lattice = shape(5, 5)
    outline = np.array(lattice.outline)
    x, y = outline.T
    area = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    assert (len(outline), area) == (corners, pytest.approx(np.sqrt(lattice.row_square)))
    midpoints = (outline + np.roll(outline, -1, axis=0)) / 2  # of each side: half way to a neighbour
    around_the_middle = lattice.positions()[neighbours(lattice)[12]] - lattice.positions()[12]
    for midpoint in midpoints:
        assert np.abs(around_the_middle - 2 * midpoint).sum(axis=1).min() < 1e-12


@given(height=SIDES, width=SIDES)
def test_neighbours_are_mutual_and_nobody_is_his_own(kind, height, width):
    lattice = kind(height, width)
    table = are_neighbours(lattice, *pairs(lattice)).reshape(lattice.size, lattice.size)
    np.testing.assert_array_equal(table, table.T)
    assert not np.diag(table).any()


@given(height=SIDES, width=SIDES)
def test_the_table_of_neighbours_has_each_of_them_once_in_order_and_no_other(kind, height, width):
    lattice = kind(height, width)
    table = are_neighbours(lattice, *pairs(lattice)).reshape(lattice.size, lattice.size)
    found = neighbours(lattice)
    assert [[node for node in row if node != NOBODY] for row in found.tolist()] == list(map(_places, table))
    assert found.shape == (lattice.size, table.sum(axis=1).max())


def _places(row):
    return np.flatnonzero(row).tolist()


def test_no_array_of_nodes_by_nodes_is_made_for_the_table_of_neighbours(kind):
    tracemalloc.start()
    neighbours(kind(100, 100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6  # a table of nodes by nodes would take 100 MB, as booleans


@pytest.mark.parametrize(
    ("shape", "wrap", "inside", "edge", "corner"),
    [
        (Rectangular, "none", 8, 5, 3),
        (Rectangular, "rows", 8, 8, 5),
        (Rectangular, "columns", 8, 5, 5),
        (Rectangular, "both", 8, 8, 8),
        (Hexagonal, "none", 6, 4, 2),
        (Hexagonal, "rows", 6, 6, 3),
        (Hexagonal, "columns", 6, 4, 4),
        (Hexagonal, "both", 6, 6, 6),
    ],
)
def test_a_node_has_as_many_neighbours_as_its_place_and_the_wrapped_axes_say(shape, wrap, inside, edge, corner):
    found = neighbours(shape(6, 6, wrap=wrap))
    assert [(found[node] != NOBODY).sum() for node in (2 * 6 + 3, 3, 0)] == [inside, edge, corner]


def test_all_neighbours_of_a_hexagonal_lattice_are_one_step_away_exactly():
    lattice = Hexagonal(1000, 3)
    found = neighbours(lattice)
    nodes = np.repeat(np.arange(lattice.size), (found != NOBODY).sum(axis=1))
    assert set(squared_distances(lattice, nodes, found[found != NOBODY])) == {1.0}


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrapped_axis_goes_the_shorter_way_round(wrap):
    lattice = Rectangular(5, 7, wrap=wrap)
    down, across = (squared_distances(lattice, np.array([0]), np.array([node]))[0] for node in (4 * 7, 5))
    assert down == (1 if wrap in {"rows", "both"} else 16)
    assert across == (4 if wrap in {"columns", "both"} else 25)


@pytest.mark.parametrize(("shape", "rows"), [(Rectangular, 1), (Hexagonal, 2)])
@given(shift=st.tuples(st.integers(0, 5), st.integers(0, 4)))
def test_a_torus_shifted_is_the_same_torus(shape, rows, shift):
    """A hexagonal one by whole pairs of rows."""
    lattice, shift = shape(6, 5, wrap="both"), (shift[0] * rows, shift[1])
    rows, columns = divmod(np.arange(30), 5)
    moved = (rows + shift[0]) % 6 * 5 + (columns + shift[1]) % 5
    first, second = pairs(lattice)
    np.testing.assert_array_equal(
        squared_distances(lattice, moved[first], moved[second]), squared_distances(lattice, first, second)
    )


def test_lattices_of_equal_shape_are_equal(kind):
    assert kind(2, 3) == kind(2, 3) != kind(4, 2)
    assert hash(kind(2, 3)) == hash(kind(2, 3))
    assert isinstance(kind(2, 3), Lattice)


def test_a_torus_is_no_plane():
    assert Rectangular(2, 3) != Rectangular(2, 3, wrap="both")
    assert Rectangular(2, 3) != Hexagonal(2, 3)


@pytest.mark.parametrize("sides", [(0, 1), (1, -1), (1.0, 1), (True, 1), (1, "2"), (1, None)])
def test_impossible_sides_are_refused(kind, sides):
    with pytest.raises(ParameterError, match=r"(height|width) must be an integer of at least 1"):
        kind(*sides)


@pytest.mark.parametrize("wrap", ["torus", True, None, "row"])
def test_an_unknown_way_to_wrap_is_refused(wrap):
    with pytest.raises(ParameterError, match="wrap must be one of none, rows, columns, both, got"):
        Rectangular(2, 3, wrap=wrap)


@pytest.mark.parametrize("wrap", ["rows", "both"])
def test_an_odd_number_of_hexagonal_rows_cannot_be_wrapped(wrap):
    told = r"wrap must be none or columns on a hexagonal lattice of odd height \(.* 5 rows .* an even height\), got"
    with pytest.raises(ParameterError, match=told):
        Hexagonal(5, 4, wrap=wrap)
    with pytest.raises(ConfigError, match=rf"^MODEL\.LATTICE\.{told.replace('wrap', 'WRAP', 1)}"):
        Experiment(overrides=["MODEL.LATTICE", f"{{NAME: hexagonal, WRAP: {wrap}}}", "MODEL.HEIGHT", "5"])


def test_nor_those_of_a_map_file(tmp_path):
    lattice = Hexagonal(4, 3, wrap="rows")
    som = KohonenSOM(4, 3, lattice=lattice, initial=np.zeros((4, 3, 1)))
    held = MapFile(som.weights[:3], **som.about())
    write(tmp_path / "map.npz", held)
    with pytest.raises(DataError, match=r"its lattice .* cannot be made \(.*an even height"):
        KohonenSOM.load(tmp_path / "map.npz")


def test_a_map_file_keeps_the_lattice(kind, tmp_path):
    lattice = kind(4, 3)
    KohonenSOM(4, 3, lattice=lattice, initial=np.zeros((4, 3, 1))).save(tmp_path / "map.npz")
    assert KohonenSOM.load(tmp_path / "map.npz").lattice == lattice
