"""Bad input gets one clear line: what, what must hold, what came."""

import re

import numpy as np
import pytest

import ksom
from ksom import train
from ksom.algorithms import Online
from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.datasets.colours import RandomColors
from ksom.datasets.images import ImagePixels
from ksom.default_setup import Experiment
from ksom.errors import (
    BackendUnavailable,
    CheckpointError,
    ConfigError,
    DataError,
    KsomError,
    NotTrained,
    OutputError,
    ParameterError,
    TrainingFailed,
)
from ksom.hooks import Checkpoint, Quality
from ksom.hooks.hook import Hook
from ksom.hooks.timing import TimeLimit
from ksom.hooks.vlog import Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.method.schedules import Exponential, Linear
from ksom.trainer import Trainer

GOOD = [[0.0, 0.0], [1.0, 1.0]]


def training(samples=GOOD, som=None, **arguments):
    return Trainer(som or KohonenSOM(2, 2), samples, iterations=2, **arguments)


def nan_at(row, column, value=np.nan):
    samples = np.zeros((9, 4))
    samples[row, column] = value
    return samples


class Torchlike:
    """An array of another library, whose dtype is not numpy's."""

    shape, dtype = (2, 1), "torch.complex64"

    def __array__(self, dtype=None, copy=None):
        return np.array([[1j], [2j]])


DATA = {
    "empty list": ([], r"shape \(samples, features\), got \(0,\)"),
    "no rows": (np.zeros((0, 3)), r"at least one sample and one feature, got the shape \(0, 3\)"),
    "no columns": (np.zeros((3, 0)), r"at least one sample and one feature, got the shape \(3, 0\)"),
    "ragged": ([[1], [2, 3]], "rows must all have the same number of features, but they are ragged"),
    "text": ([["a"]], "must be real numbers, got text$"),
    "a string": ("colours", "must be real numbers, got text; a file is read first, by np.load"),
    "bytes": (b"colours", r"must be real numbers, got \|S7"),
    "complex": ([[1j]], "must be real numbers, got complex128"),
    "objects": ([[None]], "must be real numbers, got object"),
    "None": (None, "must be real numbers, got object"),
    "mapping": ({"a": 1}, "must be real numbers, got object"),
    "generator": ((row for row in GOOD), "must be real numbers, got object"),
    "huge integers": ([[10**30]], "must be real numbers, got object"),
    "dates": (np.array([["2001-01-01"]], "M8[D]"), r"must be real numbers, got datetime64\[D\]"),
    "durations": (np.array([[1]], "m8[s]"), r"must be real numbers, got timedelta64\[s\]"),
    "records": (np.zeros((2, 2), "f4,f4"), "must be real numbers, got"),
    "another library": (Torchlike(), "must be real numbers, got complex128"),
    "a number": (5, r"must have the shape \(samples, features\), got \(\)"),
    "1-D": ([1.0, 2.0], r"shape \(samples, features\), got \(2,\); a single feature is values.reshape\(-1, 1\)"),
    "3-D": ([[[1.0]]], r"must have the shape \(samples, features\), got \(1, 1, 1\)"),
    "NaN": (nan_at(3, 2), r"row 3, column 2 is nan; .* training, or keep NaN \(MODEL.MISSING keep\)$"),
    "infinite": (nan_at(0, 0, -np.inf), "row 0, column 0 is -inf"),
    "masked": (
        np.ma.array(GOOD, mask=[[0, 1], [0, 0]]),
        "row 0, column 1 is nan; drop or fill it before training, or",
    ),
    "float32 overflow": ([[1e19, 0.0]], r"reach 1e\+19, .* leave the range of float32; scale .* dtype float64"),
    "negative float32 overflow": ([[-1e30]], r"reach 1e\+30, .*float64"),
    "float32 underflow": (
        [[0.0], [1e-25]],
        "differ by at most 1e-25, .* float32; scale them, or use dtype float64",
    ),
}


@pytest.mark.parametrize("what", DATA)
@pytest.mark.parametrize("wrapped", [lambda samples: samples, Dataset, Array])
def test_impossible_data_are_refused(what, wrapped):
    samples, message = DATA[what]
    if what in {"a string"} and wrapped is Array:
        message = "colours: there is no such file"
    if what == "generator":
        samples = (row for row in GOOD)
    with pytest.raises(DataError, match=message):
        training(wrapped(samples))


@pytest.mark.parametrize("what", [what for what in DATA if "underflow" not in what])
@pytest.mark.parametrize("call", ["best_matching_nodes", "transform"])
def test_impossible_samples_to_look_up_are_refused(what, call):
    samples, message = DATA[what]
    features = {"1-D": 1}.get(what, np.shape(samples)[-1] if what in {"NaN", "infinite", "float32 overflow"} else 1)
    som = KohonenSOM(1, 1, initial=np.zeros((1, 1, features)))
    expected = "have 1 features, got|" if np.ndim(samples if what not in {"ragged", "generator"} else 0) == 2 else ""
    with pytest.raises(DataError, match=f"({expected}{message})"):
        getattr(som, call)(samples)


@pytest.mark.parametrize("samples", [[[1e160]], [[0.0], [1e-170]]])
def test_double_precision_has_limits_too(samples):
    with pytest.raises(DataError, match=r"leave the range of float64; scale them$"):
        training(samples, KohonenSOM(2, 2, dtype="float64"))


@pytest.mark.parametrize("number", ["1e19", "1e-25"])
def test_double_precision_is_the_way_out(number):
    train([[0.0], [float(number)]], 2, 2, 2, dtype="float64")


def fitted():
    return train(GOOD, 2, 2, 2)


class Every(Hook):
    every = -3


BAD = {
    "height 0": (lambda: KohonenSOM(0), ParameterError, "height must be an integer of at least 1, got 0"),
    "width float": (lambda: KohonenSOM(1, 2.0), ParameterError, "width must be an integer of at least 1, got 2.0"),
    "height huge": (
        lambda: KohonenSOM(10**400),
        ParameterError,
        "height must be an integer of at most 9223372036854775807",
    ),
    "height very negative": (lambda: KohonenSOM(-(10**5000)), ParameterError, "at least 1, got a very large int"),
    "lattice": (
        lambda: KohonenSOM(lattice="rectangula"),
        ParameterError,
        "lattice must name a lattice .* did you mean 'rectangular'",
    ),
    "neighbourhood": (
        lambda: KohonenSOM(neighbourhood=5),
        ParameterError,
        r"neighbourhood must name a neighbourhood \(gaussian, .*\), got 5",
    ),
    "dtype": (
        lambda: KohonenSOM(dtype="float16"),
        ParameterError,
        "dtype must be one of float32, float64, got 'float16'",
    ),
    "backend": (lambda: KohonenSOM(backend="cuda"), ParameterError, "backend must be one of auto, numpy"),
    "threads": (lambda: KohonenSOM(threads=-1), ParameterError, "threads must be an integer of at least 0, got -1"),
    "initial number": (lambda: KohonenSOM(initial=5), DataError, r"initial weights must have the shape \(10, 10, feat"),
    "initial ragged": (lambda: KohonenSOM(initial=[[1], [2, 3]]), DataError, "initial weights: all nodes must have"),
    "initial 2-D": (lambda: KohonenSOM(1, 1, initial=[[1.0]]), DataError, r"shape \(1, 1, features\), got \(1, 1\)"),
    "initial NaN": (
        lambda: KohonenSOM(1, 1, initial=[[[np.nan]]]),
        DataError,
        "initial weights: row 0, column 0 is nan",
    ),
    "initial huge": (lambda: KohonenSOM(1, 1, initial=[[[1e30]]]), DataError, "initial weights: values reach 1e"),
    "initial text": (lambda: KohonenSOM(1, 1, initial=[[["a"]]]), DataError, "must be real numbers"),
    "initial no file": (lambda: training(som=KohonenSOM(initial="no.npz")), DataError, "no.npz: there is no such file"),
    "initial a map": (lambda: KohonenSOM(initial=KohonenSOM), DataError, "initial weights must have the shape"),
    "too large": (
        lambda: training(som=KohonenSOM(10**6, 10**6)),
        DataError,
        "the map: 1000000 × 1000000 nodes .* make it",
    ),
    "far too large": (lambda: training(som=KohonenSOM(2**62, 2**62)), DataError, "the map: .* make it smaller"),
    "features": (
        lambda: training(som=KohonenSOM(1, 1, initial=[[[1.0]]])),
        DataError,
        "the map's weights have 1 features, the data 2",
    ),
    "look-up features": (lambda: fitted().transform([[1.0]]), DataError, "samples must have 2 features, got 1"),
    "look-up output": (
        lambda: fitted().transform(GOOD, "best"),
        ParameterError,
        "output must be one of distances, coord",
    ),
    "no weights": (lambda: KohonenSOM().weights, NotTrained, "this map has no weights yet; train it"),
    "save nowhere": (lambda: fitted().save("no/map.npz"), OutputError, "no/map.npz: cannot be written"),
    "save to a folder": (lambda: fitted().save("."), OutputError, "is a folder, not the name of a file"),
    "save number": (lambda: fitted().save(5), ParameterError, "path must be the path of a file or folder, got 5"),
    "load number": (lambda: KohonenSOM.load(5), ParameterError, "path must be the path of a file or folder, got 5"),
    "load nothing": (lambda: KohonenSOM.load("no.npz"), DataError, "no.npz: there is no such file"),
    "load folder": (lambda: KohonenSOM.load("."), DataError, "it is a folder, not a file"),
    "load array": (lambda: KohonenSOM.load("weights.npy"), DataError, "weights.npy: "),
    "load text": (lambda: KohonenSOM.load("text.csv"), DataError, "text.csv: is not an .npy or .npz file"),
    "iterations": (
        lambda: train(GOOD, iterations=0),
        ParameterError,
        "iterations must be an integer of at least 1, got 0",
    ),
    "batch size": (
        lambda: training(batch_size=-1),
        ParameterError,
        "batch_size must be an integer of at least 0, got -1",
    ),
    "shuffle": (lambda: training(shuffle=1), ParameterError, "shuffle must be true, false or auto, got 1"),
    "period": (lambda: training(callback_period=0), ParameterError, "callback_period must be an integer of at least 1"),
    "seed": (lambda: training(seed=-1), ParameterError, "seed must be an integer of at least 0, got -1"),
    "som": (lambda: Trainer(5, GOOD), ParameterError, "som must be a KohonenSOM, such as .*, got 5"),
    "folder": (lambda: training(folder=5), ParameterError, "folder must be the path of a file or folder, got 5"),
    "algorithm": (lambda: training(algorithm="onlin"), ParameterError, "algorithm must name .* did you mean 'online'"),
    "algorithm class": (lambda: training(algorithm=Online), ParameterError, "algorithm must name an? algorithm"),
    "algorithm none": (lambda: training(algorithm=None), ParameterError, "algorithm must name an? algorithm"),
    "hooks a number": (lambda: training(hooks=5), ParameterError, "hooks must be a list of hooks .* got 5"),
    "hooks of numbers": (lambda: training(hooks=[5]), ParameterError, "hooks must be hooks: objects of subclasses"),
    "hook class": (lambda: training(hooks=[Hook]), ParameterError, "hooks must be hooks: objects of subclasses"),
    "hooks a name": (lambda: training(hooks="Vlog"), ParameterError, "hooks must be a list of hooks"),
    "hooks a hook": (lambda: training(hooks=Vlog()), ParameterError, "hooks must be a list of hooks"),
    "hook's every": (
        lambda: training(hooks=[Every()]),
        ParameterError,
        r"Every\.every must be an integer of at least 0",
    ),
    "sigma": (lambda: Online(sigma="linea"), ParameterError, "sigma must name a schedule .* did you mean 'linear'"),
    "rate": (lambda: Online(learning_rate=0), ParameterError, "learning_rate must be a number > 0, got 0"),
    "start": (lambda: Exponential(-1), ParameterError, "start must be a number > 0, got -1"),
    "end": (lambda: Linear(1, float("nan")), ParameterError, "end must be a number > 0, got nan"),
    "rate > 1": (
        lambda: training(algorithm=Online(learning_rate=Linear(1.5))),
        ParameterError,
        r"algorithm\.learning_rate\.start must be > 0 and <= 1, got 1.5",
    ),
    "sigma < 1": (
        lambda: training(algorithm=Online(sigma=Exponential(0.5))),
        ParameterError,
        r"algorithm\.sigma\.start must be >= 1 lattice step .* use geometric .* got 0.5",
    ),
    "colours": (lambda: RandomColors(0), ParameterError, "size must be an integer of at least 1, got 0"),
    "too many colours": (
        lambda: RandomColors(10**15),
        ParameterError,
        "size must be a number of colours that fit into m",
    ),
    "far too many": (
        lambda: RandomColors(2**63 - 1),
        ParameterError,
        "size must be a number of colours that fit into m",
    ),
    "colours' seed": (lambda: RandomColors(seed=0.5), ParameterError, "seed must be an integer of at least 0, got 0.5"),
    "image number": (lambda: ImagePixels(5), ParameterError, "path must be the path of a file or folder, got 5"),
    "image nothing": (lambda: ImagePixels("no.png"), DataError, "no.png: there is no such file"),
    "image folder": (lambda: ImagePixels("."), DataError, "it is a folder, not a file"),
    "image text": (lambda: ImagePixels("text.csv"), DataError, "text.csv: cannot be read as an image"),
    "image half": (lambda: ImagePixels("half.png"), DataError, "half.png: cannot be read as an image"),
    "array nothing": (lambda: Array("no.npy"), DataError, "no.npy: there is no such file"),
    "array text": (lambda: Array("text.csv"), DataError, "text.csv: is not an .npy or .npz file"),
    "array empty file": (lambda: Array("empty"), DataError, "empty: is not an .npy or .npz file"),
    "array objects": (lambda: Array("objects.npy"), DataError, r"objects.npy: .*\(it holds Python objects\)"),
    "array half": (lambda: Array("half.npy"), DataError, "half.npy: cannot be read as an .npy or .npz file"),
    "array key": (
        lambda: Array("some.npz", "c"),
        DataError,
        "holds the arrays a, b; name the one that is meant .got 'c'",
    ),
    "array's objects": (lambda: Array("some_objects.npz"), DataError, "it holds Python objects"),
    "vlog size": (lambda: Vlog(size=15), ParameterError, "size must be an integer of at least 16, got 15"),
    "vlog size large": (
        lambda: Vlog(size=10**6),
        ParameterError,
        "size must be an integer of at most 8192, got 1000000",
    ),
    "vlog fps": (
        lambda: Vlog(fps=51),
        ParameterError,
        "fps must be a number >= 0.01 and <= 50 frames per second, got 51",
    ),
    "vlog slow": (lambda: Vlog(fps=0.001), ParameterError, "fps must be a number >= 0.01"),
    "vlog caption": (lambda: Vlog(caption="yes"), ParameterError, "caption must be true or false, got 'yes'"),
    "keep": (lambda: Checkpoint(keep=0), ParameterError, "keep must be an integer of at least 1, got 0"),
    "quality": (lambda: Quality(samples=0), ParameterError, "samples must be an integer of at least 1, got 0"),
    "limit": (lambda: TimeLimit(0), ParameterError, "seconds must be a number > 0 seconds, got 0"),
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A current folder with files that are not what they should be."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.csv").write_text("1,2\n3,4\n")
    (tmp_path / "empty").write_bytes(b"")
    np.save("weights.npy", np.zeros((2, 2, 3)))
    np.save("objects.npy", np.array([{}], dtype=object))
    np.savez("some.npz", a=np.eye(2), b=np.eye(2))
    np.savez("some_objects.npz", a=np.array([{}], dtype=object))
    (tmp_path / "half.npy").write_bytes((tmp_path / "weights.npy").read_bytes()[:-50])
    from PIL import Image

    Image.effect_noise((90, 90), 9).save("whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    return tmp_path


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_clear_line(files, what):
    call, kind, message = BAD[what]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


YAML = {
    "MODEL: {WIDHT: 3}": "MODEL.WIDHT: KohonenSOM has no such key; did you mean 'WIDTH'?",
    "MODEL: {WIDTH: 0}": "MODEL.WIDTH must be an integer of at least 1, got 0",
    "MODEL: {HEIGHT: 1e1}": "MODEL.HEIGHT must be an integer of at least 1, got 10.0",
    f"MODEL: {{HEIGHT: 1{'0' * 400}}}": "MODEL.HEIGHT must be an integer of at most",
    "MODEL: {DTYPE: half}": "MODEL.DTYPE must be one of float32, float64, got 'half'",
    "MODEL: {LATTICE: square}": "MODEL.LATTICE.NAME: no lattice is called 'square'; known: rectangular",
    "MODEL: {NEIGHBOURHOOD: null}": "MODEL.NEIGHBOURHOOD must name a neighbourhood",
    "BACKEND: cuda": "BACKEND must be one of auto, numpy, numba, jax, got 'cuda'",
    "MODEL: {INITIAL: sample}": "MODEL.INITIAL.NAME: no initialisation is called 'sample'; did you mean 'samples'?",
    "MODEL: {INITIAL: {NAME: file}}": "MODEL.INITIAL.PATH is missing: File needs it",
    "MODEL: {INITIAL: {NAME: file, PATH: 5}}": "MODEL.INITIAL.PATH must be the path of a file or folder, got 5",
    "MODEL: {INITIAL: {NAME: file, PATH: no.npz}}": "no.npz: there is no such file",
    "MODEL: {INITIAL: 5}": "initial weights must have the shape (10, 10, features), got ()",
    "MODEL: {HEIGHT: 1000000, WIDTH: 1000000}": "the map: 1000000 × 1000000 nodes × 3 features",
    "DATASET: RandomColor": "DATASET.NAME: no dataset is called 'RandomColor'; did you mean 'RandomColors'?",
    "DATASET: {SIZE: -1}": "DATASET.SIZE must be an integer of at least 1, got -1",
    "DATASET: {SIZE: 1000000000000000}": "DATASET.SIZE must be a number of colours that fit into memory",
    "DATASET: {SEEED: 1}": "DATASET.SEEED: RandomColors has no such key; did you mean 'SEED'?",
    "DATASET: {seed: 1}": "DATASET.seed: RandomColors has no such key; did you mean 'SEED'?",
    "DATASET: ImagePixels": "DATASET.PATH is missing: ImagePixels needs it",
    "DATASET: {NAME: ImagePixels, PATH: no.png}": "no.png: there is no such file",
    "DATASET: {NAME: ImagePixels, PATH: text.csv}": "text.csv: cannot be read as an image",
    "DATASET: {NAME: ImagePixels, PATH: null}": "DATASET.PATH must be the path of a file or folder, got None",
    "DATASET: {NAME: Array, PATH: text.csv}": "text.csv: is not an .npy or .npz file",
    "DATASET: {NAME: Array, PATH: [[1], [.nan]]}": "dataset Array: row 1, column 0 is nan",
    "DATASET: {NAME: Array, PATH: [[1.0e+19]]}": "use dtype float64",
    "DATASET: {NAME: 'builtins:int'}": "DATASET.NAME: builtins:int must be a subclass of ksom.Dataset",
    "DATASET: {NAME: 'nowhere:Data'}": "DATASET.NAME: cannot import 'nowhere'",
    "TRAINER: {ITERATION: 3}": "TRAINER.ITERATION: Trainer has no such key; did you mean 'ITERATIONS'?",
    "TRAINER: {ITERATIONS: 0}": "TRAINER.ITERATIONS must be an integer of at least 1, got 0",
    "TRAINER: {BATCH_SIZE: -2}": "TRAINER.BATCH_SIZE must be an integer of at least 0, got -2",
    "TRAINER: {SHUFFLE: 1}": "TRAINER.SHUFFLE must be true, false or auto, got 1",
    "TRAINER: {SEED: 1}": "TRAINER.SEED: Trainer has no such key",
    "TRAINER: {SOM: 1}": "TRAINER.SOM: Trainer has no such key",
    "TRAINER: {HOOKS: 1}": "TRAINER.HOOKS: Trainer has no such key",
    "TRAINER: {FOLDER: x}": "TRAINER.FOLDER: Trainer has no such key",
    "TRAINER: {ALGORITHM: 5}": "TRAINER.ALGORITHM must name",
    "TRAINER: {ALGORITHM: offline}": "TRAINER.ALGORITHM.NAME: no algorithm is called 'offline'; did you mean 'online'?",
    "TRAINER: {ALGORITHM: {SIGMA: -5}}": "TRAINER.ALGORITHM.SIGMA must be a number > 0, got -5",
    "TRAINER: {ALGORITHM: {SIGMA: {START: x}}}": "TRAINER.ALGORITHM.SIGMA.START must be a number > 0, got 'x'",
    "TRAINER: {ALGORITHM: {NAME: online, SIGMA: {START: 0.5}}}": (
        "TRAINER.ALGORITHM.SIGMA.START must be >= 1 lattice step"
    ),
    "TRAINER: {ALGORITHM: {NAME: online, LEARNING_RATE: {START: 2}}}": (
        "TRAINER.ALGORITHM.LEARNING_RATE.START must be > 0 and <= 1"
    ),
    "TRAINER: {ALGORITHM: {NAME: online, LEARNING_RATE: {NAME: linear, END: .inf}}}": (
        "LEARNING_RATE.END must be a number > 0, got"
    ),
    "TRAINER: {ALGORITHM: {NAME: batch, LEARNING_RATE: {START: 0.1}}}": (
        "TRAINER.ALGORITHM.LEARNING_RATE: Batch has no such key; it takes SIGMA"
    ),
    "TRAINER: {ALGORITHM: {NAME: batch, SIGMA: {NAME: exponential, START: 0.5}}}": (
        "ALGORITHM.SIGMA.START must be >= 1 lattice step"
    ),
    "HOOKS: {VLOG: {EVRY: 3}}": "HOOKS.VLOG.EVRY: Vlog has no such key; did you mean 'EVERY'?",
    "HOOKS: {VLOG: {EVERY: 0}}": "HOOKS.VLOG.EVERY must be an integer of at least 1, got 0",
    "HOOKS: {VLOG: 5}": "HOOKS.VLOG must be a mapping or a name, got 5",
    "HOOKS: {VLGO: {}}": "HOOKS.VLGO.NAME: no hook is called 'VLGO'; did you mean 'Vlog'?",
    "HOOKS: {TIME_LIMIT: {}}": "HOOKS.TIME_LIMIT.SECONDS is missing: TimeLimit needs it",
    "HOOKS: {MINE: 'json:JSONDecoder'}": "HOOKS.MINE.NAME: json:JSONDecoder must be a subclass of ksom.Hook",
}


@pytest.mark.parametrize("text", YAML, ids=lambda text: text[:50])
def test_bad_experiment_gets_one_clear_line_with_its_path(files, text):
    (files / "exp.yaml").write_text(text)
    with pytest.raises((ConfigError, DataError), match=re.escape(YAML[text])) as caught:
        Experiment("exp.yaml")
    assert "\n" not in str(caught.value)
    assert not (files / "logs").exists()


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ConfigError, ValueError),
        (ParameterError, ValueError),
        (DataError, ValueError),
        (BackendUnavailable, ImportError),
        (NotTrained, RuntimeError),
        (TrainingFailed, RuntimeError),
        (CheckpointError, RuntimeError),
        (OutputError, OSError),
    ],
)
def test_every_error_is_ksoms_and_pythons(error, builtin):
    assert issubclass(error, KsomError)
    assert issubclass(error, builtin)


@pytest.mark.parametrize("error", [ConfigError, DataError, OutputError, BackendUnavailable])
def test_messages_are_one_line_whatever_they_quote(error):
    assert str(error("file\nname: is\r\nwrong")) == "file name: is wrong"


def test_long_values_are_shortened():
    assert len(str(ParameterError("x", "be short", "y" * 1000))) < 120


def test_unknown_attribute_of_the_package_is_no_traceback_of_its_own():
    with pytest.raises(AttributeError, match="module 'ksom' has no attribute 'SOM'"):
        _ = ksom.SOM
