"""Hooks see a training that they can read and not change."""

import numpy as np
import pytest

from ksom.dataset import Dataset
from ksom.hooks.hook import Hook
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer


class Looks(Hook):
    """Keeps what it sees."""

    def __init__(self, every=1):
        super().__init__(every)
        self.seen = []

    def before_train(self, run):
        self.seen.append(run.weights)

    def after_step(self, run):
        self.seen.append(run.weights)
        assert run.weights is self.seen[-1]


@pytest.fixture
def looked():
    hook = Looks()
    trainer = Trainer(KohonenSOM(2, 3), np.eye(3, dtype=np.float32), iterations=4, hooks=[hook])
    trainer.train()
    return hook, trainer


def test_weights_are_made_once_a_step_and_stay_as_they_were(looked):
    hook, trainer = looked
    assert len({weights.tobytes() for weights in hook.seen}) == 5
    assert hook.seen[-1].tobytes() == trainer.som.weights.tobytes()


@pytest.mark.parametrize("what", ["weights", "probe"])
def test_what_hooks_see_is_read_only(looked, what):
    _, trainer = looked
    with pytest.raises(ValueError, match="read-only"):
        getattr(trainer.run, what)[:] = 7


def test_weights_that_nobody_asks_for_are_not_made(monkeypatch):
    trainer = Trainer(KohonenSOM(2, 3), np.eye(3), iterations=4, hooks=[Hook(1)])
    monkeypatch.setattr(KohonenSOM, "weights", property(lambda som: pytest.fail("made weights")))
    trainer.train()


def test_progress_goes_from_zero_to_one(looked):
    _, trainer = looked
    assert trainer.run.progress == 1.0
    assert Trainer(KohonenSOM(2, 3), np.eye(3)).run.progress == 0.0


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_progress_goes_on_within_an_iteration(algorithm):
    class Watched(Dataset):
        seen = []

        def batch(self, iteration, **how):
            for block in np.array_split(self.samples, 4):
                self.seen.append(trainer.run.progress)
                yield block

    som = KohonenSOM(2, 3, backend="numpy")
    trainer = Trainer(som, Watched(np.eye(8)), iterations=2, hooks=[Hook(1)], algorithm=algorithm)
    trainer.train()
    assert Watched.seen == [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]


def test_the_first_reason_to_stop_counts(looked):
    _, trainer = looked
    trainer.run.request_stop("first")
    trainer.run.request_stop("second")
    assert trainer.run.stop_reason == "first"


@pytest.mark.parametrize("k", [1, 2])
def test_run_searches_as_the_map_does(looked, k):
    _, trainer = looked
    for told, expected in zip(
        trainer.run.best_matching_nodes(np.eye(3), k, return_distances=True),
        trainer.som.best_matching_nodes(np.eye(3), k, return_distances=True),
        strict=True,
    ):
        np.testing.assert_array_equal(told, expected)
    np.testing.assert_array_equal(
        trainer.run.best_matching_nodes(np.eye(3), k), trainer.som.best_matching_nodes(np.eye(3), k)
    )
