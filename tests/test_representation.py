"""An object shows itself as the constructor call that would make it."""

import numpy as np
import pytest

from ksom import (
    Checkpoint,
    Dataset,
    Gaussian,
    Hook,
    KohonenSOM,
    Linear,
    Online,
    Progress,
    RandomColors,
    TimeLimit,
    Trainer,
    Vlog,
)
from ksom.method.initialisation import File, Random
from ksom.method.lattice import Rectangular
from ksom.representation import as_call

SHOWN = {
    "RandomColors()": RandomColors(),
    "RandomColors(size=50)": RandomColors(50),
    "Dataset(samples=<float32 array of shape (5, 2)>)": Dataset(np.zeros((5, 2), dtype=np.float32)),
    "Hook()": Hook(),
    "Vlog(every=5, fps=20.0)": Vlog(every=5, fps=20),
    "Checkpoint()": Checkpoint(every=100),
    "Progress()": Progress(),
    "TimeLimit(seconds=60.0)": TimeLimit(60),
    "Linear(start=2.0, end=1.0)": Linear(2, 1),
    "Online(sigma=Linear(start=2.0, end=1.0), learning_rate=Linear(start=0.1, end=0.01))": Online(
        Linear(2, 1), Linear(0.1, 0.01)
    ),
    "Rectangular(height=2, width=3)": Rectangular(2, 3),
    "Gaussian()": Gaussian(),
    "Random()": Random(),
}


@pytest.mark.parametrize("call", SHOWN)
def test_an_object_shows_the_call_that_makes_it(call):
    assert repr(SHOWN[call]) == call


def test_a_path_is_shown_as_it_is_held():
    assert repr(File("map.npz")).startswith("File(path=PosixPath(")


def test_a_class_of_ones_own_shows_what_it_holds():
    class Mine(Dataset):
        def __init__(self, size, secret=0):
            self.size = size
            super().__init__(np.zeros((size, 2)))

    assert repr(Mine(3, secret=5)) == "Mine(size=3)"


def test_one_whose_constructor_failed_shows_itself_too():
    assert repr(RandomColors.__new__(RandomColors)) == "RandomColors()"


def test_a_long_value_is_cut():
    class Long:
        def __init__(self, text):
            self.text = text

    shown = as_call(Long("a\n" * 500))
    assert len(shown) < 100
    assert shown.endswith("…)")


def test_a_training_tells_how_far_it_is():
    trainer = Trainer(KohonenSOM(2, 3), RandomColors(4), iterations=7)
    trainer.train()
    assert repr(trainer.run) == "Run(iteration 7 of 7, completed)"
    assert repr(trainer).startswith(
        "Trainer(KohonenSOM(2 × 3 nodes, 3 features, float32), RandomColors(size=4), Batch("
    )
