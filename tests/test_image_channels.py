"""An image's pixels as samples: of any number of channels, with their place if wanted."""

import numpy as np
import pytest
from PIL import Image

from ksom.datasets.images import ImagePixels
from ksom.errors import DataError, ParameterError
from ksom.testing import check_dataset

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (4, 5, 4)).astype(np.uint8)


@pytest.fixture
def file(tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / "image.png")
    return tmp_path / "image.png"


@pytest.mark.parametrize(("colour", "features"), [(None, 3), ("rgb", 3), ("grey", 1), ("rgba", 4), ("bands", 4)])
def test_the_channels_are_as_many_as_asked_for(file, colour, features):
    pixels = ImagePixels(file, colour=colour)
    assert pixels.features == features
    check_dataset(pixels)


def test_transparency_is_a_channel(file):
    expected = COLOURS.reshape(-1, 4).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(ImagePixels(file, colour="rgba").samples, expected)


def test_bands_are_as_stored(file, tmp_path):
    np.testing.assert_array_equal(ImagePixels(file, colour="bands").samples, COLOURS.reshape(-1, 4))
    deep = RNG.integers(0, 65536, (4, 5)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    pixels = ImagePixels(tmp_path / "deep.png", colour="bands")
    np.testing.assert_array_equal(pixels.samples, deep.reshape(-1, 1))
    assert pixels.bounds is None


def test_bands_of_a_palette_are_its_colours(tmp_path):
    Image.new("RGB", (2, 1), (255, 0, 9)).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "image.gif")
    assert ImagePixels(tmp_path / "image.gif", colour="bands").samples.tolist() == [[255, 0, 9]] * 2


def test_a_place_that_weighs_more_than_colours_leaves_their_bounds(file):
    assert ImagePixels(file, position=1).bounds == (0, 1)
    assert ImagePixels(file, position=2).bounds is None


def test_pages_of_a_tiff_are_bands(tmp_path):
    pages = [Image.fromarray(RNG.random((4, 5), np.float32)) for _ in range(6)]
    pages[0].save(tmp_path / "bands.tif", save_all=True, append_images=pages[1:])
    expected = np.stack([np.asarray(page) for page in pages], axis=2).reshape(-1, 6)
    np.testing.assert_array_equal(ImagePixels(tmp_path / "bands.tif", colour="bands").samples, expected)


def test_an_array_is_read_as_it_is_and_mapped(tmp_path):
    cube = RNG.random((4, 5, 7))
    np.save(tmp_path / "cube.npy", cube)
    pixels = ImagePixels(tmp_path / "cube.npy")
    assert isinstance(pixels.samples, np.memmap)
    np.testing.assert_array_equal(pixels.samples, cube.reshape(-1, 7))


def test_the_place_of_a_pixel_are_two_more_features(file):
    pixels = ImagePixels(file, position=0.5)
    np.testing.assert_array_equal(pixels.samples[:, :3], ImagePixels(file).samples)
    assert pixels.samples[[0, 4, -1], 3:].tolist() == [[0, 0], [0, 0.5], [0.5, 0.5]]
    assert pixels.samples.dtype == np.float32
    check_dataset(pixels)


def test_the_place_of_a_pixel_of_whole_numbers_is_no_whole_number(tmp_path):
    np.save(tmp_path / "cube.npy", COLOURS)
    assert ImagePixels(tmp_path / "cube.npy", position=1).samples[1, 4:].tolist() == [0, 0.25]


def test_one_pixel_is_at_the_beginning(tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "image.png")
    assert ImagePixels(tmp_path / "image.png", position=1).samples.tolist() == [[0, 0, 0, 0, 0]]


def test_pages_of_different_sizes_are_refused(tmp_path):
    pages = [Image.new("L", (5, 4)), Image.new("L", (3, 4))]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match=r"pages.tif: its pages are of different sizes or types"):
        ImagePixels(tmp_path / "pages.tif", colour="bands")


def test_pages_that_together_are_too_large_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ksom.datasets.images.LARGEST", 39)
    pages = [Image.new("L", (5, 4))] * 2
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match=r"pages.tif: has 5 × 4 pixels × 2 pages, more than 39"):
        ImagePixels(tmp_path / "pages.tif", colour="bands")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"colour": "cmyk"}, ParameterError, "colour must be one of rgb, grey, rgba, bands"),
        ({"position": -1}, ParameterError, "position must be a number >= 0"),
        ({"path": "flat.npy", "colour": "rgb"}, ParameterError, "colour must be bands of an .npy array"),
        (
            {"path": "flat.npy"},
            DataError,
            r"must be of the shape \(height, width, channels\) or \(height, width\)",
        ),
        ({"path": "unknown.tif"}, DataError, r"and .npy arrays \(height, width, channels\)"),
    ],
)
def test_a_wrong_argument_gets_one_line(file, monkeypatch, arguments, error, message):
    monkeypatch.chdir(file.parent)
    np.save("flat.npy", np.arange(3))
    (file.parent / "unknown.tif").write_bytes(b"no image")
    with pytest.raises(error, match=message):
        ImagePixels(**{"path": file, **arguments})
