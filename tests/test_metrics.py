"""Metrics keep the latest value of each name and the iteration that it belongs to."""

import pytest

from ksom.errors import ParameterError
from ksom.runs.metrics import Metrics


def test_the_latest_value_counts():
    metrics = Metrics()
    metrics.put(error=2)
    metrics.iteration = 10
    metrics.put(error=1)
    assert (metrics.latest("error"), metrics.at(10), metrics.at(0)) == (1.0, {"error": 1.0}, {})


def test_unknown_metrics_are_none():
    assert Metrics().latest("error") is None


@pytest.mark.parametrize("name", ["iteration", "seconds"])
def test_names_that_a_line_of_metrics_needs_itself_are_refused(name):
    with pytest.raises(ParameterError, match=f"metric {name} must have another name"):
        Metrics().put(**{name: 1})


@pytest.mark.parametrize("value", [None, "much", [1], {}, 10**400, 1j])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(ParameterError, match="metric error must be a number, got"):
        Metrics().put(error=value)
