"""Diagnoses: each finds the illness in runs that have it, and none of them finds anything in healthy runs."""

import numpy as np
import pytest

from benchmarks.known_data import KNOWN, UNSCALED
from ksom import KohonenSOM
from ksom.algorithms import Batch, Online
from ksom.diagnosis import DIAGNOSES, diagnose
from ksom.evidence import ORDERING, Evidence
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.trainer import Trainer
from tests.test_folds import butterfly


def trained(
    samples, size=(10, 10), *, iterations=30, algorithm=None, labels=None, shuffle=True, seed=0, config=None, **made
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
    "wine, scaled by the map": lambda: trained(known("wine, as it is"), scaling="standard"),
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
    "mexican hat": lambda: online(
        colours(),
        (3, 3),
        neighbourhood="mexican_hat",
        sigma=(1.5, 1.0),
        rate=(0.001, 0.001),
        initial="pca",
        iterations=5,
    ),
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


SCALED, SIGMA, RATE = "MODEL.SCALING standard", "TRAINER.ALGORITHM.SIGMA", "TRAINER.ALGORITHM.LEARNING_RATE"


def configured(sigma=None, rate=None, **model):
    nodes = {key: node for key, node in (("SIGMA", sigma), ("LEARNING_RATE", rate)) if node is not None}
    return {"TRAINER": {"ALGORITHM": nodes}, "MODEL": model}


NARROW, NO_NEIGHBOURS = Batch((1.0, 0.7)), {"sigma": (0.3, 0.3), "rate": (0.1, 0.1)}
HIGH_RATE = {"iterations": 10, "sigma": (5.0, 1.0), "rate": (0.5, 0.5)}


def twisted(size, **made):
    return trained(plane(), size, algorithm=NARROW, initial=0.5 + 0.8 * butterfly(*size), **made)


def narrow(name, seed):
    return trained(known(name), algorithm=NARROW, iterations=10, initial="random", seed=seed)


ILL = {
    "one feature decides": {
        "wine": (lambda: trained(known("wine, as it is")), SCALED),
        "penguins": (lambda: online(known("penguins, as they are")), SCALED),
        "penguins, manhattan": (lambda: trained(known("penguins, as they are"), distance="manhattan"), SCALED),
    },
    "a few features decide": {
        "two of thirty": (lambda: trained(plane(30) * ([30.0] * 2 + [1.0] * 28)), SCALED),
    },
    "a few samples decide": {
        "a typing error": (lambda: trained(mistyped()), ""),
    },
    "still ordering when it ended": {
        "wide": (
            lambda: trained(known("iris"), (20, 20), algorithm=Batch((10.0, 3.1)), config=configured({"END": 3.1})),
            f"{SIGMA}.END 1.0",
        ),
        "constant": (
            lambda: online(known("iris"), sigma=(3, 3), rate=(0.1, 0.1), config=configured({"NAME": "constant"})),
            f"{SIGMA} geometric",
        ),
        "few iterations": (
            lambda: online(known("iris"), iterations=2, config=configured({"NAME": "exponential", "START": 5.0})),
            "TRAINER.ITERATIONS 100",
        ),
    },
    "a learning rate that ended too high": {
        "0.5": (
            lambda: online(known("digits"), **HIGH_RATE, config=configured(rate={"END": 0.5})),
            f"{RATE}.END 0.01",
        ),
        "0.5, no end": (lambda: online(known("digits"), **HIGH_RATE, config=configured(rate={})), f"{RATE} geometric"),
    },
    "nodes that nothing reached": {
        "wine": (
            lambda: online(known("wine, scaled"), iterations=20, **NO_NEIGHBOURS, config=configured({"START": 0.3})),
            f"{SIGMA}.START 5.0",
        ),
        "digits": (lambda: online(known("digits"), iterations=10, **NO_NEIGHBOURS), "TRAINER.ITERATIONS 100"),
    },
    "a folded or twisted map": {
        "a butterfly": (lambda: twisted((10, 10), config=configured({"START": 1.0})), f"{SIGMA}.START 5.0"),
        "an oblong one": (lambda: twisted((8, 16)), "MODEL.INITIAL pca"),
        "one of hexagons": (lambda: twisted((10, 10), lattice=Hexagonal(10, 10)), "MODEL.INITIAL pca"),
        "a plane on a torus": (
            lambda: trained(plane(), (12, 12), lattice=Rectangular(12, 12, wrap="both")),
            "MODEL.LATTICE.WRAP none",
        ),
        **{
            f"random {seed}": (
                lambda seed=seed: trained(plane(), algorithm=Batch((1.5, 0.7)), initial="random", seed=seed),
                "MODEL.INITIAL pca",
            )
            for seed in range(4)
        },
    },
    "a map out of order": {
        "no neighbours": (
            lambda: trained(known("wine, scaled"), algorithm=Batch((0.3, 0.3)), initial="random"),
            "MODEL.INITIAL pca",
        ),
        **{
            f"{name} {seed}": (lambda name=name, seed=seed: narrow(name, seed), "MODEL.INITIAL pca")
            for name in ("iris, scaled", "wine, scaled", "digits")
            for seed in range(2)
        },
    },
    "it had not settled when it ended": {
        "two iterations": (
            lambda: online(known("wine, scaled"), iterations=2, sigma=(5.0, 1.0), rate=(0.05, 0.05)),
            "TRAINER.ITERATIONS 100",
        ),
        "a rate of 0.001": (
            lambda: online(known("digits"), iterations=10, sigma=(5.0, 1.0), rate=(0.001, 0.001)),
            "TRAINER.ITERATIONS 100",
        ),
    },
    "a map too small for the data": {
        "four nodes": (lambda: trained(known("digits"), (2, 2)), "MODEL.HEIGHT auto MODEL.WIDTH auto"),
    },
    "a class that no node represents": {"a rare one": (rare, "")},
}  # fmt: skip


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, runs in ILL.items() for name in runs])
def test_the_illness_is_found_and_nothing_else(what, name):
    run, change = ILL[what][name]
    assert [(finding.what, finding.change) for finding in diagnose(run())] == [(what, change)]


def test_every_diagnosis_has_a_run_that_is_ill_with_it():
    assert len(ILL) == len(DIAGNOSES) + 1  # one has two names


def test_what_follows_from_another_illness_is_not_told_beside_it():
    samples = known("wine, as it is")
    evidence = trained(samples, (2, 2), labels=np.arange(len(samples)) % 30)
    assert [finding.what for finding in diagnose(evidence)] == ["one feature decides"]


def test_what_does_not_follow_is_told_beside_it():
    evidence = trained(known("wine, as it is"), algorithm=Batch((5.0, 3.0)))
    assert [finding.what for finding in diagnose(evidence)] == ["one feature decides", "still ordering when it ended"]


def test_a_training_that_ended_early_is_to_be_gone_on_with():
    evidence = trained(known("iris"), algorithm=Batch((5.0, 3.0)))
    evidence.iteration = 20
    (finding,) = diagnose(evidence)
    assert "go on: it ended after 20 of 30 iterations (--resume)" in finding.advice


def test_the_evidence_is_told_in_numbers_and_features_by_their_names():
    evidence = trained(known("wine, as it is"))
    evidence.som.feature_names = (*(f"other {number}" for number in range(12)), "proline")
    (finding,) = diagnose(evidence)
    assert finding.evidence == (
        "99.77 % of all distances between samples come from proline; next to nothing from the other 12"
    )


def test_an_outlier_is_named():
    (finding,) = diagnose(trained(mistyped()))
    told = "of all distances come from 1 of 150 samples (row 41 above all), most from feature 1"
    assert finding.evidence.endswith(told)


def test_without_samples_it_is_judged_by_the_map_alone():
    som = twisted((10, 10)).som
    assert [finding.what for finding in diagnose(Evidence(som))] == ["a folded or twisted map"]
    assert [finding.what for finding in diagnose(Evidence(som, at_end={"sigma": 4.0}))] == [
        "still ordering when it ended", "a folded or twisted map"
    ]  # fmt: skip
    assert diagnose(Evidence(trained(plane()).som, at_end={"sigma": 0.7})) == []


def test_a_part_of_many_samples_makes_no_progress_that_the_whole_would_not():
    """Ten more iterations on a part of the data fit that part better."""
    samples = np.random.default_rng(0).normal(size=(4000, 20))
    evidence = trained(samples)
    for part in (300, 1000, 2000):
        assert diagnose(Evidence(evidence.som, samples[:part], size=4000, at_end=evidence.at_end)) == []


def test_a_part_of_many_samples_tells_the_same_illness():
    run, change = ILL["it had not settled when it ended"]["a rate of 0.001"]
    evidence = run()
    part = Evidence(evidence.som, evidence.samples[::3], size=1797, at_end=evidence.at_end)
    assert [finding.change for finding in diagnose(part)] == [change]


@pytest.mark.parametrize(("work", "samples"), [(0.0, None), (1.0, 1000), (0.5, 500), (0.01, None)])
def test_no_trial_is_larger_than_it_may_be(work, samples):
    evidence = trained(plane())
    most_work = work * ORDERING * 1000 * 100 * 2
    trial = Evidence(evidence.som, evidence.samples, at_end=evidence.at_end, most_work=most_work).in_order
    assert (None if trial is None else len(trial.samples)) == samples


@pytest.mark.parametrize("name", ["iris", "penguins with gaps", "a torus on a torus"])
def test_to_diagnose_changes_nothing(name):
    evidence = HEALTHY[name if name in HEALTHY else f"{name}, batch"]()
    before = evidence.som.weights.tobytes(), evidence.samples.tobytes()
    diagnose(evidence)
    assert (evidence.som.weights.tobytes(), evidence.samples.tobytes()) == before


def test_a_crease_without_a_topographic_error_lies_in_the_data():
    evidence = trained(moons())
    evidence.__dict__["creases"] = 0.9
    assert diagnose(evidence) == []


def test_how_wide_sigma_may_end_grows_with_the_map():
    chain = KohonenSOM(1, 100, initial=np.arange(100.0).reshape(1, 100, 1))
    found = {
        sigma: [finding.what for finding in diagnose(Evidence(chain, at_end={"sigma": sigma}))] for sigma in (9, 11)
    }
    assert found == {9: [], 11: ["still ordering when it ended"]}


def test_of_fewer_samples_than_nodes_no_order_is_asked():
    som = KohonenSOM(10, 10, initial=np.random.default_rng(0).random((10, 10, 3)))
    assert diagnose(Evidence(som, np.random.default_rng(1).random((5, 3)))) == []


def test_missing_values_are_no_obstacle_to_a_trial():
    evidence = HEALTHY["penguins with gaps"]()
    assert evidence.in_order is not None
    assert evidence.going_on is not None
