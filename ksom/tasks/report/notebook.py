"""What a notebook shows of a map, of a run and of an evaluation: the report's page, in a frame of its own."""

import html
from dataclasses import replace
from pathlib import Path
from typing import Any

from ksom.amounts import number_of
from ksom.errors import KsomError
from ksom.evaluation import Evaluation
from ksom.kohonensom_model import KohonenSOM
from ksom.pictures.page import Page
from ksom.tasks.report.body import body
from ksom.tasks.report.coarse import NOTEBOOK
from ksom.tasks.report.measured import quality_of
from ksom.tasks.report.report import Asked, report_of
from ksom.tasks.sight import Sight, sight_of

LARGEST = 4_000_000
"""Weights of a map that is looked at unasked: a second."""
MOST_CLUSTERED = 900
"""Nodes of a map whose clusters are looked for, unasked: some hundredths of a second."""
MOST_BYTES = 3_000_000
"""Of a frame: a notebook keeps all that it has ever shown."""
HEIGHT, LINE = 640, 52
"""Pixels of a frame, and of a line of a table in it."""


def html_of(made: Any, *, title: str | None = None, folder: Path | None = None) -> str | None:
    """Return a frame with a page of an object; None if that would be too large, or there is nothing to show.

    No data are read for it.

    Parameters
    ----------
    made : KohonenSOM or Evaluation
        What is shown.
    title : str, optional
        What it is called.
    folder : Path, optional
        The run's, of a map that came from one.
    """
    if isinstance(made, Evaluation):
        return _of_evaluation(made)
    if not isinstance(made, KohonenSOM) or not made.is_initialised or made.lattice.size * made.features > LARGEST:
        return None
    seen = _seen(made, folder)
    asked = Asked(most_work=0.0, room=NOTEBOOK, most_clustered=MOST_CLUSTERED, with_film=False)
    report = report_of(seen, asked)
    report.data.update(title=title or report.data["title"])
    if folder is None:
        report.data.update(path=None, commands=[])  # it lies nowhere
    return _frame(report.page, HEIGHT, repr(made))


def _seen(som: KohonenSOM, folder: Path | None) -> Sight:
    if folder is not None:
        try:
            return replace(sight_of(folder, with_data=False), som=som)
        except KsomError:  # it was moved away, or is another run's by now
            pass
    about = som.about_training
    config, counts = about.get("config"), (about.get("iteration"), about.get("iterations"))
    iteration, iterations = (count if isinstance(count, int) else None for count in counts)
    told: dict[str, Any] = {"config": config} if isinstance(config, dict) else {}
    return Sight(Path(repr(som)), Path(), som, True, iteration=iteration, iterations=iterations, **told)


def _of_evaluation(evaluation: Evaluation) -> str | None:
    data = {
        "title": "Evaluation",
        "about": f"{number_of('sample', evaluation.samples)}, {number_of('node', evaluation.nodes)}",
        "quality": quality_of(None, evaluation, {}),
        **dict.fromkeys(("words", "clusters", "provenance", "commands", "notes"), ()),
    }
    page = Page("Evaluation", [], ["page", "report"], {}, body=body(data))
    return _frame(page, (len(evaluation.measures) + 4) * LINE, evaluation.as_table())


def _frame(page: Page, height: int, without: str) -> str | None:
    """Return a page in a frame; `without` is what is read where somebody takes frames out of notebooks."""
    told = html.escape(page.as_html())
    if len(told) > MOST_BYTES:
        return None
    style = f"width: 100%; height: {height}px; border: 0"
    about = f'title="{html.escape(page.title)}" sandbox="allow-scripts" style="{style}"'
    return f'<iframe {about} srcdoc="{told}">{html.escape(without)}</iframe>'
