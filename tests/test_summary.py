"""What one look at the data tells is joined from parts, the same bits whoever reads them."""

import hashlib
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from scipy import sparse

from ksom.compute.here import Here
from ksom.compute.on_executor import OnExecutor
from ksom.dataset import Dataset
from ksom.datasets.arrays import Array
from ksom.errors import DataError
from ksom.feed import Feed
from ksom.kernels.node_sums import PART_ROWS
from ksom.kohonensom_model import KohonenSOM
from ksom.part_summary import Asked, Reading
from ksom.samples import BLOCK_ROWS
from ksom.summary import summarise
from ksom.trainer import Trainer

ROWS = 2 * PART_ROWS + 5000
ALL = {"with_moments": True, "with_log_moments": True}
WEIGHTS = np.random.default_rng(1).random(ROWS) + 0.5


@pytest.fixture(scope="module")
def samples():
    values = np.random.default_rng(0).normal(7, 3, (ROWS, 3)).astype(np.float32)
    values[-1, 0], values[3, 1] = 1000, -1000
    return values


def gappy(values):
    gaps = values.copy()
    gaps[::7, 1] = np.nan
    return gaps


KINDS = {
    "dense": (lambda values: Dataset(values), {"with_quantiles": True}),
    "gaps": (lambda values: Dataset(gappy(values)), {"keep_missing": True, "with_quantiles": True}),
    "weights": (lambda values: Dataset(values, WEIGHTS), {"with_quantiles": True}),
    "sparse": (lambda values: Dataset(sparse.csr_matrix(np.maximum(values - 9, 0))), {}),
}


def bits(summary):
    """Return all that is told, to the bit."""
    some = summary.some
    return pickle.dumps(
        [
            None if held is None else np.asarray(held).tobytes()
            for held in (*summary[:5], *summary[7:9], *(() if some is None else (some.values, some.weights)))
        ]
        + [summary.digest, summary.mean_weight]
    )


@pytest.fixture(scope="module", params=[1, 2, 3])
def processes(request):
    with ProcessPoolExecutor(request.param, multiprocessing.get_context("spawn")) as pool:
        with closing(OnExecutor(pool)) as compute:
            yield compute


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as pool, closing(OnExecutor(pool)) as compute:
        yield compute


@pytest.mark.parametrize("kind", KINDS)
def test_processes_tell_the_same_bits(samples, processes, kind):
    made, how = KINDS[kind]
    here = summarise(made(samples), **ALL, **how)
    assert bits(summarise(made(samples), **ALL, **how, compute=processes)) == bits(here)
    assert bits(summarise(made(samples), **ALL, **how, compute=Here())) == bits(here)


@pytest.mark.parametrize("start_seconds", [1e-9, 1e9])
def test_workers_that_must_be_started_tell_the_same_bits(samples, threads, start_seconds):
    threads.start_seconds = start_seconds
    assert bits(summarise(Dataset(samples), compute=threads)) == bits(summarise(Dataset(samples)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_together_tell_what_numpy_does(samples, kind):
    made, how = KINDS[kind]
    dataset = made(samples)
    summary = summarise(dataset, **ALL, **how)
    values = dataset.rows(slice(None))
    values = values.compact.in_full() if hasattr(values, "compact") and hasattr(values.compact, "in_full") else values
    if kind == "sparse":
        values = np.maximum(samples - 9, 0)
    values = np.ma.masked_invalid(values.astype(np.float64))
    weights = WEIGHTS if kind == "weights" else None
    mean = np.ma.average(values, axis=0, weights=weights)
    logs = np.sign(values) * np.log1p(abs(values))
    np.testing.assert_array_equal(summary.low, values.min(axis=0))
    np.testing.assert_array_equal(summary.high, values.max(axis=0))
    np.testing.assert_array_equal(summary.missing, np.ma.getmaskarray(values).sum(axis=0))
    np.testing.assert_allclose(summary.mean, mean, rtol=1e-10)
    deviation = np.sqrt(np.ma.average((values - mean) ** 2, axis=0, weights=weights))
    np.testing.assert_allclose(summary.deviation, deviation, rtol=1e-10)
    np.testing.assert_allclose(summary.log_mean, np.ma.average(logs, axis=0, weights=weights), rtol=1e-6)
    assert summary.mean_weight == (pytest.approx(WEIGHTS.mean()) if kind == "weights" else None)


def test_rows_for_quantiles_are_rows_of_the_data_with_their_weights(samples):
    numbered = np.arange(ROWS, dtype=np.float64)[:, np.newaxis]
    some = summarise(Dataset(numbered, WEIGHTS), with_quantiles=True).some
    rows = some.values[:-2, 0]
    assert len(rows) == PART_ROWS
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(some.weights[:-2], WEIGHTS[rows.astype(int)])


def hashed(values, rows):
    digest = hashlib.sha256(f"{rows} x {values.shape[1]}".encode())
    for start in range(0, len(values), BLOCK_ROWS):
        digest.update(values.dtype.str.encode() + values[start : start + BLOCK_ROWS].tobytes())
    return digest


@pytest.mark.parametrize("rows", [1, BLOCK_ROWS + 1, PART_ROWS])
def test_up_to_one_part_the_digest_is_that_of_the_samples(samples, rows):
    some = samples[:rows]
    assert summarise(Dataset(some)).digest == hashed(some, rows).hexdigest()


def test_of_more_the_digest_is_that_of_the_digests_of_the_parts_in_order(samples):
    parts = [hashed(samples[start : start + PART_ROWS], ROWS).digest() for start in range(0, ROWS, PART_ROWS)]
    whole = hashlib.sha256(f"{ROWS} x 3".encode() + b"".join(parts))
    assert summarise(Dataset(samples)).digest == whole.hexdigest()


@pytest.mark.parametrize("row", [0, PART_ROWS - 1, PART_ROWS, ROWS - 1])
def test_a_change_of_any_row_changes_the_digest(samples, row):
    changed = samples.copy()
    changed[row, 2] += 1
    assert summarise(Dataset(changed)).digest != summarise(Dataset(samples)).digest


class InPieces(Dataset):
    """Blocks of its own, some of which lie in two parts."""

    def blocks(self):
        yield from np.array_split(self.samples, 7)


def test_a_data_set_with_blocks_of_its_own_is_read_here(samples):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()  # whoever asks it for anything fails
    there = summarise(InPieces(samples), compute=OnExecutor(pool))
    here = summarise(Dataset(samples))
    np.testing.assert_array_equal(there.low, here.low)
    np.testing.assert_allclose(there.deviation, here.deviation, rtol=1e-10)


@pytest.mark.parametrize("row", [5, PART_ROWS, ROWS - 1])
@pytest.mark.parametrize("is_here", [True, False])
def test_a_value_that_cannot_be_learned_from_is_told_by_its_row(samples, threads, row, is_here):
    wrong = samples.copy()
    wrong[row, 1] = np.inf
    told = rf"^dataset Dataset: row {row}, column 1 is inf; drop or fill it before training$"
    with pytest.raises(DataError, match=told):
        summarise(Dataset(wrong), compute=None if is_here else threads)


class HalfWeighted(Dataset):
    """Weights from the second part on."""

    def weights_of(self, index):
        rows = np.arange(len(self))[index]
        return np.ones(len(rows)) if rows[0] >= PART_ROWS else None


def test_weights_of_some_parts_only_are_refused(samples):
    with pytest.raises(DataError, match="some of its samples have weights, others none; give all of them one"):
        summarise(HalfWeighted(samples))


def test_a_feature_without_any_value_is_refused(samples):
    gaps = samples.copy()
    gaps[:, 2] = np.nan
    with pytest.raises(DataError, match="^dataset Dataset: feature 2 has no value at all; leave it out$"):
        summarise(Dataset(gaps), keep_missing=True)


@pytest.mark.parametrize("is_here", [True, False])
def test_it_is_told_how_far_the_look_is(samples, threads, is_here):
    told = []
    compute = None if is_here else threads
    Feed(Dataset(samples), compute=compute, told=lambda rows, of: told.append((rows, of)))
    assert told == sorted(told)
    assert told[-1] == (ROWS, ROWS)
    assert len(set(told)) >= 3


def test_a_part_is_small_to_send(samples):
    reading = Reading(Dataset(samples), Asked(), "here")
    assert len(pickle.dumps(reading.ended())) < 5000


# What was kept


@pytest.fixture
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("KSOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ksom.kept_summaries.SMALL", 1)
    monkeypatch.setattr("ksom.kept_summaries.SETTLED_SECONDS", -1.0)
    np.save(tmp_path / "data.npy", np.arange(40.0).reshape(10, 4))
    return tmp_path


def entries(folder):
    return sorted((folder / "cache/summaries").glob("*"))


def reads(dataset, **how):
    """Return whether a look at the data reads them, and what it tells."""
    told = []
    summary = summarise(dataset, told=lambda *rows: told.append(rows), **how)
    return bool(told), summary


HOWS = [{}, {"with_quantiles": True}, {"with_log_moments": True}, {"with_moments": False}, {"keep_missing": True}]


@pytest.mark.parametrize("how", HOWS)
def test_a_file_that_has_not_changed_is_not_read_again(cached, how):
    first, before = reads(Array(cached / "data.npy"), **how)
    again, after = reads(Array(cached / "data.npy"), **how)
    assert (first, again) == (True, False)
    assert bits(before) == bits(after)


def test_what_was_not_asked_before_is_read_for(cached):
    assert all(reads(Array(cached / "data.npy"), **how)[0] for how in HOWS)


def rewritten(path):
    np.save(path, np.arange(40.0).reshape(10, 4) + 1)


def restored(path):
    """The same size, the same time of the last writing."""
    before = path.stat()
    rewritten(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [rewritten, restored])
def test_a_file_that_has_changed_is_read_again(cached, change):
    summarise(Array(cached / "data.npy"))
    change(cached / "data.npy")
    is_read, summary = reads(Array(cached / "data.npy"))
    assert is_read
    assert summary.low.tolist() == [1, 2, 3, 4]


def test_weights_in_memory_belong_to_what_is_kept(cached):
    mapped = np.load(cached / "data.npy", mmap_mode="r")
    for weights, is_new in ((np.ones(10), True), (np.full(10, 2.0), True), (np.ones(10), False)):
        assert reads(Dataset(mapped, weights))[0] is is_new


class Doubling(Array):
    """Who knows what it reads."""

    def rows(self, index):
        return 2 * super().rows(index)


@pytest.mark.parametrize("kind", ["memory", "class", "fresh", "small"])
def test_nothing_is_kept_of(cached, kind, monkeypatch):
    if kind == "fresh":
        monkeypatch.setattr("ksom.kept_summaries.SETTLED_SECONDS", 1000.0)
    if kind == "small":
        monkeypatch.setattr("ksom.kept_summaries.SMALL", 2**26)
    path = cached / "data.npy"
    made = {"memory": lambda: Dataset(np.load(path)), "class": lambda: Doubling(path)}.get(kind, lambda: Array(path))
    assert [reads(made())[0] for _ in range(2)] == [True, True]
    assert not entries(cached)


def cut(content):
    return content[:-5]


def flipped(content):
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize("damage", [cut, flipped, lambda _: b"", lambda _: pickle.dumps({"low": 0})])
def test_what_is_damaged_is_made_again(cached, damage):
    before = summarise(Array(cached / "data.npy"))
    (entry,) = entries(cached)
    entry.write_bytes(damage(entry.read_bytes()))
    is_read, summary = reads(Array(cached / "data.npy"))
    assert is_read
    assert bits(summary) == bits(before)
    assert not reads(Array(cached / "data.npy"))[0]


def test_what_another_version_kept_is_made_again(cached, monkeypatch):
    summarise(Array(cached / "data.npy"))
    monkeypatch.setattr("ksom.kept_summaries.FORMAT", 99)
    assert reads(Array(cached / "data.npy"))[0]


def test_what_was_not_used_for_longest_goes(cached, monkeypatch):
    summarise(Array(cached / "data.npy"))
    monkeypatch.setattr("ksom.kept_summaries.LARGEST", 1)
    summarise(Array(cached / "data.npy"), with_moments=False)
    assert not entries(cached)


def test_a_folder_that_cannot_be_written_to_is_no_failure(cached):
    (cached / "cache").write_text("no folder")
    assert reads(Array(cached / "data.npy"))[0]


@pytest.mark.parametrize("name", ["parts", "data.npy"])
def test_a_training_from_what_was_kept_has_the_same_bits(cached, name):
    (cached / "parts").mkdir()
    np.save(cached / "parts/1.npy", np.arange(40.0).reshape(10, 4))
    np.save(cached / "parts/2.npy", np.arange(40.0).reshape(10, 4) + 3)
    weights = []
    for _ in range(2):
        som = KohonenSOM(3, 3, scaling="standard")
        Trainer(som, Array(cached / name), iterations=2, hold_out=0.2).train()
        weights.append(som.weights.tobytes())
    assert weights[0] == weights[1]
    assert entries(cached)
