"""The report's page, in a real browser: panels that are linked, regions, search, table, phone, dark, paper."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ksom.method.lattice import Hexagonal
from ksom.pictures.page.report_page import report_page
from tests.browser import Opened, opened
from tests.made_report import EVIL, made_report, numbers_of

HEIGHT, WIDTH = 9, 14
PANELS = 14
PLACE = re.compile(r"row (\d+), column (\d+)")


def _written(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "report.html"
    path.write_text(report_page(data["title"], data).as_html(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    made = made_report("hexagonal", HEIGHT, WIDTH, wrap="columns", features=7)
    names = [f'"{EVIL}', "Ünïcode 🐧 שלום", "x" * 200]
    for panel in made["panels"]:
        if panel["key"] in {"clusters", "labels"}:
            panel["names"] = names
    made["title"] = made["panels"][-1]["title"] = made["features"][-1]["name"] = EVIL
    made["pies"]["names"] = names
    made["rows"]["ids"][0] = EVIL
    for part in ("provenance", "commands", "notes"):
        made[part] = [*made[part], [EVIL, EVIL] if part == "provenance" else EVIL]
    return made


@pytest.fixture(scope="module")
def browser(data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with opened(_written(tmp_path_factory.mktemp("report"), data), size={"width": 1280, "height": 2200}) as found:
        yield found


@pytest.fixture
def page(browser: Opened) -> Iterator[Any]:
    browser.page.emulate_media(media="screen", color_scheme="light")
    browser.page.keyboard.press("Escape")
    _frame(browser.page)
    yield browser.page
    browser.require_clean()


def _frame(page: Any) -> None:
    """Wait until what was asked for has been drawn."""
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")


def _picture(page: Any, key: str = "umatrix") -> Any:
    return page.locator(f".panel[data-key='{key}'] .picture")


def _middles(page: Any, key: str = "umatrix") -> Any:
    """Return where each node's middle is in the window, CSS pixels, shape (K, 2)."""
    box = _picture(page, key).locator(".base").bounding_box()
    lattice = Hexagonal(HEIGHT, WIDTH)
    corners, positions = np.array(lattice.outline), lattice.positions()
    low, high = positions.min(axis=0) + corners.min(axis=0), positions.max(axis=0) + corners.max(axis=0)
    return (positions - low) / (high - low) * [box["width"], box["height"]] + [box["x"], box["y"]]


def _told_node(page: Any) -> int | None:
    """Return the node that the details tell of."""
    found = PLACE.search(page.inner_text(".card.node h3"))
    return int(found[1]) * WIDTH + int(found[2]) if found else None


def _drag(page: Any, points: Any, key: str = "umatrix") -> None:
    _picture(page, key).scroll_into_view_if_needed()
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=2)
    page.mouse.up()
    _frame(page)


def test_page_shows_names_as_text_and_runs_none(page: Any) -> None:
    assert page.inner_text("h1") == EVIL
    assert page.locator(".panel .title").last.text_content() == EVIL
    assert page.evaluate("window.broken") is None
    assert page.locator("img[src=x]").count() == 0


def test_node_under_the_pointer_lights_up_in_every_panel(page: Any) -> None:
    _picture(page).scroll_into_view_if_needed()
    for node in (0, 45, HEIGHT * WIDTH - 1):
        page.mouse.move(*_middles(page)[node])
        _frame(page)
        assert _told_node(page) == node
        places = page.evaluate(
            """() => [...document.querySelectorAll('.panel')].map((panel) => {
                const ring = panel.querySelector('.hovered').getBoundingClientRect();
                const box = panel.querySelector('.picture').getBoundingClientRect();
                return [ring.left - box.left, ring.top - box.top];
            })"""
        )
        assert len(places) == PANELS
        assert np.ptp(places, axis=0).max() < 1


def test_details_tell_the_numbers_of_the_node(page: Any, data: dict[str, Any]) -> None:
    _picture(page).scroll_into_view_if_needed()
    node = int(numbers_of(data, "hits").argmax())
    page.mouse.click(*_middles(page)[node])
    _frame(page)
    told = page.inner_text(".card.node")
    assert f"{numbers_of(data, 'hits')[node]:.0f} rows" in told
    assert f"{numbers_of(data, 'plane:0')[node]:.4g} mm" in told
    first = np.flatnonzero(numbers_of(data, "rows") == node)
    assert all(data["rows"]["ids"][row] in told for row in first[:1])


def test_click_keeps_the_node_until_escape(page: Any) -> None:
    _picture(page).scroll_into_view_if_needed()
    page.mouse.click(*_middles(page)[20])
    page.mouse.move(5, 5)
    _frame(page)
    assert _told_node(page) == 20
    assert f"row {20 // WIDTH}, column {20 % WIDTH}" in page.inner_text(".live")
    page.keyboard.press("Escape")
    _frame(page)
    assert _told_node(page) is None


@pytest.mark.parametrize(
    ("key", "moves_to"),
    [("ArrowLeft", 2 * WIDTH + WIDTH - 1), ("ArrowRight", 2 * WIDTH + 1), ("ArrowUp", WIDTH), ("ArrowDown", 3 * WIDTH)],
)
def test_arrow_keys_move_the_node_and_go_round_where_the_map_is_closed(key: str, moves_to: int, page: Any) -> None:
    _picture(page).scroll_into_view_if_needed()
    page.mouse.click(*_middles(page)[2 * WIDTH])
    page.focus(".panel[data-key='hits'] canvas.base")
    page.keyboard.press(key)
    page.mouse.move(5, 5)
    _frame(page)
    assert _told_node(page) == moves_to


def test_lasso_chooses_the_nodes_inside_it(page: Any, data: dict[str, Any]) -> None:
    _picture(page).scroll_into_view_if_needed()
    middles = _middles(page)
    a, b, c = middles[WIDTH + 1] + [5, -4], middles[2 * WIDTH - 3] + [1, -4], middles[7 * WIDTH + 5] + [-5, 1]
    _drag(page, [a, b, c, a])

    def is_left(one: Any, other: Any) -> Any:
        across, along = other - one, middles - one
        return across[0] * along[:, 1] - across[1] * along[:, 0] > 0

    inside = is_left(a, b) & is_left(b, c) & is_left(c, a)
    hits = numbers_of(data, "hits")[inside].sum()
    assert page.inner_text(".live") == f"Lasso: {inside.sum()} nodes, {hits:.0f} samples"


def test_region_is_told_against_the_rest_by_the_largest_difference(page: Any, data: dict[str, Any]) -> None:
    page.focus(".panel[data-key='hits'] canvas.base")
    for key in ("ArrowUp", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    _frame(page)
    start = HEIGHT // 2 * WIDTH + WIDTH // 2
    inside = np.isin(
        np.arange(HEIGHT * WIDTH), [start + row * WIDTH + column for row in (0, 1) for column in (0, 1, 2)]
    )
    planes = np.array([numbers_of(data, f"plane:{place}") for place in range(7)], dtype=np.float64)
    scores = (planes[:, inside].mean(axis=1) - planes[:, ~inside].mean(axis=1)) / planes.std(axis=1)
    order = np.argsort(-np.abs(scores))
    rows = page.locator(".region .bars .row")
    assert [rows.nth(place).locator(".name").text_content() for place in range(7)] == [
        data["features"][feature]["name"] for feature in order
    ]
    assert rows.first.locator(".number").text_content().split()[0] == f"{planes[order[0], inside].mean():.4g}"


def test_drag_with_shift_chooses_a_rectangle(page: Any) -> None:
    _picture(page).scroll_into_view_if_needed()
    middles = _middles(page)
    page.keyboard.down("Shift")
    _drag(page, [middles[WIDTH + 2] - 4, middles[4 * WIDTH + 6] + 4])
    page.keyboard.up("Shift")
    inside = ((middles >= middles[WIDTH + 2] - 4) & (middles <= middles[4 * WIDTH + 6] + 4)).all(axis=1)
    assert page.inner_text(".live").startswith(f"Rectangle: {inside.sum()} nodes")


def test_name_in_the_legend_chooses_its_nodes_and_tells_the_rule(page: Any, data: dict[str, Any]) -> None:
    page.locator(".panel[data-key='clusters'] .legend button").nth(1).click()
    _frame(page)
    assert f"{data['clusters'][1]['nodes']} nodes" in page.inner_text(".region")
    assert data["clusters"][1]["rule"] in page.inner_text(".region")


def test_search_finds_rows_by_id_and_leads_to_their_node(page: Any, data: dict[str, Any]) -> None:
    page.fill("#find", "PENGUIN 33")
    _frame(page)
    rows = [row for row, name in enumerate(data["rows"]["ids"]) if name.startswith("penguin 33")]
    nodes = numbers_of(data, "rows")[rows]
    assert page.inner_text(".live") == f"{len(rows)} rows found, on {len(set(nodes))} nodes"
    page.keyboard.press("Enter")
    _frame(page)
    assert _told_node(page) == nodes[0]


def test_search_that_finds_nothing_says_so(page: Any) -> None:
    page.fill("#find", "albatross")
    _frame(page)
    assert page.inner_text(".live") == "No row found"


def test_table_is_sorted_by_any_column_and_its_rows_choose_nodes(page: Any, data: dict[str, Any]) -> None:
    heading = page.locator("#nodes thead th", has_text="Hits")
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    column = heading.evaluate("(it) => it.cellIndex")
    shown = [int(cell.inner_text()) for cell in page.locator(f"#nodes tbody tr > :nth-child({column + 1})").all()]
    hits = numbers_of(data, "hits").astype(int)
    assert shown == sorted(hits, reverse=True)[: len(shown)]
    page.locator("#nodes tbody button").first.press("Enter")
    page.mouse.move(5, 5)
    _frame(page)
    assert _told_node(page) == hits.argmax()


def test_table_can_show_the_nodes_of_the_region_only(page: Any) -> None:
    page.locator(".panel[data-key='clusters'] .legend button").first.click()
    page.check("#only-region")
    _frame(page)
    count = re.search(r"(\d+) nodes", page.inner_text(".region"))
    assert count
    assert page.inner_text("#nodes .pager").split(" of ")[1].startswith(count[1])
    page.uncheck("#only-region")


def test_panels_can_be_put_away_and_brought_back(page: Any) -> None:
    page.click(".chooser summary")
    page.locator(".choices label", has_text="U-matrix").click()
    assert page.locator(".panel").count() == PANELS - 1
    page.locator(".choices button", has_text="All").click()
    assert page.locator(".panel").count() == PANELS
    page.click(".chooser summary")


def test_one_panel_can_be_enlarged(page: Any) -> None:
    small = _picture(page, "hits").bounding_box()["width"]
    page.click(".panel[data-key='hits'] .enlarge")
    _frame(page)
    assert _picture(page, "hits").bounding_box()["width"] > 2 * small
    page.mouse.click(*_middles(page, "hits")[33])
    page.mouse.move(5, 5)
    _frame(page)
    assert _told_node(page) == 33
    page.click(".panel[data-key='hits'] .enlarge")


def test_curve_tells_its_value_at_the_pointer(page: Any) -> None:
    figure = page.locator(".curve-of", has_text="sigma")
    figure.locator("svg").focus()
    page.keyboard.press("ArrowLeft")
    assert figure.locator(".value").text_content() == "0.7189 at 990"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(scheme: str, page: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.locator(".panel[data-key='clusters'] .legend button").first.click()
    page.mouse.click(*_middles(page)[20])
    _frame(page)
    least = page.evaluate(CONTRAST)
    assert least[0] >= 4.5, least


CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (it) => {
    for (; it; it = it.parentElement) {
      const colour = numbers(getComputedStyle(it).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  let least = [99, ""];
  for (const it of document.querySelectorAll("body *")) {
    const isText = [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!isText || !it.checkVisibility() || it.disabled || it.closest("svg, script, .unseen")) continue;
    const [one, other] = [light(numbers(getComputedStyle(it).color)), light(ground(it))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < least[0]) least = [contrast, it.outerHTML.slice(0, 120)];
  }
  return least;
}"""


def test_on_paper_there_are_all_panels_and_no_controls(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    _frame(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".toolbar").is_visible()
    assert page.locator(".panel:visible").count() == PANELS
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_commands_are_copied_as_they_are(page: Any, data: dict[str, Any]) -> None:
    page.click(".copy")
    page.locator(".copy", has_text="Copied").wait_for()
    page.fill("#find", "")
    page.focus("#find")
    page.keyboard.press("Control+V")
    assert page.input_value("#find") == " ".join(data["commands"])
