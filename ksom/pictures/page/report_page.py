"""The page of the report: which files make it."""

from collections.abc import Mapping
from typing import Any

from ksom.pictures.page.page import Page

REPORT_SCRIPTS = (
    "arrays",
    "film",
    "elements",
    "palettes",
    "pixel_nodes",
    "seen_map",
    "prototypes",
    "choice",
    "painting",
    "sizes",
    "panel",
    "pointer",
    "panels",
    "bars",
    "node_details",
    "region_details",
    "search",
    "node_table",
    "curves",
    "about",
    "toolbar",
    "report",
    "begin_report",
)
"""In the order in which they run: the last one begins."""

REPORT_STYLES = ("page", "film", "report")


def report_page(title: str, data: Mapping[str, Any], body: str = "") -> Page:
    """Return the page that shows a map and all that is known of it, linked.

    Parameters
    ----------
    title : str
        What the browser calls it.
    data : mapping
        What `report.js` reads: panels, features, rows and so on.
    body : str
        What the page says without scripts, HTML in an element with the id `static`, which they remove.

    Returns
    -------
    Page
        A page of one file.
    """
    return Page(title, REPORT_SCRIPTS, REPORT_STYLES, data, body=body)
