"""How well maps agree: the share of pairs of rows that are neighbours on both."""

import itertools

import numpy as np
import pytest

from ksom.errors import ParameterError
from ksom.method import agreement as module
from ksom.method.agreement import Agreement, Placement, agreement, agreements
from ksom.method.lattice import Hexagonal, Rectangular, are_neighbours
from ksom.method.symmetries import laid, symmetries

LATTICES = [Rectangular(4, 5), Hexagonal(4, 5), Rectangular(4, 5, "both"), Hexagonal(4, 5, "both"), Rectangular(1, 9)]


def placed(lattice, seed=0, rows=60):
    return Placement(lattice, np.random.default_rng(seed).integers(0, lattice.size, rows))


def neighbouring_pairs(placement):
    lattice, nodes = placement
    return {
        (i, j)
        for i, j in itertools.combinations(range(len(nodes)), 2)
        if nodes[i] == nodes[j] or are_neighbours(lattice, nodes[[i]], nodes[[j]])[0]
    }


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_it_is_the_share_of_pairs_on_both_among_those_on_either(lattice):
    first, second = placed(lattice, 1), placed(lattice, 2)
    ours, theirs = neighbouring_pairs(first), neighbouring_pairs(second)
    found = agreement(first, second)
    assert found.pairs == len(ours | theirs)
    assert found.share == len(ours & theirs) / len(ours | theirs)
    expected = len(ours) * len(theirs) / (60 * 59 / 2)
    assert found.chance == pytest.approx(expected / (len(ours) + len(theirs) - expected))


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
def test_a_map_agrees_wholly_with_itself_turned_over_or_moved(lattice):
    first = placed(lattice)
    for symmetry in symmetries(lattice):
        place_of = np.argsort(laid(lattice, symmetry))
        assert agreement(first, Placement(lattice, place_of[first.nodes])).share == 1


def test_maps_that_have_nothing_to_do_with_each_other_agree_as_chance_tells():
    lattice = Rectangular(10, 10)
    found = agreement(placed(lattice, 1, 1500), placed(lattice, 2, 1500))
    assert found.share == pytest.approx(found.chance, rel=0.05)
    assert found.above_chance == pytest.approx(0, abs=0.01)


def test_all_pairs_of_maps_at_once_are_the_pairs_one_by_one():
    maps = [placed(lattice, seed) for seed, lattice in enumerate(LATTICES)]
    every = agreements(maps)
    for first, second in itertools.product(range(len(maps)), repeat=2):
        assert every.between(first, second) == agreement(maps[first], maps[second])


def test_how_many_pairs_are_looked_at_at_a_time_changes_nothing(monkeypatch):
    first, second = placed(LATTICES[0], 1), placed(LATTICES[0], 2)
    at_once = agreement(first, second)
    monkeypatch.setattr(module, "MOST_VALUES", 7 * 60 * 2)
    assert agreement(first, second) == at_once


def test_maps_on_which_no_rows_are_neighbours_have_no_agreement():
    apart = Placement(Rectangular(1, 9), np.array([0, 4, 8]))
    assert agreement(apart, apart) == Agreement(None, None, 0)
    assert agreement(apart, apart).above_chance is None


def test_a_map_of_one_node_agrees_as_chance_tells_and_no_better():
    one = Placement(Rectangular(1, 1), np.zeros(60, dtype=np.int64))
    found = agreement(one, placed(LATTICES[0]))
    assert found.share == pytest.approx(found.chance)


@pytest.mark.parametrize("lengths", [(3, 4), (1, 1)])
def test_other_rows_or_fewer_than_two_are_refused(lengths):
    with pytest.raises(ParameterError, match=r"^placements must be of the same rows, at least 2, got \["):
        agreements([placed(LATTICES[0], rows=rows) for rows in lengths])
