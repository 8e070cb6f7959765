"""A schedule begins at its start, never rises when it should fall, and gives Python floats."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksom import train
from ksom.algorithms import Batch, Online
from ksom.errors import ParameterError
from ksom.kohonensom_model import KohonenSOM
from ksom.method.schedules import (
    SCHEDULES,
    Exponential,
    FromStartToEnd,
    Geometric,
    HalfCosine,
    Linear,
    as_schedule,
)
from ksom.trainer import Trainer

ITERATIONS = st.integers(1, 200)
SIGMAS = st.floats(1, 1000)


@pytest.fixture(scope="module", params=list(SCHEDULES))
def schedule(request):
    return SCHEDULES.get(request.param)().chosen(start=5.0, end=1.0)


@given(iterations=ITERATIONS, sigma=SIGMAS)
def test_every_schedule_begins_at_its_start(schedule, iterations, sigma):
    assert schedule.bound(iterations, sigma)(0) == 5.0


@given(iterations=ITERATIONS, sigma=SIGMAS)
def test_no_schedule_rises_where_it_should_fall(schedule, iterations, sigma):
    values = [schedule.bound(iterations, sigma)(t) for t in range(iterations)]
    assert all(later <= earlier for earlier, later in pairwise(values))
    assert min(values) > 0


@given(t=st.integers(0, 199), sigma=SIGMAS)
def test_values_are_python_floats(schedule, t, sigma):
    assert type(schedule.bound(200, sigma)(t)) is float


@given(
    t=st.integers(0, 10**6), iterations=st.integers(1, 10**6), start=st.floats(1e-6, 1e6), sigma=st.floats(1.01, 1e6)
)
def test_exponential_is_the_formula(t, iterations, start, sigma):
    expected = start * math.exp(-t / (iterations / math.log(sigma)))
    assert Exponential(start).bound(iterations, sigma)(t) == pytest.approx(expected, rel=1e-12)


def test_exponential_sigma_would_be_one_after_the_last_iteration():
    assert Exponential(8.0).bound(100, 8.0)(100) == pytest.approx(1.0)


@given(t=st.integers(0, 99), start=st.floats(1e-3, 1.0))
def test_exponential_is_constant_where_sigma_starts_at_one(t, start):
    assert Exponential(start).bound(100, 1.0)(t) == start


@pytest.mark.parametrize("sigma", [0.999, 0.5, 1e-300])
def test_exponential_refuses_sigma_below_one(sigma):
    with pytest.raises(ParameterError, match=r"sigma\.start must be >= 1 lattice step .* use geometric"):
        Exponential(1.0).bound(10, sigma)


WITH_END = [kind for kind in SCHEDULES if kind not in {"exponential", "constant"}]


@pytest.mark.parametrize("kind", WITH_END)
@given(iterations=st.integers(2, 10**6), start=st.floats(1e-3, 1e3), end=st.floats(1e-3, 1e3))
def test_a_schedule_with_an_end_reaches_it_in_the_last_iteration(kind, iterations, start, end):
    reached = SCHEDULES.get(kind)(start, end).bound(iterations, 1.0)(iterations - 1)
    assert reached == pytest.approx(end, rel=1e-12)


@pytest.mark.parametrize("kind", WITH_END)
def test_one_iteration_uses_the_start(kind):
    assert SCHEDULES.get(kind)(3.0, 1.0).bound(1, 1.0)(0) == 3.0


def test_linear_reaches_its_end_exactly():
    assert all(Linear(0.3, end / 7).bound(100, 1.0)(99) == end / 7 for end in range(1, 50))


def test_geometric_shrinks_by_the_same_share_every_time():
    values = [SCHEDULES.get("geometric")(8.0, 0.5).bound(5, 1.0)(t) for t in range(5)]
    assert values == pytest.approx([8.0, 4.0, 2.0, 1.0, 0.5])


def test_linear_is_half_way_in_the_middle():
    assert Linear(3.0, 1.0).bound(101, 1.0)(50) == 2.0


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("linear", [8, 6.5, 5, 3.5, 2]),
        ("geometric", [8, 8 / 2**0.5, 4, 4 / 2**0.5, 2]),
        ("cosine", [8, 5 + 3 / 2**0.5, 5, 5 - 3 / 2**0.5, 2]),
        ("inverse", [8, 32 / 7, 16 / 5, 32 / 13, 2]),
        ("constant", [8, 8, 8, 8, 8]),
    ],
)
def test_a_schedule_is_its_formula(kind, values):
    """From 8 to 2 in five iterations."""
    schedule = SCHEDULES.get(kind)().chosen(start=8.0, end=2.0)
    assert [schedule.bound(5, 1.0)(t) for t in range(5)] == pytest.approx(values, rel=1e-15)


@given(start=st.floats(1e-3, 1e3), end=st.floats(1e-3, 1e3))
def test_cosine_begins_and_ends_exactly(start, end):
    value = HalfCosine(start, end).bound(100, 1.0)
    assert (value(0), value(99)) == (start, end)


# The user's own.


def dip(progress):
    return 3 - 8 * progress * (1 - progress)


class Step(FromStartToEnd):
    """Its start, then its end."""

    def between(self, start, end, progress):
        return start if progress < 0.5 else end


def test_a_function_of_the_progress_is_a_schedule_for_sigma_and_the_learning_rate_apart():
    algorithm = Online(dip, lambda progress: np.float64(0.5))
    trainer = Trainer(KohonenSOM(3, 3), [[0.0], [1.0]], iterations=5, algorithm=algorithm)
    assert [trainer.algorithm.parameters(t) for t in range(5)] == [
        {"sigma": sigma, "learning_rate": 0.5} for sigma in (3.0, 1.5, 1.0, 1.5, 3.0)
    ]
    assert {type(value) for value in trainer.algorithm.parameters(3).values()} == {float}
    assert repr(algorithm).startswith("Online(sigma=dip(), learning_rate=")
    trainer.train()


def test_a_single_iteration_of_a_function_has_its_start():
    assert as_schedule("sigma", dip).bound(1, 1.0)(0) == 3.0


def test_a_class_of_the_users_own_gets_start_and_end():
    algorithm = Trainer(KohonenSOM(3, 8), [[0.0]], iterations=4, algorithm=Batch(Step(end=1.0))).algorithm
    assert [algorithm.parameters(t)["sigma"] for t in range(4)] == [4.0, 4.0, 1.0, 1.0]


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "1", None, 1j, [2.0]])
@pytest.mark.parametrize("parameter", ["sigma", "learning_rate"])
def test_a_value_that_makes_no_sense_is_refused_with_its_iteration(parameter, value):
    algorithm = Online(**{parameter: lambda progress: 1.0 if progress < 0.5 else value})
    with pytest.raises(ParameterError, match=rf"^algorithm\.{parameter} must be a number > 0.* in iteration 2, got"):
        Trainer(KohonenSOM(3, 3), [[0.0], [1.0]], iterations=4, algorithm=algorithm).train()


@pytest.mark.parametrize("value", [0, math.nan, "1", None])
@pytest.mark.parametrize("parameter", ["sigma", "learning_rate"])
def test_a_first_value_that_makes_no_sense_is_refused_before_anything_is_learned(parameter, value):
    with pytest.raises(ParameterError, match=rf"^algorithm\.{parameter} must be a number > 0.* in iteration 0, got"):
        Trainer(KohonenSOM(3, 3), [[0.0]], algorithm=Online(**{parameter: lambda progress: value}))


def test_a_learning_rate_above_one_is_refused_with_its_iteration():
    with pytest.raises(ParameterError, match=r"learning_rate must be a number > 0 and <= 1 in iteration 3, got 1\.25"):
        train([[0.0], [1.0]], 3, 3, iterations=4, algorithm="online", learning_rate=lambda progress: 0.25 + progress)


@pytest.mark.parametrize("kind", list(SCHEDULES))
def test_given_values_are_kept_when_defaults_are_filled_in(kind):
    assert SCHEDULES.get(kind)(start=0.25).chosen(start=5.0, end=1.0).start == 0.25


@pytest.mark.parametrize("kind", list(SCHEDULES))
@pytest.mark.parametrize("start", [0, -1.0, math.nan, math.inf, "1", True, [1], 10**400])
def test_impossible_starts_are_refused(kind, start):
    with pytest.raises(ParameterError, match="start must be a number > 0, got"):
        SCHEDULES.get(kind)(start=start)


@pytest.mark.parametrize("name", ["linear", "Linear", "EXPONENTIAL"])
def test_a_schedule_may_be_given_by_its_name(name):
    assert type(as_schedule("sigma", name)).__name__.lower() == name.lower()


@pytest.mark.parametrize("schedule", ["", "cubic", None, Linear])
def test_what_is_not_a_schedule_is_refused(schedule):
    with pytest.raises(ParameterError, match=r"sigma must name a schedule \(exponential, linear, .*\)"):
        as_schedule("sigma", schedule)


def test_a_number_is_the_start_of_the_usual_schedule():
    assert (as_schedule("sigma", 5), as_schedule("sigma", 5, "linear")) == (Exponential(5.0), Linear(5.0))


@pytest.mark.parametrize("pair", [(5, 0.5), [5, 0.5]])
def test_a_pair_is_start_and_end_of_a_geometric_schedule(pair):
    assert as_schedule("sigma", pair) == Geometric(5.0, 0.5)


@pytest.mark.parametrize("schedule", [-1, 0, math.nan, True, (5, 0), ("5", 1)])
def test_a_start_or_an_end_must_be_above_zero(schedule):
    with pytest.raises(ParameterError, match="sigma must be a number > 0, got"):
        as_schedule("sigma", schedule)


@pytest.mark.parametrize("schedule", [[], [5], (5, 4, 3)])
def test_start_and_end_are_a_pair(schedule):
    with pytest.raises(ParameterError, match=r"sigma must be a number, a pair \(start, end\)"):
        as_schedule("sigma", schedule)
