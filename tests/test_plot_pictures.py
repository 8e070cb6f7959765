"""Curves, nets, features, ways and prototypes look as they did when somebody last looked at them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import ksom
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.pictures.plots.curves import draw_curves
from ksom.pictures.plots.features import draw_features
from ksom.pictures.plots.figure import new_figure
from ksom.pictures.plots.prototype_curves import draw_prototype_curves
from ksom.pictures.plots.prototypes import draw_prototypes
from ksom.pictures.plots.radar import draw_radar
from ksom.pictures.plots.trajectory import draw_trajectory
from ksom.pictures.plots.unfolding import draw_unfolding
from ksom.runs.history import Curve, History
from tests.baseline import assert_looks_like

TORUS = Hexagonal(8, 12, wrap="both")


def sheet(lattice, features=4):
    """Return a map of smooth weights: waves over the rows and columns, each feature another one."""
    y, x = np.indices((lattice.height, lattice.width), dtype=float)
    waves = [np.sin((1 + k) * x / 7 + k) + np.cos((1 + k % 3) * y / 5 - k) for k in range(features)]
    som = ksom.KohonenSOM(
        lattice.height, lattice.width, lattice=lattice, initial=np.stack(waves, axis=-1), dtype="float64"
    )
    if features == 4:
        names = ("height", "a rather long name of a feature", "price", "d")
        som.name_features(names, units={"height": "cm", "price": "$"})
    return som


def curves(ax):
    iterations = np.arange(1, 41) * 25
    error = 30 / iterations + 0.01
    error[12:15] = np.nan
    values = {
        "quantization_error": error,
        "topographic_error": 0.1 + 0.05 * np.cos(iterations / 90),
        "sigma": 9 * 0.93 ** np.arange(40),
    }
    found = {name: Curve(iterations, of) for name, of in values.items()}
    draw_curves(History(found, Curve(iterations, error)), ax=ax)


def unfolding(ax):
    som = sheet(Hexagonal(7, 10))
    draw_unfolding(som, som.weights.reshape(-1, 4) + np.random.default_rng(0).normal(0, 0.2, (70, 4)), ax=ax)


def cluster(draw):
    def drawn(ax):
        som = sheet(Rectangular(6, 8))
        som.cluster("kmeans", clusters=3)
        draw(som, cluster=1, ax=ax)

    return drawn


def node_of_many(ax):
    draw_features(sheet(Rectangular(4, 4), 100), node=3, most=12, ax=ax)


def way(ax):
    som = sheet(TORUS)
    nodes = np.arange(14) % 8 * 12 + 2 * np.arange(14) % 12
    draw_trajectory(som, som.weights.reshape(-1, 4)[nodes], times=np.arange(1990, 2004), label="year", ax=ax)


def several_ways(ax):
    som = sheet(Rectangular(8, 10))
    samples = som.weights[[0, 1, 1, 2, 7, 6, 5], [0, 0, 1, 3, 9, 9, 7]]
    draw_trajectory(som, samples, ["Rome"] * 4 + ["New York"] * 3, ax=ax)


def digits(ax):
    y, x = np.indices((8, 8)) / 7
    rings = [16 * np.exp(-20 * (np.hypot(x - 0.5, y - 0.5) - k / 20) ** 2) for k in range(15)]
    som = ksom.KohonenSOM(3, 5, lattice="hexagonal", initial=np.reshape(rings, (3, 5, 64)))
    draw_prototypes(som, (8, 8), ax=ax)


def days(ax):
    row, column, hour, channel = np.indices((5, 6, 12, 2))
    weights = (1 + row / 3) * np.sin(hour / 2 + column / 2 + 2 * channel)
    som = ksom.KohonenSOM(5, 6, lattice="hexagonal", initial=weights.reshape(5, 6, 24))
    draw_prototype_curves(som, 2, ax=ax)


PICTURES = pytest.mark.parametrize(
    ("name", "draw", "size"),
    [
        ("curves", curves, (5, 4)),
        ("unfolding", unfolding, (5, 4.5)),
        ("features", cluster(draw_features), (7, 2.2)),
        ("features-of-many", node_of_many, (7, 4.5)),
        ("radar", cluster(draw_radar), (5, 4.5)),
        ("trajectory", way, (6, 4)),
        ("trajectories", several_ways, (6, 4)),
        ("prototypes", digits, (4.5, 3)),
        ("prototype-curves", days, (6, 4.5)),
    ],
)


@PICTURES
def test_a_picture_looks_as_it_did(name, draw, size):
    figure = new_figure(*size)
    draw(figure.subplots())
    assert_looks_like(figure, name)


@PICTURES
def test_without_axes_a_picture_has_a_figure_of_its_own(name, draw, size):
    plt.switch_backend("agg")
    draw(None)
    assert len(plt.get_fignums()) == 1
    plt.gcf().canvas.draw()
    plt.close("all")
