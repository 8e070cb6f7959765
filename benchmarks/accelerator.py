"""Large trainings on the device that JAX sees: python -m benchmarks.accelerator [--small] [--rows A1,A3].

ksom's jax backend beside fastersom on its device, and what the device's memory and its matrix products would allow.
"""

import argparse
import dataclasses
import json
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import evaluate, peers
from benchmarks.estimate import seconds_of
from benchmarks.measure import alone
from benchmarks.rows import Row, Task

ROWS = {
    row.name: row
    for row in (
        Row("A1", "online", "colours", 20, 3, side=1000, passes=1000),
        Row("A2", "batch", "mixture", 60_000, 784, side=30, passes=10),
        Row("A3", "batch", "mixture", 480_000, 34, side=30, passes=10),
        Row("A4", "batch", "mixture", 480_000, 34, side=100, passes=10),
        Row("A5", "batch", "mixture", 5_000_000, 60, side=200, passes=10),
    )
}
RUNS = 3
RESULTS = Path(__file__).parent / "results"

COPIED = {False: 2**30, True: 2**24}
"""Bytes of the array that is copied, by whether the look is a small one."""
SIDE = {False: 8192, True: 512}
"""Of the square matrices whose product is timed."""


def main() -> None:
    """Measure each row with each peer, a process each; print and keep a JSON object a line."""
    options = _options()
    ceilings = alone(_ceilings, options.small)
    results = [{"part": "device", "small": options.small, **ceilings}]
    print(json.dumps(results[0]), flush=True)
    for name in options.rows:
        row = _small(ROWS[name]) if options.small else ROWS[name]
        for peer in ("ksom-jax", "fastersom"):
            told = {"row": name, "work": str(row), "peer": peer, "bound_seconds": _bound(row, ceilings)}
            results.append({**told, **_measured(row, peer)})
            print(json.dumps(results[-1], ensure_ascii=False), flush=True)
    folder = RESULTS / "quick" if options.small else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "accelerator.jsonl").write_text("".join(json.dumps(result) + "\n" for result in results))


def _measured(row: Row, peer: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = alone(_cell, row, peer)
    except Exception as error:  # what goes wrong with one peer must not stop the others
        told = {"note": f"{type(error).__name__}: {error}"}
    return told


def _cell(row: Row, peer: str) -> dict[str, Any]:
    """Run the whole work once to compile, then a few times."""
    prepare, task = _prepared(peer, row.kind), row.task()
    first = seconds_of(prepare(task))
    results: list[Any] = []
    seconds = [seconds_of(lambda: results.append(prepare(task)())) for _ in range(RUNS)]
    return {"first": first, "seconds": statistics.median(seconds), **evaluate.evaluate(task, results[-1])}


def _prepared(peer: str, kind: str) -> Callable[[Task], Callable[[], Any]]:
    module = peers.load(peer)
    if not hasattr(module, kind):
        raise peers.NotOfferedError(f"{peer} has no {kind} training")
    prepare: Callable[..., Callable[[], Any]] = getattr(module, kind)
    return partial(prepare, device=_torch_device()) if peer == "fastersom" else prepare


def _torch_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _ceilings(small: bool) -> dict[str, Any]:
    """Return the device's rates of copies, bytes read and written a second, and of matrix products, FLOP a second."""
    import jax
    import jax.numpy as jnp

    source, matrix = jnp.ones(COPIED[small] // 4), jnp.ones((SIDE[small], SIDE[small]))
    copied = jax.jit(lambda array: array + 1)
    product = jax.jit(partial(jnp.matmul, precision="highest"))

    def best(run: Callable[[], Any]) -> float:
        return min(seconds_of(lambda: run().block_until_ready()) for _ in range(7))

    return {
        "device": jax.devices()[0].device_kind,
        "devices": len(jax.devices()),
        "copies": 2 * source.nbytes / best(lambda: copied(source)),
        "products": 2 * SIDE[small] ** 3 / best(lambda: product(matrix, matrix)),
    }


def _bound(row: Row, ceilings: dict[str, Any]) -> float:
    """Return the least seconds: a map read, read and written for each sample, or the products of samples and nodes."""
    values = row.passes * row.samples * row.side**2 * row.features
    return values * 3 * 4 / ceilings["copies"] if row.kind == "online" else 2 * values / ceilings["products"]


def _small(row: Row) -> Row:
    """Return few nodes, samples and passes: to see that everything runs."""
    samples, side, passes = max(20, row.samples // 500), max(10, row.side // 10), max(2, row.passes // 10)
    return dataclasses.replace(row, samples=samples, side=side, passes=passes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description="Measure on an accelerator.")
    parser.add_argument("--rows", type=lambda text: text.split(","), default=list(ROWS), help="only these: A1,A3")
    parser.add_argument("--small", action="store_true", help="a look at everything, in a minute on a processor")
    options = parser.parse_args()
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"no {', '.join(unknown)}; known: {', '.join(ROWS)}")
    return options


if __name__ == "__main__":
    main()
