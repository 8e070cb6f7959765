"""The backend "auto" is the one that is done first, as far as that can be told beforehand."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ksom.kernels.effort import Work, numpy_seconds
from ksom.kohonensom_model import KohonenSOM
from ksom.trainer import Trainer

TRAININGS = [
    ("online", (20, 3), 10, 100, "numpy"),
    ("online", (150, 4), 10, 100, "numpy"),
    ("online", (178, 13), 8, 1000, "numba"),
    ("online", (20, 3), 8, 5000, "numba"),
    ("online", (1797, 64), 20, 5, "numba"),
    ("batch", (178, 13), 20, 100, "numpy"),
    ("batch", (20, 3), 50, 500, "numba"),
    ("batch", (10_000, 16), 20, 50, "numba"),
]
"""Algorithm, shape of the data, side of the map, iterations, and who is done first, as benchmarks/choice.py tells."""


@pytest.mark.parametrize(("algorithm", "shape", "side", "iterations", "name"), TRAININGS)
def test_auto_takes_who_is_done_first(
    algorithm: str, shape: tuple[int, int], side: int, iterations: int, name: str
) -> None:
    trainer = Trainer(KohonenSOM(side, side), np.eye(*shape), algorithm=algorithm, iterations=iterations)
    assert trainer.som.kernels.name == name


works = st.builds(Work, *[st.integers(0, 10**6)] * 4)
sizes = st.tuples(*[st.integers(1, 300)] * 3)


@given(one=works, other=works, size=sizes)
def test_work_adds_up(one: Any, other: Any, size: tuple[int, int, int]) -> None:
    both = Work(*map(sum, zip(one, other, strict=True)))
    assert numpy_seconds(both, *size) == pytest.approx(numpy_seconds(one, *size) + numpy_seconds(other, *size))


def test_a_map_that_changes_to_the_compiled_backend_keeps_what_it_has_learned() -> None:
    som = KohonenSOM(5, 5)
    Trainer(som, np.eye(20, 3), iterations=3).train()
    before = som.weights
    som.expect(Work(shown=10**6), som.features)
    assert som.kernels.name == "numba"
    assert som.weights.tobytes() == before.tobytes()
