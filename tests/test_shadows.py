"""Shadows leave out no node that may be nearest: their bound on rounding is one, and none of its parts is too large."""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from ksom.kernels.backend import OnlineStep
from ksom.kernels.numba import centred, shadows, tiles
from ksom.kernels.numba.backend import NumbaBackend
from ksom.kernels.numba.search import KEPT_FOR, Search
from ksom.kernels.numba.ways import AXES, PRODUCTS, Looks, Way, axes_to_try, left_in_question, quickest
from ksom.kernels.numpy_backend import NumpyBackend
from ksom.kernels.rounding import ShadowMargin, shadow_margin
from ksom.samples import Block
from tests.hard_cases import DTYPES, KINDS, Case, cases, gaussian, maps

UNIT = 2.0**-24
"""Half the epsilon of float32."""


@settings(max_examples=60)
@given(case=cases(maps(longest=12, features=40), samples=3))
def test_no_score_is_beyond_what_its_node_s_distance_allows(interpreted: dict[str, ModuleType], case: Case) -> None:
    dtype, samples = case.weights.dtype, case.steps[0].blocks[0].values
    [group] = centred.centred(tiles.as_tiles(case.weights, dtype))
    measured = NumpyBackend(case.weights, dtype)._totals(samples)[:, group.nodes]
    kernels, features = interpreted["shadow_search"], case.weights.shape[2]
    for axes in {1, min(3, features), features}:
        made, margin = shadows.MapShadows(group).along(axes)
        room, failed = kernels.make_shadow_room(group, made, 1), np.zeros(len(samples), np.bool_)
        kernels._cast(0, len(samples), samples, group, made, margin, failed, room)
        interpreted["products"].multiply(len(samples), made.norms, room.shadows, made.weights, room.scores)
        for sample in np.flatnonzero(~failed):
            own = kernels.squared_norm(sample, room.shadows) / 4
            of_sample = room.radii[sample], room.rests[sample], own, group.reach, margin
            limits = [kernels.highest_score(float(distance), *of_sample) for distance in measured[sample]]
            assert np.all(room.scores[sample, : len(group.nodes)] <= limits)


class Worst(NamedTuple):
    """A score that rounding has made as large as it can, in float32."""

    margin: ShadowMargin
    farthest: float
    """What the reference measures."""
    radius: float
    rest: float
    own: float
    reach: float
    score: float

    def is_allowed(self, kernels: ModuleType) -> bool:
        return bool(self.score <= kernels.highest_score(*self[1:6], self.margin))


def reference_that_loses_every_square() -> Worst:
    """1 + u + u + …: in float32 it stays 1. The sample is the centre, the axis the first feature."""
    features, square = 2000, 0.99 * UNIT
    distance = 1 + features * square
    return Worst(shadow_margin(features, 1, 64, 0, np.float32), 1.0, 0, 0, 0, distance**0.5, distance)


def axes_that_are_too_long() -> Worst:
    """A node on the only axis, at 1 from the sample, which is the centre: the axis makes it 1.003."""
    lack = 1.003**2 - 1
    return Worst(shadow_margin(1, 1, 64, lack, np.float32), 1.0, 0, 0, 0, 1.0, 1.003**2)


def coordinates_that_lose_every_product() -> Worst:
    """A sample at a node, and on the axis but for next to nothing; its coordinate loses all products but the first."""
    features, part = 1024, (0.99 * UNIT) ** 0.5
    lost = (features - 1) * part**2
    axis_square, sample_square = 1.0, 1 + lost
    first = (axis_square - lost) ** 0.5
    along, computed = first + lost, float(np.float32(first))
    rest, computed_rest = max(sample_square - along**2, 0) ** 0.5, (sample_square - computed**2) ** 0.5
    apart, own = (along - computed) ** 2 + (rest - computed_rest) ** 2, computed**2 + computed_rest**2
    margin = shadow_margin(features, 1, features, 0, np.float32)
    return Worst(margin, 0.0, sample_square**0.5, computed_rest, own, sample_square**0.5, apart - own)


def scores_that_lose_every_product() -> Worst:
    """A sample at a node again, both cast without an error; but −2 − 2 u − 2 u … stays −2."""
    axes = 4096
    square = 1 + (axes - 1) * 0.99 * UNIT
    exact = shadow_margin(axes, axes, 64, 0, np.float32)._replace(for_radius=0, for_reach=0, for_rest=0)
    return Worst(exact, 0.0, square**0.5, 0, square, square**0.5, square - 2)


WORST = {
    "stretch": (reference_that_loses_every_square, axes_that_are_too_long),
    "for_rest": (coordinates_that_lose_every_product,),
    "for_scores": (scores_that_lose_every_product,),
}


@pytest.mark.parametrize(
    "worst", [worst for several in WORST.values() for worst in several], ids=lambda it: it.__name__
)
def test_the_worst_that_rounding_does_is_allowed(interpreted: dict[str, ModuleType], worst: Any) -> None:
    assert worst().is_allowed(interpreted["shadow_search"])


@pytest.mark.parametrize(("part", "worst"), [(part, worst) for part, several in WORST.items() for worst in several])
def test_no_part_of_the_bound_could_be_a_third(interpreted: dict[str, ModuleType], part: str, worst: Any) -> None:
    case = worst()
    one = 1 if part == "stretch" else 0
    third = case.margin._replace(**{part: one + (getattr(case.margin, part) - one) / 3})
    assert not case._replace(margin=third).is_allowed(interpreted["shadow_search"])


def test_a_rough_distance_and_the_reference_s_are_no_farther_apart_than_the_bound_and_may_be_a_third() -> None:
    square = np.float32(1.01 * UNIT)
    reference = np.float32(1)
    for _ in range(2000):
        reference += square  # rounds up
    apart = float(reference) / (1 + 2000 * float(square)) - 1
    most = shadow_margin(2001, 1, 64, 0, np.float32).for_distance
    assert most / 3 < apart < most


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("features", [5, 130, 300])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_axes_are_orthonormal_whatever_the_map(kind: str, features: int, dtype: Any) -> None:
    weights = KINDS[kind](np.random.default_rng(0), (5, 7, features)).astype(dtype)
    [group] = centred.centred(tiles.as_tiles(weights, dtype))
    made = shadows.MapShadows(group)
    for _ in range(2):
        axes = made.cast(min(16, features)).axes
        assert shadows.lack_of_orthonormality(axes) < 1e-4
        made = shadows.MapShadows(group, axes)


def plane(chance: np.random.Generator, features: int) -> NDArray[np.float32]:
    """30 × 30 nodes that lie near three axes."""
    axes = chance.normal(size=(3, features)) * 10
    return (chance.normal(size=(30, 30, 3)) @ axes + 0.01 * chance.normal(size=(30, 30, features))).astype(np.float32)


@pytest.mark.parametrize("features", [100, 200])
def test_the_axes_of_a_map_in_a_plane_leave_one_node_in_question(features: int) -> None:
    weights = plane(np.random.default_rng(0), features)
    [group] = centred.centred(tiles.as_tiles(weights, np.float32))
    samples = weights.reshape(-1, features)[::20] + np.float32(0.001)
    left = left_in_question(shadows.MapShadows(group), 16, samples, 1)
    assert list(left) == [axes for axes in AXES if axes <= 16]
    assert left[16] == 1


def test_axes_of_the_map_as_it_was_make_those_that_it_has() -> None:
    weights = plane(np.random.default_rng(0), 200)
    [group], [moved] = (centred.centred(tiles.as_tiles(each, np.float32)) for each in (weights, weights * 1.01))
    before = shadows.MapShadows(group).cast(8).axes
    after = shadows.MapShadows(moved, before).cast(8).axes
    assert np.allclose(np.linalg.svd(before[:, :3].T @ after[:, :3])[1], 1, atol=1e-3)


def test_a_map_that_has_moved_begins_with_the_axes_that_it_had() -> None:
    weights = plane(np.random.default_rng(0), 200)
    backend = NumbaBackend(weights, np.float32)
    backend.best_matching_nodes(Block(weights.reshape(-1, 200)), 1)
    axes = backend.search().axes
    backend.show([OnlineStep([Block(weights[0])], gaussian(30, 30, np.float32, 1.0), 0.1)])
    assert axes is not None
    assert backend.search().axes is axes


def test_a_small_search_keeps_the_way_of_the_map_as_it_was_for_so_many_searches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights, looked = plane(np.random.default_rng(0), 200), []
    samples, step = weights.reshape(-1, 200)[:130], OnlineStep([], gaussian(30, 30, np.float32, 1.0), 0.1)
    look = Search.way

    def way(self: Search, samples: NDArray[Any], k: int) -> Way:
        looked.append(len(samples))
        look(self, samples, k)
        return Way("shadows", 8)

    monkeypatch.setattr(Search, "way", way)
    backend, expected = NumbaBackend(weights, np.float32), NumpyBackend(weights, np.float32)
    for _ in range(KEPT_FOR + 2):
        found = backend.best_matching_nodes(Block(samples), 1)
        assert found[0].tobytes() == expected.best_matching_nodes(Block(samples), 1)[0].tobytes()
        backend.show([step._replace(blocks=[Block(weights[0])])])
        expected.show([step._replace(blocks=[Block(weights[0])])])
    assert looked == [130, 130]


def test_a_map_whose_squares_overflow_is_searched_without_shadows() -> None:
    weights = np.full((30, 30, 200), 3e38, np.float32) * np.linspace(-1, 1, 30, dtype=np.float32)[:, None, None]
    with np.errstate(all="ignore"):
        backend = NumbaBackend(weights, np.float32)
        assert backend.search().way(weights.reshape(-1, 200), 1).name != "shadows"


def test_axes_are_sought_only_where_enough_is_asked() -> None:
    few, many = (Looks(samples, 900, 784, 64, 64, 16) for samples in (150, 4096))
    assert axes_to_try(few) == 0
    assert axes_to_try(many) == max(AXES)
    assert axes_to_try(many._replace(features=8)) == 0


def test_products_are_taken_where_shadows_leave_all_nodes_in_question() -> None:
    assert quickest(Looks(4096, 900, 784, 64, 64, 16), dict.fromkeys(AXES, 900.0)) == PRODUCTS
