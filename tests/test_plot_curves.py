"""Curves of a run: every number on axes of its own, with its gaps, on a scale on which it can be read."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ksom.errors import ParameterError
from ksom.pictures.plots.curves import MOST, draw_curves
from ksom.runs.history import OF_THE_CLOCK, Curve, History

NAN = np.nan


def history(**values):
    curves = {name: Curve(10 * np.arange(1, len(of) + 1), np.array(of, float)) for name, of in values.items()}
    return History(curves, Curve(np.empty(0, np.int64), np.empty(0)))


def drawn(*args, **kwargs):
    """Return the small axes from above, of a picture that has been rendered."""
    frame = draw_curves(*args, ax=Figure(layout="constrained").subplots(), **kwargs)
    FigureCanvasAgg(frame.figure).draw()
    return frame.child_axes[::-1]


def titles(axes):
    return [small.get_title("left") for small in axes]


def test_each_number_has_axes_of_its_own_and_schedules_come_last():
    axes = drawn(history(sigma=[3, 2], topographic_error=[0.5, 0.1], mine=[1, 2], learning_rate=[0.1, 0.05]))
    expected = ["topographic error [share of samples]", "mine", "sigma [lattice steps]", "learning rate"]
    assert titles(axes) == expected
    assert len({small.get_position().y0 for small in axes}) == 4


def test_a_curve_goes_through_the_values_of_the_run():
    (small,) = drawn(history(mine=[4.0, 2.5, 2.0]))
    assert small.lines[0].get_xydata().tolist() == [[10, 4.0], [20, 2.5], [30, 2.0]]


def test_numbers_whose_scale_no_float_holds_are_gaps():
    (small,) = drawn(history(mine=[1e308, 2.0, -1e308]))
    np.testing.assert_array_equal(small.lines[0].get_ydata(), [NAN, 2.0, NAN])


def test_all_axes_show_the_same_iterations_and_only_the_lowest_names_them():
    axes = drawn(history(a=[1, 2], b=[1, 2, 3, 4]))
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert [small.get_xlabel() for small in axes] == ["", "iterations"]


def test_those_of_the_clock_are_drawn_if_they_are_asked_for():
    of_clock = history(eta_seconds=[3, 1], mine=[1, 2])
    assert titles(drawn(of_clock)) == ["mine"]
    assert titles(drawn(of_clock, OF_THE_CLOCK[2:])) == ["eta seconds [s]"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([100.0, 1.0], "log"), ([10.0, 1.0], "linear"), ([100.0, 0.0], "linear"), ([100.0, -1.0], "linear"),
        ([100.0, NAN, 1.0], "log"), ([NAN, NAN], "linear"), ([1e200, 1e-50], "log"), ([1e300, 1e-300], "linear"),
    ],
)  # fmt: skip
def test_a_positive_number_of_many_sizes_is_drawn_on_a_logarithmic_scale(values, scale):
    (small,) = drawn(history(mine=values))
    assert small.get_yscale() == scale


def test_a_number_that_was_none_is_a_gap_and_one_that_stands_alone_is_a_point():
    values = np.full(100, 1.0)
    values[[10, 12, 50]] = NAN, NAN, np.inf
    (small,) = drawn(history(mine=values))
    line, points = small.lines
    assert np.flatnonzero(np.isnan(line.get_ydata())).tolist() == [10, 12, 50]
    assert points.get_xdata().tolist() == [120]


def test_the_last_known_value_is_told():
    first, second = drawn(history(a=[1.0, 0.12345, NAN], b=[NAN]))
    assert (first.get_title("right").strip(), second.get_title("right").strip()) == ("0.1235", "never known")


def test_a_run_without_numbers_says_so():
    ax = draw_curves(history(), ax=Figure().subplots())
    assert [text.get_text() for text in ax.texts] == ["the run has written no numbers yet"]


def test_of_too_many_numbers_the_first_are_drawn_and_the_schedules_and_the_rest_is_told():
    axes = drawn(history(sigma=[1, 2], **{f"n{number}": [1, 2] for number in range(20)}))
    assert titles(axes) == [*(f"n{number}" for number in range(MOST - 1)), "sigma [lattice steps]"]
    assert axes[-1].get_xlabel() == "iterations; not shown: 9 more numbers"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["quality"], "names must be numbers of the run (mine), got 'quality'"),
        ([], "names must be 1 to 12 numbers of the run, got []"),
    ],
)
def test_other_names_are_refused(names, told):
    with pytest.raises(ParameterError) as caught:
        drawn(history(mine=[1]), names)
    assert str(caught.value) == told


@pytest.mark.parametrize("name", ["price in $ and $", "x" * 200, "🦆", "שלום", "</script>", r"\frac{"])
def test_any_name_is_shown_as_text(name):
    (small,) = drawn(history(**{name: [1.0, 2.0]}))
    assert len(small.get_title("left")) < 60
