"""What is sent to workers is the same there, to the bit; it is small, and nobody is made to run what others wrote."""

import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from PIL import Image

from ksom.array_files import read_array
from ksom.batches import Batches
from ksom.compute.shipment import Shipment, sending, shipped
from ksom.dataset import DATASETS, Dataset
from ksom.datasets import Array, Bundled, ImagePixels, Images, RandomColors, Table, Windows
from ksom.errors import KsomError
from ksom.intake import Intake
from ksom.part import held_out

SMALL = 20_000
"""Bytes that every pickle of these must be smaller than, whatever the data."""

Made = Callable[[Path], Dataset]


@pytest.fixture(scope="module")
def worker() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def numbers(rows: int = 40_000, features: int = 5) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(rows, features)).astype(np.float32)


def npy(folder: Path, name: str = "x.npy", **how: Any) -> Path:
    np.save(folder / name, numbers(**how))
    return folder / name


def gaps() -> np.ndarray:
    samples = numbers()
    samples[::7, 1] = np.nan
    return samples


def weights() -> np.ndarray:
    drawn = np.random.default_rng(6).random(40_000)
    drawn[::3] = 0
    return drawn


def parquet(folder: Path) -> Path:
    columns = {name: numbers()[:, number] for number, name in enumerate("abc")}
    pq.write_table(pa.table(columns | {"kind": ["u", "v"] * 20_000}), folder / "t.parquet")
    return folder / "t.parquet"


def csv(folder: Path) -> Path:
    (folder / "t.csv").write_text("a,b\n" + "".join(f"{row},{row % 17}\n" for row in range(9000)))
    return folder / "t.csv"


def in_memory() -> pa.Table:
    return pa.table({"a": np.arange(200_000.0), "b": np.arange(200_000.0) % 13})


def images(folder: Path) -> Path:
    (folder / "photos").mkdir()
    for number in range(12):
        values = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(values).save(folder / "photos" / f"{number}.png")
    return folder / "photos"


class Own(Dataset):
    """A class of a user's own, with rows of its own."""

    def __init__(self, path: Path) -> None:
        self.mapped = np.load(path, mmap_mode="r")

    def __len__(self) -> int:
        return len(self.mapped)

    @property
    def features(self) -> int:
        return int(self.mapped.shape[1])

    def rows(self, index: Any) -> np.ndarray:
        return np.asarray(self.mapped[index]) * 2


class Drawing(Dataset):
    """A class that makes new samples in every iteration."""

    def batch(self, iteration: int, **_: Any) -> Any:
        for block in range(3):
            yield np.random.default_rng([iteration, block]).random((4096, 5))


SETS: dict[str, Made] = {
    "an array in memory": lambda _: Array(numbers()),
    "a small array": lambda _: Array(numbers(100)),
    "every second row": lambda _: Array(numbers()[::2]),
    "column by column": lambda _: Array(np.asfortranarray(numbers())),
    "columns turned round": lambda _: Array(np.asfortranarray(numbers())[:, ::-1]),
    "rows turned round": lambda _: Array(numbers()[::-1]),
    "float64": lambda _: Array(numbers().astype(np.float64)),
    "integers": lambda _: Array(np.arange(90_000).reshape(-1, 3)),
    "weighted": lambda _: Array(numbers(), weights_path=weights()),
    "gaps": lambda _: Array(gaps()),
    "sparse": lambda _: Array(scipy.sparse.random(9000, 40, 0.2, format="csr", rng=7)),
    "an .npy file": lambda folder: Array(npy(folder)),
    "a large .npy file": lambda folder: Array(npy(folder, features=300)),
    "a part of a mapped array": lambda folder: Dataset(np.load(npy(folder), mmap_mode="r")[5:30_000:2, 1:]),
    "copied on write": lambda folder: Dataset(changed(np.load(npy(folder), mmap_mode="c"))),
    "several files": lambda folder: Array([npy(folder, "1.npy"), npy(folder, "2.npy", rows=9000)]),
    "a Parquet file": lambda folder: Table(parquet(folder), categories=["kind"]),
    "some rows of a Parquet file": lambda folder: Table(parquet(folder), ["a", "b"], where="c > 0", id="kind"),
    "a CSV file": lambda folder: Table(csv(folder), drop_missing=True),
    "a table in memory": lambda _: Table(in_memory()),
    "a DataFrame": lambda _: Table(in_memory().to_pandas()),
    "a DataFrame's values": lambda _: Array(in_memory().to_pandas()),
    "windows of a file": lambda folder: Windows(npy(folder), 4, scale="standard"),
    "windows of an array": lambda _: Windows(numbers(), 3, step=2, columns=[0, 2]),
    "windows of series": lambda folder: Windows([npy(folder, "1.npy"), npy(folder, "2.npy")], 4),
    "windows of a table": lambda folder: Windows(csv(folder), 4, time="a"),
    "thumbnails": lambda folder: Images(images(folder), 4),
    "pixels": lambda folder: ImagePixels(images(folder) / "3.png", position=0.5),
    "pixels of an array": lambda folder: ImagePixels(npy(folder, "x.npy")),
    "colours": lambda _: RandomColors(90_000),
    "bundled": lambda _: Bundled("digits"),
    "held out": lambda folder: held_out(Array(npy(folder, rows=700_000, features=2)), 0.4, 3)[0],
    "held out, weighted": lambda _: held_out(Array(numbers(), weights_path=weights()), 0.4, 3)[1] or Array([[0.0]]),
    "a user's class": lambda folder: Own(npy(folder)),
    "a user's class that draws": lambda _: Drawing(numbers()),
}


def changed(samples: np.ndarray) -> np.ndarray:
    samples[::1000] = 77
    return samples


def batches(dataset: Dataset, **how: Any) -> Batches:
    raw = list(dataset.blocks()) if type(dataset).batch is Dataset.batch else []
    has_weights = dataset.weights_of(slice(0, 1)) is not None
    intake = Intake(np.dtype(np.float32), missing="keep")
    return Batches(dataset, intake, has_gaps=bool(raw), mean_weight=0.5 if has_weights else None, **how)


def block_bytes(made: Batches, *piece: int) -> list[tuple[Any, ...]]:
    """Return all that is in the blocks of a piece, as bytes; their order in memory too: sums may follow it."""
    told = []
    for block in made.piece(*piece):
        parts = (block.values, block.missing, block.weights)
        orders = [order(part) if isinstance(part, np.ndarray) else None for part in parts]
        whole = [None if part is None else (part.shape, part.dtype.str, part.tobytes()) for part in parts]
        told.append((block.first_row, orders, whole))
    return told


def order(array: np.ndarray) -> tuple[list[int], list[int]]:
    """Return which axis goes on in memory first, and in which direction each goes."""
    return np.argsort(np.abs(array.strides)).tolist(), np.sign(array.strides).tolist()


def blocks_there(shipment: Shipment, *piece: int) -> list[tuple[Any, ...]]:
    return block_bytes(shipment.opened(), *piece)


def message(task: Callable[..., Any], *given: Any) -> str:
    with pytest.raises(KsomError) as caught:
        task(*given)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_worker_has_the_same_blocks(name: str, shuffle: bool, tmp_path: Path, worker: Executor) -> None:
    made = batches(SETS[name](tmp_path), batch_size=25_000, shuffle=shuffle, seed=4)
    piece = (1, 10, 9000) if len(made.dataset) > 25_000 else (1, 10, 90)
    shipment = shipped(made, tmp_path)
    here = block_bytes(made, *piece)
    assert here
    assert worker.submit(blocks_there, shipment, *piece).result() == here


@pytest.mark.parametrize("name", SETS)
def test_what_is_pickled_is_small(name: str, tmp_path: Path) -> None:
    shipment = shipped(batches(SETS[name](tmp_path)), tmp_path)
    assert shipment.path.stat().st_size < SMALL


def test_every_registered_data_set_is_tried(tmp_path: Path) -> None:
    tried = {type(make(new(tmp_path, name))) for name, make in SETS.items() if "hold" not in name}
    assert tried >= {DATASETS.find(name, "") for name in DATASETS}


def new(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_arrays_in_memory_are_mapped_by_workers(tmp_path: Path, worker: Executor) -> None:
    shipment = shipped(Array(numbers()), tmp_path)
    assert worker.submit(owner_of_samples, shipment).result() == "mmap"


def owner_of_samples(shipment: Shipment) -> str:
    return type(shipment.opened().samples.base).__name__


def test_a_process_opens_a_shipment_once(tmp_path: Path) -> None:
    shipment = shipped(Array(numbers()), tmp_path)
    assert shipment.opened() is pickle.loads(pickle.dumps(shipment)).opened()


def test_two_equal_arrays_are_two_there_and_one_is_one(tmp_path: Path) -> None:
    one, other = np.zeros(10**5), np.zeros(10**5)
    first, same, second = shipped([one, one, other], tmp_path).opened()
    assert first is same
    first[0] = 5
    assert second[0] == 0


def test_what_a_worker_writes_to_its_array_is_seen_by_nobody_else(tmp_path: Path) -> None:
    shipment = shipped(np.zeros(10**5), tmp_path)
    shipment.opened()[:] = 7
    assert (read_array(tmp_path / shipment.arrays[0]) == 0).all()


def test_an_array_that_was_looked_at_is_still_the_samples_or_forgotten(tmp_path: Path) -> None:
    samples = numbers()
    all_of_them = Batches(Array(samples), Intake(np.dtype(np.float32)), looked_at=samples)
    there = shipped(all_of_them, tmp_path).opened()
    assert there.looked_at is there.dataset.samples
    some = Batches(Array(samples[:50]), Intake(np.dtype(np.float32)), looked_at=samples)
    shipment = shipped(some, tmp_path)
    assert shipment.opened().looked_at is None
    assert not shipment.arrays
    assert block_bytes(shipment.opened(), 0, 0) == block_bytes(some, 0, 0)


def test_files_are_removed_when_the_last_shipment_that_needs_them_is(tmp_path: Path) -> None:
    dataset = Array(numbers())
    with sending(dataset, tmp_path) as first:
        with sending([dataset], tmp_path) as second:
            assert first.arrays == second.arrays
        assert not second.path.exists()
        assert first.path.with_name(first.arrays[0]).exists()
    assert not list(tmp_path.iterdir())


def test_a_file_that_a_worker_does_not_see_is_named(tmp_path: Path, worker: Executor) -> None:
    for number, name in enumerate(("an .npy file", "several files", "a Parquet file", "windows of a file")):
        shipment = shipped(SETS[name](new(tmp_path, name)), tmp_path)
        found = next(path for path in (tmp_path / name).iterdir())
        found.rename(tmp_path / f"away {number}")
        told = message(worker.submit(opened_there, shipment).result)
        assert told.startswith("worker on ")
        assert f"does not see {found} (No such file or directory); data must lie where every worker" in told


def opened_there(shipment: Shipment) -> None:
    shipment.opened()


@pytest.mark.parametrize("name", ["an .npy file", "several files", "windows of a file", "a CSV file", "a user's class"])
def test_a_file_that_was_written_to_is_refused(name: str, tmp_path: Path, worker: Executor) -> None:
    shipment = shipped(SETS[name](new(tmp_path, "data")), tmp_path)
    found = next(path for path in (tmp_path / "data").iterdir())
    os.utime(found, (1, 1))
    told = message(worker.submit(opened_there, shipment).result)
    assert told.startswith(f"{found}: worker on ")
    assert "finds another file than the one that was read first: it was written to, or replaced" in told


def test_a_file_that_was_written_to_before_it_was_sent_is_refused(tmp_path: Path) -> None:
    dataset = Array(npy(tmp_path))
    os.utime(tmp_path / "x.npy", (1, 1))
    assert "it was written to, or replaced" in message(shipped(dataset, tmp_path).opened)


def test_a_pickle_that_somebody_else_wrote_is_not_opened(tmp_path: Path) -> None:
    shipment = shipped([1], tmp_path)
    shipment.path.write_bytes(pickle.dumps([]) + pickle.dumps([2]))
    assert "is not what was written for workers, so worker on" in message(shipment.opened)


def test_a_shared_folder_that_is_not_shared_is_told(tmp_path: Path, worker: Executor) -> None:
    shipment = Shipment(tmp_path / "nowhere" / "a.pickle", "0")
    told = message(worker.submit(opened_there, shipment).result)
    assert f"does not see {shipment.path} (No such file or directory); the shared folder must be one" in told


class Careless(Dataset):
    """A class that keeps what cannot travel."""

    def __init__(self, kept: Any) -> None:
        super().__init__([[0.0], [1.0]])
        self.kept = kept


def test_what_cannot_travel_is_told_in_one_line(tmp_path: Path) -> None:
    with (tmp_path / "open.txt").open("w") as file:
        for kept, told in ((file, f"it holds an open file, '{tmp_path / 'open.txt'}'"), ((i for i in ()), "generator")):
            text = message(shipped, batches(Careless(kept)), tmp_path)
            assert text.startswith("dataset Careless: cannot be sent to workers (")
            assert told in text
            assert text.endswith("(__getstate__)")


PROMPT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
if {without}:
    sys.modules["cloudpickle"] = None
from ksom.batches import Batches
from ksom.compute.shipment import shipped
from ksom.dataset import DATASETS, Dataset
from ksom.intake import Intake
from shown import rows
import numpy as np
class Mine(Dataset):
    def rows(self, index):
        return self.samples[index] * 3
{found}
with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
    dataset = {cls}(np.arange(8.0).reshape(4, 2))
    shipment = shipped(Batches(dataset, Intake(np.dtype("f4"))), Path("."))
    print(pool.submit(rows, shipment).result())
"""


def run(folder: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    (folder / "shown.py").write_text(SHOWN)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}"}
    told = [sys.executable, "-c", PROMPT.format(**how)]
    return subprocess.run(told, cwd=folder, env=environment, capture_output=True, text=True, check=False)


SHOWN = """
def rows(shipment):
    return [block.values.tolist() for block in shipment.opened().piece(0, 1, 3)]
"""


def test_a_class_of_a_notebook_travels_with_cloudpickle(tmp_path: Path) -> None:
    done = run(tmp_path, without=False, found="", cls="Mine")
    assert done.stdout == "[[[6.0, 9.0], [12.0, 15.0]]]\n", done.stderr


def test_a_class_of_a_notebook_is_refused_without_cloudpickle(tmp_path: Path) -> None:
    done = run(tmp_path, without=True, found="", cls="Mine")
    told = "workers cannot import class Mine of __main__; put it into a module, or pip install cloudpickle"
    assert done.stderr.splitlines()[-1].endswith(told)


@pytest.mark.parametrize("without", [False, True])
def test_a_module_beside_the_experiment_is_found_by_workers(without: bool, tmp_path: Path) -> None:
    folder = tmp_path / "beside"
    folder.mkdir()
    (folder / "part_of_mine.py").write_text("FACTOR = 3\n")
    (folder / "mine_there.py").write_text(
        "from ksom import Dataset\nfrom part_of_mine import FACTOR\nclass Mine(Dataset):\n"
        "    def rows(self, index):\n        return self.samples[index] * FACTOR\n"
    )
    found = f"Found = DATASETS.find('mine_there:Mine', 'DATASET', [Path({str(folder)!r})])"
    done = run(tmp_path, without=without, found=found, cls="Found")
    assert done.stdout == "[[[6.0, 9.0], [12.0, 15.0]]]\n", done.stderr


def test_a_class_that_a_worker_lacks_is_told(tmp_path: Path, worker: Executor, monkeypatch: Any) -> None:
    (tmp_path / "only_here.py").write_text("class Thing:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here  # type: ignore[import-not-found]  # made above

    told = message(worker.submit(opened_there, shipped(only_here.Thing(), tmp_path)).result)
    assert "cannot import what it was sent (ModuleNotFoundError: No module named 'only_here')" in told
