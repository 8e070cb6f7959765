"""One call trains a map, and takes what the constructors behind it take."""

import numpy as np
import pytest

from ksom import KohonenSOM, Trainer, train
from ksom.algorithms import Batch, Online
from ksom.errors import ParameterError
from ksom.hooks import Checkpoint, Hook, MetricsWriter, Progress
from ksom.method.schedules import Exponential, Geometric, Linear

SAMPLES = np.random.default_rng(0).random((30, 3))


def by_hand(model=None, **training):
    """Return the weights of the same training, put together from its parts."""
    som = KohonenSOM(**{"height": 4, "width": 5, "initial": "random", **(model or {})})
    Trainer(som, SAMPLES, **{"iterations": 9, "algorithm": "online", **training}).train()
    return som.weights.tobytes()


def in_one_call(**arguments):
    given = {"height": 4, "width": 5, "iterations": 9, "initial": "random", "algorithm": "online", **arguments}
    return train(SAMPLES, **given).weights.tobytes()


def test_what_is_left_out_is_as_the_constructors_have_it():
    som = KohonenSOM()
    Trainer(som, SAMPLES).train()
    assert train(SAMPLES).weights.tobytes() == som.weights.tobytes()


@pytest.mark.parametrize(
    "arguments", [{"iterations": 4}, {"seed": 3}, {"batch_size": 7}, {"batch_size": 7, "shuffle": True}], ids=str
)
def test_what_belongs_to_the_training_reaches_it(arguments):
    assert in_one_call(**arguments) == by_hand(**arguments) != by_hand()


@pytest.mark.parametrize(
    "arguments", [{"initial": "samples"}, {"initial": np.zeros((4, 5, 3))}, {"dtype": "float64"}], ids=list
)
def test_what_belongs_to_the_map_reaches_it(arguments):
    assert in_one_call(**arguments) == by_hand(arguments) != by_hand()


@pytest.mark.parametrize("arguments", [{"backend": "numpy"}, {"threads": 2}, {"lattice": "rectangular"}], ids=str)
def test_what_changes_no_bit_reaches_the_map(arguments):
    som = train(SAMPLES, iterations=2, **arguments)
    assert KohonenSOM(**arguments).about() == {**som.about(), "training": {}}
    assert (som.backend, som.threads) == (arguments.get("backend", "auto"), arguments.get("threads", 0))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (3, Exponential(3.0)),
        (3.5, Exponential(3.5)),
        (np.float32(3.5), Exponential(3.5)),
        ((3, 0.5), Geometric(3.0, 0.5)),
        ([3, 0.5], Geometric(3.0, 0.5)),
        ("linear", Linear()),
        (Linear(3.0), Linear(3.0)),
    ],
    ids=repr,
)
def test_sigma_is_a_start_or_start_and_end_or_a_schedule(given, meant):
    assert in_one_call(sigma=given) == by_hand(algorithm=Online(sigma=meant)) != by_hand()


@pytest.mark.parametrize(("given", "meant"), [(0.5, Exponential(0.5)), ((0.5, 0.1), Geometric(0.5, 0.1))], ids=repr)
def test_so_is_the_learning_rate(given, meant):
    assert in_one_call(learning_rate=given) == by_hand(algorithm=Online(learning_rate=meant)) != by_hand()


def test_batch_takes_sigma_too():
    meant = by_hand(algorithm=Batch(Geometric(2.0, 0.5)))
    assert in_one_call(algorithm="batch", sigma=(2, 0.5)) == meant != by_hand(algorithm="batch")


def test_the_data_may_choose_the_sides():
    samples = [[x / 10, x % 3] for x in range(100)]
    assert train(samples, "auto", iterations=1).weights.shape == (4, 12, 2)
    assert train(samples, "auto", 5, iterations=1).weights.shape == (10, 5, 2)
    assert train(samples, 3, "auto", iterations=1).weights.shape == (3, 17, 2)


def test_a_hook_is_told_and_its_file_is_in_the_folder(tmp_path):
    train(SAMPLES, iterations=5, hooks=[Checkpoint(), MetricsWriter()], folder=tmp_path)
    assert {"checkpoints", "metrics.jsonl"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("hooks", [None, (), [Hook()], {"mine": Hook()}], ids=lambda hooks: type(hooks).__name__)
def test_progress_is_one_more_hook(hooks, monkeypatch):
    told = []
    monkeypatch.setattr(Progress, "before_train", lambda hook, run: told.append(run.iterations))
    assert in_one_call(hooks=hooks, progress=True) == by_hand()
    assert told == [9]


REFUSED = {
    "learning rate of batch": (
        {"algorithm": "batch", "learning_rate": 0.1},
        "learning_rate must be left out: Batch has none, online has",
    ),
    "rates beside an algorithm": (
        {"algorithm": Online(), "sigma": 3},
        r"sigma must be given to the algorithm itself, as in Online\(sigma=…\), got 3",
    ),
    "no schedule": ({"sigma": "gemetric"}, "sigma must name a schedule .*did you mean 'geometric'"),
    "sigma below 0": ({"sigma": -1}, "sigma must be a number > 0, got -1"),
    "sigma a boolean": ({"sigma": True}, "sigma must be a number > 0, got True"),
    "end below 0": ({"sigma": (2, -1)}, "sigma must be a number > 0, got -1"),
    "three of sigma": ({"sigma": (3, 2, 1)}, r"sigma must be a number, a pair \(start, end\)"),
    "rate above 1": (
        {"algorithm": "online", "learning_rate": 2},
        r"learning_rate\.start must be > 0 and <= 1, got 2.0",
    ),
    "algorithm class": ({"algorithm": Online}, "algorithm must .* got <class"),
    "progress a number": ({"progress": 1}, "progress must be true or false, got 1"),
    "hook class": ({"hooks": [Progress]}, r"hooks must be hooks: .*such as Timing\(\), got <class"),
    "hooks a class": ({"hooks": Progress}, r"hooks must be a list of hooks such as .*, got <class"),
    "height a word": ({"height": "Auto"}, "height must be an integer of at least 1, got 'Auto'"),
    "width beside auto": ({"height": "auto", "width": 0}, 'width must be an integer of at least 1, or "auto", got 0'),
    "height a float": ({"height": 2.5}, "height must be an integer"),
    "no backend": ({"backend": "cuda"}, "backend must be one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_one_clear_line(name):
    arguments, message = REFUSED[name]
    with pytest.raises(ParameterError, match=message):
        train(SAMPLES, **arguments)
