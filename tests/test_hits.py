"""Hits count samples, node by node."""

import numpy as np
import pytest

from ksom import Dataset, KohonenSOM
from ksom.errors import ParameterError
from ksom.method import matches
from ksom.method.hits import hits

SOM = KohonenSOM(2, 2, initial=[[[0.0], [1.0]], [[2.0], [3.0]]])
SAMPLES = np.array([[0.1], [2.9], [3.4], [1.0], [3.0]])


def test_hits_are_the_samples_that_each_node_won():
    assert hits(SOM, SAMPLES).tolist() == [[1, 1], [0, 3]]


def test_a_sample_counts_once_whatever_its_weight():
    assert hits(SOM, Dataset(SAMPLES, weights=[1, 2, 3, 4, 5])).tolist() == [[1, 1], [0, 3]]


def test_hits_do_not_depend_on_how_many_samples_are_looked_at_at_a_time(monkeypatch):
    monkeypatch.setattr(matches, "WALK_BYTES", 8)
    assert hits(SOM, SAMPLES).tolist() == [[1, 1], [0, 3]]


def test_hits_of_what_is_no_map_are_refused():
    with pytest.raises(ParameterError, match="som must be a KohonenSOM"):
        hits(SAMPLES, SAMPLES)
