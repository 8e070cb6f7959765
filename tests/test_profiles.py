"""Profiles: sizes, means, effects and rules are what the samples say, in the table's own words."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

import ksom
from ksom.datasets import Table
from ksom.encoding import CATEGORY, CYCLE, Column, Encoding
from ksom.errors import ParameterError
from ksom.method.profiles import profiles
from ksom.method.rules import Condition, Question, Rules, questions, round_between

SAMPLES = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 5.0], [10.0, 6.0], [12.0, 5.0]])


@pytest.fixture
def two():
    som = ksom.KohonenSOM(1, 2, initial=[[[1.0, 5.5], [11.0, 5.5]]], dtype="float64")
    som.cluster(clusters=2)
    return som


def test_size_means_and_effects_are_those_of_the_samples(two):
    first, second = profiles(two, SAMPLES)
    assert (first.name, first.samples, first.share) == ("0", 3, 0.6)
    assert (second.name, second.samples, second.share) == ("1", 2, 0.4)
    assert first.means == pytest.approx({"feature 0": 1, "feature 1": 16 / 3})
    effect = (1 - 11) / SAMPLES[:, 0].std()
    assert first.effects["feature 0"] == pytest.approx(effect)
    assert second.effects["feature 0"] == pytest.approx(-effect)


def test_a_rule_is_checked_on_the_samples():
    samples = np.random.default_rng(0).random((300, 2)) * 4
    som = ksom.KohonenSOM(1, 2, initial=[[[1.0, 1.0], [3.0, 3.0]]], dtype="float64")
    som.cluster(clusters=2)
    for number, profile in enumerate(profiles(som, samples)):  # a diagonal border, which no rule follows
        holds = np.logical_and.reduce([part.holds(samples) for part in profile.rule])
        inside = som.best_matching_nodes(samples) == number
        assert profile.fits == pytest.approx(holds[inside].mean())
        assert profile.excludes == pytest.approx(1 - holds[~inside].mean())
        assert 0.6 < profile.fits < 1
        assert 0.6 < profile.excludes < 1


def test_without_samples_the_nodes_stand_for_those_that_they_won(two):
    two.calibrate(SAMPLES)
    found = profiles(two)
    assert (found.checked_on, found.samples) == ("nodes", 5)
    assert [profile.samples for profile in found] == [3, 2]
    assert found[0].means["feature 0"] == 1


def test_labels_have_profiles_too(two):
    two.label(SAMPLES, ["low", "low", "low", "high", "high"])
    high, low = profiles(two, SAMPLES, "labels")
    assert (high.name, high.samples, low.name, low.samples) == ("high", 2, "low", 3)
    assert profiles(two, SAMPLES, "labels").as_table().startswith("label high: 2 of 5 rows, 40.0%\n")


def test_iris_is_told_apart_as_everybody_knows():
    flowers = load_iris(as_frame=True)
    som = ksom.train(flowers.data, 8, 8, algorithm="batch", iterations=30, scaling="standard")
    som.label(flowers.data, np.array(flowers.target_names)[flowers.target])
    setosa, versicolor, virginica = profiles(som, flowers.data, "labels")
    assert setosa.rule_text == "petal length (cm) ≤ 2"
    assert (setosa.fits, setosa.excludes) == (1, 1)
    assert min(versicolor.fits, versicolor.excludes, virginica.fits, virginica.excludes) > 0.9


def test_categories_are_told_by_their_members_and_cycles_not_at_all():
    rng = np.random.default_rng(0)
    sex = np.repeat(["female", "male"], 60)
    frame = pd.DataFrame({"sex": sex, "hour": rng.random(120) * 24, "age": rng.random(120)})
    table = Table(frame, columns=["age", "hour"], categories=["sex"], cyclic={"hour": 24.0})
    som = ksom.train(table, 6, 6, algorithm="batch", iterations=20)
    som.label(frame, sex)
    for name, profile in zip(["female", "male"], profiles(som, frame, "labels"), strict=True):
        assert profile.name == name
        assert profile.rule_text in {f"sex = {name}", f"sex ≠ {'female' if name == 'male' else 'male'}"}
        assert (profile.fits, profile.excludes) == (1, 1)
        assert profile.means[f"sex={name}"] == pytest.approx(1)
    text = profiles(som, frame, "labels").as_table()
    assert "sex=female 100%" in text
    assert "hour" not in text


def test_a_missing_value_fits_no_condition_and_counts_in_no_mean():
    som = ksom.KohonenSOM(1, 2, initial=[[[1.0, 5.5], [11.0, 5.5]]], missing="keep")
    som.cluster(clusters=2)
    first, _ = profiles(som, [[0.0, np.nan], [np.nan, 5.0], [2.0, 6.0], [11.0, 5.0]])
    assert first.means == {"feature 0": 1, "feature 1": 5.5}
    assert first.fits == pytest.approx(2 / 3)


def test_one_cluster_has_no_rule_and_json_holds_it():
    som = ksom.KohonenSOM(1, 2, initial=[[[1.0], [2.0]]])
    som.cluster(clusters=1)
    found = profiles(som, [[1.0], [2.0]])
    assert found.as_table() == "cluster 0: 2 of 2 rows, 100.0%\n    all there are"
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))["profiles"][0]
    assert (told["rule"], told["fits"], told["excludes"]) == ("all samples", 1, None)


def test_names_that_would_steer_a_terminal_are_shown_as_written():
    som = ksom.KohonenSOM(1, 2, initial=[[[1.0], [2.0]]])
    som.name_features(("a\x1b[31m\nb",))
    som.cluster(clusters=2)
    assert len(profiles(som).as_table().splitlines()) == 6
    assert "\x1b" not in profiles(som).as_table()


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (
            "clusters",
            "of must be what the map knows; it has no clusters yet: som.cluster() or ksom cluster, got 'clusters'",
        ),
        ("labels", "of must be what the map knows; it has no labels yet: som.label(…) or ksom label, got 'labels'"),
        ("nodes", "of must be one of clusters, labels, got 'nodes'"),
    ],
)
def test_what_the_map_does_not_know_is_said(of, told):
    with pytest.raises(ParameterError) as caught:
        profiles(ksom.KohonenSOM(1, 2, initial=[[[1.0], [2.0]]]), of=of)
    assert str(caught.value) == told


@given(seed=st.integers(0, 999))
def test_the_first_condition_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    values, counts = rng.integers(0, 6, (20, 3)).astype(float), rng.integers(1, 4, 20).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    inside = rng.random(20) < 0.4
    inside[:2] = True, False

    def worth(holds):
        return (
            counts[inside & holds].sum() / counts[inside].sum() - counts[~inside & holds].sum() / counts[~inside].sum()
        )

    each = []
    for column in values.T:
        low, high = np.nanmin(column), np.nanmax(column)
        each += [worth(holds) for bound in np.arange(low, high) for holds in (column > bound, column <= bound)]
    rule = Rules(values, counts, questions(["a", "b", "c"], None)).rule(inside)
    found = worth(np.logical_and.reduce([np.ones(20, bool), *(part.holds(values) for part in rule)]))
    assert len(rule) <= 3
    assert found >= max(each) - 1e-12 if max(each, default=0) >= 0.05 else rule == ()


@given(low=st.floats(-1e6, 1e6), gap=st.floats(1e-6, 1e6))
def test_a_round_bound_lies_between(low, gap):
    assert low <= round_between(low, low + gap) < low + gap


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition(Question(0, "income"), 52000.0, True), "income > 52,000"),
        (Condition(Question(0, "visits"), 3.5, False), "visits ≤ 3.5"),
        (Condition(Question(0, "sex", "female"), 0.35, True), "sex = female"),
        (Condition(Question(0, "sex", "=1+1"), 0.35, False), "sex ≠ =1+1"),
    ],
)
def test_a_condition_in_words(condition, text):
    assert str(condition) == text


def test_questions_are_asked_of_numbers_and_members():
    columns = Column("hour", CYCLE, period=24.0), Column("sex", CATEGORY, ("f", "m"), has_other=True), Column("age")
    asked = [tuple(question) for question in questions((), Encoding(columns))]
    assert asked == [(2, "sex", "f"), (3, "sex", "m"), (4, "sex", "other"), (5, "age", None)]
