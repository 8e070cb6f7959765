"""One walk over the samples: in whatever pieces, without an array of all of them, with the row that is wrong."""

import tracemalloc

import numpy as np
import pytest

import ksom
from ksom.errors import DataError, NotTrained, ParameterError
from ksom.evaluation import evaluate
from ksom.method import matches as module
from ksom.method.matches import Matches, counted, matches, walk


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(module, "WALK_BYTES", 7 * 3 * 8)


def made(rng, **how):
    return ksom.KohonenSOM(4, 5, initial=rng.random((4, 5, 3)), dtype="float64", **how)


def test_pairs_and_counts_are_those_of_the_samples():
    rng = np.random.default_rng(0)
    som, samples = made(rng), rng.random((200, 3))
    found = matches(som, samples)
    pairs, counts = np.unique(som.best_matching_nodes(samples, 2), axis=0, return_counts=True)
    np.testing.assert_array_equal(found.pairs, pairs)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.hits, np.bincount(som.best_matching_nodes(samples), minlength=20))


def test_keys_are_counted_over_several_pieces():
    rng = np.random.default_rng(0)
    pieces = [rng.integers(0, 9, size=size) for size in (5, 0, 30)]
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for piece in pieces:
        keys, counts = counted(keys, counts, piece)
    expected = np.unique(np.concatenate(pieces), return_counts=True)
    np.testing.assert_array_equal([keys, counts], expected)


@pytest.mark.parametrize("kind", ["array", "data set"])
def test_the_pieces_change_no_measure(kind, monkeypatch):
    rng = np.random.default_rng(1)
    som, samples = made(rng), rng.random((50, 3))
    whole = evaluate(som, samples, np.arange(50) % 3)
    monkeypatch.setattr(module, "WALK_BYTES", 7 * 3 * 8)
    given = samples if kind == "array" else ksom.Dataset(samples)
    assert len(list(walk(som, given, 1))) == 8
    for one, other in zip(whole.measures, evaluate(som, given, np.arange(50) % 3).measures, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-12)
        assert other.meaning == one.meaning


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(("kind", "where"), [("array", "samples"), ("data set", "dataset Dataset")])
def test_a_value_that_is_missing_is_named_by_its_row(kind, where):
    rng = np.random.default_rng(0)
    samples = rng.random((30, 3))
    samples[23, 1] = np.nan
    given = samples if kind == "array" else ksom.Dataset(samples)
    with pytest.raises(DataError, match=f"^{where}: row 23, column 1 is nan"):
        matches(made(rng), given)


class Streamed(ksom.Dataset):
    """200,000 samples, made when they are asked for."""

    features = 8

    def __init__(self):
        pass

    def __len__(self):
        return 200_000

    def rows(self, index):
        index = np.arange(len(self))[index]
        return np.cos(index[:, np.newaxis] * np.arange(1.0, 9.0))


def test_no_array_of_all_samples_or_of_all_nodes_by_all_nodes_is_made():
    """The samples would take 13 MB, their distances to the nodes 4 GB, those of the nodes to each other 50 MB."""
    som = ksom.KohonenSOM(50, 50, initial=np.random.default_rng(0).normal(size=(50, 50, 8)), backend="numba")
    samples = Streamed()
    evaluate(som, samples.rows(slice(0, 100)))  # what is compiled and imported stays
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WALK_BYTES", 2**21)
        tracemalloc.start()
        try:
            found = Matches(som.lattice)
            for some in walk(som, samples, 2):
                found.add(some)
            assert found.samples == 200_000
            assert tracemalloc.get_traced_memory()[1] < 40e6
            tracemalloc.reset_peak()
            ksom.topographic_product(som)
            assert tracemalloc.get_traced_memory()[1] < 130e6
        finally:
            tracemalloc.stop()


def test_a_data_set_without_samples_is_refused():
    class Nothing(Streamed):
        def __len__(self):
            return 0

    with pytest.raises(DataError, match="dataset Nothing must have at least one sample"):
        evaluate(ksom.KohonenSOM(1, 2, initial=np.zeros((1, 2, 8))), Nothing())


@pytest.mark.parametrize(
    "measure",
    [matches, evaluate, ksom.explained_variance, ksom.kaski_lagus, ksom.trustworthiness, ksom.distortion],
    ids=lambda measure: measure.__name__,
)
def test_only_a_map_with_weights_is_measured(measure):
    with pytest.raises(ParameterError, match="som must be a KohonenSOM, the samples come after it, got"):
        measure(np.eye(12), ksom.KohonenSOM(2, 2))
    with pytest.raises(NotTrained, match="no weights yet"):
        measure(ksom.KohonenSOM(2, 2), np.eye(12))
