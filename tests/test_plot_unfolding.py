"""The net of a map over its data: nodes and samples where the principal components have them, joined as neighbours."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import ksom
from ksom.method.lattice import Hexagonal, Rectangular, squared_distances
from ksom.pictures.plots.unfolding import MOST_LINES, draw_unfolding, hem, net, unfolding

GENERATOR = np.random.default_rng(0)
WIDE = GENERATOR.normal(size=(300, 4)) * [5, 1, 0.5, 0.1] + [10, 0, 0, 0]


def som_of(lattice, features=4, seed=0):
    weights = np.random.default_rng(seed).normal(size=(lattice.height, lattice.width, features))
    return ksom.KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=weights, dtype="float64")


def drawn(som, samples=None):
    ax = draw_unfolding(som, samples, ax=Figure(layout="constrained").subplots())
    FigureCanvasAgg(ax.figure).draw()
    return ax


def labelled(ax, label):
    return next(artist for artist in [*ax.lines, *ax.collections] if artist.get_label() == label)


def test_samples_and_shares_are_those_of_a_principal_component_analysis():
    found = unfolding(som_of(Rectangular(3, 4)), WIDE)
    centred = WIDE - WIDE.mean(axis=0)
    _, extents, rows = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(found.samples), np.abs(centred @ rows[:2].T))
    assert np.allclose(found.shares, extents[:2] ** 2 / (extents**2).sum())


def test_nodes_are_turned_as_the_samples_are():
    som = som_of(Rectangular(5, 5))
    found = unfolding(som, som.weights.reshape(25, 4))
    assert np.allclose(found.nodes, found.samples)


def test_the_axes_are_those_of_the_scaled_samples():
    som = ksom.train(WIDE, 3, 3, 3, scaling="standard")
    assert unfolding(som, WIDE).shares[0] < 0.4 < unfolding(som_of(Rectangular(3, 3)), WIDE).shares[0]


@pytest.mark.parametrize("wrap", ["none", "both"])
@pytest.mark.parametrize("kind", [Rectangular, Hexagonal])
def test_a_line_joins_every_two_nodes_that_are_one_step_apart(kind, wrap):
    lattice = kind(4, 6, wrap=wrap)
    pairs = {tuple(sorted(path.tolist())) for path in net(lattice)}
    first, second = np.triu_indices(24, 1)
    near = squared_distances(lattice, first, second) == 1
    assert pairs == set(zip(first[near].tolist(), second[near].tolist(), strict=True))


def test_lines_are_drawn_between_the_places_of_the_nodes():
    som = som_of(Hexagonal(3, 5))
    ax, found = drawn(som, WIDE), unfolding(som, WIDE)
    segments = labelled(ax, "net").get_segments()
    assert all(np.array_equal(line, found.nodes[path]) for line, path in zip(segments, net(som.lattice), strict=True))
    assert np.array_equal(labelled(ax, "nodes").get_xydata(), found.nodes)
    assert np.array_equal(labelled(ax, "samples").get_xydata(), found.samples)


@pytest.mark.parametrize(
    ("wrap", "lengths"), [("none", [5, 5, 4, 4]), ("rows", [5, 5]), ("columns", [6, 6]), ("both", [])]
)
def test_the_edge_is_drawn_where_the_lattice_ends_once_round_where_it_is_wrapped(wrap, lengths):
    assert [len(side) for side in hem(Rectangular(4, 5, wrap=wrap))] == lengths


def test_a_chain_has_no_edge():
    assert list(hem(Rectangular(1, 5))) == []


@pytest.mark.parametrize("kind", [Rectangular, Hexagonal])
def test_of_a_large_map_every_so_many_rows_and_columns_are_drawn_and_it_is_told(kind):
    lattice = kind(100, 60)
    ax = drawn(som_of(lattice), WIDE)
    assert len(labelled(ax, "net").get_segments()) == 34 + 20 <= 2 * MOST_LINES
    assert ax.get_title() == "The map's net over its data; every 3rd row and column"
    lines = net(lattice, 3)
    assert all((squared_distances(lattice, line[:-1], line[1:]) == 1).all() for line in lines)


def test_axes_tell_the_share_of_the_variance():
    ax = drawn(som_of(Rectangular(3, 3)), WIDE)
    assert ax.get_xlabel() == "principal component 1 (95% of the variance)"


def test_without_samples_the_nodes_stand_for_them():
    ax = drawn(som_of(Rectangular(3, 3)))
    assert ax.get_title() == "The map's net over its nodes"
    assert "samples" not in [line.get_label() for line in ax.lines]


def test_one_feature_is_drawn_over_the_order_of_the_nodes():
    som = ksom.KohonenSOM(1, 4, initial=[[[0.0], [1.0], [4.0], [3.0]]])
    ax = drawn(som, [[0.0], [4.0]])
    assert labelled(ax, "nodes").get_xydata().tolist() == [[-2, 0], [-1, 1], [2, 2], [1, 3]]
    assert ax.get_ylabel() == "node (there is no second component)"


def test_a_missing_value_counts_as_the_mean():
    with_gaps = WIDE.copy()
    with_gaps[::3, 0] = np.nan
    som = ksom.train(with_gaps, 3, 3, 3, missing="keep")
    filled = np.where(np.isnan(with_gaps), np.nanmean(with_gaps, axis=0), with_gaps)
    assert np.allclose(unfolding(som, with_gaps).samples, unfolding(som, filled).samples, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "samples"), [((1, 1, 3), None), ((1, 1, 1), [[1.0]]), ((2, 2, 3), [[1.0, 1, 1]] * 4), ((2, 3, 500), None)]
)
def test_maps_of_one_node_one_feature_and_many_are_drawn(shape, samples):
    weights = np.random.default_rng(0).random(shape)
    ax = drawn(ksom.KohonenSOM(*shape[:2], initial=weights), samples)
    assert labelled(ax, "nodes").get_xydata().shape == (shape[0] * shape[1], 2)


def test_of_many_samples_some_are_drawn():
    assert len(unfolding(som_of(Rectangular(2, 2)), np.tile(WIDE, (40, 1))).samples) == 5000
