"""Classes of the user's own, named in an experiment: what is not of the kind that is meant is never called."""

import pytest
import yaml

from ksom.default_setup import Experiment
from ksom.errors import ConfigError

MODULE = """
from pathlib import Path

class Writes:
    def __init__(self, path=None): Path("written").write_text("it ran")
"""

PLACES = {
    "DATASET": "must be a subclass of ksom.Dataset",
    "MODEL.LATTICE": "must be a subclass of ksom.Lattice",
    "MODEL.NEIGHBOURHOOD": "must be a subclass of ksom.Neighbourhood",
    "MODEL.INITIAL": "must be an initialisation: a class with the methods weights",
    "TRAINER.ALGORITHM": "must be an algorithm: a class with the methods prepare",
    "TRAINER.ALGORITHM.SIGMA": "must be a schedule: a class with the methods",
    "TRAINER.ALGORITHM.LEARNING_RATE": "must be a schedule: a class with the methods",
    "HOOKS.MINE": "must be a subclass of ksom.Hook",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_classes.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize("name", ["my_classes:Writes", "subprocess:Popen"])
@pytest.mark.parametrize("place", PLACES)
def test_a_class_of_another_kind_is_refused_before_it_is_called(folder, place, name):
    node = {"NAME": name} | ({"ARGS": ["touch", "written"]} if "Popen" in name else {"PATH": "x"})
    with pytest.raises(ConfigError, match=f"^{place}.NAME: {name} {PLACES[place]}"):
        Experiment(overrides=[place, yaml.safe_dump(node)])
    assert not (folder / "written").exists()


OWN = """
from ksom.method.initialisation import Random
from ksom.method.lattice import Rectangular
from ksom.method.neighbourhood import Gaussian
from ksom.method.schedules import Linear

class Grid(Rectangular):
    def __init__(self, height, width, colour="red"):
        super().__init__(height, width)
        self.colour = colour

class Bell(Gaussian): pass
class Dice(Random): pass
class Slope(Linear): pass

def bump(squares, sigma):
    return (1 + squares / sigma**2) ** -2

def fall(progress):
    return 5 - 4 * progress

def flat(squares, sigma):
    return squares * 0
"""


@pytest.mark.parametrize(
    ("key", "name", "resolved"),
    [
        ("MODEL.LATTICE", "Grid", {"COLOUR": "red"}),
        ("MODEL.NEIGHBOURHOOD", "Bell", {}),
        ("MODEL.INITIAL", "Dice", {}),
        ("TRAINER.ALGORITHM.SIGMA", "Slope", {"START": 5.0, "END": 1.0}),
        ("MODEL.NEIGHBOURHOOD", "bump", {}),
        ("TRAINER.ALGORITHM.SIGMA", "fall", {}),
    ],
)
def test_a_class_of_the_users_own_is_a_node_like_any_other(folder, key, name, resolved):
    (folder / "my_own.py").write_text(OWN)
    node = Experiment(overrides=[key, f"my_own:{name}"]).config
    for part in key.split("."):
        node = node[part]
    assert node == {"NAME": f"my_own:{name}", **resolved}


def test_a_run_with_functions_of_the_users_own_can_be_repeated_from_its_config(folder):
    (folder / "my_own.py").write_text(OWN)
    chosen = ["MODEL.NEIGHBOURHOOD", "my_own:bump", "TRAINER.ALGORITHM.SIGMA", "my_own:fall", "TRAINER.ITERATIONS", "3"]
    weights = Experiment(overrides=chosen).run().som.weights
    config = next(folder.glob("logs/*/config.yaml"))
    again = Experiment(config, output_dir=folder / "again").run().som.weights
    assert again.tobytes() == weights.tobytes()


@pytest.mark.parametrize(
    ("place", "name", "told"),
    [
        ("MODEL.NEIGHBOURHOOD", "flat", r"must be 1 at the winner \(flat\(\)"),
        ("MODEL.NEIGHBOURHOOD", "bumb", r".NAME: module 'my_own' has no class or function 'bumb'; did you mean 'bump'"),
        ("MODEL.NEIGHBOURHOOD", "{NAME: 'my_own:bump', X: 1}", r".X: bump has no such key; it takes no keys"),
        ("MODEL.LATTICE", "fall", r".NAME: module 'my_own' has no class 'fall'"),
    ],
)
def test_what_is_wrong_with_a_function_is_said_with_its_place(folder, place, name, told):
    (folder / "my_own.py").write_text(OWN)
    with pytest.raises(ConfigError, match=f"^{place}.?{told}"):
        Experiment(overrides=[place, name if name[0] == "{" else f"my_own:{name}"])


def test_a_lattice_has_the_maps_sides(folder):
    (folder / "my_own.py").write_text(OWN)
    lattice = Experiment(overrides=["MODEL.LATTICE", "my_own:Grid", "MODEL.WIDTH", "7"]).som.lattice
    assert (type(lattice).__name__, lattice.height, lattice.width) == ("Grid", 10, 7)


@pytest.mark.parametrize("key", ["HEIGHT", "WIDTH"])
def test_the_sides_of_a_map_are_refused_where_they_were_given(key):
    with pytest.raises(ConfigError, match=f"^MODEL.{key} must be an integer of at least 1, got 0"):
        Experiment(overrides=[f"MODEL.{key}", "0"])
    with pytest.raises(ConfigError, match=f"^MODEL.LATTICE.{key}: Rectangular has no such key"):
        Experiment(overrides=[f"MODEL.LATTICE.{key}", "5"])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("MODEL.NEIGHBOURHOOD", "mexican_hat", "MODEL.NEIGHBOURHOOD must have no negative values for batch training"),
        ("TRAINER.ITERATIONS", "0", "TRAINER.ITERATIONS must be an integer of at least 1"),
        ("TRAINER.CALLBACK_PERIOD", "5", "TRAINER.CALLBACK_PERIOD: Trainer has no such key"),
    ],
)
def test_what_a_training_refuses_is_told_where_it_was_given(key, value, told):
    with pytest.raises(ConfigError, match=f"^{told}"):
        Experiment(overrides=["TRAINER.ALGORITHM", "batch", key, value])
