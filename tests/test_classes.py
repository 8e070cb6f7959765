"""Purity and entropy are their definitions, whatever the labels are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ksom
from ksom.errors import DataError
from ksom.method.classes import NO_CLASS, classes

SOM = ksom.KohonenSOM(1, 3, initial=[[[0.0], [10.0], [99.0]]])
SAMPLES = [[0.0], [0.1], [0.2], [10.0], [10.1]]
"""Three of the first node, two of the second, none of the third."""


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "a", "b", "c", "b"],
        [1, 1, 2, 3, 2],
        [0.5, 0.5, 0.7, 0.9, 0.7],
        np.array(["a", "a", "b", "c", "b"], object),
    ],
    ids=["texts", "integers", "floats", "objects"],
)
def test_by_hand(labels):
    assert ksom.purity(SOM, SAMPLES, labels) == pytest.approx(3 / 5)
    first = -(2 / 3 * np.log2(2 / 3) + 1 / 3 * np.log2(1 / 3))
    assert ksom.entropy(SOM, SAMPLES, labels) == pytest.approx((3 * first + 2 * 1) / 5)
    found = classes(SOM, SAMPLES, labels)
    assert found.purities[:2] == pytest.approx([2 / 3, 1 / 2])
    assert found.entropies[:2] == pytest.approx([first, 1])
    assert np.isnan([found.purities[2], found.entropies[2]]).all()
    assert found.majority.tolist() == [0, 1, NO_CLASS]


@given(seed=st.integers(0, 99))
def test_they_are_their_definitions(seed):
    rng = np.random.default_rng(seed)
    som, samples, labels = (
        ksom.KohonenSOM(3, 3, initial=rng.random((3, 3, 2))),
        rng.random((40, 2)),
        rng.integers(0, 4, 40),
    )
    winners = som.best_matching_nodes(samples)
    counts = np.array([[np.sum((winners == node) & (labels == name)) for name in range(4)] for node in range(9)])
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    entropies = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)
    assert ksom.purity(som, samples, labels) == pytest.approx(counts.max(axis=1).sum() / 40)
    assert ksom.entropy(som, samples, labels) == pytest.approx((counts.sum(axis=1) @ entropies) / 40)


def test_pure_nodes_have_no_entropy():
    assert ksom.purity(SOM, SAMPLES, [True, True, True, False, False]) == 1
    assert ksom.entropy(SOM, SAMPLES, [True, True, True, False, False]) == 0


def test_the_first_of_equal_classes_is_the_majority():
    assert classes(SOM, SAMPLES[3:], ["z", "k"]).majority[1] == 0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 2, 3], "labels: there must be one for each sample, got 3 for more samples"),
        ([1] * 9, "labels: there must be one for each sample, got 9 for 5 samples"),
        ([[1]] * 5, r"labels must be numbers or texts, one for each sample, got int64 of shape \(5, 1\)"),
        ([1, None, 2, 3, 4], "labels must be numbers or texts, one for each sample, got object"),
        ([], "labels must be numbers or texts"),
        ([[1], [2, 3]], "labels: there must be one for each sample, but they are ragged"),
        ([1.0, np.nan, 2, 3, 4], "labels: row 1 is nan; leave the sample out, or give it a class of its own"),
    ],
)
def test_labels_that_do_not_fit_get_one_line(labels, message):
    with pytest.raises(DataError, match=message):
        ksom.purity(SOM, SAMPLES, labels)
