"""`check_dataset` finds what a data set of one's own does wrong, and nothing in one that is right."""

import numpy as np
import pytest

import ksom
from ksom.dataset import Dataset
from ksom.samples import BLOCK_ROWS
from ksom.testing import ContractError, check_dataset
from ksom.trainer import Trainer

POINTS = np.random.default_rng(0).random((5000, 3)).astype(np.float32)


class Right(Dataset):
    """Keeps to the contract; each of the others breaks it in one way."""

    features = 3

    def __init__(self):
        self.points = POINTS.copy()

    def __len__(self):
        return len(self.points)

    def rows(self, index):
        return self.points[index].copy()


class ReadOnly(Right):
    def rows(self, index):
        view = self.points[index]
        view.flags.writeable = False
        return view


class WithGaps(Right):
    def rows(self, index):
        rows = super().rows(index)
        rows[rows[:, 0] < 0.5, 0] = np.nan
        return rows


class Weighted(Right):
    def weights_of(self, index):
        return 1.0 + np.arange(len(self))[index]


class New(Right):
    def batch(self, iteration, *, batch_size=0, shuffle=False, seed=0):
        yield np.random.default_rng([seed, iteration]).random((100, 3))


@pytest.mark.parametrize("make", [Right, ReadOnly, WithGaps, Weighted, New])
def test_what_is_right_passes(make):
    check_dataset(make())


@pytest.mark.parametrize(
    "dataset",
    [Dataset(POINTS), Dataset(POINTS.astype(bool)), Dataset(POINTS, np.arange(5000)), ksom.RandomColors(1)],
    ids=["array", "booleans", "weights", "one"],
)
def test_ksoms_own_pass(dataset):
    check_dataset(dataset)


def test_rows_that_are_read_only_are_learned_from():
    for backend in ("numpy", "numba"):
        som = ksom.KohonenSOM(3, 3, backend=backend)
        Trainer(som, ReadOnly(), iterations=2).train()
        assert np.isfinite(som.weights).all()


class NoSize(Right):
    def __len__(self):
        return 0


class FeaturesOfText(Right):
    features = "3"


class TooFewNames(Right):
    feature_names = ("x", "y")


class TooFewLabels(Right):
    labels = np.array(["a"])


class OtherShape(Right):
    def rows(self, index):
        return self.points[index][:, :2].copy()


class Lists(Right):
    def rows(self, index):
        return self.points[index].astype(str)


class Infinite(Right):
    def rows(self, index):
        return np.where(self.points[index] > 0.99, np.inf, self.points[index])


class NothingKnown(Right):
    def rows(self, index):
        return np.where(self.points[index][:, :1] > 0.99, np.nan, self.points[index])


class SortsTheIndex(Right):
    def rows(self, index):
        return self.points[index if isinstance(index, slice) else np.sort(index)].copy()


class OffByOne(Right):
    def rows(self, index):
        return self.points[index if isinstance(index, slice) else (index + 1) % len(self)].copy()


class Noisy(Right):
    def rows(self, index):
        return self.points[index] + np.random.default_rng().random(3)


class CountsCalls(Right):
    calls = 0

    def rows(self, index):
        self.calls += 1
        return self.points[index] + (self.calls > 105)


class TwoTypes(Right):
    def rows(self, index):
        return self.points[index].astype(np.float32 if isinstance(index, slice) else np.float64)


class View(Right):
    def rows(self, index):
        return self.points[index]


class OneArrayForAll(Right):
    kept = None

    def rows(self, index):
        if self.kept is None:
            self.kept = self.points.copy()
        return self.kept[index]


class WeightsOfZero(Right):
    def weights_of(self, index):
        return np.zeros(len(self))[index]


class TooFewWeights(Right):
    def weights_of(self, index):
        return np.ones(1)


class OtherWeights(Right):
    def weights_of(self, index):
        return np.ones(len(self))[index] if isinstance(index, slice) else np.full(len(index), 2.0)


class DrawsAnew(Right):
    def batch(self, iteration, *, batch_size=0, shuffle=False, seed=0):
        yield np.random.default_rng().random((100, 3))


class OneBlock(Right):
    def batch(self, iteration, *, batch_size=0, shuffle=False, seed=0):
        yield np.zeros((BLOCK_ROWS + 1, 3))


class NoBlock(Right):
    def batch(self, iteration, *, batch_size=0, shuffle=False, seed=0):
        return []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (NoSize, r"len\(dataset\) must be an integer of at least 1, got 0"),
        (FeaturesOfText, "features must be an integer of at least 1, got '3'"),
        (TooFewNames, "feature_names must be one for each of the 3 features, or None, got 2; give all of them"),
        (TooFewLabels, "labels must be one for each of the 5000 samples, or None, got 1"),
        (
            OtherShape,
            r"rows\(0:4096\) must be numbers of the shape \(4096, 3\), one row a sample, got float32",
        ),
        (Lists, r"must be numbers of the shape \(4096, 3\), one row a sample, got <U32"),
        (Infinite, r"row \d+, column \d is inf; drop or fill it"),
        (NothingKnown, r"row \d+ has no value at all; leave it out"),
        (SortsTheIndex, r"rows\(index\) must be the samples at `index` in its order, repeated ones too"),
        (OffByOne, r"rows\(slice\(0, 4096\)\) must equal rows\(numpy.arange\(4096\)\), but differs; take an index as"),
        (Noisy, r"must equal rows\(numpy.arange"),
        (CountsCalls, r"rows\(index\) must depend on `index` only, but was another when asked again; draw from"),
        (TwoTypes, r"rows must always be of one type, got float32 and float64; return rows.astype"),
        (View, r"rows must be a copy, or read-only: the data changed when a returned array was written to; return r"),
        (OneArrayForAll, "rows must be a copy, or read-only"),
        (WeightsOfZero, "weights_of must be above 0; leave samples of weight 0 out"),
        (TooFewWeights, "the weights must be one number for each of the 4096 samples"),
        (OtherWeights, r"weights_of\(slice\(0, 4096\)\) must equal weights_of\(numpy.arange"),
        (DrawsAnew, r"batch\(iteration, …\) must depend on its arguments only, but was another when asked again; make"),
        (
            OneBlock,
            r"the blocks of a batch must have the shape \(1 to 4096, 3\), got \(4097, 3\); yield smaller",
        ),
        (NoBlock, "a batch must show at least one sample"),
        (list, "dataset list: a data set must be an object of a subclass of ksom.Dataset"),
    ],
)
def test_what_is_wrong_is_told(make, message):
    with pytest.raises(ContractError, match=message):
        check_dataset(make())


def test_a_fault_fails_a_test_as_an_assertion_does_and_leaves_the_data_alone():
    dataset = View()
    with pytest.raises(AssertionError):
        check_dataset(dataset)
    np.testing.assert_array_equal(dataset.points, POINTS)
