"""The three ways of searching beside each other, over features and nodes, and which of them ksom takes."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from numpy.typing import NDArray

from benchmarks.ceilings import cores
from benchmarks.data import DATA, initial_weights
from benchmarks.estimate import seconds_of
from benchmarks.limits import FULL, Limits
from benchmarks.measure import alone
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer

FEATURES = (2, 4, 8, 16, 32, 64, 128, 256, 784)
SIDES = (10, 30, 50, 100, 200)
SWEPT = ("mixture", "noise")
STATES = ("first", "trained")
"""The first weights, which are all over the data's range, and those after some epochs."""
EPOCHS = 5
TIMES = 5
ENOUGH_SECONDS = 0.2
"""A way is timed so often, but no longer than this in all."""
WORK = 10**9
"""Samples × nodes × features of one search, about, so that it takes a moment …"""
SAMPLES = (512, 20_000)
"""… and the fewest and the most samples."""


def steps(limits: Limits) -> list[tuple[str, Callable[[], list[dict[str, Any]]]]]:
    """Return (what is measured, how) for each kind of data."""
    return [
        (f"tiles, products or shadows: {data}", lambda data=data: alone(_swept, data, 1 if limits is FULL else 2))
        for data in SWEPT
    ]


def _swept(data: str, every: int) -> list[dict[str, Any]]:
    cells = [(side, features) for side in SIDES[::every] for features in FEATURES[::every]]
    list(_cell(data, *cells[0]))  # compiles
    return [told for cell in cells for told in _cell(data, *cell)]


def _cell(data: str, side: int, features: int) -> Iterator[dict[str, Any]]:
    fewest, most = SAMPLES
    samples = DATA[data](min(most, max(fewest, WORK // (side * side * (features + 4)))), features)
    som = KohonenSOM(side, side, initial=initial_weights(samples, side), backend="numba")
    for state in STATES:
        if state == "trained":
            Trainer(som, samples, iterations=EPOCHS, algorithm="batch").train()
        told = {"data": data, "state": state, "features": features, "side": side, "samples": len(samples)}
        yield {**told, **_beside(som.weights, samples)}


def _beside(weights: NDArray[Any], samples: NDArray[Any]) -> dict[str, Any]:
    """Time a search in all ways, in turn, and ask which one the rule takes; shadows along the best number of axes."""
    from ksom.kernels.numba.backend import NumbaBackend
    from ksom.kernels.numba.ways import AXES, PRODUCTS, TILES, Way

    search = NumbaBackend(weights, "float32", cores()).search()
    search.best_matching_nodes(samples, 1, way=TILES)  # cuts the map smaller
    rule = search.way(samples, 1)
    some = {axes for axes in AXES[::2] if 2 * axes <= samples.shape[1]} | ({rule.axes} - {0})
    taken: dict[Way, list[float]] = {way: [] for way in (TILES, PRODUCTS, *(Way("shadows", axes) for axes in some))}
    for _ in range(TIMES):
        for way in (way for way in taken if sum(taken[way]) < ENOUGH_SECONDS):
            taken[way].append(seconds_of(partial(search.best_matching_nodes, samples, 1, way=way)))
    seconds: dict[str, Any] = {"rule": rule.name, "taken_seconds": min(taken[rule])}
    for way, several in taken.items():
        name = f"{way.name}_seconds"
        seconds[name] = min(*several, seconds.get(name, float("inf")))
    return seconds
