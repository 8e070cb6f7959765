"""What a training on many machines costs, and where it saturates: the tables of docs/scaling.md.

    python -m benchmarks.cluster            # measures for some minutes, prints the tables
    python -m benchmarks.cluster --write    # puts them into docs/scaling.md

The process that asks is the real one: its window, its order, its fold, its files; with Dask the real scheduler and real
messages between processes. The workers only sleep as long as a part was measured to take, half a second at most, and
send as many bytes as its sums have. Measured on an idle machine, or not at all.
"""

import itertools
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from benchmarks.ceilings import machine
from benchmarks.part_costs import FEATURES, SIDES, Costs, RangeCosts, costs, range_costs
from benchmarks.sleeping import Nap, SleepingFiles, opened, sleeping_here, sleeping_on_dask
from ksom.compute.compute import results
from ksom.compute.fold_by_ranges import MOST_RANGES, FoldByRanges, is_large, leave_running
from ksom.compute.here import Here
from ksom.compute.on_executor import OnExecutor
from ksom.kernels.batch_sums import BatchSums
from ksom.kernels.node_sums import PART_ROWS

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
BEGIN, END = "<!-- measured: python -m benchmarks.cluster --write -->", "<!-- end of what was measured -->"
WORKERS = (1, 10, 100, 1000)
CORES = (16, 64, 256, 1000)
ROWS, ITERATIONS = 10**9, 10
NAP = 0.5
"""No worker sleeps longer, in seconds; with shorter naps the process that asks has more to do, not less."""
LOOK = 1.5
"""How long answers are counted, in seconds."""
WAVES = 1
NEARLY = 0.85
"""Who gets a smaller share of the parts that workers could do has no time left."""
FAR = 10_000
"""More workers than anybody has."""
ENGINES: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {
    "executor": sleeping_here,
    "Dask": sleeping_on_dask,
}


class Cell(NamedTuple):
    """What was seen of some workers on some map."""

    engine: str
    side: int
    workers: int
    by_ranges: bool
    nap: float
    rate: float
    """Parts a second."""
    busy: float
    """Seconds of processor time a part, of the process that asks."""


def watched(executor: Executor, engine: str, workers: int, of: Costs, ranges: RangeCosts) -> Cell:
    """Let workers sleep and send, and look at the process that asks."""
    nodes, nap = of.side**2, min(NAP, of.part)
    by_ranges = is_large(nodes, FEATURES, workers)
    if by_ranges:
        rate, busy = _by_ranges(executor, workers, of, ranges, nap)
    else:
        rate, busy = _part_by_part(OnExecutor(executor, workers), nap, of)
    return Cell(engine, of.side, workers, by_ranges, nap, rate, busy)


def _part_by_part(compute: OnExecutor, nap: float, of: Costs) -> tuple[float, float]:
    sent, nodes = compute.shared / "sums", of.side**2
    sent.write_bytes(of.pickled)
    answers = map(opened, results(compute.each(Nap(nap, sent), itertools.count())))
    whole = next(answers).of_all(nodes)
    for _ in itertools.islice(answers, compute.workers):  # all begin at once: not counted
        pass
    began, busy, parts = time.perf_counter(), time.process_time(), 0
    for used in answers:
        whole.sums[used.nodes] += used.sums  # as `ksom.summing` does
        whole.counts[used.nodes] += used.counts
        parts += 1
        if time.perf_counter() - began > LOOK:
            break
    taken = time.perf_counter() - began, time.process_time() - busy
    del answers  # leaves off
    compute.close()
    return parts / taken[0], taken[1] / parts


def _by_ranges(executor: Executor, workers: int, of: Costs, ranges: RangeCosts, nap: float) -> tuple[float, float]:
    nodes, ready = of.side**2, Here()
    bounds = FoldByRanges(OnExecutor(executor, workers), nodes, FEATURES).bounds
    leave_running(ready.shared, bounds, of.sums.of_all(nodes))
    # All that workers do is as much faster as their naps are shorter than their work.
    seconds_of_range = _adding(of, ranges) / (len(bounds) - 1) * nap / of.part
    compute = SleepingFiles(executor, workers, ready.shared, seconds_of_range)
    fold, parts = FoldByRanges(compute, nodes, FEATURES), WAVES * 2 * workers
    began, busy = time.perf_counter(), time.process_time()
    for _ in fold.adding(Nap(nap), BatchSums(), parts * PART_ROWS):
        pass
    taken = time.perf_counter() - began, time.process_time() - busy
    compute.close()
    ready.close()
    return parts / taken[0], taken[1] / parts


def _adding(of: Costs, ranges: RangeCosts) -> float:
    """Return the seconds that adding a part takes, all ranges together: as many as it has nodes."""
    return ranges.add * len(of.sums.nodes) / ranges.nodes


def main(words: Sequence[str]) -> None:
    """Measure, and print the tables or put them into the page."""
    for name in ("tornado.application", "distributed"):  # who leaves off in the middle is no news
        logging.getLogger(name).setLevel(logging.CRITICAL)
    told = "\n\n".join(_measured())
    if "--write" in words:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{rest.partition(END)[2]}")
    else:
        print(told)


def _measured() -> Iterator[str]:
    began = time.perf_counter()
    each = {side: costs(side) for side in SIDES}
    ranges = range_costs(each[max(SIDES)])
    cells = list(_cells(each, ranges))
    taken = time.perf_counter() - began
    told = machine()
    yield (
        f"Measured in {taken / 60:.1f} minutes on {told['cores']} cores of {told['processor']}. A part is "
        f"{PART_ROWS:,} samples of {FEATURES} features, float32, {PART_ROWS * FEATURES * 4 / 1e6:.0f} MB."
    )
    yield _table_of_parts(each.values(), ranges)
    yield _table_of_cells(cells, each)
    yield _table_of_wall(each, cells, ranges)


def _cells(each: dict[int, Costs], ranges: RangeCosts) -> Iterator[Cell]:
    for engine, workers in itertools.product(ENGINES, WORKERS):
        with ENGINES[engine](workers) as executor:
            for of in each.values():
                print(f"{engine}, {workers} workers, {of.side} x {of.side}", file=sys.stderr)
                yield watched(executor, engine, workers, of, ranges)


def _table(titles: str, rows: list[str]) -> str:
    return "\n".join([titles, "|" + "---|" * (titles.count("|") - 1), *rows])


def _map(side: int) -> str:
    return f"{side} × {side}"


def _table_of_parts(each: Iterable[Costs], ranges: RangeCosts) -> str:
    rows = []
    for of in each:
        exact = "" if of.searched == PART_ROWS else "~"
        size = of.side**2 * FEATURES * 4
        rows.append(
            f"| {_map(of.side)} | {exact}{_short(of.part)} s | {len(of.sums.nodes):,} | "
            f"{len(of.pickled) / 1e6:.1f} MB | {size / 1e6:.1f} MB | {_short(of.write_weights)} s | "
            f"{_short(of.read_weights)} s | {_short(of.move)} s |"
        )
    titles = (
        "| map | a part, one core | nodes it uses | its sums | weights file | written in | read in | nodes moved in |"
    )
    words = (
        f"On {_map(max(SIDES))} a worker writes the file of a part's sums in {_short(ranges.write)} s and adds a part, "
        f"all {ranges.ranges} ranges together, in {_short(ranges.add)} s."
    )
    return f"{_table(titles, rows)}\n\n{words}"


def _table_of_cells(cells: Sequence[Cell], each: dict[int, Costs]) -> str:
    rows = []
    for cell in sorted(cells, key=lambda cell: (cell.side, cell.engine == "Dask", cell.workers)):
        of = each[cell.side]
        size = "file" if cell.by_ranges else f"{cell.rate * len(of.pickled) / 1e6:,.0f} MB/s"
        rows.append(
            f"| {_map(cell.side)} | {cell.engine} | {cell.workers:,} | {_short(cell.nap)} s | "
            f"{_short(cell.workers / cell.nap)} | {_short(cell.rate)} | {size} | {_short(cell.busy * 1000)} ms | "
            f"{_full(cell, of)} |"
        )
    titles = (
        "| map | asked by | workers | slept | parts/s they could | parts/s came | sums came | "
        "asking, a part | full at workers |"
    )
    return _table(titles, rows)


def _full(cell: Cell, of: Costs) -> str:
    """Tell with how many workers the process that asks has no time left; of a wave, its processor's time counts."""
    if cell.by_ranges:
        full = of.part / cell.busy
        return f"> {FAR:,}" if full > FAR else _short(full)
    could = cell.workers / cell.nap
    return _short(cell.rate * of.part) if cell.rate < NEARLY * could else f"> {_short(could * of.part)}"


def _table_of_wall(each: dict[int, Costs], cells: Sequence[Cell], ranges: RangeCosts) -> str:
    rows = [_wall(each[side], cores, cells, ranges) for side in (min(SIDES), max(SIDES)) for cores in CORES]
    titles = (
        "| map | cores | searching | asking (Dask) | weights, moving | an iteration | "
        f"{ITERATIONS} iterations | storage must give |"
    )
    return _table(titles, rows)


def _wall(of: Costs, cores: int, cells: Sequence[Cell], ranges: RangeCosts) -> str:
    """Compute the time of a training: workers search while the process asks, but by waves; none while it moves."""
    parts = math.ceil(ROWS / PART_ROWS)
    near = [cell for cell in cells if (cell.engine, cell.side) == ("Dask", of.side)]
    searching = math.ceil(parts / cores) * of.part
    alone = of.write_weights + of.read_weights + of.move
    if is_large(of.side**2, FEATURES, cores):
        asking = parts * min(near, key=lambda cell: abs(math.log(cell.workers / cores))).busy
        searching += math.ceil(parts / cores) * ranges.write + parts * _adding(of, ranges) / min(MOST_RANGES, cores)
        iteration = searching + asking + alone
    else:
        asking = parts / max(cell.rate for cell in near)
        iteration = max(searching, asking) + alone
    need = min(cores / of.part, parts / iteration) * PART_ROWS * FEATURES * 4
    return (
        f"| {_map(of.side)} | {cores:,} | {_time(searching)} | {_time(asking)} | {_time(alone)} | {_time(iteration)} | "
        f"**{_time(ITERATIONS * iteration)}** | {_short(need / 1e9)} GB/s |"
    )


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{_short(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _short(number: float) -> str:
    """Return two digits, or all before the point."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
