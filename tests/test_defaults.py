"""What is trained without a parameter is ordered: on data that strangers begin with, sorted or not."""

import numpy as np
import pytest

from benchmarks.known_data import KNOWN, SHAPES
from ksom import train
from ksom.default_setup import Experiment
from ksom.method.quality import quality
from ksom.method.random_streams import stream


def measured(samples):
    """Return the share of the error of a single node that a map by default leaves, and its topographic error."""
    errors = quality(train(samples), samples)
    one_node = np.linalg.norm(samples - samples.mean(axis=0), axis=1).mean()
    return errors.quantization_error / one_node, errors.topographic_error


@pytest.mark.parametrize("name", KNOWN)
def test_a_map_by_default_is_ordered_and_fits(name):
    samples = KNOWN[name]()
    qe, te = measured(samples)
    assert te < (0.08 if name in SHAPES else 0.05)
    assert qe < 0.65


@pytest.mark.parametrize("name", KNOWN)
def test_sorted_data_are_learned_as_well_as_shuffled_ones(name):
    samples = KNOWN[name]()[:5000]
    shuffled = stream(0, "order").permutation(samples)
    np.testing.assert_allclose(measured(samples), measured(shuffled), atol=0.03)


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_neither_algorithm_suffers_from_the_order_of_the_samples(algorithm):
    samples = KNOWN["two diamonds"]()
    samples = samples[samples[:, 0].argsort()]
    assert quality(train(samples, algorithm=algorithm), samples).topographic_error < 0.05


def test_an_experiment_that_only_names_data_is_trained_like_one_call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples = KNOWN["iris"]()
    np.save("iris.npy", samples)
    (tmp_path / "iris.yaml").write_text("DATASET: {NAME: Array, PATH: iris.npy}")
    assert Experiment("iris.yaml").run().som.weights.tobytes() == train(samples).weights.tobytes()


def test_without_a_file_it_is_the_colour_experiment(tmp_path):
    plain, named = (Experiment(name, output_dir=tmp_path / "run").config for name in (None, "ksom:exp1"))
    assert plain == named
    assert plain["MODEL"]["INITIAL"] == {"NAME": "random"}
    assert plain["TRAINER"] == {
        "ITERATIONS": 100,
        "BATCH_SIZE": 0,
        "SHUFFLE": False,
        "HOLD_OUT": 0.0,
        "ALGORITHM": {
            "NAME": "online",
            "SIGMA": {"NAME": "exponential", "START": 5.0},
            "LEARNING_RATE": {"NAME": "exponential", "START": 0.1},
        },
    }
