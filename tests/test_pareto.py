"""The Pareto front, and the picture of it."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom.errors import NotInstalled
from ksom.method.pareto import pareto_front
from ksom.pictures.plots.pareto import draw_pareto

NUMBERS = st.sampled_from([0.0, 0.5, 1.0, 2.0, float("nan")])


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12))
def test_on_the_front_is_what_no_other_point_is_better_than(points):
    def is_better(one, other):
        return one[0] <= other[0] and one[1] <= other[1] and one != other

    whole = [point for point in points if not np.isnan(point).any()]
    expected = [point in whole and not any(is_better(one, point) for one in whole) for point in points]
    assert pareto_front(points).tolist() == expected


def test_names_are_shown_as_they_are_and_the_front_is_a_line():
    axes = draw_pareto([(1, 2), (2, 1)], [(1, 2), (2, 1), (2, 2)], ["$x$", "b" * 300, "c"])
    assert [text.get_text() for text in axes.texts] == ["$x$", f"{'b' * 39}…", "c"]
    line = next(line for line in axes.lines if "front" in line.get_label())
    assert line.get_xydata().tolist() == [[1, 2], [2, 1]]


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled, match=r"which is not installed: pip install matplotlib$"):
        draw_pareto([(1, 2)], [(1, 2)], ["a"])
