"""Folds of a map: how often its cells turn over, and how often its rows and columns turn back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.method.folds import creases, turned_back


def sheet(height, width):
    return np.stack(np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height)), axis=-1)


def butterfly(height, width):
    """A sheet whose rows run the other way in its lower half."""
    flat = sheet(height, width) - 0.47  # no row is a point
    return np.stack([flat[..., 0] * flat[..., 1], flat[..., 1]], axis=-1)


def folded(height, width):
    flat = sheet(height, width)
    return np.stack([np.abs(flat[..., 0] - 0.47), flat[..., 1]], axis=-1)


SIZES = [(6, 6), (10, 10), (7, 16), (16, 7), (20, 20), (40, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_a_flat_sheet_has_no_crease(size):
    assert creases(sheet(*size)) == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [butterfly, folded])
def test_a_sheet_turned_over_once_has_a_crease_across_it(size, shape):
    assert 0.8 <= creases(shape(*size)) <= 1.6


@given(st.integers(0, 99), st.floats(0.01, 100), st.integers(2, 9))
def test_creases_are_the_same_wherever_the_sheet_lies(seed, scale, features):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(features, 2)))[0].T
    turned = scale * (butterfly(8, 9) @ axes) + rng.normal(size=features)
    assert creases(turned) == creases(butterfly(8, 9))


def test_a_bent_sheet_has_no_crease():
    """Half a pipe faces every way, but neighbouring cells nearly the same."""
    flat = np.pi * sheet(9, 12)
    assert creases(np.stack([np.cos(flat[..., 0]), np.sin(flat[..., 0]), flat[..., 1]], axis=-1)) == 0


def test_cells_without_samples_do_not_count():
    hits = np.ones((8, 9), dtype=np.int64)
    whole = creases(folded(8, 9), hits)
    hits[:, 3:6] = 0
    assert (whole, creases(folded(8, 9), hits)) == (creases(folded(8, 9)), 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 20), (3, 30), (2, 2)])
def test_a_map_of_fewer_than_four_rows_has_no_crease(size):
    assert creases(np.random.default_rng(0).normal(size=(*size, 3))) == 0


def test_nodes_that_coincide_have_no_crease():
    assert creases(np.zeros((6, 6, 3))) == turned_back(np.zeros((6, 6, 3))) == 0


@pytest.mark.parametrize(("weights", "share"), [
    (sheet(5, 6), 0.0),
    ([[[0.0], [1.0], [0.0], [1.0]]], 1.0),
    ([[[0.0], [1.0], [2.0], [1.0]]], 0.5),
    ([[[0.0], [1.0]]], 0.0),
    ([[[0.0]]], 0.0),
])  # fmt: skip
def test_the_share_of_turns_is_that_worked_out_by_hand(weights, share):
    assert turned_back(np.array(weights)) == share


def test_random_weights_turn_back_at_two_thirds_of_the_nodes_and_more():
    assert all(turned_back(np.random.default_rng(0).random((20, 20, features))) > 0.64 for features in (1, 2, 10))
