"""Where a map comes from, and the commands that make it again."""

import math
import shlex
from collections.abc import Iterator
from pathlib import Path

from ksom.errors import one_line
from ksom.experiment_files import CONFIG
from ksom.masking import masked
from ksom.runs.run_folder import versions_that_matter
from ksom.runs.tracking_record import shown_leaves
from ksom.tasks.map_contents import told_of_training
from ksom.tasks.sight import Sight

ELSEWHERE = {"quality", "configuration"}
"""What the page tells in another place."""

LONGEST = 500
"""Characters of what is told in a line."""


def provenance(seen: Sight) -> list[list[str]]:
    """Return what is known of a map's training, key by key, without secrets."""
    return [[one_line(key[:LONGEST]), _shown(told)] for key, told in _provenance(seen)]


def commands(seen: Sight, data: str | None) -> list[str]:
    """Return the commands that train the map again, and that look at it.

    Parameters
    ----------
    seen : Sight
        The map, or the run.
    data : str, optional
        The data that were named.
    """
    place, named = _quoted(seen.path), "" if data is None else f" {_quoted(data)}"
    if seen.folder is not None:
        again = _quoted(seen.path.with_name(f"{seen.path.resolve().name}-again"))
        made = [f"ksom train --config-file {_quoted(seen.path / CONFIG)} --output-dir {again}"]
        if seen.status in {"not ended", "killed", "failed"}:
            made.append(f"ksom train --config-file {_quoted(seen.path / CONFIG)} --output-dir {place} --resume")
        looked = [f"ksom diagnose {place}{named}", f"ksom evaluate {place}{named}"]
    else:
        made = []
        if seen.config:
            made = [f"ksom show {place} --config > again.yaml", "ksom train --config-file again.yaml"]
        looked = [f"ksom show {place}"] + ([f"ksom evaluate {place}{named}"] if data else [])
    option = "" if data is None else f" --data {_quoted(data)}"
    return [masked(line) for line in [*made, *looked, f"ksom report {place}{option}"]]


def _provenance(seen: Sight) -> Iterator[tuple[str, str]]:
    about, som = seen.som.about_training, seen.som
    if seen.status is not None:
        yield "status", seen.status
    if seen.iteration is not None and "iteration" not in about:
        yield "iteration", f"{seen.iteration:,}"
    if seen.history is not None and len(seconds := seen.history.seconds.values) and math.isfinite(seconds[-1]):
        yield "seconds learning", f"{seconds[-1]:.3g}"
    digest = about.get("data_digest")
    whole = {"data digest": digest} if isinstance(digest, str) else {}  # in full, to be compared
    yield from ((key, whole.get(key, told)) for key, told in told_of_training(about) if key not in ELSEWHERE)
    yield "dtype", som.dtype.name
    yield "page made by", f"kohonen2 {versions_that_matter('numpy')['kohonen2']}"
    yield from shown_leaves(seen.config)


def _shown(told: str) -> str:
    told = one_line(masked(told))  # before it is cut: half an address does not show where its secret ends
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def _quoted(path: str | Path) -> str:
    return shlex.quote(one_line(str(path)))
