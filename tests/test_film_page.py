"""A film's page plays, stops and goes where it is told, by hand, by keys and on a phone; and never asks anybody."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ksom.errors import DataError
from ksom.pictures.film import Film
from ksom.pictures.film_page import film_data, film_page
from tests.browser import DESK, PHONE, opened

EVIL = "</script><script>alert(1)</script> 'q' \"q\" مرحبا 🦊 " + 200 * "x"


def film_of(path: Path, count: int = 6, *, caption: bool = True, fps: float = 10, side: int = 10) -> Path:
    """A film of random colours, of so many frames."""
    film, rng = Film(path), np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        text = f"iteration {number:3} of 100" if caption else ""
        film.append(pixels, 1 / fps, enlarge=(500 // side, 500 // side), caption=text)
    film.close()
    return path


def shown(frame: str) -> np.ndarray[Any, Any]:
    head, _, content = frame.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        return np.asarray(image.convert("RGB"))


def page_of(folder: Path, **options: Any) -> Path:
    path = folder / "vlog.html"
    path.write_text(film_page(film_data(film_of(folder / "film.gif", **options)), EVIL), encoding="utf-8")
    return path


@pytest.mark.parametrize("caption", [True, False])
def test_frames_of_a_page_are_those_of_the_film_without_the_caption(tmp_path: Path, caption: bool) -> None:
    told = film_data(film_of(tmp_path / "film.gif", caption=caption))
    with Image.open(tmp_path / "film.gif") as film:
        for number, frame in enumerate(told["frames"]):
            film.seek(number)
            blocks = shown(frame)
            assert blocks.shape == (10, 10, 3)  # a pixel for a block: the browser enlarges it
            enlarged = np.repeat(np.repeat(blocks, 50, axis=0), 50, axis=1)
            np.testing.assert_array_equal(enlarged, np.asarray(film.convert("RGB"))[:500])
    assert told["width"] == 500
    assert told["fps"] == 10
    assert told["note"] is None


def test_captions_are_read_from_the_frames(tmp_path: Path) -> None:
    captions = film_data(film_of(tmp_path / "film.gif"))["captions"]
    assert captions == [f"iteration {number} of 100" for number in range(6)]


def test_frames_without_a_caption_are_counted(tmp_path: Path) -> None:
    captions = film_data(film_of(tmp_path / "film.gif", 2, caption=False))["captions"]
    assert captions == ["frame 1 of 2", "frame 2 of 2"]


@pytest.mark.parametrize(("bounds", "kept"), [
    ({"most_frames": 10}, [0, 2, 4, 6, 8, 10]),
    ({"most_frames": 5}, [0, 4, 8, 10]),
    ({"most_bytes": 1}, [0, 10]),
])  # fmt: skip
def test_a_long_film_is_thinned_evenly_with_first_and_last_and_it_is_said(
    tmp_path: Path, bounds: dict[str, int], kept: list[int]
) -> None:
    told = film_data(film_of(tmp_path / "film.gif", 11), **bounds)
    assert told["captions"] == [f"iteration {number} of 100" for number in kept]
    assert told["note"] == f"{len(kept)} of the film's 11 frames"


def test_a_film_that_grows_is_shown_as_far_as_it_is_whole(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.gif", 3)
    path.write_bytes(path.read_bytes()[:-40])
    assert len(film_data(path)["frames"]) == 2


def foreign_gif() -> bytes:
    file = io.BytesIO()
    Image.new("P", (5, 5)).save(file, "gif")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not a film that ksom made"),
        (b"GIF89a", "is not a film that ksom made"),
        (b"no film " * 20, "is not a film that ksom made"),
        (b"GIF89a\xff\xff\xff\xff\x70\0\0;", "has frames of 65535 × 65535 pixels, more than ksom makes"),
        (b"GIF89a\x05\0\x05\0\x70\0\0;", "is a film without a frame"),
        (foreign_gif(), "is not a film that ksom made"),
    ],
    ids=["empty", "short", "text", "huge", "no frame", "foreign"],
)
def test_what_is_no_film_is_refused_in_a_line(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "film.gif"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        film_data(path)
    assert str(caught.value) == f"{path}: {why}"


def test_a_frame_with_fewer_colours_than_it_shows_is_damaged(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.gif", 1)
    film = path.read_bytes()
    flags = film.index(b"\x2c\0\0\0\0") + 9  # of the first frame: that it has colours, and how many
    colours = 3 << (film[flags] & 7) + 1
    path.write_bytes(
        film[:flags] + bytes([film[flags] & ~7]) + film[flags + 1 : flags + 7] + film[flags + 1 + colours :]
    )
    with pytest.raises(DataError, match=r"film\.gif: is damaged at its frame 1"):
        film_data(path)


def test_a_film_that_is_not_there_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"film.gif: cannot be read \(No such file or directory\)"):
        film_data(tmp_path / "film.gif")


def state(page: Any) -> tuple[str, str, str]:
    """Which frame is shown, what the slider says of it, and what the button does."""
    slider, button = page.locator("input[type=range]"), page.locator("button")
    return slider.input_value(), slider.get_attribute("aria-valuetext"), button.get_attribute("aria-label")


def wait_for_frame(page: Any, frame: int) -> None:
    """Look more often than frames change; Playwright's own waiting looks twice a second."""
    while state(page)[0] != str(frame):
        page.wait_for_timeout(20)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_page_plays_pauses_and_steps_by_keys_and_asks_nobody(tmp_path: Path, size: dict[str, int]) -> None:
    with opened(page_of(tmp_path, fps=5), size=size) as found:
        page = found.page
        wait_for_frame(page, 3)
        page.keyboard.press(" ")
        assert state(page)[2] == "play the film"
        for key, frame in [("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0),
                           ("ArrowLeft", 0), ("End", 5), ("ArrowRight", 5)]:  # fmt: skip
            page.keyboard.press(key)
            assert state(page)[:2] == (str(frame), f"iteration {frame} of 100")
            assert page.locator(".filmCaption").inner_text() == f"iteration {frame} of 100"
        page.keyboard.press(" ")
        assert state(page)[2] == "pause the film"
        assert page.locator("h1").inner_text() == " ".join(EVIL.split())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found.require_clean()


def test_button_and_slider_do_what_keys_do_once(tmp_path: Path) -> None:
    with opened(page_of(tmp_path, fps=0.5)) as found:
        page = found.page
        page.get_by_role("button", name="pause the film").click()
        slider = page.get_by_role("slider", name="frame of the film")
        slider.focus()
        for key, frame in [("End", 5), ("ArrowLeft", 4), ("Home", 0), ("ArrowUp", 1), ("ArrowRight", 2)]:
            page.keyboard.press(key)
            assert state(page)[0] == str(frame)
        page.get_by_role("button", name="play the film").focus()
        page.keyboard.press(" ")
        assert state(page)[2] == "pause the film"
        box = slider.bounding_box()
        page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        assert (state(page)[0], state(page)[2]) == ("5", "play the film")
        found.require_clean()


def test_who_prefers_less_motion_starts_the_film_by_hand(tmp_path: Path) -> None:
    path = page_of(tmp_path, fps=5)
    with opened(path) as found:
        page = found.page
        page.emulate_media(reduced_motion="reduce")
        page.reload()
        page.wait_for_timeout(200)
        assert state(page) == ("5", "iteration 5 of 100", "play the film")
        page.keyboard.press(" ")
        wait_for_frame(page, 2)


def test_a_picture_is_as_large_as_its_frame_or_as_there_is_room(tmp_path: Path) -> None:
    path = page_of(tmp_path)
    for size, width in [(DESK, 500), (PHONE, PHONE["width"] - 32)]:
        with opened(path, size=size) as found:
            assert round(found.page.locator("img").bounding_box()["width"]) == width


def test_a_film_of_one_frame_stands(tmp_path: Path) -> None:
    with opened(page_of(tmp_path, count=1)) as found:
        found.page.keyboard.press(" ")
        assert state(found.page) == ("0", "iteration 0 of 100", "play the film")
        found.require_clean()
