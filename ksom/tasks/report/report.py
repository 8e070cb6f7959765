"""From a run or a map to a page that tells all of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.errors import OutputError
from ksom.evidence import MOST_WORK
from ksom.feed import probe_of
from ksom.hooks.vlog import Vlog
from ksom.method.lattice import Lattice
from ksom.pictures.film_page import film_data
from ksom.pictures.page import Page
from ksom.pictures.page.report_page import report_page
from ksom.runs.history import OF_THE_CLOCK, Curve, History
from ksom.tasks.map_and_data import known_labels
from ksom.tasks.past_run import examination
from ksom.tasks.report.body import body
from ksom.tasks.report.coarse import FILE, Coarse, Room
from ksom.tasks.report.measured import Measured, bounded, known, measured, quality_of
from ksom.tasks.report.origin import commands, provenance
from ksom.tasks.report.panels import MOST_PIES, colours, features, panels, pies
from ksom.tasks.report.prototypes import picture_shape
from ksom.tasks.report.regions import LARGEST, regions
from ksom.tasks.report.shown_rows import MOST_ROWS, texts_of
from ksom.tasks.report.words import about, words
from ksom.tasks.sight import Sight, mapping, refuse_own_files, sight_of, unless_refused
from ksom.whole_files import STANDARD_OUTPUT, replacing_or_printing

REPORT = "report.html"
"""In a run's folder."""
SUFFIXES = (".html", ".htm")
MOST_CHECKED = 20_000
"""Samples that rules of clusters are checked on."""
MOST_FILM = 1_200_000
"""Bytes of all its frames."""
MOST_POINTS = 1000
"""Of a curve."""
NAMED = ("quantization_error", "topographic_error")


@dataclass(frozen=True)
class Report:
    """All that there is to be seen of a run or a map, as data of a page."""

    data: dict[str, Any]
    """What JSON can hold; the page's scripts draw it."""

    @property
    def page(self) -> Page:
        """The page, one file that opens offline."""
        return report_page(str(self.data["title"]), self.data, body(self.data))

    def as_bytes(self) -> bytes:
        """Return the page's file. What no UTF-8 can hold, as in the name of a file, becomes a question mark."""
        return self.page.as_html().encode("utf-8", "replace")


@dataclass(frozen=True)
class Asked:
    """What a report is to tell of the data, and how much of all."""

    data: str | None = None
    """The data that were named; None: those that the map has learned from, if there are any."""
    id_column: str | None = None
    """Column of a table that tells which row is which."""
    label_column: str | None = None
    """Column of a table that tells what its rows are."""
    most_rows: int = MOST_ROWS
    """How many samples are named at most."""
    most_work: float = MOST_WORK
    """How much a trial may compute, as `Evidence` takes it."""
    room: Room = FILE
    """How much the numbers of the nodes may take."""
    most_clustered: int = LARGEST
    """Nodes of a map whose clusters are looked for, if it has none."""
    with_film: bool = True
    """Whether a run's film is shown."""


def write_report(
    path: Path,
    output: Path | None = None,
    *,
    data: str | None = None,
    id_column: str | None = None,
    label_column: str | None = None,
    key: str | None = None,
    csv: dict[str, Any] | None = None,
) -> tuple[Path, int]:
    """Write the report of a run or a map.

    Parameters
    ----------
    path : Path
        A run folder, of a run that has ended or not, or the file of a map.
    output : Path, optional
        The page, an .html file; "-": standard output. Default: report.html in the run's folder, or beside the map's
        file under its name.
    data : str, optional
        The samples, as `ksom evaluate` takes them. Default: those that the run has learned from, if they are there.
    id_column, label_column : str, optional
        Columns of a table that tell what its rows are called, and what they are.
    key, csv
        As `sight_of` takes them.

    Returns
    -------
    Path, int
        Where the page is, and how many bytes it has.

    Raises
    ------
    DataError, ConfigError
        If there is no map, or what was named cannot be read.
    OutputError
        If the page cannot be written.
    """
    written = output or (path / REPORT if path.is_dir() else path.with_suffix(".html"))
    if written != STANDARD_OUTPUT and written.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{written}: a report is an .html file; name it so")
    seen = sight_of(path, data, key=key, csv=csv)
    refuse_own_files(written, seen)
    page = report_of(seen, Asked(data, id_column, label_column)).as_bytes()
    with replacing_or_printing(written) as file:
        file.write(page)
    return written, len(page)


def report_of(seen: Sight, asked: Asked = Asked()) -> Report:
    """Gather all that there is to be seen.

    Parameters
    ----------
    seen : Sight
        The run, or the map.
    asked : Asked
        What to tell of the data, and how much of all.

    Raises
    ------
    DataError
        If data that were named cannot be searched for, or have no such column.
    """
    som, notes = seen.som, list[str]()
    dataset = seen.dataset
    labels = None if dataset is None else _labels(dataset, asked)
    found = _found(seen, labels, asked, notes)  # refuses bad samples, by their place in the data
    is_whole = labels is not None and not (labels == "").any()
    examined = examination(seen, labels if is_whole else None, most_work=asked.most_work)
    notes += examined.notes
    checked = None if dataset is None else bounded(dataset, MOST_CHECKED)
    clusters = regions(som, found.hits, found.labels, checked, notes=notes, largest=asked.most_clustered)
    coarse = Coarse.to_fit(som.lattice, som.features + 4 + 2 * _classes(found), asked.room)
    if coarse.step > 1:
        notes.append(f"the map is large: of each {coarse.step} × {coarse.step} nodes one is drawn")
    probe = None if dataset is None else probe_of(dataset, _seed(seen))
    return Report(
        {
            "title": seen.name,
            "path": str(seen.path),
            "status": seen.status,
            "about": about(seen, found.samples),
            "words": words(examined),
            "lattice": _lattice(som.lattice),
            "panels": list(panels(som, found, clusters, coarse)),
            "reduce": coarse.step,
            "colours": colours(som, probe, coarse),
            "pies": pies(found.labels, coarse),
            "pictures": picture_shape(som),
            "features": features(som),
            "quality": quality_of(som, found.evaluation, _last(seen)),
            "curves": [] if seen.history is None else list(curves(seen.history)),
            "rows": found.rows,
            "clusters": None if clusters is None else clusters.as_page(),
            "film": None if seen.folder is None or not asked.with_film else film(seen.folder / Vlog.file, notes),
            "provenance": provenance(seen),
            "commands": commands(seen, asked.data),
            "notes": list(dict.fromkeys(notes)),
        }
    )


def curves(history: History) -> Iterator[dict[str, Any]]:
    """Yield the numbers of a training over its iterations, but for those of the clock.

    Of each at most 1,000 points, the last one among them.
    """
    for name, curve in history.curves.items():
        if name in OF_THE_CLOCK:
            continue
        shown = _thinned(curve)
        values = [value if np.isfinite(value) else None for value in shown.values.tolist()]
        if any(value is not None for value in values):
            yield {"name": name, "iterations": shown.iterations.tolist(), "values": values}


def film(path: Path, notes: list[str]) -> dict[str, Any] | None:
    """Return a run's film as a page holds it; None if there is none."""
    if not path.is_file() or path.is_symlink():  # somebody else's folder may have a link to anything
        return None
    return unless_refused(lambda: film_data(path, most_bytes=MOST_FILM), notes)


def _found(seen: Sight, labels: NDArray[Any] | None, asked: Asked, notes: list[str]) -> Measured:
    """Return what the data tell of the map; what it knows itself, if there are none or they cannot be searched for."""
    som, dataset = seen.som, seen.dataset
    if dataset is None:
        return known(som)
    is_own = asked.data is None

    def look() -> Measured:
        return measured(
            som,
            dataset,
            labels,
            is_own=is_own,
            most_rows=asked.most_rows,
            id_column=asked.id_column,
            label_column=asked.label_column,
            notes=notes,
        )

    asked_for = not is_own or asked.id_column or asked.label_column
    return look() if asked_for else unless_refused(look, notes) or known(som)


def _labels(dataset: Dataset, asked: Asked) -> NDArray[Any] | None:
    return known_labels(dataset) if asked.label_column is None else texts_of(dataset, asked.label_column)


def _classes(found: Measured) -> int:
    return 0 if found.labels is None else min(MOST_PIES, found.labels.values.shape[2])


def _lattice(lattice: Lattice) -> dict[str, Any]:
    name = "hexagonal" if lattice.shift else "rectangular"
    return {"name": name, "height": lattice.height, "width": lattice.width, "wrap": lattice.wrap}


def _last(seen: Sight) -> dict[str, float | None]:
    return {} if seen.history is None else {name: seen.history.last(name, seen.iteration) for name in NAMED}


def _seed(seen: Sight) -> int:
    seed = seen.config.get("SEED", mapping(seen.som.about_training).get("seed"))
    return seed if isinstance(seed, int) and seed >= 0 else 0


def _thinned(curve: Curve) -> Curve:
    last = len(curve.iterations) - 1
    shown = np.unique(np.linspace(0, last, min(MOST_POINTS, last + 1)).astype(np.int64))
    return Curve(curve.iterations[shown], curve.values[shown])
