"""A film in another format shows the same frames for as long."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ksom.datasets.colours import RandomColors
from ksom.errors import DataError, NotInstalled, OutputError, TrainingFailed
from ksom.hooks.hook import Hook
from ksom.hooks.vlog import HOLD_SECONDS, Vlog
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.film import Film
from ksom.pictures.film_formats import write_film
from ksom.trainer import Trainer


def film_of(path: Path, count: int = 4) -> Path:
    film, rng = Film(path), np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        film.append(pixels, 0.1 + number, enlarge=(9, 21), caption=f"iteration {number} of 9")
    film.close()
    return path


def shown(path: Path) -> tuple[list[np.ndarray[Any, Any]], list[float]]:
    """Frames and seconds of a GIF or a WebP, by Pillow."""
    found, seconds = [], []
    with Image.open(path) as film:
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
            seconds.append(film.info["duration"] / 1000)
    return found, seconds


def test_a_webp_has_the_very_pixels_and_durations_of_the_film(tmp_path: Path) -> None:
    write_film(film_of(tmp_path / "film.gif"), tmp_path / "film.webp")
    (expected, lasting), (found, seconds) = (shown(tmp_path / f"film.{kind}") for kind in ("gif", "webp"))
    np.testing.assert_array_equal(found, expected)
    assert seconds == lasting == [0.1, 1.1, 2.1, 3.1]


def test_a_webp_of_one_frame_is_one(tmp_path: Path) -> None:
    write_film(film_of(tmp_path / "film.gif", 1), tmp_path / "film.webp")
    np.testing.assert_array_equal(shown(tmp_path / "film.webp")[0], shown(tmp_path / "film.gif")[0])


def test_an_mp4_shows_the_frames_of_the_film_for_as_long(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    write_film(film_of(tmp_path / "film.gif"), tmp_path / "film.mp4")
    expected, lasting = shown(tmp_path / "film.gif")
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        found = [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]
    begins = np.cumsum([0, *lasting])
    np.testing.assert_allclose([time for time, _ in found], [*begins[:-1], begins[-1] - 0.01], atol=1e-6)
    for (_, picture), frame in zip(found, [*expected, expected[-1]], strict=True):
        assert [side % 2 for side in picture.shape[:2]] == [0, 0]
        middles = (slice(4, 45, 9), slice(10, 147, 21))  # colours run into each other where nodes meet
        assert np.abs(picture[middles].astype(int) - frame[middles]).mean() < 8
        assert np.abs(picture[middles].astype(int) - frame[middles]).max() < 40


@pytest.mark.parametrize("kind", ["webp", "mp4"])
def test_what_is_no_film_leaves_nothing_behind(tmp_path: Path, kind: str) -> None:
    if kind == "mp4":
        pytest.importorskip("av")
    (tmp_path / "film.gif").write_bytes(b"no film")
    with pytest.raises(DataError, match="is not a film that ksom made"):
        write_film(tmp_path / "film.gif", tmp_path / f"film.{kind}")
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


@pytest.mark.parametrize("kind", ["webp", "mp4"])
def test_pictures_that_are_too_wide_for_a_format_are_told_and_leave_nothing_behind(tmp_path: Path, kind: str) -> None:
    if kind == "mp4":
        pytest.importorskip("av")
    film = Film(tmp_path / "film.gif")
    film.add(np.zeros((16, 16_400), np.uint8), np.zeros((1, 3), np.uint8), 0.1)
    film.close()
    with pytest.raises(OutputError, match=rf"film.{kind}: a film of 16400 × 16 pixels cannot become one \("):
        write_film(tmp_path / "film.gif", tmp_path / f"film.{kind}")
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_without_pyav_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(NotInstalled) as caught:
        Vlog(format="mp4")
    assert str(caught.value) == "a film in MP4 needs PyAV, which is not installed; pip install av"


class Fails(Hook):
    every = 3

    def after_step(self, run: Any) -> None:
        raise TrainingFailed("no")


@pytest.mark.parametrize("fails", [False, True])
def test_the_film_is_converted_and_gets_its_page_however_the_training_ended(tmp_path: Path, fails: bool) -> None:
    hooks = [Vlog(every=1, size=40, format="webp"), *([Fails()] if fails else [])]
    trainer = Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=9, hooks=hooks, folder=tmp_path)
    if fails:
        with pytest.raises(TrainingFailed):
            trainer.train()
    else:
        trainer.train()
    assert {path.name for path in tmp_path.iterdir()} == {"vlog.gif", "vlog.webp", "vlog.html"}
    (expected, lasting), (found, seconds) = (shown(tmp_path / f"vlog.{kind}") for kind in ("gif", "webp"))
    np.testing.assert_array_equal(found, expected)
    assert seconds == lasting
    assert fails or seconds[-1] == HOLD_SECONDS


def test_a_film_that_cannot_be_converted_spoils_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("vlog.webp", "vlog.html"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "full").touch()
    hook = Vlog(every=1, size=40, format="webp")
    Trainer(KohonenSOM(2, 2), RandomColors(3), iterations=2, hooks=[hook], folder=tmp_path).train()
    told = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert [line.partition(":")[0] for line in told] == ["vlog", "vlog"]
    assert all(
        f"{name}: cannot be written" in line for name, line in zip(("vlog.webp", "vlog.html"), told, strict=True)
    )
    assert len(shown(tmp_path / "vlog.gif")[0]) == 3
