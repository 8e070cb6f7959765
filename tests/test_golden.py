"""Every backend reproduces results that code other than ksom's has made, in float64."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ksom.algorithms import Batch, Online
from ksom.kohonensom_model import KohonenSOM
from ksom.method.lattice import LATTICES
from ksom.method.quality import quantization_error, topographic_error
from ksom.method.schedules import SCHEDULES
from ksom.trainer import Trainer

GOLDEN = Path(__file__).parent / "golden"


def online(told):
    return Online(schedule(told, "sigma"), schedule(told, "alpha"))


def batch(told):
    return Batch(schedule(told, "sigma"))


def schedule(told, of):
    values = (told[f"{of}0"],) if told["decay"] == "exponential" else (told[f"{of}0"], told[f"{of}1"])
    return SCHEDULES[told["decay"]](*values)


ALGORITHMS = {
    "online_colours_10x10": online,
    "online_12x20_5d": online,
    "online_torus_9x7": online,
    "online_hex_8x8_bubble": online,
    "batch_8x10_4d": batch,
    "batch_hex_torus_10x6": batch,
}


@pytest.fixture(scope="module", params=["numpy", "numba", "jax"])
def backend(request):
    return request.param


@pytest.fixture(scope="module", params=ALGORITHMS)
def trained(request, backend):
    """The golden results and the map that ksom trains from the same first weights."""
    with np.load(GOLDEN / f"{request.param}.npz") as file:
        golden = SimpleNamespace(**{key: file[key] for key in file.files})
    told = json.loads(str(golden.parameters))
    height, width, _ = golden.initial_weights.shape
    som = KohonenSOM(
        height,
        width,
        lattice=LATTICES[told["lattice"]](height, width, wrap="both" if told["wrap"] else "none"),
        neighbourhood=told["neighbourhood"],
        initial=golden.initial_weights,
        dtype="float64",
        backend=backend,
    )
    algorithm = ALGORITHMS[request.param](told)
    Trainer(som, golden.samples, iterations=told["steps"], algorithm=algorithm, shuffle=False).train()
    return golden, som


def test_weights_are_the_golden_ones(trained):
    golden, som = trained
    np.testing.assert_allclose(som.weights, golden.final_weights, rtol=0, atol=1e-9)


def test_best_matching_nodes_are_the_golden_ones(trained):
    golden, som = trained
    np.testing.assert_array_equal(som.best_matching_nodes(golden.samples), golden.bmu)


@pytest.mark.parametrize("measure", [quantization_error, topographic_error])
def test_measured_quality_is_the_golden_one(trained, measure):
    golden, som = trained
    assert measure(som, golden.samples) == pytest.approx(float(getattr(golden, measure.__name__)), abs=1e-9)
