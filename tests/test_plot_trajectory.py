"""The way of a series over the map: through the places of its best matching nodes, broken where it has to be."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import ksom
from ksom.datasets import Table
from ksom.errors import DataError, ParameterError
from ksom.method.lattice import NOBODY, Hexagonal, Rectangular, neighbours, squared_distances
from ksom.pictures.plots import needs
from ksom.pictures.plots.colours import KINDS
from ksom.pictures.plots.shown import Shown
from ksom.pictures.plots.trajectory import MOST_SERIES, MOST_STEPS, draw_trajectory, pieces
from ksom.pictures.plots.ways import GAP, ways

NAN = np.nan


def som_of(lattice):
    """Return a map whose node k has the weight k."""
    weights = np.arange(lattice.size, dtype=float).reshape(lattice.height, lattice.width, 1)
    return ksom.KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=weights, dtype="float64")


def samples(*nodes):
    return np.array(nodes, dtype=float)[:, np.newaxis]


def drawn(*args, **kwargs):
    ax = draw_trajectory(*args, ax=Figure(layout="constrained").subplots(), **kwargs)
    FigureCanvasAgg(ax.figure).draw()
    return ax


def collections(ax, gid):
    return [collection for collection in ax.collections if collection.get_gid() == gid]


def notes(ax):
    return next(text.get_text() for text in ax.texts if text.get_gid() == "notes").split("\n")


@pytest.mark.parametrize("lattice", [Rectangular(3, 4), Hexagonal(3, 4)], ids=["rectangular", "hexagonal"])
def test_a_way_goes_through_the_places_of_its_best_matching_nodes(lattice):
    nodes = [0, 5, 5, 11, 2]
    (way,) = collections(drawn(som_of(lattice), samples(*nodes)), "way")
    places = lattice.positions()[[0, 5, 11, 2]]
    assert np.array_equal(way.get_segments(), np.stack([places[:-1], places[1:]], axis=1))


def test_start_and_end_are_marked():
    ax = drawn(som_of(Rectangular(3, 4)), samples(0, 5, 11))
    ends = [collections(ax, gid)[0].get_offsets().tolist() for gid in ("start", "end")]
    assert ends == [[[0, 0]], [[3, 2]]]


def test_the_colour_of_one_way_is_time():
    ax = drawn(som_of(Rectangular(1, 5)), samples(0, 1, 2, 3), times=[1950, 1960, 1970, 2010], label="year")
    colours = collections(ax, "way")[0].get_colors()
    assert len(np.unique(colours, axis=0)) == 3
    (bar,) = ax.child_axes
    assert (bar.get_xlim(), bar.get_xlabel()) == ((1950, 2010), "year")  # below, as the map is wide


@pytest.mark.parametrize("kind", [Rectangular, Hexagonal])
def test_a_step_over_a_wrapped_edge_goes_out_and_comes_in_again(kind):
    lattice = kind(4, 6, wrap="both")
    table = neighbours(lattice)
    for node in range(lattice.size):
        for other in table[node][table[node] != NOBODY]:
            cut, _ = pieces(lattice, np.array([node, other]))
            length = sum(float(np.hypot(*(end - begin))) for begin, end in cut)
            squared = squared_distances(lattice, np.array([node]), np.array([other]))[0]
            assert length == pytest.approx(np.sqrt(squared))
            assert np.allclose(cut[0][0], lattice.positions()[node])
            assert np.allclose(cut[-1][1], lattice.positions()[other])


def test_a_wrapped_step_is_cut_at_the_edges_of_the_map():
    cut, after = pieces(Rectangular(3, 8, wrap="columns"), np.array([7, 0]))
    assert [piece.tolist() for piece in cut] == [[[7, 0], [7.5, 0]], [[-0.5, 0], [0, 0]]]
    assert after.tolist() == [0, 0]


def test_without_wrapped_edges_no_step_is_cut():
    cut, _ = pieces(Rectangular(3, 8), np.array([7, 0]))
    assert [piece.tolist() for piece in cut] == [[[7, 0], [0, 0]]]


def test_a_sample_without_any_value_breaks_the_way():
    som, there = som_of(Rectangular(1, 6)), samples(0, 1, NAN, 3, 5)
    assert ways(som, there)[""].nodes.tolist() == [0, 1, GAP, 3, 5]
    (way,) = collections(drawn(som, there), "way")
    assert np.array(way.get_segments())[:, :, 0].tolist() == [[0, 1], [3, 5]]


def test_each_series_has_a_way_and_a_colour_of_its_own():
    names = ["b", "a", "b", "a"]
    ax = drawn(som_of(Rectangular(1, 6)), samples(0, 5, 1, 4), names)
    found = collections(ax, "way")
    assert [np.array(way.get_segments())[:, :, 0].tolist() for way in found] == [[[0, 1]], [[5, 4]]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["b", "a"]
    ends = [end.get_facecolor()[0].tolist() for end in collections(ax, "end")]
    assert ends == [list(to_rgba(colour)) for colour in KINDS[:2]]


def test_samples_are_put_in_the_order_of_their_times():
    way = ways(som_of(Rectangular(1, 6)), samples(3, 1, 2), times=[30, 10, 20])[""]
    assert (way.nodes.tolist(), way.times.tolist()) == ([1, 2, 3], [10, 20, 30])


def test_a_table_is_read_by_its_columns():
    table = pd.DataFrame({"country": ["A", "A", "B"], "x": [0.0, 2.0, 1.0]})
    som = ksom.train(Table(table, columns=["x"]), 1, 3, 2)
    som.weights = [[[0.0], [1.0], [2.0]]]
    assert [way.nodes.tolist() for way in ways(som, table[["x"]], table["country"]).values()] == [[0, 2], [1]]


def test_ids_that_come_again_are_series():
    table = pd.DataFrame({"country": ["A", "A", "B", "B"], "x": [0.0, 2.0, 1.0, 1.0]})
    som = som_of(Rectangular(1, 3))
    found = ways(som, Table(table, id="country"))
    assert {name: way.nodes.tolist() for name, way in found.items()} == {"A": [0, 2], "B": [1, 1]}
    others = Table(table.assign(country=list("ABCD")), id="country")
    assert list(ways(som, others)) == [""]
    lacking = [needs.series(Shown(som, samples=some)) for some in (Table(table, id="country"), others)]
    assert [told is None for told in lacking] == [True, False]


def test_the_recordings_of_windows_are_series():
    windows = ksom.Windows([np.arange(4.0), np.arange(3.0)], length=1)
    found = ways(som_of(Rectangular(1, 4)), windows)
    assert [way.nodes.tolist() for way in found.values()] == [[0, 1, 2, 3], [0, 1, 2]]
    assert list(ways(som_of(Rectangular(1, 4)), ksom.Windows(np.arange(4.0), length=1))) == [""]


def test_of_many_series_the_first_are_drawn_and_it_is_told():
    ax = drawn(som_of(Rectangular(2, 6)), samples(*range(10)), [f"series {number}" for number in range(10)])
    assert len(collections(ax, "way")) == MOST_SERIES
    assert f"{MOST_SERIES} of 10 series" in notes(ax)


def test_of_a_long_series_every_so_many_samples_are_drawn_and_the_last_and_it_is_told():
    there = samples(*(np.arange(3 * MOST_STEPS + 2) % 6))
    ax = drawn(som_of(Rectangular(1, 6)), there)
    assert "every 4th sample" in notes(ax)
    assert collections(ax, "end")[0].get_offsets().tolist() == [[float(there[-1, 0]), 0]]


def test_wrapped_edges_are_told():
    assert notes(drawn(som_of(Rectangular(2, 6, wrap="columns")), samples(0, 3)))[-1].startswith(
        "dotted edges are joined"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"series": ["a"]}, "series must have the shape (2,), one for each sample, got (1,)"),
        ({"times": [1, 2, 3]}, "times must have the shape (2,), one for each sample, got (3,)"),
        ({"times": [1, NAN]}, "times must be finite numbers, got [1, nan]"),
        ({"times": ["1950", "now"]}, "times must be finite numbers, got ['1950', 'now']"),
        ({"series": ["a", "b"], "only": ["c"]}, "only must be names of series; there are 2, got 'c'"),
        ({"series": ["a", "b"], "only": []}, "only must be 1 to 7 names of series, got []"),
    ],
)
def test_what_does_not_fit_is_refused(given, told):
    with pytest.raises(ParameterError) as caught:
        drawn(som_of(Rectangular(1, 3)), samples(0, 1), **given)
    assert str(caught.value) == told


def test_samples_of_which_nothing_is_known_are_refused():
    with pytest.raises(DataError, match="samples: no sample has any value, so there is no way to draw"):
        drawn(som_of(Rectangular(1, 3)), samples(NAN, NAN))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (120, 100)])
def test_maps_of_one_node_in_a_chain_and_of_many_are_drawn(shape):
    lattice = Rectangular(*shape)
    ax = drawn(som_of(lattice), samples(0, lattice.size - 1, 0))
    assert len(collections(ax, "way")[0].get_segments()) == (2 if lattice.size > 1 else 0)


@pytest.mark.parametrize("name", ["price in $ and $", "x" * 200, "🦆", "שלום", "</script>", r"\frac{"])
def test_any_name_is_shown_as_text(name):
    drawn(som_of(Rectangular(1, 3)), samples(0, 1), [name, name], label=name)
    drawn(som_of(Rectangular(1, 3)), samples(0, 1, 2), [name, "b", name])
