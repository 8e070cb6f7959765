"""A folder of images is a data set of thumbnails, in bounded memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ksom.datasets.thumbnails import Images
from ksom.default_setup import Experiment
from ksom.errors import DataError, OutputError, ParameterError
from ksom.summary import summarise
from ksom.tasks.map_and_data import data_of
from ksom.testing import check_dataset

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 4, 3)).astype(np.uint8)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sea").mkdir(parents=True)
    (folder / "land").mkdir()
    Image.fromarray(COLOURS).save(folder / "sea/b.png")
    Image.fromarray(COLOURS[::-1]).save(folder / "sea/a.bmp")
    Image.fromarray(COLOURS[:, ::-1]).save(folder / "land/c.TIFF")
    return folder


def test_an_image_of_the_thumbnails_size_is_itself(photos):
    images = Images(photos, size=[6, 4])
    assert images.features == 72
    np.testing.assert_array_equal(images.rows(np.array([2])).reshape(6, 4, 3), COLOURS / np.float32(255))


def test_thumbnails_keep_the_contract(photos):
    check_dataset(Images(photos, size=2))
    check_dataset(Images(photos, size=3, colour="grey"))


def test_images_come_by_name_and_are_labelled_by_their_folders(photos):
    images = Images(photos)
    assert images.names() == ["land/c.TIFF", "sea/a.bmp", "sea/b.png"]
    assert images.labels.tolist() == ["land", "sea", "sea"]
    assert Images(photos / "sea").labels is None


def test_a_sample_is_told_by_its_file(photos):
    assert Images(photos).place(1) == str(photos / "sea/a.bmp")


def test_a_pattern_and_a_list_name_images_too(photos):
    assert Images(f"{photos}/*/*.b*").names() == ["sea/a.bmp"]
    listed = Images([photos / "sea/b.png", photos / "land/c.TIFF"])
    assert [name[-6:] for name in listed.names()] == ["/b.png", "c.TIFF"]
    assert listed.labels is None


def test_what_is_no_image_is_left_out_and_counted(photos, caplog):
    caplog.set_level("INFO")
    (photos / "notes.txt").touch()
    (photos / "sea/Thumbs.db").touch()
    (photos / ".hidden.png").touch()
    os.mkfifo(photos / "sea/pipe.png")
    assert len(Images(photos)) == 3
    assert "4 files are no images by their names and kinds, and are left out, such as" in caplog.text


def test_the_middle_of_an_image_is_shown_undistorted(tmp_path):
    image = Image.new("RGB", (90, 30), "red")
    image.paste("blue", (30, 0, 60, 30))
    image.save(tmp_path / "wide.png")
    middle = Images(tmp_path, size=10).rows(slice(0, 1)).reshape(10, 10, 3)
    np.testing.assert_array_equal(middle, np.broadcast_to([0, 0, 1], (10, 10, 3)))


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
    image = Image.new("RGB", (20, 20), "red")
    image.paste("blue", (0, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # its top is at the right
    image.save(tmp_path / "turned.png", exif=exif)
    left, right = Images(tmp_path, size=[1, 2]).rows(slice(0, 1)).reshape(2, 3)
    assert left[0] > 0.9 < right[2]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode).save(tmp_path / "clear.png")
    assert (Images(tmp_path, size=2).rows(slice(0, 1)) == 1).all()


def test_grey_is_one_channel(photos):
    grey = np.asarray(Image.fromarray(COLOURS).convert("L")).ravel() / np.float32(255)
    np.testing.assert_array_equal(Images(photos / "sea", size=[6, 4], colour="grey").rows(slice(1, 2))[0], grey)


def test_many_thumbnails_are_kept_in_a_file(photos, monkeypatch, caplog):
    caplog.set_level("INFO")
    in_memory = Images(photos, size=4)
    monkeypatch.setattr("ksom.datasets.thumbnails.IN_MEMORY", 100)
    in_a_file = Images(photos, size=4)
    assert summarise(in_a_file).digest == summarise(in_memory).digest
    assert "thumbnails are kept in a file in" in caplog.text


def test_how_far_a_long_reading_is_is_told(photos, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr("ksom.datasets.thumbnails.MANY", 2)
    Images(photos)
    assert "read 2 of 3 images" in caplog.text


def test_a_full_disk_is_told(photos, monkeypatch):
    monkeypatch.setattr("ksom.datasets.thumbnails.IN_MEMORY", 100)
    full = Path("/dev/full").open("r+b")  # noqa: SIM115 (closed by whoever writes to it)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: full)
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\); free some space"):
        Images(photos, size=64)


def test_large_photos_are_unpacked_in_bounded_memory(tmp_path):
    Image.linear_gradient("L").resize((4000, 3000)).convert("RGB").save(tmp_path / "large.jpg")
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "large.jpg").read_bytes())
    peak = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    code = f"import sys, ksom, PIL.JpegImagePlugin; ksom.Images(sys.argv[1]); {peak}"
    nothing = code.replace("ksom.Images(sys.argv[1])", "ksom.Images")
    peak, base = (
        int(subprocess.run([sys.executable, "-c", text, tmp_path], check=True, capture_output=True).stdout)
        for text in (code, nothing)
    )
    assert (peak - base) * 1024 < 4000 * 3000 * 3 / 2  # whole, one would take 36 MB


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: file.write_bytes(b"not an image"), "x.png: cannot be read as an image"),
        (lambda file: file.write_bytes(b""), "x.png: cannot be read as an image"),
        (lambda file: Image.new("I;16", (2, 2)).save(file), "x.png: grey values of more than 8 bits are not read as"),
    ],
)
def test_a_file_that_is_no_image_is_named(photos, make, message):
    make(photos / "x.png")
    with pytest.raises(DataError, match=message):
        Images(photos)


def test_an_image_that_is_too_large_is_named_before_it_is_unpacked(photos, monkeypatch):
    monkeypatch.setattr("ksom.datasets.images.LARGEST", 23)
    with pytest.raises(DataError, match=r"c.TIFF: has 4 × 6 pixels, more than 23; make the image smaller"):
        Images(photos)


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tiff", "webp", "bmp"])
def test_a_truncated_image_is_named(tmp_path, kind):
    file = tmp_path / f"x.{kind}"
    Image.effect_noise((64, 64), 50).save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DataError, match=f"x.{kind}: cannot be read as an image"):
        Images(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": 0}, ParameterError, "size must be an integer of at least 1"),
        ({"size": [4, 2000]}, ParameterError, "size must be an integer of at most 1024"),
        ({"size": [4, 4, 3]}, ParameterError, r"size must be a number of pixels, or two: \[height, width\]"),
        ({"colour": "cmyk"}, ParameterError, "colour must be one of rgb, grey"),
        ({"path": "nowhere"}, DataError, "nowhere: there is no such file"),
        ({"path": "empty"}, DataError, "empty: there is no file there whose name ends with .png, .jpg"),
    ],
)
def test_a_wrong_argument_gets_one_line(photos, monkeypatch, arguments, error, message):
    monkeypatch.chdir(photos.parent)
    (photos.parent / "empty").mkdir()
    with pytest.raises(error, match=message):
        Images(**{"path": photos, **arguments})


def test_an_experiment_trains_and_its_config_repeats_it(photos):
    (photos.parent / "photos.yaml").write_text(
        "DATASET: {NAME: Images, PATH: photos, SIZE: [3, 2]}\nTRAINER: {ITERATIONS: 2}\n"
    )
    experiment = Experiment(photos.parent / "photos.yaml", output_dir=photos.parent / "run")
    assert experiment.run().status == "completed"
    again = Experiment(photos.parent / "run/config.yaml", output_dir=photos.parent / "again")
    assert again.trainer.feed.digest == experiment.trainer.feed.digest


def test_a_folder_that_is_no_run_is_data_as_its_content_says(photos):
    assert type(data_of(photos)) is Images
    np.save(photos.parent / "part.npy", np.eye(3))
    assert len(data_of(f"{photos.parent}/*.npy")) == 3
    np.save(photos / "sea/part.npy", np.eye(3))
    with pytest.raises(DataError, match=r"photos/sea: there are files of several kinds, .*; name one kind, by a patt"):
        data_of(photos / "sea")
    with pytest.raises(DataError, match=r"nothing\*: there is no file there"):
        data_of(f"{photos}/nothing*")
