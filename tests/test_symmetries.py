"""The symmetries of a lattice, and the one that brings a map nearest to another."""

import numpy as np
import pytest

from ksom.errors import ParameterError
from ksom.method.lattice import WRAPS, Hexagonal, Rectangular, squares_between
from ksom.method.symmetries import Symmetry, aligned, laid, symmetries

SIZES = [(1, 1), (1, 5), (5, 1), (2, 2), (3, 4), (4, 3), (4, 4), (5, 3)]
LATTICES = [
    kind(height, width, wrap)
    for kind in (Rectangular, Hexagonal)
    for height, width in SIZES
    for wrap in WRAPS
    if not (kind is Hexagonal and wrap in {"rows", "both"} and height % 2)
]


def weights_on(lattice, seed=0, features=3):
    return np.random.default_rng(seed).normal(size=(lattice.height, lattice.width, features))


def moved(lattice, weights, symmetry):
    return weights.reshape(lattice.size, -1)[laid(lattice, symmetry)].reshape(weights.shape)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_a_symmetry_keeps_every_distance_on_the_lattice(lattice):
    nodes = np.arange(lattice.size)
    squares = squares_between(lattice, nodes, nodes)
    for symmetry in symmetries(lattice):
        there = laid(lattice, symmetry)
        np.testing.assert_array_equal(np.sort(there), nodes)
        np.testing.assert_array_equal(squares[np.ix_(there, there)], squares)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_aligning_a_transformed_copy_gives_the_original(lattice):
    weights = weights_on(lattice)
    for symmetry in symmetries(lattice):
        other = moved(lattice, weights, symmetry)
        back = other.reshape(lattice.size, -1)[aligned(lattice, weights, other).nodes].reshape(weights.shape)
        np.testing.assert_array_equal(back, weights)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_the_least_mean_square_is_that_of_trying_every_symmetry(lattice):
    every = list(symmetries(lattice))
    for seed in range(6):
        weights, other = weights_on(lattice, seed), weights_on(lattice, seed + 6)
        tried = [np.square(weights - moved(lattice, other, each)).sum() / lattice.size for each in every]
        found = aligned(lattice, weights, other)
        assert found.mean_square == pytest.approx(min(tried), rel=1e-9)
        np.testing.assert_array_equal(found.nodes, laid(lattice, found.symmetry))


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (Rectangular(3, 4), 4),
        (Rectangular(4, 4), 8),
        (Rectangular(4, 4, "rows"), 16),
        (Rectangular(4, 4, "both"), 128),
        (Hexagonal(3, 4), 2),
        (Hexagonal(4, 4), 2),
        (Hexagonal(4, 4, "both"), 64),
        (Rectangular(1, 7, "columns"), 14),
    ],
    ids=str,
)
def test_there_are_so_many_symmetries_all_different(lattice, count):
    found = list(symmetries(lattice))
    assert found[0] == Symmetry()
    assert len({tuple(laid(lattice, each)) for each in found}) == len(found) == count


def test_of_equal_ways_the_first_is_taken_which_leaves_the_map_as_it_is():
    lattice = Rectangular(4, 4, "both")
    assert aligned(lattice, np.ones((4, 4, 2)), np.ones((4, 4, 2))).symmetry == Symmetry()


def test_data_far_from_the_origin_are_aligned_as_well():
    lattice = Rectangular(4, 6, "columns")
    weights = weights_on(lattice) + 1e7
    other = moved(lattice, weights, Symmetry(flips_rows=True, right=2.0))
    assert aligned(lattice, weights, other).mean_square == 0


def test_a_feature_that_one_map_knows_nothing_of_is_left_out():
    lattice = Rectangular(2, 3)
    weights = weights_on(lattice)
    other = moved(lattice, weights, Symmetry(flips_columns=True))
    other[..., 1] = np.nan
    found = aligned(lattice, weights, other)
    assert found.symmetry == Symmetry(flips_columns=True)
    assert found.mean_square == 0


@pytest.mark.parametrize(
    ("symmetry", "words"),
    [
        (Symmetry(), "as it is"),
        (Symmetry(flips_rows=True, flips_columns=True), "turned by 180°"),
        (Symmetry(exchanges=True, flips_rows=True), "rows and columns exchanged, upside down"),
        (
            Symmetry(flips_columns=True, down=3, right=1.5),
            "left and right exchanged, moved down by 3, moved right by 1.5",
        ),
    ],
)
def test_a_symmetry_is_told_in_words(symmetry, words):
    assert str(symmetry) == words


@pytest.mark.parametrize(
    ("shape", "other", "named"), [((3, 2, 2), (3, 2, 2), "weights"), ((2, 3, 2), (2, 3, 1), "other")]
)
def test_maps_of_another_shape_are_refused(shape, other, named):
    with pytest.raises(ParameterError, match=f"^{named} must have the shape 2 × 3 × features, got "):
        aligned(Rectangular(2, 3), np.zeros(shape), np.zeros(other))
