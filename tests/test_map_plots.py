"""Each kind of picture of a map shows what the map knows."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from ksom import KohonenSOM
from ksom.errors import ParameterError
from ksom.map_file import Layer
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.method.umatrix import edges, umatrix
from ksom.pictures.plots.colours import NOTHING, rgb
from ksom.pictures.plots.distances import draw_distances
from ksom.pictures.plots.figure import new_figure
from ksom.pictures.plots.hits import draw_hits
from ksom.pictures.plots.planes import MOST_COLUMNS, PLANES_ON_A_PAGE, draw_plane, pages_of_planes
from ksom.pictures.plots.umatrix import MOST_BETWEEN, cells_between, draw_umatrix
from tests.baseline import MEAN, MOST, assert_looks_like, differences, pixels_of
from tests.drawn_map import KIND, drawn, fresh, of_nodes, texts_in
from tests.known_map import EVIL, known_map, samples_for

MAPS = {
    "hexagonal": Hexagonal(6, 7), "hexagonal-torus": Hexagonal(6, 7, "both"), "rectangular": Rectangular(5, 6),
    "chain": Rectangular(1, 30, "columns"),
}  # fmt: skip


@pytest.mark.parametrize("lattice", MAPS)
@pytest.mark.parametrize("kind", KIND)
def test_a_picture_is_as_it_was_when_it_was_looked_at(kind, lattice):
    assert_looks_like(drawn(kind, known_map(MAPS[lattice]))[0], f"{kind}-{lattice}")


@pytest.mark.parametrize("scale", ["own", "shared"])
def test_a_page_of_planes_is_as_it_was_when_it_was_looked_at(scale):
    assert_looks_like(next(pages_of_planes(known_map(Hexagonal(6, 7, "both"), 7), scale=scale)), f"planes-{scale}")


@pytest.mark.parametrize("kind", KIND)
def test_a_picture_that_is_drawn_over_another_is_the_same(kind):
    som = known_map(MAPS["rectangular"])
    ax, alone = drawn("umatrix", som)[1], drawn(kind, som)[1]
    before = len(ax.texts)
    KIND[kind](som, ax=ax)
    found, expected = ([(text.get_text(), text.get_color()) for text in some.texts] for some in (ax, alone))
    assert found[before:] == expected


def test_the_comparison_sees_a_node_of_another_colour():
    values = np.arange(30.0)
    figures = [new_figure(4, 3) for _ in range(2)]
    from ksom.pictures.plots.nodes import draw_nodes

    for figure, changed in zip(figures, (0.0, 29.0), strict=True):
        values[3] = changed
        draw_nodes(Rectangular(5, 6), values, ax=figure.subplots(), low=0, high=29)
    mean, most = differences(*(pixels_of(figure) for figure in figures))
    assert mean > MEAN or most > MOST


HARD = {
    "one node": lambda: known_map(Rectangular(1, 1), 1),
    "one node, many features": lambda: known_map(Hexagonal(1, 1), 50),
    "one feature": lambda: known_map(Rectangular(2, 3), 1),
    "two nodes, wrapped": lambda: known_map(Rectangular(1, 2, "columns")),
    "2 × 2 torus": lambda: known_map(Hexagonal(2, 2, "both")),
    "a column": lambda: known_map(Hexagonal(30, 1)),
    "strange names": lambda: renamed(known_map(Hexagonal(3, 3), 3, (EVIL, "$", ""))),
}


def renamed(som):
    som.feature_names, som.units = (EVIL, "$y$", ""), (EVIL, "$", None)
    som.layers["labels"] = Layer(som.layers["labels"].values, {**som.layers["labels"].about, "column": EVIL})
    return som


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("kind", KIND)
def test_a_hard_case_is_drawn(kind, case):
    assert pixels_of(drawn(kind, HARD[case]())[0]).std() > 5


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("scale", ["own", "shared"])
def test_the_planes_of_a_hard_case_are_drawn(case, scale):
    assert pixels_of(next(pages_of_planes(HARD[case](), scale=scale))).std() > 5


def test_features_without_any_value_are_drawn_as_nothing():
    som = fresh(Rectangular(2, 2))
    som.__class__ = type("Unlearned", (KohonenSOM,), {"prototypes": np.full((2, 2, 3), np.nan)})
    assert (of_nodes(draw_plane(som, 0, ax=Figure().subplots())) == rgb(NOTHING)).all()
    assert pixels_of(next(pages_of_planes(som, scale="shared"))).std() > 5


MISSING = {
    "hits": "som must have the layer 'hits': ksom label MAP makes it, or som.calibrate(samples); or give samples",
    "labels": "som must have the layer 'labels': ksom label MAP makes it, or som.label(samples, labels)",
    "pies": "som must have the layer 'labels': ksom label MAP makes it, or som.label(samples, labels)",
    "clusters": "som must have the layer 'clusters': ksom cluster MAP makes it, or som.cluster()",
    "distances": "som must have the layer 'distances': a training with TRAINER.CALIBRATE makes it, "
                 "or som.calibrate(samples); or give samples",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "told"), MISSING.items())
def test_what_the_map_does_not_know_is_one_line_that_says_what_makes_it(kind, told):
    with pytest.raises(ParameterError, match=f"^{re.escape(told)}, got 'layers \\[\\]'$"):
        drawn(kind, fresh(Rectangular(2, 2)))


class TestUMatrix:
    def test_the_middle_of_four_nodes_is_the_mean_of_both_diagonals(self):
        som = KohonenSOM(2, 2, initial=[[[0.0], [1.0]], [[5.0], [3.0]]])
        cells = cells_between(som.lattice, umatrix(som), edges(som))
        values = {tuple(place): value for place, value in zip(cells.positions.tolist(), cells.values, strict=True)}
        between = {(0.5, 0.0): 1, (0.0, 0.5): 5, (1.0, 0.5): 2, (0.5, 1.0): 2, (0.5, 0.5): (3 + 4) / 2}
        assert {place: values[place] for place in between} == pytest.approx(between)
        assert cells.values[:4].tolist() == umatrix(som).ravel().tolist()

    @pytest.mark.parametrize(("lattice", "cells"), [
        (Rectangular(3, 4), 5 * 7), (Rectangular(1, 5), 9), (Hexagonal(3, 4), 12 + 9 + 14), (Rectangular(1, 1), 1),
        (Rectangular(1, 4, "columns"), 4 + 3 + 2), (Rectangular(3, 4, "both"), 7 * 9),
        (Hexagonal(4, 3, "both"), 12 + 3 * 12 + 4 + 3 + 5 + 3),
    ], ids=repr)  # fmt: skip
    def test_there_is_a_cell_between_every_two_neighbours(self, lattice, cells):
        som = fresh(lattice)
        found = cells_between(lattice, umatrix(som), edges(som))
        assert len(np.unique(np.round(found.positions, 6), axis=0)) == len(found.values)
        assert len(found.values) == cells

    @pytest.mark.parametrize("lattice", [Rectangular(4, 5, "both"), Hexagonal(4, 5, "both"), Hexagonal(4, 5, "rows")])
    def test_what_lies_across_a_wrapped_edge_is_the_same_on_both_sides(self, lattice):
        found = cells_between(lattice, umatrix(fresh(lattice)), edges(fresh(lattice)))
        places = np.round(found.positions, 4)
        value = {tuple(place): value for place, value in zip(places.tolist(), found.values, strict=True)}
        down = round(float(lattice.height * np.sqrt(lattice.row_square)), 4)
        pairs = [(v, value[x, round(y + down, 4)]) for (x, y), v in value.items() if (x, round(y + down, 4)) in value]
        assert len(pairs) >= lattice.width
        assert all(first == pytest.approx(second) for first, second in pairs)

    @pytest.mark.parametrize(("lattice", "cells"), [(Rectangular(30, 30), 59 * 59), (Rectangular(30, 31), 30 * 31)])
    def test_the_cells_between_are_drawn_on_small_maps(self, lattice, cells):
        assert (lattice.size <= MOST_BETWEEN) == (cells > lattice.size)
        assert len(of_nodes(drawn("umatrix", fresh(lattice))[1])) == cells

    def test_whoever_says_so_has_the_nodes_only(self):
        assert len(of_nodes(drawn("umatrix", fresh(Hexagonal(3, 3)), between=False)[1])) == 9

    @pytest.mark.parametrize(("scaling", "label"), [("none", ""), ("standard", " [map units]")])
    def test_it_is_told_if_distances_are_not_in_the_units_of_the_data(self, scaling, label):
        som = KohonenSOM(2, 2, scaling=scaling)
        if scaling == "standard":
            from ksom import train

            som = train(samples_for(Rectangular(2, 2)), 2, 2, 2, 0, scaling="standard")
        else:
            som = fresh(Rectangular(2, 2))
        bar = draw_umatrix(som, ax=Figure().subplots()).child_axes[0]
        assert bar.get_ylabel() == "distance to the neighbours" + label


class TestPlanes:
    def test_a_plane_shows_the_feature_in_data_units(self):
        som = known_map(Hexagonal(6, 7))
        _, ax = drawn("plane", som)
        bar = ax.child_axes[0]
        assert bar.get_ylim() == pytest.approx((som.prototypes[..., 0].min(), som.prototypes[..., 0].max()))
        assert (ax.get_title(), bar.get_ylabel()) == ("wave 0 [m]", "wave 0 [m]")

    def test_a_feature_is_named_or_numbered(self):
        som = known_map(Rectangular(5, 6))
        first, second = (of_nodes(draw_plane(som, feature, ax=Figure().subplots())) for feature in ("wave 1", 1))
        np.testing.assert_array_equal(first, second)

    @pytest.mark.parametrize(("feature", "told"), [
        ("wave 9", "feature must be one of the map's 3 features; did you mean 'wave 2'?, got 'wave 9'"),
        (3, "feature must be an integer of at most 2, got 3"),
        (True, "feature must be an integer of at least 0, got True"),
    ])  # fmt: skip
    def test_an_unknown_feature_is_one_line(self, feature, told):
        for draw in (lambda som: draw_plane(som, feature), lambda som: pages_of_planes(som, [0, feature])):
            with pytest.raises(ParameterError) as caught:
                draw(known_map(Rectangular(5, 6)))
            assert str(caught.value) == told

    def test_a_feature_without_a_name_is_called_by_its_number(self):
        som = fresh(Rectangular(2, 2))
        assert draw_plane(som, "feature 2", ax=Figure().subplots()).get_title() == "feature 2"

    @pytest.mark.parametrize(("arguments", "told"), [
        ({"scale": "log"}, "scale must be "), ({"on_a_page": 0}, "on_a_page must be "),
        ({"features": []}, "features must name one at least"),
    ])  # fmt: skip
    def test_a_bad_argument_is_refused_before_the_first_page(self, arguments, told):
        with pytest.raises(ParameterError, match=f"^{told}"):
            pages_of_planes(known_map(Rectangular(5, 6)), **arguments)

    @pytest.mark.parametrize(("features", "on_pages"), [(1, [1]), (20, [20]), (21, [20, 1]), (100, [20] * 5)])
    def test_many_features_are_paged(self, features, on_pages):
        pages = list(pages_of_planes(fresh(Rectangular(2, 2), features)))
        assert [len(page.axes) for page in pages] == on_pages
        last = pages[-1].texts[0].get_text()
        assert last == (f"page {len(pages)} of {len(pages)}" if features > 20 else "")

    def test_of_500_features_a_page_is_drawn_when_it_is_asked_for(self):
        pages = pages_of_planes(fresh(Rectangular(2, 2), 500))
        assert [len(next(pages).axes), next(pages).texts[0].get_text()] == [PLANES_ON_A_PAGE, "page 2 of 25"]

    @pytest.mark.parametrize(("scale", "ranges"), [("own", 3), ("shared", 1)])
    def test_a_shared_scale_is_everybody_s(self, scale, ranges):
        som = fresh(Rectangular(4, 4))
        page = next(pages_of_planes(som, scale=scale))
        found = {ax.child_axes[0].get_ylim() for ax in page.axes}
        assert len(found) == ranges
        if scale == "shared":
            assert found.pop() == pytest.approx((som.prototypes.min(), som.prototypes.max()))

    @pytest.mark.parametrize("lattice", [Hexagonal(6, 7, "both"), Rectangular(2, 30), Rectangular(30, 2)], ids=repr)
    @pytest.mark.parametrize("features", [1, 6, 20])
    def test_nothing_on_a_page_is_over_anything_else_or_cut_off(self, lattice, features):
        som = fresh(lattice, features)
        som.feature_names = tuple(f"{number} {'long name ' * 20}" for number in range(features))
        page = next(pages_of_planes(som))
        page.draw_without_rendering()
        boxes = [box for ax in page.axes for box in (
            ax.get_window_extent(), ax.title.get_window_extent(), ax.child_axes[0].get_tightbbox()
        )]  # fmt: skip
        assert not [1 for box in boxes if not page.bbox.padded(1).contains(*box.min)]
        assert not [1 for box in boxes if not page.bbox.padded(1).contains(*box.max)]
        assert not [1 for i, box in enumerate(boxes) for other in boxes[:i] if box.overlaps(other)]
        assert len({round(ax.get_position(original=True).x0, 6) for ax in page.axes}) <= MOST_COLUMNS


class TestHits:
    def test_the_numbers_are_written_where_there_is_room(self):
        som = known_map(Rectangular(5, 6))
        _, ax = drawn("hits", som)
        assert texts_in(ax) == [str(count) for count in som.layers["hits"].values.ravel() if count]

    def test_in_small_nodes_there_are_none(self):
        assert texts_in(drawn("hits", known_map(Rectangular(60, 60)))[1]) == []

    def test_a_node_without_samples_is_grey(self):
        som = known_map(Hexagonal(6, 7))
        is_grey = (of_nodes(drawn("hits", som)[1]) == rgb(NOTHING)).all(axis=1)
        np.testing.assert_array_equal(is_grey, som.layers["hits"].values.ravel() == 0)

    def test_samples_that_are_given_are_counted(self):
        lattice = Hexagonal(6, 7)
        given = draw_hits(fresh(lattice), samples_for(lattice), ax=Figure().subplots())
        known = draw_hits(known_map(lattice), ax=Figure().subplots())
        np.testing.assert_array_equal(of_nodes(given), of_nodes(known))
        assert given.child_axes[0].get_ylabel() == known.child_axes[0].get_ylabel() == "samples (of 40)"


class TestDistances:
    def test_the_layer_and_the_samples_it_was_made_of_give_one_picture(self):
        lattice = Hexagonal(6, 7)
        given = draw_distances(fresh(lattice), samples_for(lattice), ax=Figure().subplots())
        np.testing.assert_array_equal(of_nodes(given), of_nodes(drawn("distances", known_map(lattice))[1]))
        assert given.child_axes[0].get_ylabel() == "median distance"

    def test_another_quantile_is_of_the_samples(self):
        lattice = Rectangular(5, 6)
        ax = draw_distances(fresh(lattice), samples_for(lattice), level=0.75, ax=Figure().subplots())
        assert ax.child_axes[0].get_ylabel() == "distance, 75% quantile"

    @pytest.mark.parametrize(("level", "told"), [
        (0.75, "level must be one of [0.5, 0.9, 0.99, 1.0], which the map keeps; or give samples, got 0.75"),
        (2, "level must be a number >= 0 and <= 1, got 2"),
    ])  # fmt: skip
    def test_a_quantile_that_is_not_kept_is_one_line(self, level, told):
        with pytest.raises(ParameterError) as caught:
            draw_distances(known_map(Rectangular(5, 6)), level=level)
        assert str(caught.value) == told
