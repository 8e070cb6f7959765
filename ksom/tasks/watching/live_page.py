"""The page of a run that is watched: the report's, growing with the run."""

import base64
import io
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ksom.errors import KsomError, one_line
from ksom.pictures.page import Page
from ksom.pictures.page.report_page import REPORT_SCRIPTS, REPORT_STYLES
from ksom.runs.history import Curve, History
from ksom.runs.run_folder import RunFolder
from ksom.tasks.report.report import Asked, curves, report_of
from ksom.tasks.run_line import KILLED
from ksom.tasks.sight import newest_map, sight_of
from ksom.tasks.watching.newest_picture import Picture
from ksom.tasks.watching.watched_run import WAITING, Look, WatchedRun

SCRIPTS = (*(name for name in REPORT_SCRIPTS if name != "begin_report"), "live")
STYLES = (*REPORT_STYLES, "live")
SECONDS_BETWEEN_LOOKS = 0.5
"""However many pages ask."""
REST = 10
"""How much longer than making a report the time between two is at least: the training needs the machine."""
NO_CURVE = Curve(np.zeros(0, np.int64), np.zeros(0))
LONGEST_SIDE = 480
"""Pixels of the newest picture."""


class LivePage:
    """What a page is told of a run, whenever it asks.

    Parameters
    ----------
    folder : Path
        The run folder; it need not be there yet.

    Raises
    ------
    DataError
        If it is the folder of something else.
    """

    def __init__(self, folder: Path) -> None:
        self._run = WatchedRun(folder)
        self._lock = threading.Lock()
        self._news: dict[str, Any] = {}
        self._looked = -np.inf
        self._report: dict[str, Any] | None = None
        self._version = ""
        self._not_before = -np.inf
        self._why: str | None = None
        self._picture: tuple[Picture | None, str | None] = (None, None)

    def page(self) -> Page:
        """Return the page; its script draws what is known now, and asks for more."""
        data = self.news()
        return Page(str(data["path"]), SCRIPTS, STYLES, data, may_ask_server=True)

    def news(self, have: str = "") -> dict[str, Any]:
        """Return what is known now, as JSON holds it; of the report only what is not of the version `have`."""
        with self._lock:
            if time.monotonic() - self._looked >= SECONDS_BETWEEN_LOOKS:
                look = self._run.look()
                self._look_at_map(look)
                self._news = self._told(look)
                self._looked = time.monotonic()
            is_new = self._report is not None and have != self._version
            return {**self._news, "version": self._version, "report": self._report if is_new else None}

    def _told(self, look: Look) -> dict[str, Any]:
        if look.picture is not self._picture[0]:
            self._picture = (look.picture, None if look.picture is None else _png(look.picture))
        notes = [_standing(look), look.note, self._why]
        return {
            "path": one_line(str(look.line.path)),
            "status": look.line.status,
            "goesOn": look.goes_on,
            "isWell": look.is_well,
            "progress": look.progress,
            "facts": look.facts,
            "note": "; ".join(note for note in notes if note) or None,
            "frame": self._picture[1],
            "source": None if look.picture is None else look.picture.source,
            "curves": list(curves(History(dict(look.curves), NO_CURVE))),
        }

    def _look_at_map(self, look: Look) -> None:
        """Make the report anew if there is a newer map, or the run has ended; not too often."""
        if look.line.status == WAITING:
            self._report, self._version, self._why = None, "", None
            return
        begun = time.monotonic()
        try:
            path, _ = newest_map(look.line.path, RunFolder(look.line.path).summary())
            version = f"{path.name} {path.stat().st_mtime_ns} {look.line.status}"
            if version == self._version or (look.goes_on and time.monotonic() < self._not_before):
                return
            seen = replace(sight_of(look.line.path, with_data=False), status=look.line.status)
            told = report_of(seen, Asked(most_work=0.0)).data
            words = None if look.goes_on else told["words"]  # they are about how a training ended
            self._report = {**told, "words": words}
            self._version, self._why = version, None
        except (KsomError, OSError) as error:
            self._why = one_line(str(error))
        self._not_before = time.monotonic() + REST * (time.monotonic() - begun)


def _standing(look: Look) -> str | None:
    if look.line.status == WAITING:
        return "there is no run yet; waiting for one to begin"
    if look.line.status == KILLED:
        return "killed: it left no summary, and nobody trains here; --resume goes on with it"
    return look.line.why


def _png(picture: Picture) -> str:
    """Return a picture as an address that holds it; where there is no node it is transparent."""
    from PIL import Image

    shown = picture.fitting(LONGEST_SIDE, LONGEST_SIDE)
    alpha = np.where(shown.is_there, np.uint8(255), np.uint8(0))
    file = io.BytesIO()
    Image.fromarray(np.dstack([shown.pixels, alpha])).save(file, "png", compress_level=4)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
