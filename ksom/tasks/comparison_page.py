"""Runs side by side as a page: tables, curves over each other, maps laid over the first one, rows linked."""

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.errors import KsomError, OutputError
from ksom.pictures.page import Page, as_base64
from ksom.pictures.picture import Colours, colours_for, colours_of_nodes
from ksom.sparse_rows import in_full
from ksom.tasks.comparison import Comparison, in_units_of
from ksom.tasks.report.coarse import Coarse, Room
from ksom.tasks.report.report import curves
from ksom.tasks.sight import refuse_own_files
from ksom.text_table import cell_text
from ksom.whole_files import STANDARD_OUTPUT, replacing_or_printing

SUFFIXES = (".html", ".htm")
SCRIPTS = (
    "arrays",
    "elements",
    "palettes",
    "pixel_nodes",
    "painting",
    "curves",
    "compared_maps",
    "compared_curves",
    "compared_tables",
    "compare",
)
STYLES = ("page", "report", "compare")
ROOM = Room(1.6e6, 1e6)
"""Bytes that a map may take."""

BETTER = {"quantization_error": "less", "topographic_error": "less", "explained_variance": "more", "dead_nodes": "less"}
DEFINITIONS = {
    "quantization_error": "mean distance of a row to its best matching node, map units",
    "topographic_error": "share of rows whose two best nodes are not neighbours",
    "explained_variance": "share of the rows' variance that the map explains",
    "dead_nodes": "share of nodes that are no row's best",
}


def require_page(output: Path) -> None:
    """Refuse a name that no browser opens as a page.

    Raises
    ------
    OutputError
        With the name.
    """
    if output != STANDARD_OUTPUT and output.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{output}: a comparison is an .html file; name it so")


def write_page(found: Comparison, output: Path) -> None:
    """Write the page; the file is whole or absent.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    require_page(output)
    for seen in found.sights:
        refuse_own_files(output, seen)
    with replacing_or_printing(output) as file:
        file.write(comparison_page(found).as_html().encode("utf-8", "replace"))


def comparison_page(found: Comparison) -> Page:
    """Return the page that shows runs side by side."""
    title = f"{len(found.sights)} runs side by side"
    without_scripts = f"<noscript><pre>{html.escape(found.as_text())}</pre></noscript>"
    return Page(title, SCRIPTS, STYLES, {"title": title, **_data(found)}, body=without_scripts)


def _data(found: Comparison) -> dict[str, Any]:
    places = range(len(found.sights))
    shares = [[_share(found, i, j, "share") for j in places] for i in places]
    chances = [[_share(found, i, j, "chance") for j in places] for i in places]
    return {
        "runs": [_run(found, place) for place in places],
        "facts": [[name, [cell_text(value) for value in values]] for name, values in found.facts.items()],
        "differences": [list(pair) for pair in found.differing.items()],
        "measured_on": found.measured_on,
        "quality": [
            {"name": name, "values": values, "better": _better(found, name), "definition": DEFINITIONS[name]}
            for name, values in found.as_dict()["quality"].items()
        ],
        "agreement": None if found.agreements is None else {"shares": shares, "chances": chances},
        "curves": list(_curves(found)),
        "notes": list(found.notes),
    }


def _run(found: Comparison, place: int) -> dict[str, Any]:
    sight, laid = found.sights[place], found.alignments[place]
    lattice = sight.som.lattice
    coarse = Coarse.to_fit(lattice, 1, ROOM)
    nodes = np.arange(lattice.size) if laid is None else laid.nodes
    seen = found.seen[place]
    told = "hexagonal" if lattice.shift else "rectangular"
    return {
        "name": found.names[place],
        "path": str(sight.path),
        "lattice": {"name": told, "height": lattice.height, "width": lattice.width, "wrap": lattice.wrap},
        "reduce": coarse.step,
        "laid": None if laid is None else str(laid.symmetry),
        "is_comparable": lattice == found.sights[0].som.lattice,
        "colours": _colours(found, place, coarse, nodes),
        "rows": None if seen is None else as_base64(np.argsort(nodes)[seen.placement.nodes].astype(np.int32)),
    }


def _colours(found: Comparison, place: int, coarse: Coarse, nodes: NDArray[np.int64]) -> str:
    """Return the colours of the nodes where they lie, by the same scale in all maps of the same features."""
    first, som = found.sights[0].som, found.sights[place].som
    if som.features != first.features:
        weights, scale = som.weights, colours_of_nodes(som.weights)
    else:
        weights, scale = in_units_of(first, som), _scale(found)
    grid = np.nan_to_num(weights.reshape(len(nodes), -1)[nodes].reshape(weights.shape))
    return as_base64(scale.of(np.ascontiguousarray(coarse.first(grid))))


def _scale(found: Comparison) -> Colours:
    """Return the film's colours of the first map: those of the rows, or of its nodes if there are no whole ones."""
    som = found.sights[0].som
    if found.rows is not None:
        try:
            block = som.intake.block(found.rows, features=som.features)
        except KsomError:
            block = None
        if block is not None and block.missing is None:
            return colours_for(in_full(block.values))
    return colours_of_nodes(som.weights)


def _curves(found: Comparison) -> Iterator[dict[str, Any]]:
    """Yield each number of the trainings with its curve in every run, null where a run has none."""
    of_runs = [
        {} if sight.history is None else {curve["name"]: curve for curve in curves(sight.history)}
        for sight in found.sights
    ]
    for name in dict.fromkeys(name for own in of_runs for name in own):
        own = [curves_of.get(name) for curves_of in of_runs]
        yield {
            "name": name,
            "runs": [
                None if curve is None else {"iterations": curve["iterations"], "values": curve["values"]}
                for curve in own
            ],
        }


def _share(found: Comparison, first: int, second: int, what: str) -> float | None:
    agreement = found.agreement(first, second)
    value: float | None = None if agreement is None else getattr(agreement, what)
    return value


def _better(found: Comparison, name: str) -> str | None:
    """Return which values are better; None where they do not compare, each in units of its own."""
    return BETTER[name] if found.rows is not None and (name != "quantization_error" or found.is_of_one_unit) else None
