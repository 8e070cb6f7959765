"""Pictures of labels and clusters show which nodes belong together."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ksom import KohonenSOM
from ksom.errors import ParameterError
from ksom.map_file import Layer
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.pictures.plots.clusters import draw_clusters, middles
from ksom.pictures.plots.colours import KINDS, NOTHING, OTHERS, of_kinds, rgb
from ksom.pictures.plots.figure import new_figure, size_for
from ksom.pictures.plots.labels import draw_labels
from ksom.pictures.plots.outlines import borders, draw_outlines
from ksom.pictures.plots.pies import LARGEST, MOST_PIES, draw_pies, slices_of
from tests.drawn_map import drawn, legend, of_nodes, texts_in
from tests.known_map import known_map


def labelled(counts, names, **layers):
    counts = np.asarray(counts)
    som = KohonenSOM(*counts.shape[:2], initial=np.zeros((*counts.shape[:2], 1)))
    som.layers |= {"labels": Layer(counts, {"names": names, "column": "kind"})} | layers
    return som


class TestLabels:
    def test_a_node_has_the_colour_of_its_most_frequent_label(self):
        ax = draw_labels(labelled([[[3, 1], [0, 2], [2, 2]]], ["a", "b"]), ax=Figure().subplots())
        np.testing.assert_array_equal(of_nodes(ax), of_kinds(np.array([0, 1, 0])))
        assert (texts_in(ax), legend(ax), ax.get_legend().get_title().get_text()) == (
            ["a", "b", "a"],
            ["a", "b"],
            "kind",
        )

    def test_a_node_without_samples_has_the_nearest_label_s_colour_pale(self):
        nearest = Layer(np.array([[0, 1, 1]]))
        som = labelled([[[3, 0], [0, 2], [0, 0]]], ["a", "b"], nearest_labelled=nearest)
        ax = draw_labels(som, ax=Figure().subplots())
        np.testing.assert_allclose(of_nodes(ax)[2], 0.35 * of_kinds(np.array([1]))[0] + 0.65 * 255, atol=1)
        assert (texts_in(ax), ax.texts[0].get_text()) == (["a", "b"], "pale: no sample, the nearest node's label")

    def test_a_node_of_which_nothing_is_known_is_grey(self):
        ax = draw_labels(labelled([[[3, 0], [0, 0]]], ["a", "b"]), ax=Figure().subplots())
        assert (of_nodes(ax)[1].tolist(), ax.texts[0].get_text()) == (rgb(NOTHING).tolist(), "grey: no sample")

    def test_the_rarest_of_too_many_labels_have_one_colour(self):
        number = len(KINDS) + 3
        counts = np.diag(np.where(np.arange(number) % 8 == 1, 1, 5))[np.newaxis]
        ax = draw_labels(labelled(counts, [f"l{label}" for label in range(number)]), ax=Figure().subplots())
        is_other = (of_nodes(ax) == rgb(OTHERS)).all(axis=1)
        np.testing.assert_array_equal(is_other, np.arange(number) % 8 == 1)
        assert (len(legend(ax)), legend(ax)[-1]) == (len(KINDS) + 1, "3 other labels")

    def test_a_long_label_is_cut_to_the_room_there_is(self):
        figure = new_figure(5, 4)
        ax = draw_labels(labelled(np.ones((6, 6, 1), int), ["x" * 200]), ax=figure.subplots())
        figure.draw_without_rendering()
        width = ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0]
        assert set(texts_in(ax)) == {texts_in(ax)[0]}
        assert texts_in(ax)[0].endswith("…")
        assert max(text.get_window_extent().width for text in ax.texts) < width

    def test_labels_that_are_the_same_when_cut_are_not_written(self):
        counts = np.tile(np.eye(2, dtype=int), (6, 3, 1))
        for names, is_written in ((["species a" * 9, "species b" * 9], False), (["a" * 99, "b" * 99], True)):
            ax = draw_labels(labelled(counts, names), ax=new_figure(5, 4).subplots())
            assert bool(texts_in(ax)) == is_written

    def test_the_rest_of_too_many_labels_is_not_written_into_nodes(self):
        number = len(KINDS) + 1
        counts = np.diag(number - np.arange(number))[np.newaxis]
        ax = draw_labels(labelled(counts, [chr(97 + label) for label in range(number)]), ax=new_figure(9, 2).subplots())
        assert texts_in(ax) == [chr(97 + label) for label in range(number - 1)]

    @pytest.mark.parametrize("kind", ["labels", "pies"])
    def test_a_layer_without_any_label_is_one_line(self, kind):
        with pytest.raises(ParameterError, match=r"^som must have labelled samples, got "):
            drawn(kind, labelled(np.zeros((2, 2, 0), int), []))

    def test_clusters_that_no_node_has_are_drawn_as_nothing(self):
        ax = draw_clusters(clustered(np.full((2, 2), -1)), ax=Figure().subplots())
        assert legend(ax) == ["none: 4 nodes"]

    def test_where_there_is_no_room_nothing_is_written(self):
        ax = draw_labels(labelled(np.ones((40, 40, 1), int), ["setosa"]), ax=new_figure(4, 4).subplots())
        assert texts_in(ax) == []


def area(corners):
    x, y = corners.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


class TestPies:
    def test_the_area_of_a_slice_goes_with_the_number_of_its_samples(self):
        counts = np.array([[30, 10], [0, 40], [5, 5]])
        slices, kinds = slices_of(counts, np.zeros((3, 2)))
        assert kinds.tolist() == [0, 1, 1, 0, 1]
        areas = np.array([area(corners) for corners in slices])
        np.testing.assert_allclose(areas / areas.sum(), np.array([30, 10, 40, 5, 5]) / 90, rtol=0.03)
        assert areas[2] == pytest.approx(np.pi * LARGEST**2, rel=0.01)

    def test_a_pie_begins_on_top_and_goes_round_as_a_clock(self):
        first, second = (corners.mean(axis=0) for corners in slices_of(np.array([[2, 2]]), np.zeros((1, 2)))[0])
        assert (first[0] > 0, second[0] < 0) == (True, True)

    def test_a_few_samples_among_many_can_still_be_seen(self):
        assert area(slices_of(np.array([[1], [10_000]]), np.zeros((2, 2)))[0][0]) > np.pi * 0.1**2

    @pytest.mark.parametrize("shape", [(1, 60), (60, 1), (4, 5)])
    def test_pies_are_round_on_a_stretched_map_too(self, shape):
        figure = new_figure(6, 6)
        ax = draw_pies(labelled(np.ones((*shape, 1), int), ["calm"]), ax=figure.subplots())
        figure.draw_without_rendering()
        pie = ax.transData.transform(ax.collections[1].get_paths()[0].vertices)
        assert np.ptp(pie[:, 0]) == pytest.approx(np.ptp(pie[:, 1]), rel=0.01)

    def test_a_map_of_too_many_nodes_for_pies_shows_labels(self):
        som = known_map(Rectangular(51, 50))
        assert som.lattice.size > MOST_PIES
        np.testing.assert_array_equal(of_nodes(drawn("pies", som)[1]), of_nodes(drawn("labels", som)[1]))


def clustered(groups, lattice=None, **layers):
    groups = np.asarray(groups)
    lattice = lattice or Rectangular(*groups.shape)
    som = KohonenSOM(*groups.shape, lattice=lattice, initial=np.zeros((*groups.shape, 1)))
    som.layers |= {"clusters": Layer(groups, {"clusters": int(groups.max()) + 1, "method": "ward"})} | layers
    return som


def length(lines):
    return np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum()


class TestClusters:
    def test_a_node_has_its_cluster_s_colour_and_none_is_grey(self):
        ax = draw_clusters(clustered([[0, 1, -1]]), ax=Figure().subplots())
        np.testing.assert_array_equal(of_nodes(ax), of_kinds(np.array([0, 1, -1])))

    def test_the_legend_tells_nodes_and_samples(self):
        som = clustered([[0, 1, 1, -1]], hits=Layer(np.array([[1, 2, 3, 1000]]), {"samples": 1006}))
        told = ["none: 1 node, 1,000 samples", "0: 1 node, 1 sample", "1: 2 nodes, 5 samples"]
        assert legend(draw_clusters(som, ax=Figure().subplots())) == told
        del som.layers["hits"]
        assert legend(draw_clusters(som, ax=Figure().subplots()))[2] == "1: 2 nodes"

    def test_of_many_clusters_the_largest_are_listed(self):
        som = clustered(np.arange(150).reshape(10, 15) // 2)
        found = legend(draw_clusters(som, ax=Figure().subplots()))
        assert (len(found), found[-1]) == (21, "… and 55 more")

    @pytest.mark.parametrize("lattice", [Rectangular(4, 6), Hexagonal(4, 6)], ids=repr)
    def test_a_line_is_between_two_clusters_and_nowhere_else(self, lattice):
        groups = np.zeros((4, 6), int)
        assert len(borders(lattice, groups)) == 0
        groups[1, 2] = 1  # a node inside: its whole outline
        corners = np.array(lattice.outline)
        around = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).sum()
        lines = borders(lattice, groups)
        assert (len(lines), length(lines)) == (len(corners), pytest.approx(around))
        np.testing.assert_allclose(lines.mean(axis=(0, 1)), lattice.positions()[8])

    @pytest.mark.parametrize(("wrap", "sides"), [("none", 1), ("columns", 3), ("both", 3)])
    def test_a_border_at_a_wrapped_edge_is_on_both_sides(self, wrap, sides):
        groups = np.repeat([[0, 0, 1, 1]], 2, axis=0)
        lines = borders(Rectangular(2, 4, wrap), groups)
        assert sorted(set(lines[:, 0, 0])) == ([1.5] if sides == 1 else [-0.5, 1.5, 3.5])

    def test_a_cluster_that_goes_round_a_wrapped_edge_has_no_line_there(self):
        lines = borders(Hexagonal(2, 5, "columns"), np.repeat([[0, 1, 1, 0, 0]], 2, axis=0))
        assert lines[..., 0].min() > 0
        assert lines[..., 0].max() < 3.1

    def test_on_a_map_of_pixels_the_lines_are_pixels(self):
        lattice = Hexagonal(120, 100)
        groups = (np.arange(100) >= 50)[np.newaxis].repeat(120, axis=0).astype(int)
        ax = Figure().subplots()
        draw_outlines(lattice, groups, ax, colour="#ff0000")
        pixels = ax.images[0].get_array()
        columns = np.flatnonzero(pixels[..., 3].any(axis=0)) / pixels.shape[1] * 100.5
        assert (columns.min(), columns.max()) == pytest.approx((50, 50.5), abs=0.3)
        assert pixels[12:-12, :, 3].any(axis=1).all()  # at the very edge hexagons do not touch
        assert {tuple(colour) for colour in pixels[pixels[..., 3] > 0].tolist()} == {(255, 0, 0, 255)}

    def test_the_outlines_alone_can_be_drawn_over_another_picture(self):
        som = known_map(Hexagonal(6, 7))
        _, ax = drawn("plane", som)
        before = of_nodes(ax)
        assert draw_clusters(som, ax=ax, only_outlines=True) is ax
        np.testing.assert_array_equal(of_nodes(ax), before)
        assert (len(ax.collections), ax.get_title(), ax.get_legend()) == (2, "wave 0 [m]", None)
        assert to_rgb(ax.collections[1].get_color()[0]) != (1, 1, 1)

    def test_outlines_alone_need_a_picture(self):
        with pytest.raises(
            ParameterError, match=r"^ax must hold a picture of this map, over which the outlines are dra"
        ):
            draw_clusters(known_map(Hexagonal(6, 7)), only_outlines=True)

    def test_the_number_of_a_cluster_is_in_its_middle(self):
        groups = np.zeros((5, 5), int)
        groups[1:4, 2:] = 1
        assert middles(Rectangular(5, 5), groups)[1] == 2 * 5 + 3
        assert texts_in(draw_clusters(clustered(groups), ax=Figure().subplots())) == ["0", "1"]

    @pytest.mark.parametrize(("wrap", "middle"), [("columns", 0), ("none", 1)])
    def test_the_middle_of_a_cluster_that_goes_round_an_edge_is_at_that_edge(self, wrap, middle):
        assert middles(Rectangular(1, 6, wrap), np.array([[0, 0, 1, 1, 1, 0]]))[0] == middle

    @pytest.mark.parametrize("beside", [1.2, 2.4, 4.0])
    @pytest.mark.parametrize("lattice", [Rectangular(20, 25), Hexagonal(30, 5), Hexagonal(5, 30)], ids=repr)
    def test_the_legend_is_all_in_the_picture(self, lattice, beside):
        som = clustered(np.arange(lattice.size).reshape(lattice.height, lattice.width) // 20, lattice)
        figure = new_figure(*size_for(lattice, beside))
        ax = draw_clusters(som, ax=figure.subplots())
        figure.draw_without_rendering()
        box, map_box = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert figure.bbox.padded(1).contains(box.x0, box.y0)
        assert figure.bbox.padded(1).contains(box.x1, box.y1)
        assert not box.overlaps(map_box)
