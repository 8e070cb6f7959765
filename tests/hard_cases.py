"""Maps and samples that are hard for one pruning rule or another."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.method.distance import Chebyshev, Cosine, Distance, Euclidean, Manhattan
from ksom.method.lattice import WRAPS, Hexagonal, Lattice, Rectangular
from ksom.method.neighbourhood import NEIGHBOURHOODS, Factors, Neighbourhood, factors_of_all
from ksom.samples import Block

DTYPES = [np.float32, np.float64]

KINDS = {
    "spread": lambda chance, shape: chance.normal(size=shape),
    "ties": lambda chance, shape: chance.integers(-1, 3, size=shape),
    "constant": lambda chance, shape: np.full(shape, 0.3),
    "duplicates": lambda chance, shape: chance.normal(size=(4, shape[-1]))[chance.integers(4, size=shape[:-1])],
    "signed zeros": lambda chance, shape: chance.choice([-0.0, 0.0, 1.0, -1.0], size=shape),
    "far off": lambda chance, shape: 1000 + chance.normal(size=shape),
    "very far off": lambda chance, shape: 1e6 + chance.normal(size=shape),
    "tiny": lambda chance, shape: chance.normal(size=shape) * 1e-17,
    "huge": lambda chance, shape: chance.normal(size=shape) * 1e16,
    "subnormal": lambda chance, shape: chance.normal(size=shape) * 1e-42,
    "near ties": lambda chance, shape: chance.normal(size=shape[-1]) * (1 + _last_places(chance, shape)),
    "clusters": lambda chance, shape: np.rint(chance.normal(size=shape)) * 10 + chance.normal(size=shape) * 0.1,
}
"""Values that are hard for one pruning rule or another."""


def _last_places(chance: np.random.Generator, shape: Sequence[int]) -> NDArray[Any]:
    """A few units in the last place of float32, or of float64."""
    return chance.integers(-2, 3, size=shape) * float(chance.choice([2.0**-23, 2.0**-52]))


class Case(NamedTuple):
    """A map and what it learns."""

    weights: NDArray[Any]
    steps: list[OnlineStep]


@st.composite
def maps(draw: Any, longest: int = 40, features: int = 100) -> tuple[int, int, int]:
    """Height, width and features; rows and columns of nodes too."""
    height = draw(st.sampled_from([1, 2, 10, 16, 17, 30]) | st.integers(1, longest))
    width = draw(st.sampled_from([1, 2, 10, 16, 17, 30]) | st.integers(1, longest))
    return height, width, draw(st.sampled_from([1, 2, 3, 5]) | st.integers(1, features))


@st.composite
def cases(draw: Any, shapes: Any, samples: int = 30) -> Case:
    """A map, hard data, and neighbourhoods: from wide to narrow on any lattice, or any tables at all."""
    height, width, features = draw(shapes)
    dtype = draw(st.sampled_from(DTYPES))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    sizes = draw(st.lists(st.integers(1, samples), min_size=1, max_size=5))
    form = draw(st.none() | forms(height, width))
    phases = chance.integers(draw(st.integers(1, 3)), size=(2, 2 * height - 1)).astype(np.int32)
    steps = [
        OnlineStep(
            [Block(kind(chance, (size, features)).astype(dtype))],
            next(factors_of_all(*form, [20.0 / (step + 1)], dtype)) if form else _any(width, phases, dtype, chance),
            float(chance.choice([1.0, 0.5, 0.1, 0.01, 1e-30])),
        )
        for step, size in enumerate(sizes)
    ]
    return Case(kind(chance, (height, width, features)).astype(dtype), steps)


class Form(NamedTuple):
    """What the factors of an iteration follow from."""

    neighbourhood: Neighbourhood
    lattice: Lattice


@st.composite
def forms(draw: Any, height: int, width: int) -> Form:
    """A neighbourhood without negative values, and a lattice that a map of such a size can have."""
    kind = draw(st.sampled_from([kind for name in NEIGHBOURHOODS if (kind := NEIGHBOURHOODS[name]).lowest == 0]))
    shape = draw(st.sampled_from([Rectangular, Hexagonal]))
    wraps = ("none", "columns") if shape is Hexagonal and height % 2 else WRAPS
    return Form(kind(), shape(height, width, draw(st.sampled_from(wraps))))


class Varied(NamedTuple):
    """A map of some distance and what it learns: samples with gaps or without, neighbourhoods that push or do not."""

    weights: NDArray[Any]
    steps: list[OnlineStep]
    distance: Distance


COMPILED = [Euclidean, Cosine, Manhattan, Chebyshev]


@st.composite
def varied(draw: Any, shapes: Any, samples: int = 30) -> Varied:
    """A case of any distance that is compiled; where nodes are pushed away, slowly."""
    case, distance = draw(cases(shapes, samples)), draw(st.sampled_from(COMPILED))()
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    has_gaps, pushes = draw(st.booleans()), draw(st.booleans())
    steps = [
        OnlineStep(
            [_varied(block, distance, has_gaps, chance) for block in step.blocks],
            pushing(step.factors, chance) if pushes else step.factors,
            min(0.1, step.learning_rate) if pushes else step.learning_rate,
        )
        for step in case.steps
    ]
    return Varied(case.weights, steps, distance)


def _varied(block: Block, distance: Distance, has_gaps: bool, chance: np.random.Generator) -> Block:
    """Samples as a map of a distance takes them, of which some values may be missing."""
    values = directions(block.values) if distance.on_sphere else block.values
    return with_gaps(values, chance) if has_gaps else Block(values)


def with_gaps(values: NDArray[Any], chance: np.random.Generator, share: float = 0.3) -> Block:
    """Samples of which a share of the values is missing, but not all of any."""
    missing = chance.random(values.shape) < share
    missing[np.arange(len(values)), chance.integers(values.shape[1], size=len(values))] = False
    return Block(np.where(missing, 0, values).astype(values.dtype), 0, missing)


def directions(values: NDArray[Any]) -> NDArray[Any]:
    """Samples on the unit sphere; in place of zeros, or next to none, the first axis."""
    lengths = np.sqrt(np.sum(values.astype(np.float64) ** 2, axis=1, keepdims=True))
    first_axis = np.arange(values.shape[1]) == 0
    return np.where(lengths > 1e-30, values / np.maximum(lengths, 1e-30), first_axis).astype(values.dtype)


def pushing(factors: Factors, chance: np.random.Generator) -> Factors:
    """Factors some of which are below 0, but for the winner's own."""
    signs = chance.choice([-1, 0, 1], size=factors.columns.shape).astype(factors.columns.dtype)
    signs[:, signs.shape[1] // 2] = 1
    return factors._replace(columns=factors.columns * signs)


def gaussian(height: int, width: int, dtype: Any, sigma: float) -> Factors:
    def table(length: int) -> NDArray[Any]:
        factors = np.exp(-((np.abs(np.arange(1 - length, length)) / sigma) ** 2) / 2)
        return np.where(factors < np.finfo(dtype).eps / 4, 0, factors).astype(dtype)

    return Factors(table(height), table(width)[np.newaxis], np.zeros((2, 2 * height - 1), dtype=np.int32))


def _any(width: int, phases: NDArray[np.int32], dtype: Any, chance: np.random.Generator) -> Factors:
    """Factors that neither fall with the distance nor end, of several phases, some that repeat as on a torus."""

    def tables(length: int, count: int) -> NDArray[Any]:
        factors = chance.random((count, 2 * length - 1)) * chance.integers(0, 2, size=(count, 2 * length - 1))
        factors[:, length - 1] = 1
        if chance.random() < 0.5:
            factors[:, : length - 1] = factors[:, length:]
        return factors.astype(dtype)

    return Factors(tables(phases.shape[1] // 2 + 1, 1)[0], tables(width, int(phases.max()) + 1), phases)


def learned(backend: Any, steps: Sequence[OnlineStep], pieces: int = 1) -> bytes:
    """Train in so many calls; return the bits."""
    size = -(-len(steps) // pieces)
    for start in range(0, len(steps), size):
        backend.show(steps[start : start + size])
    return backend.weights.tobytes()
