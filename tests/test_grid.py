"""The grid of a sweep: what its values are, what its runs are called, what is refused."""

import pytest

from ksom.errors import ConfigError, ParameterError
from ksom.tasks.grid import Axis, Grid, axis, run_name, seeds_of


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ("10", ("10",)),
        ("10, 20,40", ("10", "20", "40")),
        ("-3,1e-3", ("-3", "1e-3")),
        ("hexagonal,{NAME: rectangular, WRAP: both}", ("hexagonal", "{NAME: rectangular, WRAP: both}")),
        ("[1,2],[3,4]", ("[1,2]", "[3,4]")),
        ("'a,b',\"c,d\"", ("'a,b'", '"c,d"')),
    ],
)
def test_values_are_parted_by_commas_that_are_in_no_brackets(told, values):
    assert axis("A.B", told) == Axis("A.B", values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: axis("A.B", "1,,2"), "--grid A.B: a value is empty in '1,,2'; write 10,20,40"),
        (lambda: axis("A.B", ""), "--grid A.B: a value is empty in ''; write 10,20,40"),
        (lambda: axis("A.B", "1,2,1"), "--grid A.B: '1' is there twice"),
        (
            lambda: Grid([axis("SEED", "1,2")], [0]),
            "--grid SEED: seeds are given by --seeds, how many or which: --seeds 3,5,8",
        ),
        (
            lambda: Grid([axis("OUTPUT_DIR", "a,b")], [0]),
            "--grid OUTPUT_DIR: every run lies in the sweep's folder, which is given by -o",
        ),
        (
            lambda: Grid([axis("A.B", "1"), axis("A.B", "2")], [0]),
            "--grid A.B: is given twice; give all its values at once",
        ),
        (
            lambda: Grid([Axis("A.B", tuple(map(str, range(101))))], range(100)),
            "--grid: makes 10,100 runs, there must be at most 10,000",
        ),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("told", ["0", "-1", "x", "1.5", "3,3", "-1,2", "", "99999999"])
def test_what_are_no_seeds_is_refused(told):
    with pytest.raises(ParameterError, match=r"^--seeds must be how many, from 1 to 10,000, or which, all different"):
        seeds_of(told, 0)


def test_seeds_are_counted_from_the_experiment_s_own_or_told_one_by_one():
    assert [seeds_of(told, 5) for told in ("3", "8,2", "4,")] == [(5, 6, 7), (8, 2), (4,)]


def test_a_run_is_called_by_as_much_of_its_keys_as_tells_them_apart():
    keys = ["TRAINER.ALGORITHM.SIGMA.START", "TRAINER.ALGORITHM.LEARNING_RATE.START", "MODEL.WIDTH", "SEED"]
    assert run_name(keys[:3], ["2", "0.1", "10"], 3) == "sigma.start=2,learning_rate.start=0.1,width=10,seed=3"


@pytest.mark.parametrize("evil", ["../../x", "a/b", "a" * 500, "</script>", "{NAME: x, WRAP: y}", "مرحبا", "", "a b"])
def test_a_folder_s_name_is_short_and_leads_nowhere_whatever_the_value(evil):
    name = run_name(["MODEL.WIDTH"] * 1 + ["A.B"] * 6, [evil] * 7, 0)
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name.encode()) < 200


def test_values_that_look_alike_have_folders_of_their_own():
    names = {run_name(["A.B"], [value], 0) for value in ("a b", "a/b", "a_b", "a" * 100, "a" * 101)}
    assert len(names) == 5


def test_runs_are_every_combination_with_every_seed():
    grid = Grid([axis("A.B", "1,2"), axis("A.C", "x,y")], [0, 4])
    assert [run.name for run in grid.runs()] == [
        f"b={b},c={c},seed={seed}" for b in (1, 2) for c in "xy" for seed in (0, 4)
    ]
