"""Pictures show what the weights are, in whole blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.pictures.picture import MOST_NODES, SMALLEST_SIDE, Scale, colours_for, colours_of_nodes

RNG_SEEDS = st.integers(0, 99)


@given(seed=RNG_SEEDS)
def test_three_features_in_the_unit_cube_are_the_colours_themselves(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3))
    shown = colours_for(np.array([[0.2, 0.3, 0.4]])).of((pixels / 255).astype(np.float32))
    np.testing.assert_array_equal(shown, pixels)


@given(seed=RNG_SEEDS)
def test_one_feature_is_grey_from_its_smallest_to_its_largest_value(seed):
    values = np.random.default_rng(seed).normal(3, 9, (20, 1))
    shown = colours_for(values).of(values.reshape(4, 5, 1))
    assert (shown == shown[..., :1]).all()
    assert (shown.min(), shown.max()) == (0, 255)
    assert (np.diff(shown[..., 0].ravel()[values.argsort(axis=0)].ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize("features", [2, 3, 4, 50])
def test_other_features_are_shown_by_their_principal_components(features):
    samples = np.random.default_rng(0).normal(5, np.arange(features, 0, -1.0), (200, features))
    centred = samples - samples.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    shown = colours_for(samples).of(samples.reshape(10, 20, features)).reshape(200, 3)
    for channel in range(min(3, features)):
        likeness = np.corrcoef(shown[:, channel], centred @ axes[channel])[0, 1]
        assert abs(likeness) > 0.999
    assert (shown[:, :features].min(), shown[:, :features].max()) == (0, 255)


def test_directions_in_which_data_do_not_vary_are_not_coloured():
    samples = np.outer(np.linspace(0, 1, 50), [1.0, 2.0, 3.0, 4.0]) + 5
    shown = colours_for(samples).of(samples.reshape(5, 10, 4))
    assert shown[..., 0].max() == 255
    assert not shown[..., 1:].any()


@pytest.mark.parametrize(
    "samples", [np.full((9, 1), 7.0), np.full((9, 5), 0.1), np.full((1, 4), 3.0), np.zeros((2, 3))]
)
def test_constant_data_have_one_colour(samples):
    shown = colours_for(samples).of(np.broadcast_to(samples[0], (2, 2, samples.shape[1])))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 1


def test_weights_outside_the_range_are_clipped():
    shown = colours_for(np.eye(3)).of(np.array([[[-5.0, 0.5, 5.0]]]))
    assert shown.tolist() == [[[0, 128, 255]]]


@given(height=st.integers(1, 3000), width=st.integers(1, 3000), size=st.integers(16, 2000))
def test_picture_fits_and_can_be_seen(height, width, size):
    scale = Scale.to_fit(height, width, size)
    sides = [-(-side // reduce) * enlarge for side, reduce, enlarge in zip((height, width), *scale[::-1], strict=True)]
    assert min(sides) >= SMALLEST_SIDE
    assert max(sides) <= max(size, 2 * SMALLEST_SIDE)


@pytest.mark.parametrize(("sides", "shape"), [((10, 10), (500, 500)), ((1, 100), (16, 500)), ((1, 1), (500, 500))])
def test_small_maps_are_enlarged_in_whole_blocks(sides, shape):
    scale = Scale.to_fit(*sides, 500)
    weights = np.arange(sides[0] * sides[1]).reshape(*sides, 1)
    picture = scale.enlarged(scale.reduced(weights))[..., 0]
    assert picture.shape == shape
    rows, columns = scale.enlarge
    np.testing.assert_array_equal(picture[::rows, ::columns], weights[..., 0])
    assert (picture.reshape(sides[0], rows, sides[1], columns) == weights.reshape(sides[0], 1, sides[1], 1)).all()


@given(height=st.integers(1, 60), width=st.integers(1, 60), seed=RNG_SEEDS)
def test_each_pixel_of_a_large_map_is_a_node_of_a_block_of_its_own(height, width, seed):
    weights = np.random.default_rng(seed).random((height, width, 2))
    scale = Scale.to_fit(height, width, 16)
    down, across = scale.reduce
    expected = [[weights[row, column] for column in range(0, width, across)] for row in range(0, height, down)]
    np.testing.assert_array_equal(scale.reduced(weights), expected)


def test_of_a_map_of_very_many_nodes_a_few_that_are_evenly_spaced_give_the_colours():
    weights = np.random.default_rng(0).normal(size=(70, 60, 4))
    weights[-1, -1] = 50  # not among them
    rows = weights.reshape(-1, 4)
    assert MOST_NODES < len(rows) <= 2 * MOST_NODES
    for found, expected in zip(colours_of_nodes(weights), colours_for(rows[::2]), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(colours_of_nodes(weights[:60]), colours_for(rows[:3600]), strict=True):
        np.testing.assert_array_equal(found, expected)
