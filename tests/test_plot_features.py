"""Features of a node, a cluster or a label: values, ranges and places are those of the map and of the profile."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import ksom
from ksom.datasets import Table
from ksom.errors import ParameterError
from ksom.method.profiles import profiles
from ksom.method.scaling import Standard
from ksom.pictures.plots.features import MOST_BARS, draw_features
from ksom.pictures.plots.group import group_of
from ksom.pictures.plots.radar import draw_radar

WEIGHTS = np.array([[[0.0, 100.0, 5.0], [1.0, 200.0, 5.0]], [[6.0, 800.0, 5.0], [9.0, 900.0, 5.0]]])
SAMPLES = WEIGHTS.reshape(4, 3)[[0, 0, 1, 2, 3]]


@pytest.fixture
def som():
    som = ksom.KohonenSOM(2, 2, initial=WEIGHTS, dtype="float64")
    som.name_features(("age", "income", "rooms"), units={"age": "years"})
    som.cluster(clusters=2)
    return som


def axes():
    return Figure(figsize=(7, 4), layout="constrained").subplots()


def drawn(*args, draw=draw_features, **kwargs):
    ax = draw(*args, ax=axes(), **kwargs)
    FigureCanvasAgg(ax.figure).draw()
    return ax


def texts(ax):
    return [text.get_text() for text in ax.texts]


def bars(ax):
    """Return where each bar begins and ends, without the grey tracks."""
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.containers[1]]


def test_a_bar_goes_from_the_median_of_the_nodes_to_the_node(som):
    assert bars(drawn(som, node=3)) == [(3.5 / 9, 1.0), (0.5, 1.0), (0.5, 0.5)]


def test_value_and_range_stand_beside_the_bar(som):
    assert texts(drawn(som, node=1)) == ["1", "0 … 9", "200", "100 … 900", "5", "everywhere"]


def test_what_all_nodes_have_is_not_unusual_however_its_mean_is_rounded():
    weights = np.array([[[0.1, 0.0], [0.1, 1.0], [0.1, 1.1]], [[0.1, 1.2], [0.1, 1.3], [0.1, 3.0]]])
    assert weights[..., 0].std() > 0
    group = group_of(ksom.KohonenSOM(2, 3, initial=weights, dtype="float64"), node=1)
    assert np.isnan(group.effects).tolist() == [True, False]
    assert group.most_unusual(1).tolist() == [1]


def test_what_is_nothing_beside_the_range_is_told_as_0():
    som = ksom.KohonenSOM(1, 2, initial=[[[1e-9], [16.0]]], dtype="float64")
    assert texts(drawn(som, node=0)) == ["0", "0 … 16"]


def test_features_are_named_with_their_units(som):
    ax = drawn(som, node=0)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["age [years]", "income", "rooms"]


def test_a_node_is_told_by_its_place(som):
    assert drawn(som, node=2).get_title("left") == "node 2: row 1, column 0"


def test_the_values_of_a_cluster_are_the_means_of_its_profile(som):
    group, profile = group_of(som, SAMPLES, cluster=1), profiles(som, SAMPLES)[1]
    assert group.values.tolist() == list(profile.means.values()) == [7.5, 850, 5]
    assert group.effects[:2].tolist() == list(profile.effects.values())[:2]
    assert drawn(som, SAMPLES, cluster=1).get_title("left") == "cluster 1: 2 samples, 40%"


def test_a_label_is_drawn_like_a_cluster(som):
    som.label(SAMPLES, ["low", "low", "low", "high", "high"])
    assert group_of(som, SAMPLES, label="low").values.tolist() == [1 / 3, 400 / 3, 5]


def test_places_are_in_map_units_where_these_are_bent():
    values = np.array([[0.0], [9.0], [99.0], [999.0]])
    som = ksom.train(values, 1, 4, 1, scaling="log1p+standard")
    som.weights = som.intake.scaled(values).reshape(1, 4, 1)
    places = [group_of(som, node=node).places[0] for node in range(4)]
    assert places == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert group_of(som, node=2).values == pytest.approx([99])


def test_the_share_of_a_category_is_told_in_percent():
    table = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "city": ["Rome", "Oslo", "Rome", "Rome"]})
    som = ksom.train(Table(table, categories=["city"]), 1, 1, 1)
    assert texts(drawn(som, node=0))[2::2] == ["25%", "75%"]


def test_a_feature_of_weight_zero_is_not_known():
    scaling = Standard(feature_weights=[0, 1])
    som = ksom.train(np.random.default_rng(0).random((20, 2)), 2, 2, 2, scaling=scaling)
    ax = drawn(som, node=0)
    assert texts(ax)[:2] == ["not known", ""]
    assert len(bars(ax)) == 1


def test_of_many_features_those_are_drawn_that_differ_most_in_their_order():
    weights = np.zeros((1, 4, 500))
    weights[0, 1:] = np.random.default_rng(0).normal(size=(3, 500))
    weights[0, 0, [400, 7]] = 100, -100
    ax = drawn(ksom.KohonenSOM(1, 4, initial=weights), node=0)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert len(names) == MOST_BARS
    assert {"feature 7", "feature 400"} <= set(names)
    assert [int(name.split()[1]) for name in names] == sorted(int(name.split()[1]) for name in names)
    assert ax.get_title("left").endswith("the 30 of 500 features that differ most")


def test_features_may_be_chosen(som):
    ax = drawn(som, node=0, features=[2, 0])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rooms", "age [years]"]


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ({}, "node must be given, or cluster or label instead: exactly one of them, got None"),
        ({"node": 1, "cluster": 1}, "node must be given, or cluster or label instead: exactly one of them, got 1"),
        ({"node": 4}, "node must be an integer of at most 3, got 4"),
        ({"cluster": 9}, "cluster must be one of the map's (0, 1), got 9"),
        (
            {"label": "x"},
            "of must be what the map knows; it has no labels yet: som.label(…) or ksom label, got 'labels'",
        ),
        ({"node": 1, "features": [3]}, "features must be numbers of features, from 0 to 2, got [3]"),
        ({"node": 1, "features": []}, "features must be numbers of features, from 0 to 2, got []"),
    ],
)
def test_what_is_not_there_is_refused(som, which, told):
    with pytest.raises(ParameterError) as caught:
        drawn(som, **which)
    assert str(caught.value) == told


@pytest.mark.parametrize("name", ["price in $ and $", "x" * 200, "🦆", "שלום", "</script>", r"\frac{"])
@pytest.mark.parametrize("draw", [draw_features, draw_radar])
def test_any_name_is_shown_as_text(draw, name):
    som = ksom.KohonenSOM(2, 2, initial=WEIGHTS)
    som.name_features((name, "b", "c"), units={name: name})
    som.label(SAMPLES, [name] * 5)
    drawn(som, SAMPLES, label=name, draw=draw)


def test_a_map_of_one_node_and_one_feature_is_drawn():
    assert texts(drawn(ksom.KohonenSOM(1, 1, initial=[[[2.5]]]), node=0)) == ["2.5", "everywhere"]


def test_directions_are_compared_with_directions():
    samples = np.array([[100.0, 0.1], [90.0, 0.2], [0.0, 5.0], [0.1, 7.0]])
    som = ksom.train(samples, 1, 2, 3, distance="cosine")
    som.cluster(clusters=2)
    places = np.stack([group_of(som, samples, cluster=cluster).places for cluster in (0, 1)])
    assert ((places > -0.05) & (places < 1.05)).all()


def test_corners_of_a_radar_are_the_places_of_the_values(som):
    ax = drawn(som, node=3, draw=draw_radar)
    polygon = next(line for line in ax.lines if line.get_label() == "node 3")
    assert np.hypot(*polygon.get_xydata().T) == pytest.approx([1, 1, 0.5, 1])
    assert polygon.get_xydata()[0] == pytest.approx([0, 1])


def test_a_radar_takes_the_twelve_features_that_differ_most():
    som = ksom.KohonenSOM(1, 3, initial=np.random.default_rng(0).random((1, 3, 30)))
    ax = drawn(som, node=0, draw=draw_radar)
    assert len(ax.texts) == 12
    assert ax.get_title().endswith("the 12 of 30 features that differ most")


def test_a_radar_of_two_features_is_refused(som):
    with pytest.raises(ParameterError, match=r"features must be three at least for a radar; bars .* take fewer"):
        drawn(som, node=0, features=[0, 1], draw=draw_radar)
