"""The dip is the distance to the nearest distribution with one mode."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from ksom.method.dip import dip, has_valley

ONES = np.ones


def by_linear_programming(values):  # noqa: C901 (a row for each thing that must hold)
    """The least d for which a function within d of the distribution is convex before one of them, then concave."""
    x, n = np.sort(values), len(values)
    above = np.arange(1, n + 1) / n
    below = above - 1 / n
    best = 1.0
    for mode in range(n):  # unknown: at each value, at the mode from the left and from the right; then d
        places = np.r_[x[: mode + 1], x[mode:]]
        size = n + 2
        rows, bounds = [], []

        def within(place, height, size=size, rows=rows, bounds=bounds):
            for sign in (1, -1):
                row = np.zeros(size)
                row[place], row[-1] = sign, -1
                rows.append(row)
                bounds.append(sign * height)

        for place in range(n + 1):
            if place != mode + 1:
                within(place, below[min(place, mode) if place <= mode else place - 1])
            if place != mode:
                within(place, above[place if place <= mode else place - 1])
        for place in range(n):
            row = np.zeros(size)
            row[place], row[place + 1] = 1, -1
            rows.append(row)
            bounds.append(0)
        for first in (*range(mode - 1), *range(mode + 1, n - 1)):
            sign = 1 if first < mode else -1
            before, after = np.diff(places[first : first + 3])
            row = np.zeros(size)
            row[first : first + 3] = sign * np.array([-1 / before, 1 / before + 1 / after, -1 / after])
            rows.append(row)
            bounds.append(0)
        found = linprog(np.eye(size)[-1], A_ub=np.array(rows), b_ub=bounds, bounds=[(0, 1)] * size)
        best = min(best, found.fun)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_distance_to_the_nearest_distribution_with_one_mode(seed):
    values = np.random.default_rng(seed).random(4 + 2 * seed)
    assert dip(values, ONES(len(values))) == pytest.approx(by_linear_programming(values), abs=1e-9)


@given(
    seed=st.integers(0, 99), scale=st.floats(-50, 50).filter(lambda scale: abs(scale) > 0.01), shift=st.floats(-9, 9)
)
def test_neither_unit_nor_direction_nor_order_matters(seed, scale, shift):
    rng = np.random.default_rng(seed)
    values, weights = rng.integers(0, 9, 12).astype(float), rng.random(12)
    order = rng.permutation(12)
    assert dip(values[order] * scale + shift, 7 * weights[order]) == pytest.approx(dip(values, weights), abs=1e-9)


def test_values_without_weight_are_not_there():
    values, weights = np.array([0.0, 1.0, 2.0, 9.0]), np.array([1.0, 0.0, 2.0, 1.0])
    assert dip(values, weights) == dip(values[weights > 0], weights[weights > 0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(100.0), False),
        (np.random.default_rng(0).normal(size=300), False),
        (np.random.default_rng(0).lognormal(size=300), False),
        (np.r_[np.random.default_rng(0).normal(size=200), np.random.default_rng(1).normal(6, 1, 100)], True),
        (np.r_[np.arange(50.0), np.arange(100.0, 150)], True),
        (np.zeros(9), False),
    ],
    ids=["uniform", "normal", "skewed", "two normal", "two uniform", "all the same"],
)
def test_two_modes_have_a_valley_between_them(values, expected):
    assert has_valley(values, ONES(len(values))) == expected
