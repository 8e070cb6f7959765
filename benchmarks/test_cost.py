"""The shape of ksom's cost, for sizes that hypothesis chooses: how time and memory grow, not how long things take.

Run by `pytest benchmarks`; not among the tests, because what is timed on a busy machine is no proof of anything.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks import peers, tracked
from benchmarks.estimate import seconds_of
from benchmarks.rows import Row, Task
from ksom.kernels import BACKENDS

GENEROUS = 4
"""How much faster than the model cost may grow: caches end, other processes come and go."""
LOOKS = 5
"""A failure must be seen so often: what else the machine does is no fault of ksom's."""
TIMES = 3
MOMENT = 0.03
"""Seconds that each size is timed at least."""
BLOCK_BYTES = 40 * 2**20
"""What blocks of distances and the like may take, whatever the sizes."""

COMMON = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a smaller example of the same failure would be timed for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SIZES = {
    "samples": st.integers(500, 2000),
    "features": st.integers(1, 40),
    "side": st.integers(4, 30),
}

Prepare = Callable[[Task], Callable[[], Any]]


@pytest.fixture(
    params=[(backend, kind) for backend in BACKENDS[1:] for kind in ("online", "batch", "predict")], ids="-".join
)
def row(request: pytest.FixtureRequest) -> Iterator[tuple[Prepare, Row]]:
    """One of ksom's backends and a kind of work."""
    backend, kind = request.param
    prepare = getattr(peers.load("ksom" if backend == "numba" else f"ksom-{backend}"), kind)
    base = Row(backend, kind, "mixture", 1000, 3, side=10, batch_size=1 if kind == "online" else 0)
    prepare(base.task())()  # compiles
    return prepare, base


@COMMON
@given(times=st.integers(6, 10), **SIZES)
def test_time_grows_no_faster_than_the_samples(
    row: tuple[Prepare, Row], times: int, samples: int, features: int, side: int
) -> None:
    small = sized(row[1], samples, features, side)
    assert_growth(row[0], small, replace(small, samples=small.samples * times), times)


@COMMON
@given(times=st.integers(2, 3), **SIZES)
def test_time_grows_no_faster_than_the_nodes(
    row: tuple[Prepare, Row], times: int, samples: int, features: int, side: int
) -> None:
    small = sized(row[1], samples, features, side)
    assert_growth(row[0], small, replace(small, side=side * times), times**2)


@COMMON
@given(times=st.integers(6, 10), **SIZES)
def test_time_grows_no_faster_than_the_features(
    row: tuple[Prepare, Row], times: int, samples: int, features: int, side: int
) -> None:
    small = sized(row[1], samples, features, side)
    assert_growth(row[0], small, replace(small, features=features * times), times)


@COMMON
@given(samples=st.integers(5000, 20_000), features=st.integers(1, 8), side=st.integers(20, 40))
def test_memory_has_no_room_for_samples_times_nodes(
    row: tuple[Prepare, Row], samples: int, features: int, side: int
) -> None:
    prepare, base = row
    kept = 200 if base.kind == "online" else samples
    task = replace(base, samples=samples, features=features, side=side).task()
    run = prepare(replace(task, samples=task.samples[:kept]))
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{base.kind}: {samples} × {features} on {side} × {side}: {peak / 1e6:.1f} MB at the peak")
    tracked.log(base.name, replace(base, samples=kept, features=features, side=side), memory_bytes=peak)
    assert peak < BLOCK_BYTES + 8 * task.weights.nbytes + 4 * task.samples.nbytes


def sized(base: Row, samples: int, features: int, side: int) -> Row:
    """Return a row of these sizes; online training, which looks at one sample after another, gets a tenth of them."""
    return replace(base, samples=samples // 10 if base.kind == "online" else samples, features=features, side=side)


def assert_growth(prepare: Prepare, small: Row, large: Row, model: float) -> None:
    """Fail if time grows faster than the model says, by more than a generous factor, at every look."""
    for _ in range(LOOKS):
        seconds = [best(prepare(each.task())) for each in (small, large)]
        for each, taken in zip((small, large), seconds, strict=True):
            tracked.log(each.name, each, seconds=taken)
        grown = seconds[1] / seconds[0]
        print(f"{small} → {large}: {seconds[0] * 1e3:.2f} → {seconds[1] * 1e3:.2f} ms, {grown:.2f} × for {model} ×")
        if grown <= GENEROUS * model:
            return
    pytest.fail(f"{small} → {large}: time grew {grown:.1f} ×, the work {model} ×")


def best(run: Callable[[], Any]) -> float:
    """The quickest of some; of many, if they are so short that something else always comes between."""
    seconds: list[float] = []
    while len(seconds) < TIMES or sum(seconds) < MOMENT:
        seconds.append(seconds_of(run))
    return min(seconds)
