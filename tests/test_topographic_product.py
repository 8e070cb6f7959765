"""The topographic product is that of Bauer and Pawelzik, in the mean over all orders of equals."""

import itertools

import numpy as np
import pytest

import ksom
from ksom.errors import Undefined
from ksom.method import topographic_product as module
from ksom.method.lattice import squares_between
from ksom.method.topographic_product import measured_topographic_product


class Uneven(ksom.Rectangular):
    """A chain in which no two nodes are equally far from a third, to the left or to the right."""

    def column_squares(self):
        return super().column_squares() * np.linspace(1, 1.3, 2 * self.width - 1)


def made(height, width, seed=0, **how):
    weights = np.random.default_rng(seed).random((height, width, 2))
    return ksom.KohonenSOM(height, width, initial=weights, dtype="float64", **how)


def of_node(in_data, on_lattice, order, node):
    """Σ_k log P3(j, k) / (K − 1) of a node j, whose others on the lattice are in a given order."""
    near = [other for other in np.argsort(in_data[node]) if other != node]
    first = in_data[node, order] / in_data[node, near]
    second = on_lattice[node, order] / on_lattice[node, near]
    return np.mean([np.log(np.prod((first * second)[:k])) / (2 * k) for k in range(1, len(near) + 1)])


def by_definition(som):
    """P as the mean over all orders that the lattice leaves open."""
    weights, nodes = som.weights.reshape(som.lattice.size, -1), np.arange(som.lattice.size)
    in_data = np.linalg.norm(weights[:, None] - weights, axis=2)
    on_lattice = np.sqrt(squares_between(som.lattice, nodes, nodes))
    means = []
    for node in nodes:
        orders = map(list, itertools.permutations(nodes[nodes != node]))
        fitting = [order for order in orders if (np.diff(on_lattice[node, order]) >= 0).all()]
        means.append(np.mean([of_node(in_data, on_lattice, order, node) for order in fitting]))
    return np.mean(means)


@pytest.mark.parametrize(
    "som",
    [
        made(1, 7, lattice=Uneven(1, 7)),
        made(1, 5),
        made(1, 6, lattice=ksom.Rectangular(1, 6, wrap="columns")),
        made(2, 3),
        made(2, 3, lattice=ksom.Hexagonal(2, 3)),
    ],
    ids=lambda som: repr(som.lattice),
)
def test_it_is_the_mean_of_the_definition_over_all_orders_of_equals(som):
    assert ksom.topographic_product(som) == pytest.approx(by_definition(som), rel=1e-12)


def test_a_chain_by_hand():
    """Nodes at 0, 1, 3. From 0 and from 3 nothing is out of order; from 1 both others are one step away.

    There Q1 is √2 in the mean for the first of them (the mean of log 1 and log 2 against log 1), Q2 is 1; for both of
    them together all orders are the same.
    """
    som = ksom.KohonenSOM(1, 3, initial=[[[0.0], [1.0], [3.0]]], dtype="float64")
    assert ksom.topographic_product(som) == pytest.approx(np.log(np.sqrt(2)) / 2 / (3 * 2))


def test_turning_and_mirroring_the_map_change_nothing():
    weights = np.random.default_rng(0).random((5, 5, 3))
    turned = [weights, weights[::-1], weights[:, ::-1], weights.transpose(1, 0, 2)]
    products = [ksom.topographic_product(ksom.KohonenSOM(5, 5, initial=w, dtype="float64")) for w in turned]
    np.testing.assert_allclose(products, products[0], rtol=1e-12)


def test_a_lattice_that_fits_has_none_a_chain_in_a_square_less_a_sheet_on_a_line_more():
    rows, columns = np.divmod(np.arange(64), 8)
    sheet = np.stack([rows, columns], axis=1) + np.random.default_rng(0).normal(size=(64, 2)) * 1e-3
    snake = np.where(rows[:, np.newaxis] % 2, np.stack([rows, 7 - columns], axis=1), sheet)
    line = np.stack([8 * rows + columns, 0 * rows], axis=1)
    fits, too_few, too_many = (
        ksom.topographic_product(ksom.KohonenSOM(*size, initial=weights.reshape(*size, 2), dtype="float64"))
        for size, weights in (((8, 8), sheet), ((1, 64), snake), ((8, 8), line))
    )
    assert abs(fits) < 0.002
    assert too_few < -0.03
    assert too_many > 0.03


def test_of_a_large_map_so_many_nodes_are_drawn_that_the_distances_are_bounded(monkeypatch):
    line = np.arange(100.0) + np.random.default_rng(0).normal(size=100) / 100
    som = ksom.KohonenSOM(10, 10, initial=line.reshape(10, 10, 1), dtype="float64")
    exact = measured_topographic_product(som)
    assert exact.nodes == 100
    monkeypatch.setattr(module, "DISTANCES_AT_ONCE", 700)
    assert measured_topographic_product(som).value == pytest.approx(exact.value, rel=1e-12)
    monkeypatch.setattr(module, "MOST_DISTANCES", 4000)
    drawn = [measured_topographic_product(som, seed) for seed in (1, 1, 2)]
    assert [product.nodes for product in drawn] == [40, 40, 40]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].value == pytest.approx(exact.value, rel=0.3)
    monkeypatch.setattr(module, "MOST_TERMS", 1500)
    assert measured_topographic_product(som).nodes == 15


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        (np.zeros((1, 2, 1)), "there must be at least 3 nodes to compare neighbourhoods, got 2"),
        (np.zeros((2, 2, 1)), "some nodes have the same weights"),
    ],
)
def test_where_there_is_none_it_says_why(weights, why):
    with pytest.raises(Undefined, match=why):
        ksom.topographic_product(ksom.KohonenSOM(*weights.shape[:2], initial=weights))
