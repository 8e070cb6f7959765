"""A page of one file opens offline, asks nobody, and shows whatever its data hold as text."""

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ksom.pictures.page import Page, as_base64
from ksom.pictures.plots.colours import KINDS
from tests.browser import opened

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_title_that_looks_like_a_script_is_shown_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(Page(EVIL, ["arrays"], ["page"], {"evil": EVIL}).as_html())
    with opened(path) as found:
        assert found.page.title() == EVIL
        assert found.page.evaluate("JSON.parse(document.getElementById('data').textContent).evil") == EVIL
        found.require_clean()


@pytest.mark.parametrize(
    "breaks_in",
    [
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.broken = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">')",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.org/a.png'}))",
    ],
    ids=["script", "handler", "picture"],
)
def test_policy_forbids_what_is_put_into_the_page(breaks_in: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(Page("a page", ["arrays"], ["page"], {}).as_html())
    with opened(path) as found:
        found.page.evaluate(f"() => {{ {breaks_in} }}")
        found.page.wait_for_timeout(100)
        assert found.page.evaluate("window.broken") is None
        assert any("Content Security Policy" in error for error in found.errors)


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    numbers = np.array([0.5, -3.0, 1e-30], dtype=np.float32)
    shows = Page("a page", ["arrays"], [], {"numbers": as_base64(numbers)})
    shows.script = shows.script.replace("})();", "window.got = Array.from(decoded(DATA.numbers, Float32Array));\n})();")
    path = tmp_path / "page.html"
    path.write_text(shows.as_html())
    with opened(path) as found:
        assert found.page.evaluate("window.got") == numbers.tolist()


def test_only_a_page_that_grows_may_ask_its_server() -> None:
    still, growing = (Page("", [], [], {}, may_ask_server=may).policy for may in (False, True))
    assert "connect-src" not in still
    assert re.search(r"default-src 'none'.*connect-src 'self'$", growing)


def test_groups_have_the_same_colours_in_pages_and_in_pictures() -> None:
    script = files("ksom.pictures.page").joinpath("palettes.js").read_text("utf-8")
    assert re.findall(r'^  "(#[0-9a-f]{6})",$', script, re.MULTILINE) == [colour.lower() for colour in KINDS]
