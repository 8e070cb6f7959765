"""Data larger than memory: 10 million × 32 float32 train 3 batch epochs on 50 × 50 nodes, and are predicted.

    .venv/bin/python -m benchmarks.large                 # makes the files first, 1.3 GB each, in /tmp/ksom-large
    .venv/bin/python -m benchmarks.large --rows 1000000
    .venv/bin/python -m benchmarks.large --features 16 --folder /tmp/ksom-16

Each step runs in a process of its own, whose peak of resident memory is told. The maps that learned from the .npy file,
from the Parquet file, and from the array in memory must have the same bits.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import memory

SIDE, EPOCHS = 50, 3
STEPS = ("npy", "parquet", "parquet again", "memory", "predict npy", "predict parquet")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--features", type=int, default=32)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/ksom-large"))
    arguments.add_argument("--step", choices=STEPS)
    given = arguments.parse_args()
    if given.step:
        step(given.step, given.folder)
        return
    make(given.rows, given.features, given.folder)
    print(f"{'':<16} {'seconds':>8} {'rows a second':>14} {'peak MB':>8}  result")
    for name in STEPS:
        command = [sys.executable, "-m", "benchmarks.large", "--folder", str(given.folder), "--step", name]
        subprocess.run(command, check=True)


def make(rows: int, features: int, folder: Path) -> None:
    """Write the same mixture of gaussians as an .npy and a Parquet file, piece by piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    npy, parquet = folder / "data.npy", folder / "data.parquet"
    if npy.exists() and parquet.exists() and np.load(npy, mmap_mode="r").shape == (rows, features):
        return
    random = np.random.default_rng(0)
    centres = 3 * random.standard_normal((64, features))
    out = np.lib.format.open_memmap(npy, "w+", np.float32, (rows, features))
    names = [f"x{feature}" for feature in range(features)]
    with pq.ParquetWriter(parquet, pa.schema([(name, pa.float32()) for name in names]), compression="none") as writer:
        for start in range(0, rows, 250_000):
            size = min(250_000, rows - start)
            values = (centres[random.integers(64, size=size)] + random.standard_normal((size, features))).astype("f4")
            out[start : start + size] = values
            writer.write_batch(pa.record_batch(list(values.T.copy()), names=names))
    out.flush()


def step(name: str, folder: Path) -> None:
    import ksom
    from ksom.tasks.map_and_data import map_of
    from ksom.tasks.predicting import predict_file

    path = folder / ("data.npy" if "npy" in name or name == "memory" else "data.parquet")
    rows = np.load(folder / "data.npy", mmap_mode="r").shape[0]
    memory.start_watching()
    started = time.perf_counter()
    if name.startswith("predict"):
        output = folder / f"nodes-{path.suffix[1:]}.parquet"
        predict_file(map_of(folder / "map.npz"), path, output)
    else:
        data = np.load(path) if name == "memory" else ksom.Array(path) if name == "npy" else ksom.Table(path)
        som = ksom.train(data, SIDE, SIDE, EPOCHS, backend="numba")
        som.save(folder / "map.npz")
    seconds, peak = time.perf_counter() - started, memory.peak() or 0
    told = hashlib.sha256(nodes_in(output) if name.startswith("predict") else som.weights.tobytes()).hexdigest()
    shown = rows * (1 if name.startswith("predict") else EPOCHS)
    print(f"{name:<16} {seconds:>8.1f} {shown / seconds:>14,.0f} {peak / 1e6:>8.0f}  {told[:16]}", flush=True)


def nodes_in(output: Path) -> bytes:
    import pyarrow.parquet as pq

    return pq.read_table(output, columns=["node"])["node"].to_numpy().tobytes()


if __name__ == "__main__":
    main()
