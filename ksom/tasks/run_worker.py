"""A process that trains: it is told of one run after the other, a line of JSON each, and answers with a line each."""

import json
import os
import queue
import signal
import sys
import threading
from typing import Any

from ksom.default_setup import Experiment
from ksom.errors import KsomError, one_line
from ksom.masking import masked

INTERRUPTED = "interrupted"
FAILED = "failed"


def main() -> None:
    """Train what comes on the standard input until that ends; a run that goes on then is interrupted, and saves."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a user's class prints is no answer
    work: queue.Queue[dict[str, Any] | None] = queue.Queue()
    is_busy = threading.Event()
    threading.Thread(target=_read, args=(work, is_busy), daemon=True).start()
    while (run := work.get()) is not None:
        is_busy.set()
        answer = _trained(run)
        is_busy.clear()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(work: "queue.Queue[dict[str, Any] | None]", is_busy: threading.Event) -> None:
    for line in sys.stdin:
        work.put(json.loads(line))
    work.put(None)
    if is_busy.is_set():  # whoever asked for it has gone
        os.kill(os.getpid(), signal.SIGTERM)


def _trained(run: dict[str, Any]) -> dict[str, str | None]:
    """Train, and return how that ended: as the run itself tells, or failed, and why."""
    try:
        experiment = Experiment(run["file"], run["overrides"], run["folder"])
        result = experiment.run(resume=run["resume"])
    except Exception as error:
        return {"status": FAILED, "why": _told(error)}
    except KeyboardInterrupt:
        return {"status": INTERRUPTED, "why": None}
    return {"status": result.status, "why": result.summary.get("reason")}


def _told(error: Exception) -> str:
    what = " ".join(one_line(str(error)).split())
    if not isinstance(error, KsomError):
        what = f"{type(error).__name__}{f': {what}' if what else ''}"
    return masked("; ".join([what, *getattr(error, "__notes__", [])]))
