"""Products whose sums stay in registers are products, for every width of registers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from ksom.kernels.numba import register_products
from ksom.kernels.numba.products import BLOCK_SAMPLES, multiply
from ksom.kernels.numba.register_products import SAMPLES, lanes, lanes_for, put_products, registers
from ksom.kernels.numba.vectors import LANES, multiple
from tests.hard_cases import DTYPES

WIDTHS = [(64, 4), (32, 2), (16, 4)]


def compiled_now() -> Callable[..., Any]:
    """Return `put_products` of rows and columns of larger arrays, compiled, and not from the cache."""

    @njit
    def put(so_far, samples, weights, sums):  # type: ignore[no-untyped-def]  # numba's
        put_products(so_far, samples[:, 2:-1], weights[2:-1], sums[1:5])

    return put


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("rows", [1, SAMPLES])
@pytest.mark.parametrize("dtype", DTYPES)
def test_they_are_added_to_what_is_there(
    width: tuple[int, int], rows: int, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_products, "registers", lambda _: width)
    put, chance = compiled_now(), np.random.default_rng(0)
    for features in (1, 2, 3, 17, 64, 129):
        so_far, samples, weights = (
            chance.integers(-8, 9, size=shape).astype(dtype)
            for shape in ((rows, lanes(dtype)), (SAMPLES, features + 3), (features + 3, lanes(dtype)))
        )
        sums = np.full((SAMPLES + 2, lanes(dtype)), 99, dtype=dtype)
        put(so_far, samples, weights, sums)
        assert np.array_equal(sums[1:5], so_far + samples[:, 2:-1] @ weights[2:-1])
        assert np.all(sums[[0, 5]] == 99)


def test_they_may_be_added_to_where_they_are_put() -> None:
    chance = np.random.default_rng(0)
    sums, samples, weights = (
        chance.integers(-8, 9, size=shape).astype(np.float32) for shape in ((6, 64), (4, 5), (5, 64))
    )
    expected = _reference(sums[1:5], samples[:, 2:-1], weights[2:-1])
    compiled_now()(sums[1:5], samples, weights, sums)
    assert np.array_equal(sums[1:5], expected)


def test_python_has_the_same() -> None:
    chance = np.random.default_rng(0)
    so_far, samples, weights = (
        chance.integers(-8, 9, size=shape).astype(np.float32) for shape in ((1, 64), (4, 5), (5, 64))
    )
    sums = np.empty((4, 64), dtype=np.float32)
    put_products(so_far, samples, weights, sums)
    assert np.array_equal(sums, _reference(so_far, samples, weights))


def _reference(so_far: NDArray[Any], samples: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    return so_far + np.einsum("if,fl->il", samples, weights)


@pytest.mark.parametrize(("features", "width"), [("+avx2,+avx512f,+fma", 64), ("+avx2,-avx512f", 32), ("", 32)])
def test_the_registers_are_those_of_the_processor_that_the_machine_code_is_kept_for(features: str, width: int) -> None:
    assert registers(("x86_64", "a processor", features))[0] == width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_fewer_lanes_are_multiplied_with_more_samples(
    width: tuple[int, int], dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_products, "registers", lambda _: width)

    @njit
    def put(so_far, samples, weights, sums):  # type: ignore[no-untyped-def]  # numba's
        put_products(so_far, samples, weights, sums)

    chance, most = np.random.default_rng(0), lanes(dtype)
    for together, count in ((most, 4), (most * 3 // 4, 4), (most // 2, 8), (most // 4, 16)):
        so_far, samples, weights = (
            chance.integers(-8, 9, size=shape).astype(dtype)
            for shape in ((count, together), (count, 17), (17, together))
        )
        sums = np.full((count + 1, together), 99, dtype=dtype)
        put(so_far, samples, weights, sums[:count])
        assert np.array_equal(sums[:count], so_far + samples @ weights)
        assert np.all(sums[count] == 99)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("nodes", [1, 16, 17, 48, 63, 64, 65, 100, 129])
def test_every_sum_of_a_block_is_made_whatever_the_lanes(nodes: int, dtype: Any) -> None:
    chance, count, features = np.random.default_rng(0), 5, 70
    samples = np.zeros((BLOCK_SAMPLES, features), dtype)
    samples[:count], rows = chance.integers(-8, 9, (count, features)), chance.integers(-8, 9, (nodes, features))
    together = lanes_for(nodes, dtype)
    filled = np.zeros((multiple(nodes, together), features), dtype)
    filled[:nodes] = rows
    weights = np.ascontiguousarray(filled.reshape(-1, together, features).swapaxes(1, 2))
    begun = np.full((1, multiple(nodes, LANES)), 7, dtype)
    sums = np.full((BLOCK_SAMPLES, begun.size), np.nan, dtype)
    entry(count, begun, samples, weights, sums)
    expected = np.full((count, begun.size), 7.0)
    expected[:, :nodes] += samples[:count] @ rows.T
    assert np.array_equal(sums[:count], expected)


@njit
def entry(count, begun, samples, weights, sums):  # type: ignore[no-untyped-def]  # numba's
    """A way to `multiply` from Python."""
    multiply(count, begun, samples, weights, sums)
