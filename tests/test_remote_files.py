"""Files with addresses: no more is read than is needed, what changes is refused, every trouble is one line."""

import io
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ksom
from ksom.compute.compute import results
from ksom.compute.on_executor import OnExecutor
from ksom.compute.shipment import Shipment, shipped
from ksom.datasets import Array, Images, Table, Windows
from ksom.errors import DataError, KsomError, StoreAway
from ksom.remote_files import BLOCK, is_address
from tests.store import Store, serving

ROWS, FEATURES = 60_000, 50  # 12 MB: more than is read at a time


def numbers(rows: int = ROWS, features: int = FEATURES) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, features)).astype(np.float32)


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def parquet(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    columns = {f"c{number}": values[:, number] for number in range(values.shape[1])}
    pq.write_table(pa.table(columns), file, row_group_size=10_000, compression="none", use_dictionary=False)
    return file.getvalue()


@pytest.fixture
def store() -> Iterator[Store]:
    with serving() as there:
        there.files = {"x.npy": npy(numbers()), "t.parquet": parquet(numbers())}
        yield there


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSOM_CACHE", str(tmp_path / "cache"))


def message(task: Callable[..., Any], *given: Any, kind: type[KsomError] = DataError) -> str:
    with pytest.raises(kind) as caught:
        task(*given)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def whole(dataset: Any) -> np.ndarray:
    return np.concatenate(list(dataset.blocks()))


def test_a_walk_through_an_array_asks_for_megabytes_at_a_time(store: Store) -> None:
    there = Array(store.address("x.npy"))
    store.ranges.clear()
    assert (whole(there) == numbers()).all()
    assert len(store.ranges) <= 2 + 2 * ROWS * FEATURES * 4 // BLOCK


@pytest.mark.parametrize("index", [slice(5, 90), slice(50_000, None), slice(7, 7), slice(0, 900, 9), slice(-3, None)])
def test_rows_are_those_of_the_array(store: Store, index: slice) -> None:
    assert (Array(store.address("x.npy")).rows(index) == numbers()[index]).all()


def test_rows_here_and_there_are_those_of_the_array_in_their_order(store: Store) -> None:
    there = Array(store.address("x.npy"))
    store.ranges.clear()
    rows = np.array([59_999, 3, 3, 20_000, 4, 30_000])
    assert (there.rows(rows) == numbers()[rows]).all()
    assert sum(last + 1 - first for first, last in store.ranges) == 5 * FEATURES * 4


def test_a_piece_reads_no_more_than_a_block_beyond_itself(store: Store) -> None:
    there = Array(store.address("x.npy"))
    store.ranges.clear()
    list(there.piece(0, 50_000, 50_100))
    assert sum(last + 1 - first for first, last in store.ranges) <= BLOCK
    assert min(first for first, _ in store.ranges) >= 50_000 * FEATURES * 4


def test_several_addresses_and_paths_are_one_array(store: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", numbers(100))
    several = Array([store.address("x.npy"), str(tmp_path / "y.npy")])
    assert (whole(several) == np.concatenate([numbers(), numbers(100)])).all()
    assert several.place(ROWS - 1) == f"row {ROWS - 1} of {store.address('x.npy')}"


def test_a_pattern_of_addresses_is_one_array() -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    for name in ("b", "a"):
        files.pipe(f"/many/{name}.npy", npy(np.full((5, 2), ord(name))))
    assert whole(Array("memory://many/*.npy"))[:, 0].tolist() == [97] * 5 + [98] * 5
    assert message(Array, "memory://many/*.npz") == "memory://many/*.npz: no file fits this pattern"


def test_weights_may_have_an_address(store: Store) -> None:
    drawn = np.random.default_rng(2).integers(0, 2, ROWS)
    store.files["w.npy"] = npy(drawn)
    there = Array(store.address("x.npy"), weights_path=store.address("w.npy"))
    assert len(there) == drawn.sum()
    assert (there.rows(slice(0, 9)) == numbers()[drawn > 0][:9]).all()


def test_a_map_learns_the_same_from_an_address(store: Store) -> None:
    how = {"height": 3, "width": 3, "algorithm": "batch", "iterations": 2, "seed": 1}
    here = ksom.train(numbers(), **how)
    for there in (Array(store.address("x.npy")), Table(store.address("t.parquet"))):
        assert ksom.train(there, **how).weights.tobytes() == here.weights.tobytes()


def test_a_table_reads_the_columns_that_are_asked_for(store: Store) -> None:
    there = Table(store.address("t.parquet"), columns=["c3", "c7"])
    assert (whole(there) == numbers()[:, [3, 7]]).all()
    read = sum(last + 1 - first for first, last in store.ranges)
    assert read < 0.25 * len(store.files["t.parquet"])
    assert len(store.ranges) < 60


def test_a_table_with_an_address_is_read_once(store: Store) -> None:
    first = Table(store.address("t.parquet"))
    store.ranges.clear()
    again = Table(store.address("t.parquet"))
    assert (whole(first) == whole(again)).all()
    assert sum(last + 1 - first for first, last in store.ranges) < 10**6
    store.tag, store.files["t.parquet"] = "second", parquet(numbers() + 1)
    assert (whole(Table(store.address("t.parquet"))) == numbers() + 1).all()


@pytest.mark.parametrize("index", [slice(40_000, None), np.array([1, 59_000])])
def test_a_file_that_changes_in_its_store_is_refused(store: Store, index: Any) -> None:
    there = Array(store.address("x.npy"))
    store.tag = "second"
    told = "is not any more what it was when it was first read: it was written to, or replaced"
    assert message(there.rows, index).startswith(f"{store.address('x.npy')}: {told}")


@pytest.mark.parametrize(("status", "kind", "told"), [
    (404, DataError, "there is no such file"),
    (403, DataError, "may not be read; credentials are looked for where the store's own tools do"),
    (401, DataError, "may not be read; credentials are looked for where the store's own tools do"),
    (500, StoreAway, "its store does not answer as it should now"),
    (503, StoreAway, "its store does not answer as it should now"),
    (429, StoreAway, "its store does not answer as it should now"),
])  # fmt: skip
def test_trouble_that_may_pass_is_told_from_trouble_that_will_not(
    store: Store, status: int, kind: type[KsomError], told: str
) -> None:
    there = Array(store.address("x.npy"))
    store.status = status
    assert message(Array, store.address("x.npy"), kind=kind).startswith(f"{store.address('x.npy')}: {told}")
    assert told in message(there.rows, slice(30_000, 30_001), kind=kind)


def test_trouble_while_a_table_is_read_may_be_tried_again(store: Store) -> None:
    there = Table(store.address("t.parquet"))._source
    walk = there.batches(["c1"])
    next(walk)
    store.status = 500
    message(lambda: list(walk), kind=StoreAway)
    store.status = 200
    assert sum(rows.columns.num_rows for rows in there.batches(["c1"])) == ROWS


def test_trouble_is_an_oserror_so_that_it_is_tried_again() -> None:
    assert issubclass(StoreAway, OSError)
    assert not issubclass(DataError, OSError)


def test_a_server_that_is_not_there_is_told() -> None:
    assert "its store does not answer" in message(Array, "http://127.0.0.1:9/x.npy", kind=StoreAway)


def test_a_server_that_sends_no_ranges_is_refused(store: Store) -> None:
    store.sends_ranges = False
    told = message(Array, store.address("x.npy"))
    assert told.endswith("where 16384 were asked for; it must send ranges of a file")


def test_a_file_of_another_kind_is_told(store: Store) -> None:
    store.files |= {"t.csv": b"a,b\n1,2\n", "f.npy": npy(np.asfortranarray(numbers(9))), "cut.npy": npy(numbers())[:-1]}
    assert "is not an .npy file; only those are read from addresses" in message(Array, store.address("t.parquet"))
    assert "is no Parquet file; only those are read from addresses" in message(Table, store.address("t.csv"))
    assert "holds its array column by column" in message(Array, store.address("f.npy"))
    assert "its header tells of 12000128 bytes, there are 12000127" in message(Array, store.address("cut.npy"))


def test_secrets_in_an_address_are_not_shown(store: Store) -> None:
    address = store.address("none.npy?X-Amz-Signature=0123456789abcdef&token=hunter22")
    told = message(Array, address)
    assert "0123456789abcdef" not in told
    assert "hunter22" not in told
    assert told.endswith("there is no such file")


@pytest.mark.parametrize("made", [Images, lambda address: Windows(address, 3)])
def test_an_address_that_a_data_set_does_not_read_is_called_one(made: Callable[[str], Any]) -> None:
    assert "s3:/bucket/x.npy" in message(made, "s3://bucket/x.npy")
    assert "is an address, which is read where data are asked for: .npy files as Array" in message(made, "s3://b/x.npy")


@pytest.mark.parametrize(("value", "is_one"), [
    ("s3://bucket/x.npy", True), ("https://host/x.npy", True), ("memory://x", True), ("C:/x.npy", False),
    ("C://x.npy", False), ("data/x.npy", False), ("/data/a://b", False), (3, False), (Path("s3://b"), False),
])  # fmt: skip
def test_an_address_is_told_from_a_path(value: Any, is_one: bool) -> None:
    assert is_address(value) == is_one


@pytest.mark.parametrize(("lacks", "address", "told"), [
    ("fsspec", "s3://b/x.npy", "s3://b/x.npy: addresses are read by fsspec: pip install fsspec s3fs"),
    ("fsspec", "memory://x.npy", "memory://x.npy: addresses are read by fsspec: pip install fsspec"),
    ("s3fs", "s3://b/x.npy", "s3://b/x.npy: fsspec lacks what reads such addresses: pip install s3fs"),
    ("", "nope://b/x.npy", "nope://b/x.npy: fsspec does not read such addresses (Protocol not known: nope)"),
])  # fmt: skip
def test_what_is_not_installed_is_named(lacks: str, address: str, told: str) -> None:
    asked = f"import sys; sys.modules[{lacks!r}] = None\nfrom ksom.datasets import Array\nArray({address!r})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(told)


def test_no_address_needs_no_fsspec() -> None:
    asked = "import sys, ksom\nfrom ksom.datasets import Array\nArray([[1.0]])\nassert 'fsspec' not in sys.modules"
    subprocess.run([sys.executable, "-c", asked], check=True)


class FirstValue:
    """A task: the first value of a row."""

    def __init__(self, dataset: Array) -> None:
        self.dataset = dataset

    def __call__(self, row: int) -> float:
        return float(self.dataset.rows(slice(row, row + 1))[0, 0])

    def name(self, row: int) -> str:
        return f"row {row}"


def test_a_part_that_a_store_did_not_send_is_asked_for_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksom.compute.on_executor.BACK_OFF_SECONDS", 0.01)
    task, rows = FirstValue(Array(store.address("x.npy"))), [50_000, 0]
    with ThreadPoolExecutor(1) as pool:
        store.fails = 2
        assert list(results(OnExecutor(pool, 1).each(task, rows))) == numbers()[rows, 0].tolist()
        assert store.fails == 0
        store.status = 503
        read = results(OnExecutor(pool, 1).each(task, [45_000]))
        assert "its store does not answer" in message(lambda: list(read), kind=StoreAway)


def rows_there(shipment: Shipment) -> bytes:
    return b"".join(block.tobytes() for block in shipment.opened().piece(0, 40_000, 50_000))


def test_a_worker_reads_its_own_part(store: Store, tmp_path: Path) -> None:
    there = Array(store.address("x.npy"))
    whole(there)
    shipment = shipped(there, tmp_path)
    assert shipment.path.stat().st_size < 2000
    assert not shipment.arrays
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(rows_there, shipment).result() == numbers()[40_000:50_000].tobytes()
        store.tag = "second"
        assert "is not any more what it was" in message(pool.submit(one_more_row, shipment).result)


def one_more_row(shipment: Shipment) -> None:
    shipment.opened().rows(slice(0, 1))
