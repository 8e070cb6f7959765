"""Whatever comes as an argument, from Python or from YAML, is taken or refused in one line that names it."""

import math

import numpy as np
import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ksom.algorithms import ALGORITHMS, Batch, Online
from ksom.arguments import LARGEST
from ksom.dataset import Dataset
from ksom.datasets import DATASETS
from ksom.datasets.arrays import Array
from ksom.datasets.colours import RandomColors
from ksom.datasets.images import ImagePixels
from ksom.default_setup import Experiment
from ksom.errors import ConfigError, DataError, KsomError, ParameterError
from ksom.hooks import HOOKS, Checkpoint, Quality
from ksom.hooks.hook import Hook
from ksom.hooks.timing import TimeLimit
from ksom.hooks.vlog import Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.method.initialisation import File
from ksom.method.lattice import LATTICES, Rectangular
from ksom.method.neighbourhood import NEIGHBOURHOODS
from ksom.method.schedules import SCHEDULES, Exponential, Linear
from ksom.trainer import Trainer

GOOD = [[0.0, 0.0], [1.0, 1.0]]

HUGE = st.builds(lambda sign, digits: sign * 10**digits, st.sampled_from([-1, 1]), st.sampled_from([19, 30, 400]))
HUGER = st.sampled_from([-1, 1]).map(lambda sign: sign * 10**5000)  # Python refuses to write it, YAML too
SCALARS = st.none() | st.booleans() | st.integers() | st.just(2**63) | HUGE | st.floats() | st.text(max_size=9)
OTHERS = (
    SCALARS
    | HUGER
    | st.binary(max_size=3)
    | st.complex_numbers()
    | st.lists(SCALARS, max_size=3)
    | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
    | st.sampled_from(
        [object(), int, len, np.array([1, 2]), np.array([]), np.nan, np.float32("inf"), np.datetime64("NaT")]
    )
)


def refusal(make, kind=KsomError):
    """What is raised, None if nothing is."""
    try:
        make()
    except kind as error:
        return error
    return None


def integer_from(low, high=LARGEST):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(low, high=math.inf, *, open_at_low=True):
    def fits(value):
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.floating):
            return False
        if isinstance(value, int) and abs(value) > 1e308:
            return False
        return math.isfinite(value) and (value > low or (value == low and not open_at_low)) and value <= high

    return fits


def one_of(*values):
    return lambda value: isinstance(value, str) and value.lower().replace("_", "") in values


def schedule(low, *, open_at_low=True):
    """A schedule's name, its start, or its start and end."""

    def fits(value):
        is_pair = isinstance(value, list | tuple) and len(value) == 2 and all(map(number(0), value))
        return (
            (callable(value) and not isinstance(value, type))
            or is_pair
            or one_of(*SCHEDULES)(value)
            or number(low, open_at_low=open_at_low)(value)
        )

    return fits


def exactly_one_of(*values):
    return lambda value: isinstance(value, str) and value in values


def boolean(value):
    return isinstance(value, bool)


def or_auto(fits):
    return lambda value: (isinstance(value, str) and value == "auto") or fits(value)


def never(value):
    return False


def trainer(**arguments):
    return Trainer(KohonenSOM(2, 2), GOOD, **arguments)


def with_none(fits):
    return lambda value: value is None or fits(value)


ARGUMENTS = [
    (Rectangular, {"height": integer_from(1), "width": integer_from(1)}, {"height": 1, "width": 1}),
    (
        KohonenSOM,
        {
            "height": integer_from(1),
            "width": integer_from(1),
            "lattice": one_of("rectangular"),
            "neighbourhood": one_of("gaussian"),
            "dtype": exactly_one_of("float32", "float64"),
            "backend": exactly_one_of("auto", "numpy", "numba"),
            "threads": integer_from(0),
        },
        {},
    ),
    (
        trainer,
        {
            "iterations": integer_from(1),
            "batch_size": integer_from(0),
            "shuffle": or_auto(boolean),
            "algorithm": one_of("online", "batch"),
            "callback_period": integer_from(1),
            "seed": integer_from(0),
            "folder": lambda value: value is None or (isinstance(value, str) and value != ""),
            "hooks": lambda value: isinstance(value, list | dict | bytes | np.ndarray) and not len(value),
        },
        {},
    ),
    (Trainer, {"som": never}, {"dataset": GOOD}),
    (RandomColors, {"seed": integer_from(0)}, {"size": 2}),
    (Exponential, {"start": with_none(number(0))}, {}),
    (Linear, {"start": with_none(number(0)), "end": with_none(number(0))}, {}),
    (Online, {"sigma": schedule(0), "learning_rate": schedule(0)}, {}),
    (Batch, {"sigma": schedule(0)}, {}),
    (Hook, {"every": with_none(integer_from(1))}, {}),
    (
        Vlog,
        {
            "every": with_none(integer_from(1)),
            "fps": number(0.01, 50, open_at_low=False),
            "size": integer_from(16, 8192),
            "caption": boolean,
            "legend": with_none(boolean),
            "format": one_of("gif", "mp4", "webp"),
            "page": boolean,
        },
        {},
    ),
    (Checkpoint, {"every": with_none(integer_from(1)), "keep": integer_from(1)}, {}),
    (Quality, {"every": with_none(integer_from(1)), "samples": integer_from(1)}, {}),
    (TimeLimit, {"seconds": number(0)}, {}),
    (File, {"path": lambda value: isinstance(value, str) and value != ""}, {}),
]
TABLE = [(made, name, fits, rest) for made, names, rest in ARGUMENTS for name, fits in names.items()]


@pytest.mark.parametrize(
    ("made", "name", "fits", "rest"), TABLE, ids=[f"{made.__name__}.{name}" for made, name, *_ in TABLE]
)
@given(value=OTHERS)
@example(value=True)
@example(value=math.nan)
@example(value=-math.inf)
@example(value=10**5000)
@example(value=-(10**5000))
@example(value=-1)
@example(value=None)
@example(value="")
@example(value=[])
def test_an_argument_is_taken_if_it_fits_and_named_if_not(made, name, fits, rest, value):
    refused = refusal(lambda: made(**{**rest, name: value}), ParameterError)
    assert (refused is None) == fits(value)
    assert refused is None or str(refused).startswith(f"{name} must ")
    assert "\n" not in str(refused)


@pytest.mark.parametrize("made", [Dataset, Array, lambda samples: KohonenSOM(2, 2, initial=samples), ImagePixels])
@given(value=OTHERS)
@example(value=[[1.5, 10**400]])
@example(value=[[[]]])
@example(value=[[1], 2])
@example(value=[[[1, 2], [3, 4]], [[1, 2], [3]]])
def test_what_is_not_an_array_is_refused_as_data(made, value):
    refused = refusal(lambda: made(value))
    assert isinstance(refused, DataError | ParameterError) or isinstance(value, str)  # files are looked for later
    assert "\n" not in str(refused)


PLAIN = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from("ABC"), SCALARS, max_size=2)
KEYS = {
    "SEED": integer_from(0),
    "THREADS": integer_from(0),
    "CALLBACK_PERIOD": integer_from(1),
    "BACKEND": exactly_one_of("auto", "numpy", "numba"),
    "MODEL.HEIGHT": or_auto(integer_from(1, 10**6)),
    "MODEL.WIDTH": or_auto(integer_from(1, 10**6)),
    "MODEL.LATTICE": one_of("rectangular"),
    "MODEL.NEIGHBOURHOOD": one_of("gaussian"),
    "MODEL.DTYPE": exactly_one_of("float32", "float64"),
    "DATASET.SEED": integer_from(0),
    "DATASET.NAME": one_of("randomcolors"),
    "TRAINER.ITERATIONS": integer_from(1),
    "TRAINER.BATCH_SIZE": integer_from(0),
    "TRAINER.SHUFFLE": or_auto(boolean),
    "TRAINER.ALGORITHM": one_of("online", "batch"),
    "TRAINER.ALGORITHM.NAME": one_of("online", "batch"),
    "TRAINER.ALGORITHM.SIGMA": schedule(0),
    "TRAINER.ALGORITHM.SIGMA.START": with_none(number(0)),
    "TRAINER.ALGORITHM.LEARNING_RATE": never,  # batch training has none
    "HOOKS.VLGO": never,
    **{f"HOOKS.{name}.EVERY": with_none(integer_from(1)) for name in ("VLOG", "QUALITY", "TIMING")},
    "HOOKS.VLOG.FPS": number(0.01, 50, open_at_low=False),
    "HOOKS.VLOG.SIZE": integer_from(16, 8192),
    "HOOKS.VLOG.CAPTION": boolean,
}
NODES = {"LATTICE", "NEIGHBOURHOOD", "ALGORITHM", "SIGMA"}
"""What says by default what it is."""
REGISTRIES = (ALGORITHMS, DATASETS, LATTICES, NEIGHBOURHOODS, SCHEDULES)
OTHER_NAMES = {name.lower() for registry in REGISTRIES for name in registry}
"""What a name may be, here or elsewhere: not all of them are told above."""


@pytest.mark.parametrize("key", KEYS)
@given(value=PLAIN)
@example(value=True)
@example(value=math.nan)
@example(value=-1)
@example(value=10**400)
@example(value="x\ny")
@example(value=[])
@example(value={})
@example(value={"NAME": "A:B"})
@example(value=None)
def test_a_yaml_value_is_taken_if_it_fits_and_named_with_its_path_if_not(tmp_path_factory, key, value):
    assume(not isinstance(value, int) or not 10**6 < abs(value) < 10**30)  # sides that fit into some memories
    assume(KEYS[key](value) or str(value).lower() not in OTHER_NAMES)  # it may stand there, or need more beside it
    assume(key != "HOOKS.VLGO" or not one_of(*map(str.lower, HOOKS))(value))  # a hook's name is a good value
    tree = value
    for part in reversed(key.split(".")):
        tree = {part: tree}
    path = tmp_path_factory.getbasetemp() / "exp.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    fits = KEYS[key](value) or (value == {} and key.split(".")[-1] in NODES)
    refused = refusal(lambda: Experiment(path))
    assert (refused is None) == fits
    assert refused is None or key.rpartition(".")[2] in str(refused)
    assert refused is None or isinstance(refused, ConfigError | DataError)
    assert "\n" not in str(refused)
