"""Both errors are what their definitions say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.errors import ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.quality import quality, quantization_error, topographic_error


@given(height=st.integers(1, 5), width=st.integers(1, 5), seed=st.integers(0, 99))
def test_errors_are_their_definitions(height, width, seed):
    rng = np.random.default_rng(seed)
    weights, samples = rng.random((height, width, 3)), rng.random((20, 3))
    som = KohonenSOM(height, width, initial=weights, dtype="float64")
    distances = np.linalg.norm(samples[:, None] - weights.reshape(-1, 3), axis=2)
    order = np.argsort(distances, axis=1, kind="stable")
    assert quantization_error(som, samples) == pytest.approx(distances.min(axis=1).mean())
    expected = 0.0
    if height * width > 1:
        rows, columns = divmod(order[:, :2], width)
        expected = (np.maximum(np.abs(np.diff(rows)), np.abs(np.diff(columns))) > 1).mean()
    assert topographic_error(som, samples) == pytest.approx(expected)


def test_both_errors_in_one_search_are_the_errors():
    rng = np.random.default_rng(0)
    som = KohonenSOM(4, 5, initial=rng.random((4, 5, 2)))
    samples = rng.random((99, 2))
    assert quality(som, samples) == (quantization_error(som, samples), topographic_error(som, samples))


def test_map_of_one_node_has_no_topographic_error():
    som = KohonenSOM(1, 1, initial=[[[0.0]]])
    assert quality(som, [[2.0], [4.0]]) == (3.0, 0.0)


def test_samples_that_are_weights_have_no_quantization_error():
    weights = np.random.default_rng(0).random((3, 3, 2)).astype("float32")
    assert quantization_error(KohonenSOM(3, 3, initial=weights), weights.reshape(9, 2)) == 0


@pytest.mark.parametrize("error", [quality, quantization_error, topographic_error])
@pytest.mark.parametrize("som", [np.eye(2), None, KohonenSOM], ids=["samples first", "nothing", "class"])
def test_only_a_map_is_measured(error, som):
    with pytest.raises(ParameterError, match="som must be a KohonenSOM, the samples come after it, got"):
        error(som, np.eye(2))
