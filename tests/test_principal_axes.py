"""The principal axes of samples, whatever their place, their order, their blocks, and the threads of the library."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.method import principal_axes as module
from ksom.method.principal_axes import principal_axes
from ksom.samples import BLOCK_ROWS, Block


def blocks_of(samples, weights=None, missing=None):
    """Return what gives the samples in blocks."""

    def part(array, start):
        return None if array is None else array[start : start + BLOCK_ROWS]

    def blocks():
        for start in range(0, len(samples), BLOCK_ROWS):
            yield Block(part(samples, start), start, part(missing, start), part(weights, start))

    return blocks


def spread(samples, features, seed=0, decay=0.8):
    """Samples that spread along each direction `decay` times as far as along the one before."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(features, features)))[0]
    return np.einsum("nd,de->ne", random.normal(size=(samples, features)) * decay ** np.arange(features), turn)


def by_numpy(samples, weights=None):
    """Return the mean, the two axes and deviations by numpy's own covariance."""
    values, vectors = np.linalg.eigh(np.cov(samples.T, bias=True, aweights=weights))
    return np.average(samples, axis=0, weights=weights), vectors.T[:-3:-1], np.sqrt(values[:-3:-1])


def same(found, expected, accuracy=1e-9):
    mean, directions, deviations = expected
    np.testing.assert_allclose(found.mean, mean, atol=accuracy)
    np.testing.assert_allclose(found.deviations, deviations, rtol=accuracy)
    np.testing.assert_allclose(np.abs(np.sum(found.directions * directions, axis=1)), 1, atol=accuracy)


def test_of_a_plane_they_are_those_worked_out_by_hand():
    plane = [[1 + 3 * u, 2 + 4 * u, 5 + v] for u in (-1, 0, 1) for v in (-1, 1)]  # 5 along (0.6, 0.8, 0), 1 along z
    axes = principal_axes(blocks_of(np.array(plane, dtype=np.float64)))
    np.testing.assert_allclose(axes.mean, [1, 2, 5])
    np.testing.assert_allclose(axes.directions, [[0.6, 0.8, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(axes.deviations, [5 * np.sqrt(2 / 3), 1])


@pytest.mark.parametrize(("samples", "features"), [(200, 2), (5000, 7), (300, 32), (300, 33), (2000, 100), (20, 60)])
def test_they_are_the_eigenvectors_of_the_covariance(samples, features):
    data = spread(samples, features)
    same(principal_axes(blocks_of(data)), by_numpy(data))


@pytest.mark.parametrize("offset", [0, 1e3, 1e6])
def test_they_are_the_same_far_from_the_origin(offset):
    data = np.round(spread(500, 5), 3)
    near, far = principal_axes(blocks_of(data)), principal_axes(blocks_of(data + offset))
    np.testing.assert_allclose(far.mean - offset, near.mean, atol=1e-8)
    np.testing.assert_allclose(far.directions, near.directions, atol=1e-7)
    np.testing.assert_allclose(far.deviations, near.deviations, rtol=1e-8)


def test_a_direction_points_where_its_largest_component_is_positive():
    for seed in range(20):
        directions = principal_axes(blocks_of(spread(50, 4, seed))).directions
        assert (directions[range(2), np.abs(directions).argmax(axis=1)] > 0).all()


def test_of_equal_components_that_of_the_first_feature_is_positive():
    line = np.array([[1.0, -1.0], [-1.0, 1.0], [0.1, -0.1]])
    np.testing.assert_allclose(principal_axes(blocks_of(line)).directions[0], [np.sqrt(0.5), -np.sqrt(0.5)])


@given(seed=st.integers(0, 2**32 - 1), features=st.integers(1, 6))
def test_a_sample_of_weight_two_counts_like_the_sample_twice(seed, features):
    data = spread(30, features, seed)
    weights = np.random.default_rng(seed).integers(0, 3, 30).astype(np.float64)
    weights[:3] = 1
    found, twice = (principal_axes(blocks) for blocks in (
        blocks_of(data, weights), blocks_of(np.repeat(data, weights.astype(int), axis=0)))
    )  # fmt: skip
    np.testing.assert_allclose(found.mean, twice.mean, atol=1e-12)
    np.testing.assert_allclose(found.deviations, twice.deviations, atol=1e-9)


def test_weighted_they_are_those_of_the_weighted_covariance():
    data, weights = spread(400, 6), np.random.default_rng(1).random(400)
    same(principal_axes(blocks_of(data, weights)), by_numpy(data, weights))


def test_a_missing_value_counts_as_the_mean_of_the_others():
    data = spread(300, 5) + 100
    missing = np.random.default_rng(1).random(data.shape) < 0.2
    filled = np.where(missing, np.ma.array(data, mask=missing).mean(axis=0), data)
    same(principal_axes(blocks_of(np.where(missing, 0, data), missing=missing)), by_numpy(filled))


@pytest.mark.parametrize(
    ("samples", "deviations"),
    [
        ([[3.0, 4.0]], [0, 0]),
        ([[1.0], [3.0]], [1, 0]),
        ([[7.0] * 3] * 5, [0, 0]),
        ([[0.0, 0.0], [2.0, 0.0]], [1, 0]),
        (np.eye(2, 50) * 2, [np.sqrt(2), 0]),
    ],
    ids=["one sample", "one feature", "constant", "a line", "two samples"],
)
def test_where_there_is_no_extent_it_is_none(samples, deviations):
    axes = principal_axes(blocks_of(np.array(samples, dtype=np.float64)))
    np.testing.assert_allclose(axes.deviations, deviations, atol=1e-7)
    assert np.isfinite(axes.directions).all()


@pytest.mark.parametrize("kind", [np.asfortranarray, lambda data: np.repeat(data, 2, axis=1)[:, ::2]])
def test_memory_layout_does_not_change_a_bit(kind):
    data = spread(5000, 20)
    plain, laid_out = (principal_axes(blocks_of(samples)) for samples in (data, kind(data)))
    assert [array.tobytes() for array in plain] == [array.tobytes() for array in laid_out]


def test_of_many_features_they_are_those_of_a_few_samples(monkeypatch):
    data = spread(3000, 90, decay=0.5)
    monkeypatch.setattr(module, "LARGEST", 80)
    found, (_, directions, deviations) = principal_axes(blocks_of(data)), by_numpy(data)
    assert (np.abs(np.sum(found.directions * directions, axis=1)) > 0.98).all()
    np.testing.assert_allclose(found.deviations, deviations, rtol=0.2)
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(2), atol=1e-6)


THREADED = """
import hashlib, numpy as np
from ksom.method.principal_axes import principal_axes
from ksom.samples import Block
data = np.random.default_rng(0).normal(size=(4096, 500)) * np.linspace(1, 0.1, 500)
axes = principal_axes(lambda: [Block(data)])
print(hashlib.sha256(b"".join(array.tobytes() for array in axes)).hexdigest())
"""


def test_threads_do_not_change_a_bit():
    def digest(threads):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        return subprocess.run([sys.executable, "-c", THREADED], env=environment, capture_output=True, check=True).stdout

    assert digest("1") == digest("2") == digest("3")
