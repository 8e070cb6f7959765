"""Pictures in a few colours: as good as k-means, better than Pillow; every bit the same again; `ksom quantize`."""

import logging
import math
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import GimpPaletteFile, Image
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image

import ksom
from ksom.entry import cli, main
from ksom.errors import DataError, OutputError, ParameterError
from ksom.pictures.palette_file import write_palette
from ksom.quantization import quantize


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(load_sample_image("china.jpg")[100:250:3, 200:500:4])


def error(pixels, others):
    return np.square(pixels.astype(float) - others).mean()


def in_colours(quantized):
    return quantized.palette[quantized.indices]


@pytest.mark.parametrize("colors", [2, 7, 16, 64])
def test_the_error_is_below_that_of_pillow_s_methods(photo, colors):
    made = quantize(photo, colors)
    assert len(made.palette) <= colors
    for method in (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE, Image.Quantize.MAXCOVERAGE):
        theirs = Image.fromarray(photo).quantize(colors, method=method, dither=Image.Dither.NONE).convert("RGB")
        assert made.mse < error(photo, np.asarray(theirs))


@pytest.mark.parametrize("colors", [4, 64])
def test_the_error_is_within_3_percent_of_k_means(photo, colors):
    theirs = KMeans(colors, n_init=3, random_state=0).fit(photo.reshape(-1, 3).astype(float))
    colours = np.rint(theirs.cluster_centers_)[theirs.labels_].reshape(photo.shape)
    assert quantize(photo, colors).mse <= 1.03 * error(photo, colours)


def test_each_pixel_has_the_nearest_colour_and_the_error_is_that_of_the_picture(photo):
    made = quantize(photo, 16)
    squares = np.square(photo[:, :, np.newaxis].astype(int) - made.palette).sum(axis=3)
    assert np.array_equal(made.indices, squares.argmin(axis=2))
    assert made.mse == pytest.approx(error(photo, in_colours(made)), rel=1e-12)
    assert made.psnr == pytest.approx(10 * math.log10(255**2 / made.mse))
    assert made.colours_before == len(np.unique(photo.reshape(-1, 3), axis=0))


def test_the_same_picture_gives_the_same_bits(photo):
    first, second = quantize(photo, 16), quantize(photo.copy(), 16)
    assert first.palette.tobytes() == second.palette.tobytes()
    assert first.indices.tobytes() == second.indices.tobytes()


@pytest.mark.parametrize("colors", [5, 6, 256])
@pytest.mark.parametrize("dither", [False, True])
def test_a_picture_of_few_colours_keeps_them(colors, dither):
    few = np.array([[0, 0, 0], [255, 255, 255], [9, 8, 7], [1, 2, 3], [200, 10, 10]], dtype=np.uint8)
    pixels = few[np.random.default_rng(0).integers(0, 5, (20, 30))]
    made = quantize(pixels, colors, dither=dither)
    assert np.array_equal(in_colours(made), pixels)
    assert (len(made.palette), made.mse, made.psnr) == (5, 0, math.inf)


def test_one_colour_is_the_mean():
    assert quantize(np.array([[0, 0, 0, 200]], dtype=np.uint8), 1).palette.tolist() == [[50, 50, 50]]


def test_colours_that_differ_little_are_told_apart():
    pixels = np.arange(60, 120, dtype=np.uint8).repeat(7).reshape(7, 60)
    assert len(quantize(pixels, 30).palette) == 30


def test_the_palette_goes_from_dark_to_light(photo):
    palette = quantize(photo, 16).palette
    assert (np.diff(palette @ [299, 587, 114]) >= 0).all()


def test_grey_pixels_give_grey_colours(photo):
    palette = quantize(photo[..., 0], 8).palette
    assert (palette == palette[:, :1]).all()


@pytest.mark.parametrize("colors", [2, 3, 256])
def test_dithering_uses_the_palette_and_nothing_else(photo, colors):
    made = quantize(photo, colors, dither=True)
    assert made.indices.max() < len(made.palette)
    assert made.mse == pytest.approx(error(photo, in_colours(made)))


def test_dithering_keeps_the_mean_of_a_gradient():
    gradient = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    plain, mixed = (in_colours(quantize(gradient, 4, dither=dither))[..., 0] for dither in (False, True))
    columns = gradient.mean(axis=0)
    assert np.abs(mixed.mean(axis=0) - columns)[64:192].mean() < np.abs(plain.mean(axis=0) - columns)[64:192].mean() / 2


@pytest.mark.parametrize(
    "pixels", [np.zeros((2, 2, 3)), np.zeros((2, 2, 4), np.uint8), np.zeros(3, np.uint8), np.zeros((0, 2), np.uint8)]
)
def test_what_are_no_pixels_are_refused(pixels):
    with pytest.raises(DataError, match=r"the pixels must be uint8 of the shape \(h, w, 3\) or \(h, w\), got "):
        quantize(pixels)


@pytest.mark.parametrize("colors", [0, 257, 1.5, "16"])
def test_a_number_of_colours_that_no_palette_has_is_refused(photo, colors):
    with pytest.raises(ParameterError, match="colors must be"):
        quantize(photo, colors)


def test_quantize_is_a_public_name():
    assert ksom.quantize is quantize


def test_a_photo_is_turned_upright(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90°
    Image.fromarray(pixels).save(tmp_path / "photo.png", exif=exif)
    made = quantize(tmp_path / "photo.png", 2)
    assert in_colours(made)[..., 0].tolist() == [[0, 255], [0, 0], [0, 0]]


def test_a_warning_tells_that_transparency_and_frames_are_left_out(tmp_path, caplog):
    Image.new("RGBA", (3, 3), (9, 9, 9, 100)).save(tmp_path / "clear.png")
    frames = [Image.new("L", (3, 3), value) for value in (0, 255)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    with caplog.at_level(logging.WARNING):
        assert quantize(str(tmp_path / "clear.png")).palette.tolist() == [[9, 9, 9]]
        assert quantize(tmp_path / "film.gif").palette.tolist() == [[0, 0, 0]]
    told = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert told == ["its transparency is left out", "has 2 frames, of which the first is taken"]


def test_palettes_are_read_by_painting_programs(tmp_path):
    colours = np.array([[0, 1, 2], [255, 16, 0]], dtype=np.uint8)
    write_palette(colours, tmp_path / "a.gpl")
    write_palette(colours, tmp_path / "a.hex")
    with (tmp_path / "a.gpl").open("rb") as file:
        palette, mode = GimpPaletteFile.GimpPaletteFile(file).getpalette()
    assert (palette[:6], mode) == (colours.tobytes(), "RGB")
    assert (tmp_path / "a.hex").read_text() == "000102\nff1000\n"


def test_a_palette_of_another_kind_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"a\.pal: a palette is written as \.gpl .* or \.hex"):
        write_palette(np.zeros((1, 3), np.uint8), tmp_path / "a.pal")


@pytest.fixture
def there(photo, tmp_path, monkeypatch):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "photo.png").read_bytes()[:5000])
    (tmp_path / "link.png").symlink_to("photo.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_the_picture_and_the_palette_and_tells_the_error(there, photo):
    words = ["quantize", "photo.png", "--colors", "4", "-o", "small.png", "--palette", "small.hex"]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    made = quantize(photo, 4)
    with Image.open("small.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), in_colours(made))
    assert len((there / "small.hex").read_text().split()) == 4
    first, second = result.output.splitlines()
    assert first == (
        f"photo.png: 75 × 50 pixels, {made.colours_before:,} colours → 4, "
        f"mean squared error {made.mse:.4g} (PSNR {made.psnr:.4g} dB)"
    )
    assert second == "written: small.png, small.hex"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["photo.png", "-o", "photo.png"], "photo.png: is the picture itself; name another file to write to"),
        (["photo.png", "-o", "link.png"], "link.png: is the picture itself; name another file to write to"),
        (["photo.png", "-o", "small.jpg"], "small.jpg: the picture is written as PNG; name a .png file"),
        (["photo.png", "-o", "a.png", "--palette", "a.act"], "a.act: a palette is written as .gpl"),
        (["photo.png", "-o", "a.png", "--colors", "300"], "colors must be"),
        (["torn.png", "-o", "a.png"], "torn.png: cannot be read as an image"),
        (["none.png", "-o", "a.png"], "none.png: there is no such file"),
        (["photo.png", "-o", "no/a.png", "--colors", "2"], "no/a.png: cannot be written"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line_and_nothing_is_written(words, told, there, monkeypatch, capsys):
    before = sorted(there.iterdir())
    monkeypatch.setattr(sys, "argv", ["ksom", "quantize", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"Error: {told}")
    assert sorted(there.iterdir()) == before
