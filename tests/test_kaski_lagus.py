"""Shortest paths are the shortest, and the measure of Kaski and Lagus goes along them."""

import numpy as np
import pytest

from ksom import Hexagonal, KohonenSOM, Rectangular, kaski_lagus, quantization_error
from ksom.method.lattice import WRAPS, steps
from ksom.method.paths import Graph
from ksom.method.umatrix import edges, neighbouring

csgraph = pytest.importorskip("scipy.sparse.csgraph")

LATTICES = [
    kind(*size, wrap=wrap) for kind in (Rectangular, Hexagonal) for size in ((4, 5), (2, 3), (6, 2)) for wrap in WRAPS
] + [Rectangular(1, 7), Rectangular(1, 7, wrap="columns"), Rectangular(5, 1), Hexagonal(1, 4), Hexagonal(5, 1)]


def all_pairs(size):
    return np.stack(np.divmod(np.arange(size * size), size), axis=1)


def table(size, nodes, lengths):
    filled = np.zeros((size, size))
    filled[nodes[:, 0], nodes[:, 1]] = filled[nodes[:, 1], nodes[:, 0]] = lengths
    return filled


@pytest.mark.parametrize("lattice", LATTICES, ids=repr)
def test_paths_are_those_of_another_library(lattice):
    weights = np.random.default_rng(0).random((lattice.height, lattice.width, 2))
    som = KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=weights, dtype="float64")
    nodes, lengths = edges(som)
    expected = csgraph.dijkstra(table(lattice.size, nodes, lengths))
    found = Graph(lattice.size, nodes, lengths).paths(all_pairs(lattice.size))
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-12)


@pytest.mark.parametrize("lattice", LATTICES, ids=repr)
def test_steps_on_a_lattice_are_counted_without_going_them(lattice):
    pairs = all_pairs(lattice.size)
    found = Graph(lattice.size, neighbouring(lattice)).paths(pairs)
    np.testing.assert_array_equal(steps(lattice, pairs[:, 0], pairs[:, 1]), found)


def test_a_path_that_is_not_there_or_too_long_is_infinite():
    chain = Graph(5, np.array([[0, 1], [1, 2], [2, 3]]))
    pairs = np.array([[0, 0], [0, 2], [0, 3], [0, 4], [4, 0]])
    assert chain.paths(pairs, most=2).tolist() == [0, 2, np.inf, np.inf, np.inf]
    assert chain.paths(np.empty((0, 2), dtype=np.int64)).tolist() == []


def test_the_way_leads_over_the_lattice_by_hand():
    """A chain that is folded: nodes at 0, 5, 1; the sample 0.4 has the best node 0 and the second best 2."""
    som = KohonenSOM(1, 3, initial=[[[0.0], [5.0], [1.0]]], dtype="float64")
    assert kaski_lagus(som, [[0.4]]) == pytest.approx(0.4 + 5 + 4)
    assert kaski_lagus(som, [[0.4], [4.9], [0.4]]) == pytest.approx((0.4 + 9 + 0.1 + 4 + 0.4 + 9) / 3)


def test_the_way_round_a_closed_chain_is_the_shorter_one():
    som = KohonenSOM(1, 3, lattice=Rectangular(1, 3, wrap="columns"), initial=[[[0.0], [5.0], [1.0]]], dtype="float64")
    assert kaski_lagus(som, [[0.4]]) == pytest.approx(0.4 + 1)


def test_steps_are_as_long_as_the_distance_of_the_map_says():
    som = KohonenSOM(1, 2, initial=[[[0.0, 0.0], [3.0, 4.0]]], distance="manhattan")
    assert kaski_lagus(som, [[0.0, 1.0]]) == pytest.approx(1 + 7)


def test_on_a_map_of_one_node_it_is_the_quantization_error():
    som = KohonenSOM(1, 1, initial=[[[1.0]]])
    assert kaski_lagus(som, [[0.0], [3.0]]) == quantization_error(som, [[0.0], [3.0]]) == 1.5
