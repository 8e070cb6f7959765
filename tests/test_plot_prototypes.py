"""Prototypes as pictures and as curves: each node's values, where the node is."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import ksom
from ksom.errors import DataError, ParameterError
from ksom.layers import HITS
from ksom.map_file import Layer
from ksom.method.lattice import Hexagonal, Rectangular
from ksom.method.scaling import Standard
from ksom.pictures.plots.picture_shape import PictureShape, picture_shape
from ksom.pictures.plots.prototype_curves import draw_prototype_curves
from ksom.pictures.plots.prototypes import draw_prototypes


def som_of(lattice, features, **kwargs):
    weights = np.random.default_rng(0).random((lattice.height, lattice.width, features))
    return ksom.KohonenSOM(lattice.height, lattice.width, lattice=lattice, initial=weights, dtype="float64", **kwargs)


def drawn(draw, *args, **kwargs):
    ax = draw(*args, ax=Figure(layout="constrained").subplots(), **kwargs)
    FigureCanvasAgg(ax.figure).draw()
    return ax


def notes(ax):
    return next((text.get_text() for text in ax.texts if text.get_gid() == "notes"), "").split("\n")


def colour_at(ax, x, y):
    """Return the colour of the whole at a place of the axes."""
    (image,) = ax.images
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array()
    row, column = (y - top) / (bottom - top) * pixels.shape[0], (x - left) / (right - left) * pixels.shape[1]
    return pixels[int(row), int(column)].tolist()


@pytest.mark.parametrize("lattice", [Rectangular(3, 4), Hexagonal(3, 4)], ids=["rectangular", "hexagonal"])
@pytest.mark.parametrize("sides", [(1, 1), (4, 4), (2, 6), (7, 3)])
def test_each_picture_is_where_its_node_is(lattice, sides):
    colours = np.random.default_rng(0).random((12, 3))
    weights = np.repeat(colours[:, np.newaxis], sides[0] * sides[1], axis=1).reshape(3, 4, -1)
    som = ksom.KohonenSOM(3, 4, lattice=lattice, initial=weights)
    ax = drawn(draw_prototypes, som, (*sides, 3))
    found = [colour_at(ax, *place) for place in lattice.positions()]
    assert found == [[*np.rint(255 * colour).astype(int), 255] for colour in colours]


def test_a_picture_is_upright_and_its_pixels_are_as_wide_as_high():
    weights = np.array([0, 0, 1, 1, 0, 1], float).reshape(1, 1, 6)  # three rows of two
    ax = drawn(draw_prototypes, ksom.KohonenSOM(1, 1, initial=weights), (3, 2))
    (image,) = ax.images
    pixels = image.get_array()
    there = np.flatnonzero(pixels[:, :, 3].any(axis=1)), np.flatnonzero(pixels[:, :, 3].any(axis=0))
    picture = pixels[there[0][0] : there[0][-1] + 1, there[1][0] : there[1][-1] + 1, 0]
    block = picture.shape[0] // 3
    assert picture.shape == (3 * block, 2 * block)
    assert (picture[block // 2 :: block, block // 2 :: block] > 127).tolist() == [[0, 0], [1, 1], [0, 1]]
    box = ax.transData.transform([(0, 0), (1, 1)])
    left, right, bottom, top = image.get_extent()
    width, height = (abs(box[1] - box[0]) * [right - left, bottom - top]) / pixels.shape[1::-1]
    assert width == pytest.approx(height)


def test_values_from_0_to_1_are_light_and_others_are_ink():
    light = ksom.KohonenSOM(1, 2, initial=[[[0.2], [1.0]]])
    ink = ksom.KohonenSOM(1, 2, initial=[[[0.0], [16.0]]])
    assert [colour_at(drawn(draw_prototypes, light, (1, 1)), 1, 0)[0] for light in (light, ink)] == [255, 0]
    assert notes(drawn(draw_prototypes, ink, (1, 1))) == ["shades from 0 to 16"]


def test_limits_and_colours_may_be_given():
    som = ksom.KohonenSOM(1, 2, initial=[[[0.0], [16.0]]])
    ax = drawn(draw_prototypes, som, (1, 1), limits=(-32, 32), colours="gray")
    assert [colour_at(ax, x, 0)[0] for x in (0, 1)] == [128, 192]


def test_pictures_are_in_data_units():
    som = ksom.train(np.array([[0.0], [255.0]]), 1, 2, 20, scaling="standard")
    low, high = som.prototypes.min(), som.prototypes.max()
    assert notes(drawn(draw_prototypes, som, (1, 1))) == [f"shades from {low:.4g} to {high:.4g}"]


@pytest.mark.parametrize("kind", [Rectangular, Hexagonal])
def test_of_a_large_map_every_so_many_nodes_are_drawn_and_it_is_told(kind):
    som = som_of(kind(90, 50), 3)
    ax = drawn(draw_prototypes, som, (1, 1, 3))
    assert ax.get_title() == "Prototypes: every 3rd row and column of the map"
    expected = [*np.rint(255 * som.weights[3, 6]).astype(int), 255]
    assert colour_at(ax, *kind(2, 3).positions()[5]) == expected


def test_a_pixel_of_which_the_map_knows_nothing_is_grey():
    som = ksom.train(np.random.default_rng(0).random((20, 2)), 1, 1, 2, scaling=Standard(feature_weights=[0, 1]))
    ax = drawn(draw_prototypes, som, (1, 2))
    assert colour_at(ax, -0.2, 0) == [0xE3, 0xE3, 0xE3, 255]


def test_if_it_knows_nothing_of_any_pixel_there_is_no_picture():
    som = ksom.train([[1.0], [2.0]], 1, 1, 1, scaling="standard")
    som.intake = replace(som.intake, scales=som.intake.scales._replace(factor=np.zeros(1)))
    with pytest.raises(DataError, match="the map knows nothing of any pixel"):
        drawn(draw_prototypes, som, (1, 1))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"shape": 8}, "shape must be (height, width) or (height, width, channels), got 8"),
        ({"shape": (8,)}, "shape must be (height, width) or (height, width, channels), got (8,)"),
        ({"shape": (8, 9)}, "shape must be that of a picture of 12 values, the map's features, got (8, 9)"),
        ({"shape": (3, 2, 2)}, "shape must have 1 channel or 3, red, green and blue, got (3, 2, 2)"),
        ({"shape": (0, 12)}, "shape must be an integer of at least 1, got 0"),
        ({"shape": (3, 4), "limits": (1, 1)}, "limits must be two rising numbers, got (1, 1)"),
        ({"shape": (3, 4), "limits": "ab"}, "limits must be two rising numbers, got 'ab'"),
    ],
)
def test_what_does_not_fit_is_refused(given, told):
    with pytest.raises(ParameterError) as caught:
        drawn(draw_prototypes, som_of(Rectangular(1, 2), 12), **given)
    assert str(caught.value) == told


def test_the_shape_of_pictures_is_that_of_the_data_set():
    digits = ksom.Bundled("digits")
    som = ksom.train(digits, 2, 2, 1)
    assert picture_shape(som) == picture_shape(som, digits) == PictureShape(8, 8, 1)
    assert picture_shape(som_of(Rectangular(1, 1), 4), ksom.Bundled("iris")) is None


@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1)])
def test_a_map_of_images_tells_their_shape(tmp_path, colour, channels):
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (9, 9), (80 * number, 0, 0)).save(tmp_path / f"{number}.png")
    images = ksom.Images(tmp_path, size=[4, 6], colour=colour)
    som = ksom.train(images, 2, 2, 1)
    assert picture_shape(som, images) == PictureShape(4, 6, channels)
    node = {"NAME": "Images", "SIZE": [4, 6], "COLOUR": colour}
    som.about_training["config"] = {"DATASET": node}
    assert picture_shape(som) == PictureShape(4, 6, channels)


@pytest.mark.parametrize(
    "config",
    [None, [], {"DATASET": "Images"}, {"DATASET": {"NAME": "Images"}}, {"DATASET": {"NAME": "Images", "SIZE": "x"}},
     {"DATASET": {"NAME": "Images", "SIZE": [2, -2]}}, {"DATASET": {"NAME": "Images", "SIZE": [10**9, 10**9]}},
     {"DATASET": {"NAME": "Table", "SIZE": 2, "COLOUR": "grey"}}],
)  # fmt: skip
def test_a_configuration_that_tells_no_shape_of_the_features_is_passed_over(config):
    som = som_of(Rectangular(1, 1), 4)
    som.about_training["config"] = config
    assert picture_shape(som) is None


def curves(ax):
    return [np.array(lines.get_segments()) for lines in ax.collections[1:]]


@pytest.mark.parametrize("lattice", [Rectangular(3, 4), Hexagonal(3, 4)], ids=["rectangular", "hexagonal"])
def test_each_curve_is_its_nodes_prototype_around_its_place(lattice):
    som = som_of(lattice, 10)
    (found,) = curves(drawn(draw_prototype_curves, som))
    prototypes = som.prototypes.reshape(12, 10)
    assert np.allclose(found[:, :, 0].mean(axis=1), lattice.positions()[:, 0])
    heights = (lattice.positions()[:, 1:] - found[:, :, 1]) / np.sqrt(lattice.row_square)
    middle, extent = (prototypes.max() + prototypes.min()) / 2, np.ptp(prototypes)
    assert np.allclose(heights, 0.8 * (prototypes - middle) / extent)


def test_each_channel_has_a_curve_and_a_name():
    up_and_down = np.stack([np.arange(40.0), -np.arange(40.0)], axis=1)
    som = ksom.train(ksom.Windows(up_and_down, length=4), 2, 2, 5)
    ax = drawn(draw_prototype_curves, som, 2)
    up, down = curves(ax)
    assert (np.diff(up[:, :, 1]) < 0).all()  # y is downwards
    assert (np.diff(down[:, :, 1]) > 0).all()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["channel 0", "channel 1"]


def test_a_node_that_won_nothing_is_pale():
    som = som_of(Rectangular(1, 2), 5)
    som.layers[HITS] = Layer(np.array([[3, 0]]), {"samples": 3})
    ax = drawn(draw_prototype_curves, som)
    first, second = ax.collections[1].get_colors()
    assert second[:3].sum() > first[:3].sum()
    assert notes(ax)[-1] == "pale: won no sample"


def test_units_that_all_features_share_are_told():
    som = ksom.KohonenSOM(1, 2, initial=[[[0.0, 1.0], [2.0, 3.0]]])
    som.name_features(("h0", "h1"), units={"h0": "kW", "h1": "kW"})
    assert notes(drawn(draw_prototype_curves, som)) == ["each curve: 2 values over time, from 0 to 3 kW"]


@pytest.mark.parametrize(("shape", "features"), [((1, 1), 1), ((1, 1), 5), ((1, 3), 1), ((2, 2), 5000), ((100, 70), 6)])
def test_maps_of_any_size_and_number_of_features_are_drawn_as_curves(shape, features):
    (found,) = curves(drawn(draw_prototype_curves, som_of(Rectangular(*shape), features)))
    assert found.shape[0] <= 900
    assert 2 <= found.shape[1] <= 200


def test_a_flat_map_is_drawn_as_flat_curves():
    som = ksom.KohonenSOM(1, 2, initial=np.full((1, 2, 4), 7.0))
    (found,) = curves(drawn(draw_prototype_curves, som))
    assert (found[:, :, 1] == 0).all()


def test_what_the_map_knows_nothing_of_is_a_gap():
    scaling = Standard(feature_weights=[1, 1, 0, 1, 1])
    som = ksom.train(np.random.default_rng(0).random((20, 5)), 1, 1, 2, scaling=scaling)
    (path,) = drawn(draw_prototype_curves, som).collections[1].get_paths()
    assert np.isnan(path.vertices[:, 1]).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        (3, "channels must be a divisor of 10, the number of the map's features, got 3"),
        (0, "channels must be an integer of at least 1, got 0"),
        (7, "channels must be an integer of at most 6, got 7"),
    ],
)
def test_channels_that_do_not_fit_are_refused(channels, told):
    with pytest.raises(ParameterError) as caught:
        drawn(draw_prototype_curves, som_of(Rectangular(1, 2), 10), channels)
    assert str(caught.value) == told


@pytest.mark.parametrize("name", ["price in $ and $", "x" * 200, "🦆", "שלום", "</script>", r"\frac{"])
def test_any_name_of_a_channel_is_shown_as_text(name):
    som = som_of(Rectangular(1, 2), 4)
    som.name_features((f"{name} t-1", "b t-1", f"{name} t", "b t"), units={f"{name} t": name})
    drawn(draw_prototype_curves, som, 2)
