"""The U-matrix is the mean distance of a node to its neighbours, on every lattice."""

import numpy as np
import pytest

import ksom
from ksom.method.lattice import WRAPS, are_neighbours
from ksom.method.umatrix import edges

LATTICES = [kind(4, 3, wrap=wrap) for kind in (ksom.Rectangular, ksom.Hexagonal) for wrap in WRAPS]


def made(lattice, distance="euclidean"):
    weights = np.random.default_rng(0).random((lattice.height, lattice.width, 5))
    size = lattice.height, lattice.width
    return ksom.KohonenSOM(*size, lattice=lattice, distance=distance, initial=weights, dtype="float64")


@pytest.mark.parametrize("lattice", [*LATTICES, ksom.Rectangular(1, 4), ksom.Rectangular(2, 2, wrap="both")], ids=repr)
def test_it_is_the_mean_over_the_neighbours(lattice):
    som = made(lattice)
    nodes = np.arange(lattice.size)
    one, other = (index.ravel() for index in np.meshgrid(nodes, nodes, indexing="ij"))
    near = are_neighbours(lattice, one, other).reshape(lattice.size, -1)
    weights = som.weights.reshape(lattice.size, -1)
    apart = np.linalg.norm(weights[:, None] - weights, axis=2)
    expected = np.where(near, apart, 0).sum(axis=1) / near.sum(axis=1)
    np.testing.assert_allclose(ksom.umatrix(som).ravel(), expected, rtol=1e-12)
    found = edges(som)
    assert len(found.nodes) == near.sum() / 2
    np.testing.assert_allclose(found.lengths, apart[found.nodes[:, 0], found.nodes[:, 1]], rtol=1e-12)


def test_a_map_by_hand():
    """The middle of 3 × 3 has all others around it, a corner three of them."""
    som = ksom.KohonenSOM(3, 3, initial=np.arange(9.0).reshape(3, 3, 1))
    assert ksom.umatrix(som)[1, 1] == np.mean([4, 3, 2, 1, 1, 2, 3, 4])
    assert ksom.umatrix(som)[0, 0] == pytest.approx(np.mean([1, 3, 4]))


@pytest.mark.parametrize(
    ("distance", "between"),
    [
        ("manhattan", lambda one, other: np.abs(one - other).sum()),
        ("chebyshev", lambda one, other: np.abs(one - other).max()),
        ("cosine", lambda one, other: 1 - one @ other / np.linalg.norm(one) / np.linalg.norm(other)),
    ],
)
def test_the_distance_is_that_of_the_map(distance, between):
    som = made(ksom.Rectangular(1, 2), distance)
    assert ksom.umatrix(som).ravel() == pytest.approx([between(*som.weights[0])] * 2)


def test_a_single_node_has_no_neighbours():
    assert np.isnan(ksom.umatrix(ksom.KohonenSOM(1, 1, initial=[[[1.0]]]))).all()


def test_edges_are_the_same_however_few_are_compared_at_a_time(monkeypatch):
    som = ksom.KohonenSOM(6, 5, initial=np.random.default_rng(0).normal(size=(6, 5, 3)))
    expected = edges(som)
    monkeypatch.setattr("ksom.method.umatrix.PIECE_BYTES", 100)
    np.testing.assert_array_equal(edges(som).lengths, expected.lengths)
