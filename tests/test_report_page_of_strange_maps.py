"""The report's page on a phone, of maps of every kind: chains, tori, single nodes, pictures, hundreds of features."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ksom.method.lattice import LATTICES
from ksom.pictures.page import Page, as_base64
from ksom.pictures.page.report_page import report_page
from ksom.pictures.raster import nodes_of_pixels
from tests.browser import PHONE, Opened, opened
from tests.made_report import made_report


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    path = tmp_path_factory.mktemp("empty") / "page.html"
    path.write_text(Page("a page", [], [], {}).as_html())
    with opened(path, size=PHONE, touch=True) as found:
        yield found


def _show(browser: Opened, folder: Path, page: Page) -> Any:
    path = folder / "shown.html"
    path.write_text(page.as_html(), encoding="utf-8")
    browser.page.goto(path.as_uri())
    browser.requests[:] = [request for request in browser.requests if request != path.as_uri()]
    return browser.page


NOTHING_KNOWN = dict.fromkeys(
    (
        "status",
        "colours",
        "pies",
        "rows",
        "clusters",
        "film",
        "words",
        "provenance",
        "commands",
        "notes",
        "quality",
        "curves",
    )
)
NO_NUMBER = {"values": as_base64(np.full(12, np.nan, np.float32)), "unit": None}
DIGIT = {"height": 8, "width": 8, "channels": 1}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(made_report("rectangular", 1, 1, features=1), id="one node, one feature"),
        pytest.param(made_report("rectangular", 1, 40), id="chain"),
        pytest.param(made_report("rectangular", 40, 1), id="standing chain"),
        pytest.param(made_report("hexagonal", 6, 8, wrap="both"), id="torus"),
        pytest.param(made_report("rectangular", 3, 4, features=500), id="500 features"),
        pytest.param(made_report("hexagonal", 5, 5, features=64, pictures=DIGIT), id="digits"),
        pytest.param(made_report("hexagonal", 3, 4, **NOTHING_KNOWN), id="nothing known"),
        pytest.param(
            made_report(
                "hexagonal", 3, 4, panels=[{"key": "plane:0", "title": "a", "kind": "continuous", **NO_NUMBER}]
            ),
            id="no number",
        ),
        pytest.param(made_report("hexagonal", 4, 5, panels=[]), id="no panel"),
    ],
)
def test_strange_map_is_shown_and_a_tap_tells_of_a_node(data: dict[str, Any], browser: Opened, tmp_path: Path) -> None:
    page = _show(browser, tmp_path, report_page("a map", data))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for picture in page.locator(".picture").all()[:1]:
        picture.tap()
        page.locator(".card.node h3", has_text="Node in row").wait_for()
    browser.require_clean()


def test_large_map_is_told_of_in_its_own_rows_and_columns(browser: Opened, tmp_path: Path) -> None:
    few = made_report("hexagonal", 10, 12)
    whole = {"name": "hexagonal", "height": 40, "width": 48, "wrap": "none"}
    page = _show(
        browser, tmp_path, report_page("a map", {**few, "lattice": whole, "reduce": 4, "colours": None, "pies": None})
    )
    box = page.locator(".picture").first.bounding_box()
    page.locator(".picture").first.tap(position={"x": box["width"] - 2, "y": box["height"] - 2})
    page.locator(".card.node h3", has_text="Node in row 36, column 44").wait_for()
    browser.require_clean()


def test_phone_shows_two_panels_in_a_row_and_a_line_that_tells(browser: Opened, tmp_path: Path) -> None:
    page = _show(browser, tmp_path, report_page("a map", made_report()))
    tops = [panel.bounding_box()["y"] for panel in page.locator(".panel").all()[:4]]
    assert tops[0] == tops[1] < tops[2] == tops[3]
    page.locator(".picture").first.tap()
    page.locator(".live", has_text="Node in row").wait_for(state="visible")


def test_pixels_show_the_same_nodes_as_pictures_do(browser: Opened, tmp_path: Path) -> None:
    cases = [("rectangular", 5, 8, 97), ("hexagonal", 6, 9, 131), ("hexagonal", 1, 7, 50), ("hexagonal", 30, 4, 200)]
    expected = [nodes_of_pixels(LATTICES[name](height, width), size) for name, height, width, size in cases]
    data = {
        "cases": [
            [{"name": name, "height": height, "width": width, "wrap": "none"}, *pixels.shape[::-1]]
            for (name, height, width, _), pixels in zip(cases, expected, strict=True)
        ]
    }
    shows = Page("a page", ["arrays", "elements", "pixel_nodes"], [], data)
    told = "window.got = DATA.cases.map(([it, w, h]) => [...new PixelNodes(new DrawnLattice(it, 1), w, h).index]);"
    shows.script = re.sub(r"\}\)\(\);\s*$", told + "})();", shows.script)
    page = _show(browser, tmp_path, shows)
    for got, pixels in zip(page.evaluate("window.got"), expected, strict=True):
        assert np.mean(np.array(got) == pixels.ravel()) > 0.999  # rounding decides on the line between two nodes


def test_a_curve_that_is_flat_but_for_rounding_has_a_few_ticks(browser: Opened, tmp_path: Path) -> None:
    shows = Page("a page", ["elements", "curves"], [], {"cases": [[0.3, 0.1 + 0.2], [1e16, 1e16 + 2], [5, 5]]})
    told = "window.got = DATA.cases.map((values) => axisOf(values, 0, 100, true).ticks.length);"
    shows.script = re.sub(r"\}\)\(\);\s*$", told + "})();", shows.script)
    assert all(2 <= ticks <= 8 for ticks in _show(browser, tmp_path, shows).evaluate("window.got"))
    browser.require_clean()


def _swipe(page: Any, points: list[tuple[float, float]]) -> None:
    """Move a finger over the screen."""
    session = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(["touchStart", *["touchMove"] * (len(points) - 1)], points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_finger_draws_a_lasso_only_after_that_was_asked_for(browser: Opened, tmp_path: Path) -> None:
    page = _show(browser, tmp_path, report_page("a map", made_report()))
    page.locator(".picture").first.scroll_into_view_if_needed()
    box = page.locator(".picture").first.bounding_box()
    around = [(box["x"] + x, box["y"] + y) for x, y in [(10, 10), (90, 12), (100, 80), (12, 70), (10, 12)]]
    _swipe(page, around)
    assert page.locator(".region").is_hidden()
    page.locator(".tools button", has_text="Lasso").tap()
    page.locator(".picture").first.scroll_into_view_if_needed()
    box = page.locator(".picture").first.bounding_box()
    _swipe(page, [(box["x"] + x, box["y"] + y) for x, y in [(10, 10), (90, 12), (100, 80), (12, 70), (10, 12)]])
    page.locator(".region h3", has_text="Lasso").wait_for()
    browser.require_clean()


def test_prototypes_that_are_pictures_are_shown_as_pictures(browser: Opened, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.random((64, 4)).astype(np.float32)
    made = made_report("rectangular", 2, 2, features=64, pictures=DIGIT)
    others = [panel for panel in made["panels"] if not panel["key"].startswith("plane:")]
    planes = [panel for panel in made["panels"] if panel["key"].startswith("plane:")]
    for plane, own, feature in zip(planes, values, made["features"], strict=True):
        plane["values"] = as_base64(own)
        feature["low"], feature["high"] = 0.0, 1.0
    page = _show(browser, tmp_path, report_page("digits", {**made, "panels": others + planes}))
    picture = page.locator(".panel[data-key='prototypes'] .picture")
    box = picture.bounding_box()
    picture.tap(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    page.locator(".card.node h3", has_text="row 0, column 1").wait_for()
    got = page.evaluate(
        "() => [...document.querySelector('.prototype').getContext('2d').getImageData(0, 0, 8, 8).data]"
    )
    assert np.abs(np.array(got).reshape(64, 4)[:, 0] - 255 * values[:, 1]).max() <= 1
    browser.require_clean()


def test_report_made_anew_keeps_what_was_chosen(browser: Opened, tmp_path: Path) -> None:
    shows = report_page("a map", made_report())
    again = (
        "window.again = () => { document.querySelectorAll('body > *').forEach((it) => it.remove()); report(DATA); };"
    )
    shows.script = re.sub(r"\}\)\(\);\s*$", again + "})();", shows.script)
    page = _show(browser, tmp_path, shows)
    page.locator(".chooser summary").tap()
    page.locator(".choices label", has_text="Hits").tap()
    page.locator(".panel[data-key='clusters'] .legend button").first.tap()
    page.locator(".picture").first.tap()
    node = page.locator(".card.node h3", has_text="Node in").text_content()
    page.evaluate("window.again()")
    page.locator(".card.node h3", has_text=node).wait_for()
    assert page.locator(".region h3").text_content() == "Clusters: 0"
    assert page.locator(".panel[data-key='hits']").count() == 0
    browser.require_clean()
