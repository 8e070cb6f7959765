"""Diagnoses: each finds the illness in runs that have it, and none of them finds anything in healthy runs."""

import math

import numpy as np
import pytest

from benchmarks.known_data import KNOWN, UNSCALED, scaled
from ksom import KohonenSOM, train
from ksom.algorithms import Batch, Online
from ksom.diagnosis import DIAGNOSES, diagnose
from ksom.evidence import Evidence
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.method.schedules import Exponential, Geometric, Linear
from ksom.trainer import Trainer
from tests.test_folds import butterfly


def trained(
    samples, size=(10, 10), iterations=30, algorithm=None, labels=None, shuffle=True, seed=0, config=None, **made
):
    """Return the evidence of a training."""
    som = KohonenSOM(*size, **{"initial": "pca", "backend": "numpy", **made})
    trainer = Trainer(som, samples, iterations=iterations, algorithm=algorithm or Batch(), shuffle=shuffle, seed=seed)
    trainer.train()
    last = trainer.algorithm.parameters(iterations - 1)
    return Evidence(
        som, samples, at_end=last, labels=labels, config=config, iteration=iterations, iterations=iterations
    )


def online(*arguments, sigma="exponential", rate="exponential", **made):
    made = {"initial": "random", "iterations": 100, "backend": "auto", **made}
    return trained(*arguments, algorithm=Online(sigma, rate), **made)


def known(name):
    return {**KNOWN, **UNSCALED}[name]()[:2000]


def blobs(spread=0.3, features=3):
    rng = np.random.default_rng(3)
    return np.concatenate([rng.uniform(-3, 3, features) + spread * rng.normal(size=(120, features)) for _ in range(5)])


def plane(features=2):
    return np.random.default_rng(0).random((1000, features))


def moons():
    angle = np.linspace(0, np.pi, 250)
    both = [np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)]
    return np.concatenate(both) + 0.05 * np.random.default_rng(0).normal(size=(500, 2))


def torus():
    ring, tube = 2 * np.pi * np.random.default_rng(0).random((2, 1500))
    away = 2 + 0.7 * np.cos(tube)
    return np.stack([away * np.cos(ring), away * np.sin(ring), 0.7 * np.sin(tube)], axis=1)


def colours(seed=5):
    return np.random.default_rng(seed).random((20, 3))


def with_gaps(samples):
    gaps = np.random.default_rng(0).random(samples.shape) < 0.1
    gaps[:, 0] = False
    return np.where(gaps, np.nan, samples)


NAMES = [name for name in KNOWN if name != "mixture"]

HEALTHY = {
    **{f"{name}, batch": lambda name=name: trained(known(name)) for name in NAMES},
    **{f"{name}, by default": lambda name=name: trained(known(name), iterations=100) for name in NAMES},
    **{
        f"{name}, online": lambda name=name: online(known(name))
        for name in ("iris", "wine, scaled", "penguins, scaled")
    },
    "iris, sorted": lambda: online(known("iris"), shuffle=False),
    "digits, online": lambda: online(known("digits"), iterations=20),
    "wine, scaled by the map": lambda: trained(known("wine"), scaling="standard"),
    "penguins with gaps": lambda: trained(with_gaps(known("penguins, scaled")), missing="keep"),
    "ten iterations": lambda: trained(known("iris, scaled"), iterations=10),
    "from random weights": lambda: trained(known("wine, scaled"), initial="random"),
    "sigma to 0.5": lambda: trained(known("wine, scaled"), algorithm=Batch((5.0, 0.5))),
    "blobs": lambda: trained(blobs()),
    "tight blobs": lambda: online(blobs(0.02)),
    "a plane": lambda: trained(plane()),
    "a cube": lambda: trained(plane(3)),
    "noise": lambda: trained(np.random.default_rng(0).normal(size=(1000, 20))),
    "moons": lambda: trained(moons()),
    "moons, creased": lambda: trained(moons(), algorithm=Batch((5.0, 0.5))),
    "moons on hexagons": lambda: trained(moons(), (9, 11), lattice=Hexagonal(9, 11)),
    "hexagonal": lambda: trained(known("wine, scaled"), (9, 11), lattice=Hexagonal(9, 11)),
    "a torus on a torus": lambda: trained(torus(), (12, 24), lattice=Rectangular(12, 24, wrap="both")),
    "digits on a torus": lambda: trained(known("digits"), lattice=Rectangular(10, 10, wrap="both")),
    "a chain": lambda: trained(plane(), (1, 20)),
    "a chain of digits": lambda: trained(known("digits"), (1, 30)),
    "two nodes": lambda: trained(known("iris"), (1, 2)),
    "2 × 2": lambda: trained(known("iris"), (2, 2)),
    "one node": lambda: trained(known("iris"), (1, 1)),
    "20 × 20": lambda: trained(known("iris"), (20, 20)),
    "40 × 40": lambda: trained(known("wine, scaled"), (40, 40), iterations=15),
    "long": lambda: trained(blobs(), (4, 40)),
    "the colours of exp1": lambda: online(colours(), shuffle=False),
    "the colours of exp3": lambda: online(colours(7), iterations=500, shuffle=False),
    "the colours of exp4": lambda: online(colours(), (40, 40), shuffle=False),
    "one sample": lambda: trained([[1.0, 2.0]], (3, 3)),
    "all samples alike": lambda: trained(np.ones((60, 3)), (3, 3)),
    "one feature": lambda: trained(plane(1), (1, 10)),
    "one feature that varies": lambda: trained(np.c_[plane(1), np.ones((1000, 2))], (1, 10)),
    "manhattan": lambda: trained(known("wine, scaled"), distance="manhattan"),
    "directions": lambda: trained(known("digits"), distance="cosine"),
    "mexican hat": lambda: online(colours(), neighbourhood="mexican_hat", sigma=(5.0, 1.0), rate=(0.02, 0.01)),
    "classes that have nodes": lambda: trained(known("iris"), labels=np.repeat(["a", "b", "c"], 50)),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_in_a_healthy_run(name):
    assert diagnose(HEALTHY[name]()) == []


def mistyped():
    samples = known("iris").copy()
    samples[41, 1] *= 100
    return samples


def rare():
    """Two classes that lie on each other, one of them rarer everywhere."""
    samples = plane()
    return trained(samples, (4, 4), labels=np.where(np.arange(1000) % 10, "often", "rarely"))


DATA_KEY, SIGMA, RATE = "MODEL.SCALING standard", "TRAINER.ALGORITHM.SIGMA", "TRAINER.ALGORITHM.LEARNING_RATE"


def configured(sigma=None, rate=None, **model):
    nodes = {key: node for key, node in (("SIGMA", sigma), ("LEARNING_RATE", rate)) if node is not None}
    return {"TRAINER": {"ALGORITHM": nodes}, "MODEL": model}


ILL = {
    "wine": ("one feature decides", lambda: trained(known("wine")), DATA_KEY),
    "penguins": ("one feature decides", lambda: online(known("penguins")), DATA_KEY),
    "manhattan": ("one feature decides", lambda: trained(known("wine"), distance="manhattan"), DATA_KEY),
    "two of thirty": ("a few features decide", lambda: trained(plane(30) * ([30.0] * 2 + [1.0] * 28)), DATA_KEY),
    "a typing error": ("a few samples decide", lambda: trained(mistyped()), ""),
    "wide": (
        "still ordering when it ended",
        lambda: trained(known("iris, scaled"), (20, 20), algorithm=Batch((10.0, 3.1)), config=configured({"END": 3.1})),
        f"{SIGMA}.END 1.0",
    ),
    "constant": (
        "still ordering when it ended",
        lambda: online(known("iris"), sigma=Geometric(3, 3), rate=Linear(), config=configured({"NAME": "constant"})),
        f"{SIGMA} geometric",
    ),
    "few iterations": (
        "still ordering when it ended",
        lambda: online(known("iris"), iterations=2, config=configured({"NAME": "exponential", "START": 5.0})),
        "TRAINER.ITERATIONS 100",
    ),
    "a rate of 0.5": (
        "a learning rate that ended too high",
        lambda: online(known("digits"), iterations=10, sigma=(5.0, 1.0), rate=(0.5, 0.5), config=configured(rate={"END": 0.5})),
        f"{RATE}.END 0.01",
    ),
    "a rate of 0.5 and no end": (
        "a learning rate that ended too high",
        lambda: online(known("digits"), iterations=10, sigma=(5.0, 1.0), rate=(0.5, 0.5), config=configured(rate={})),
        f"{RATE} geometric",
    ),
    "never wide": (
        "nodes that nothing reached",
        lambda: online(known("wine, scaled"), iterations=20, sigma=(0.3, 0.3), config=configured({"START": 0.3})),
        f"{SIGMA}.START 5.0",
    ),
    "never wide, digits": (
        "nodes that nothing reached",
        lambda: online(known("digits"), iterations=10, sigma=(0.3, 0.3)),
        "TRAINER.ITERATIONS 100",
    ),
    "a butterfly": (
        "a folded or twisted map",
        lambda: trained(plane(), algorithm=Batch((1.0, 0.7)), initial=0.5 + 0.8 * butterfly(10, 10), config=configured({"START": 1.0})),
        f"{SIGMA}.START 5.0",
    ),
    "a butterfly, oblong": (
        "a folded or twisted map",
        lambda: trained(plane(), (8, 16), algorithm=Batch((1.0, 0.7)), initial=0.5 + 0.8 * butterfly(8, 16)),
        "MODEL.INITIAL pca",
    ),
    "a butterfly of hexagons": (
        "a folded or twisted map",
        lambda: trained(plane(), algorithm=Batch((1.0, 0.7)), initial=0.5 + 0.8 * butterfly(10, 10), lattice=Hexagonal(10, 10)),
        "MODEL.INITIAL pca",
    ),
    **{
        f"random {seed}": (
            "a folded or twisted map",
            lambda seed=seed: trained(plane(), algorithm=Batch((1.5, 0.7)), initial="random", seed=seed),
            "MODEL.INITIAL pca",
        )
        for seed in range(4)
    },
    "a plane on a torus": (
        "a folded or twisted map",
        lambda: trained(plane(), (12, 12), lattice=Rectangular(12, 12, wrap="both")),
        "MODEL.LATTICE.WRAP none",
    ),
    **{
        f"{name} {seed}": (
            "a map out of order",
            lambda name=name, seed=seed: trained(known(name), algorithm=Batch((1.0, 0.7)), iterations=10, initial="random", seed=seed),
            "MODEL.INITIAL pca",
        )
        for name in ("iris, scaled", "wine, scaled", "digits")
        for seed in range(2)
    },
    "no neighbourhood": (
        "a map out of order",
        lambda: trained(known("wine, scaled"), algorithm=Batch((0.3, 0.3)), initial="random"),
        "MODEL.INITIAL pca",
    ),
    "two iterations": (
        "it had not settled when it ended",
        lambda: online(known("wine, scaled"), iterations=2, sigma=(5.0, 1.0), rate=(0.05, 0.05)),
        "TRAINER.ITERATIONS 100",
    ),
    "a rate of 0.001": (
        "it had not settled when it ended",
        lambda: online(known("digits"), iterations=10, sigma=(5.0, 1.0), rate=(0.001, 0.001)),
        "TRAINER.ITERATIONS 100",
    ),
    "four nodes": ("a map too small for the data", lambda: trained(known("digits"), (2, 2)), "MODEL.HEIGHT 15 MODEL.WIDTH 15"),
    "a rare class": ("a class that no node represents", rare, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ILL)
def test_the_illness_is_found_and_nothing_else(name):
    what, run, change = ILL[name]
    assert [(finding.what, finding.change) for finding in diagnose(run())] == [(what, change)]


def test_every_diagnosis_has_a_run_that_is_ill_with_it():
    assert len({what for what, _, _ in ILL.values()} - {"a few features decide"}) == len(DIAGNOSES)
