"""What is sent of a part's sums is all there is of them."""

from typing import Any

import numpy as np
import pytest

from ksom.kernels import get_backend
from ksom.kernels.used_sums import used
from ksom.samples import Block


def kernels(backend: str) -> Any:
    return get_backend(backend, np.arange(12.0).reshape(2, 3, 2), "float32")


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("weights", [None, np.array([2.0, 1e-300])])
def test_sums_of_negative_zeros_are_zeros(backend: str, weights: Any) -> None:
    sums = kernels(backend).node_sums([Block(np.full((2, 2), -0.0, np.float32), weights=weights)])
    assert not np.signbit(sums.sums).any()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_node_that_is_not_sent_has_nothing(backend: str) -> None:
    missing = np.array([[True, False], [False, True], [False, False]])
    block = Block(np.array([[0, 9.0], [1.0, 0], [5.0, 5.0]], np.float32), 0, missing)
    sums = kernels(backend).node_sums([block])
    sent = used(sums)
    whole = sent.of_all(6)
    assert np.array_equal(whole.sums, sums.sums)
    assert np.array_equal(whole.counts, sums.counts)
    others = np.setdiff1d(np.arange(6), sent.nodes)
    assert len(others)
    assert not sums.sums[others].any()
    assert not sums.counts[others].any()
    assert np.array_equal(sums.sums[sent.nodes], sent.sums)
    assert np.array_equal(sums.counts[sent.nodes], sent.counts)
