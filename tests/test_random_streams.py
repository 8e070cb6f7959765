"""Streams of different names, indices or seeds are independent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ksom.method.random_streams import stream

NAMES = ["data", "initial weights", "order", "probe"]


@given(seed=st.integers(0, 2**63 - 1), name=st.sampled_from(NAMES), index=st.lists(st.integers(0, 2**31), max_size=2))
def test_same_seed_name_and_index_give_same_numbers(seed, name, index):
    np.testing.assert_array_equal(stream(seed, name, *index).random(5), stream(seed, name, *index).random(5))


def test_no_two_streams_share_a_number():
    streams = [stream(seed, name, *index) for seed in range(5) for name in NAMES for index in ((), (0,), (1,))]
    numbers = np.concatenate([rng.random(100) for rng in streams])
    assert len(np.unique(numbers)) == len(numbers)


def test_streams_are_uncorrelated():
    table = np.stack([stream(0, name, epoch).random(2000) for name in NAMES for epoch in range(3)])
    assert np.abs(np.corrcoef(table) - np.eye(len(table))).max() < 0.1


def test_using_one_stream_does_not_move_another():
    before = stream(0, "order", 1).random()
    stream(0, "probe").random(1000)
    assert stream(0, "order", 1).random() == before
