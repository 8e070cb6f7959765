"""How large a map is, where the data choose."""

import logging

import numpy as np
import pytest

from ksom.dataset import Dataset
from ksom.default_setup import Experiment
from ksom.errors import ConfigError, ParameterError
from ksom.feed import Feed
from ksom.kohonensom_model import KohonenSOM
from ksom.map_size import map_size


def plate(samples, ratio):
    """Samples that spread `ratio` times as far in one direction as in the other."""
    rows = np.random.default_rng(0).normal(size=(samples, 2))
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    rows[:, 1] -= rows[:, 0] * (rows[:, 0] @ rows[:, 1]) / samples
    return rows / rows.std(axis=0) * [1, ratio]


def size(samples, *sides):
    return map_size(Feed(Dataset(samples)), *sides)


@pytest.mark.parametrize(
    ("samples", "sides", "chosen"),
    [
        (plate(400, 1.0), (), (10, 10)),
        (plate(400, 1.44), (), (8, 12)),
        (plate(400, 50.0), (), (6, 17)),
        (plate(10_000, 1.0), (), (22, 22)),
        (np.ones((100, 3)), (), (8, 7)),
        (np.arange(100.0).reshape(-1, 1), (), (4, 12)),
        ([[0.0, 1.0]], (), (2, 2)),
        (plate(400, 1.0), (7, "auto"), (7, 14)),
        (plate(400, 1.0), ("auto", 7), (14, 7)),
        (plate(400, 1.0), (1, "auto"), (1, 100)),
        (plate(400, 1.0), (300, "auto"), (300, 2)),
        (plate(400, 1.0), (3, 5), (3, 5)),
    ],
)
def test_there_are_five_nodes_for_a_root_in_the_shape_of_the_data(samples, sides, chosen):
    assert size(samples, *sides) == chosen


def test_the_reason_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="ksom"):
        size(plate(400, 1.44))
        size(plate(400, 1.44), "auto", 5)
    assert [record.getMessage() for record in caplog.records] == [
        "8 × 12 nodes: 5 √N = 100, side ratio 1.4 as √(λ1/λ2), at most 3",
        "20 × 5 nodes: 5 √N = 100",
    ]


@pytest.mark.parametrize("sides", [("auto", 0), (2.5, "auto"), ("wide", "auto"), (True, "auto")])
def test_another_side_is_refused(sides):
    with pytest.raises(ParameterError, match='must be an integer of at least 1, or "auto", got'):
        size([[0.0]], *sides)


def test_a_map_alone_knows_no_data_to_choose_by():
    with pytest.raises(ParameterError, match=r"height must be a number here: train.* choose, got 'auto'"):
        KohonenSOM("auto", 5)


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("plate.npy", plate(400, 1.44))

    def made(model, *overrides):
        (tmp_path / "exp.yaml").write_text(f"DATASET: {{NAME: Array, PATH: plate.npy}}\nMODEL: {model}\n")
        return Experiment("exp.yaml", ["TRAINER.ITERATIONS", "4", *overrides])

    return made


@pytest.mark.parametrize(
    ("model", "sides"),
    [
        ("{HEIGHT: auto, WIDTH: auto}", (8, 12)),
        ("{HEIGHT: auto}", (8, 12)),
        ("{HEIGHT: auto, WIDTH: 5}", (20, 5)),
        ("{WIDTH: auto, HEIGHT: 3, LATTICE: {WRAP: both}, INITIAL: samples}", (3, 33)),
        ("{WIDTH: 7}", (10, 7)),
    ],
)
def test_the_resolved_configuration_has_the_numbers(experiment, model, sides):
    made = experiment(model)
    assert (made.config["MODEL"]["HEIGHT"], made.config["MODEL"]["WIDTH"]) == sides == made.som.weights.shape[:2]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{HEIGHT: auto, WIDTH: -1}", 'MODEL.WIDTH must be an integer of at least 1, or "auto", got -1'),
        ("{HEIGHT: auto, WITH: 3}", "MODEL.WITH: KohonenSOM has no such key; did you mean 'WIDTH'"),
        ("{HEIGHT: auto, DTYPE: int8}", "MODEL.DTYPE must be one of float32, float64, got 'int8'"),
        ("{HEIGHT: automatic}", "MODEL.HEIGHT must be an integer of at least 1, got 'automatic'"),
        ("{HEIGHT: auto, INITIAL: plate.npy}", r"plate.npy: first weights must have the shape \(8, 12, 2\)"),
    ],
)
def test_what_cannot_be_is_one_line_with_its_path(experiment, model, message):
    with pytest.raises((ConfigError, ValueError), match=message) as caught:
        experiment(model)
    assert "\n" not in str(caught.value)


def test_a_run_whose_size_the_data_chose_is_resumed(experiment):
    first = experiment("{HEIGHT: auto}", "CALLBACK_PERIOD", "2")
    first.trainer.hooks["QUALITY"].after_step = lambda run: run.request_stop("enough")
    assert first.run().status == "stopped"
    assert experiment("{HEIGHT: auto}").run(resume=True).status == "completed"
