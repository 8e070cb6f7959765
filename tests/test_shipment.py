"""What is sent to workers is the same there, to the bit; it is small, and nobody is made to run what others wrote."""

import io
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
from ksom.compute import packing
from ksom.compute.shipment import Shipment, sending, shipped
from ksom.dataset import DATASETS, Dataset
from ksom.datasets import Array, Bundled, ImagePixels, Images, RandomColors, Table, Windows, thumbnails
from ksom.errors import DataError, KsomError
from ksom.intake import Intake
from ksom.part import held_out
from ksom.tables import prepared

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
    samples[3] = 77
    return samples


def batches(dataset: Dataset, **how: Any) -> Batches:
    raw = [block for block in dataset.blocks()] if type(dataset).batch is Dataset.batch else []
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
