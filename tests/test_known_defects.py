"""Defects that packages of this field have had, one by one: none of them is here."""

import numpy as np
import pytest

import ksom
from ksom import Batch, Dataset, Hexagonal, KohonenSOM, Online, Trainer, quantization_error, topographic_error, train
from ksom.errors import KsomError, ParameterError
from ksom.method.lattice import neighbours
from ksom.method.neighbourhood import NEIGHBOURHOODS
from ksom.method.schedules import SCHEDULES
from ksom.sklearn import SOMClassifier

CHANCE = np.random.default_rng(0)
SAMPLES = CHANCE.normal(size=(60, 3))


def test_a_node_whose_neighbourhood_wins_nothing_is_not_wiped():
    weights = np.concatenate([np.zeros((1, 1, 3)), np.full((1, 29, 3), 9.0)], axis=1)
    som = KohonenSOM(1, 30, initial=weights, dtype="float64")
    Trainer(som, SAMPLES, algorithm=Batch(sigma=0.1), iterations=1).train()
    np.testing.assert_array_equal(som.weights[0, 10:], weights[0, 10:])


@pytest.mark.parametrize(("batch_size", "shown"), [(0, 7 * 60), (1, 7), (25, 25 + 25 + 10 + 25 + 25 + 10 + 25)])
def test_iterations_count_batches_however_many_samples_there_are(batch_size, shown):
    counted = []

    class Counting(Online):
        def train(self, som, feed, begun, stop, pace):
            for t in range(begun.iteration, stop):
                counted.extend(row for block in feed.batch(t) for row in block.values)
            return iter(())

    Trainer(KohonenSOM(2, 2), SAMPLES, algorithm=Counting(), iterations=7, batch_size=batch_size).train()
    assert len(counted) == shown


def test_first_weights_may_be_more_than_the_samples_they_are_drawn_from():
    assert train(SAMPLES[:5], 10, 10, initial="samples", iterations=1).weights.shape == (10, 10, 3)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("algorithm", [Online, Batch])
def test_sigma_never_comes_near_zero_by_default(algorithm, name):
    made = algorithm(sigma=name)
    made.prepare(KohonenSOM(8, 8), 50)
    assert min(made.parameters(t)["sigma"] for t in range(50)) >= 0.69


@pytest.mark.parametrize(("name", "end"), [("linear", 0.5), ("geometric", 0.5)])
def test_the_last_iteration_has_the_end_of_sigma_and_of_the_learning_rate(name, end):
    made = Online(sigma=SCHEDULES[name](4.0, end), learning_rate=SCHEDULES[name](0.5, 0.02))
    made.prepare(KohonenSOM(8, 8), 50)
    assert made.parameters(49) == pytest.approx({"sigma": end, "learning_rate": 0.02}, rel=1e-15)


def test_nobody_touches_numpy_s_own_random_numbers():
    np.random.seed(1)  # noqa: NPY002  it is what must stay as it is
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    train(SAMPLES, 4, 4, initial="random", iterations=3, shuffle=True, seed=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("backend", ["numpy", "numba", "jax"])
def test_best_matching_nodes_are_right_a_billion_away_from_the_origin(backend):
    weights, samples = 1e9 + CHANCE.normal(size=(20, 20, 8)), 1e9 + CHANCE.normal(size=(500, 8))
    nodes = KohonenSOM(20, 20, initial=weights, dtype="float64", backend=backend).best_matching_nodes(samples)
    nearest = ((samples[:, np.newaxis] - weights.reshape(400, 8)) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nodes, nearest)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5, np.nan, np.inf])
def test_a_learning_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(ParameterError, match="learning_rate"):
        train(SAMPLES, 3, 3, algorithm="online", learning_rate=rate)


def test_the_quantization_error_is_a_mean_of_roots_of_squares():
    som = KohonenSOM(1, 1, initial=[[[0.0, 0.0]]])
    assert quantization_error(som, [[3.0, 4.0], [0.0, 1.0]]) == 3.0


def test_the_quantization_error_follows_the_distance_of_the_map():
    som = KohonenSOM(1, 1, initial=[[[0.0, 0.0]]], distance="manhattan")
    assert quantization_error(som, [[3.0, 4.0], [0.0, 1.0]]) == 4.0


def test_diagonal_nodes_of_a_rectangular_map_are_neighbours():
    som = KohonenSOM(2, 2, initial=[[[0.0], [9.0]], [[-9.0], [1.0]]])
    assert topographic_error(som, [[0.4]]) == 0.0


def test_weights_are_not_rounded_on_the_way():
    som = train(SAMPLES, 4, 4, dtype="float64", iterations=5)
    assert np.all(som.weights != np.round(som.weights, 12))


@pytest.mark.parametrize("algorithm", ["online", "batch"])
def test_a_training_takes_nothing_over_from_the_one_before(algorithm):
    def again():
        return train(SAMPLES, 4, 4, algorithm=algorithm, iterations=5, shuffle=True).weights.tobytes()

    first = again()
    train(SAMPLES * 2, 4, 4, algorithm=algorithm, iterations=3, seed=9)
    assert again() == first


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_does_not_spread_in_silence(value):
    samples = SAMPLES.copy()
    samples[7, 1] = value
    with pytest.raises(KsomError, match="row 7, column 1"):
        train(samples, 3, 3)


def test_measures_hold_no_array_of_samples_by_nodes():
    import tracemalloc

    som = KohonenSOM(100, 100, initial=CHANCE.normal(size=(100, 100, 2)))
    samples = CHANCE.normal(size=(5000, 2))
    topographic_error(som, samples)
    tracemalloc.start()
    topographic_error(som, samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 10_000 * 4 / 4


def test_first_weights_along_the_principal_axes_make_a_sheet_and_not_a_line():
    sheet = KohonenSOM(5, 6, initial="pca", dtype="float64")
    Trainer(sheet, SAMPLES, iterations=1)
    flat = sheet.weights.reshape(30, 3)
    assert np.linalg.matrix_rank(flat - flat.mean(axis=0), tol=1e-9) == 2


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_principal_axes_are_right_far_from_the_origin(offset):
    around = Dataset(SAMPLES * [3.0, 2.0, 1.0] + offset)
    som = KohonenSOM(5, 6, initial="pca", dtype="float64")
    Trainer(som, around, iterations=1)
    covariance = np.cov((around.samples - offset).T, bias=True)
    along = som.weights[2, -1] - som.weights[2, 0]
    np.testing.assert_allclose(covariance @ along, np.linalg.eigvalsh(covariance)[-1] * along, rtol=1e-6)


def test_the_sides_of_a_map_are_as_the_roots_of_the_variances():
    plate = np.stack(np.meshgrid(np.linspace(0, 2, 40), np.linspace(0, 1, 40)), axis=-1).reshape(-1, 2)
    som = train(plate, height="auto", width="auto", iterations=1)
    assert som.width / som.height == pytest.approx(2, rel=0.1)  # that of the variances is 4


@pytest.mark.parametrize("row", [1, 2])
def test_a_hexagonal_node_has_its_six_neighbours_whether_its_row_is_odd_or_even(row):
    lattice = Hexagonal(4, 4)
    others = [(row, 1), (row, 3), (row - 1, 1 + row % 2), (row - 1, 2 + row % 2), (row + 1, 1 + row % 2)]
    expected = {4 * r + c for r, c in [*others, (row + 1, 2 + row % 2)]}
    assert set(neighbours(lattice)[4 * row + 2].tolist()) - {-1} == expected


def test_the_class_of_a_node_is_a_class_and_not_the_number_of_its_votes():
    kinds = np.array([70, 70, 5])
    assert SOMClassifier(1, 1).fit([[0.0], [0.1], [0.2]], kinds).predict([[0.0]]).tolist() == [70]
    assert KohonenSOM(1, 1, initial=[[[0.0]]]).label([[0.0], [0.1], [0.2]], kinds).tolist() == [["70"]]


def test_how_large_an_error_is_can_be_told_without_units():
    metres, millimetres = (ksom.evaluate(train(SAMPLES * unit, 4, 4), SAMPLES * unit) for unit in (1, 1000))
    assert metres["explained_variance"] == pytest.approx(millimetres["explained_variance"], rel=1e-3)
    assert millimetres["quantization_error"] > 500 * metres["quantization_error"]


@pytest.mark.parametrize(
    ("name", "squared", "factor"),
    [("bubble", 4.0, 1.0), ("bubble", 4.01, 0.0), ("mexican_hat", 4.0, 0.0), ("mexican_hat", 8.0, -np.exp(-1.0))],
)
def test_bubble_and_mexican_hat_are_what_their_formulas_say(name, squared, factor):
    of = NEIGHBOURHOODS[name]().of(np.array([squared]), np.array([2.0]))
    np.testing.assert_allclose(of, [factor], atol=1e-15)


@pytest.mark.parametrize("hold_out", [0, 0.2])
def test_oddities_among_the_training_samples_do_not_hide_later_ones(hold_out):
    usual, chance = np.concatenate([SAMPLES] * 10), np.random.default_rng(1)
    usual = usual + 0.1 * chance.normal(size=usual.shape)
    odd, later = 20 * chance.normal(size=(5, 3)), [[9.0, 9.0, -9.0], [-9.0, 9.0, 9.0]]
    som = train(np.concatenate([usual, odd]), 5, 5, iterations=20, hold_out=hold_out)
    _, distances = som.best_matching_nodes([*odd, *later], return_distances=True)
    assert distances[5:].max() < distances[:5].max()  # the largest distance in training would let them through
    assert som.is_novel(later).all()
    assert som.is_novel(usual).mean() < 0.03
