"""A report in words: what the map is, and what is to be looked at in it."""

from typing import Any

from ksom.amounts import number_of
from ksom.kohonensom_model import KohonenSOM
from ksom.tasks.past_run import Examination
from ksom.tasks.sight import Sight, mapping

_EDGES = {"none": "", "rows": ", wrapped from top to bottom", "columns": ", wrapped from left to right"}
_EDGES |= {"both": ", wrapped both ways"}

_STATUS = {
    "completed": "The training was completed",
    "stopped": "The training was stopped early",
    "interrupted": "The training was interrupted",
    "failed": "The training failed",
    "running": "The training is going on",
    "killed": "The training was killed",
    "not ended": "The training goes on, or was killed",
}


def about(seen: Sight, samples: int | None) -> str:
    """Return what a map is, in one or two sentences."""
    return " ".join(filter(None, [_map(seen.som, samples), _training(seen)]))


def words(examined: Examination) -> list[dict[str, Any]]:
    """Return what is to be looked at in a map, or that it is healthy; each with its evidence, and an advice."""
    if not examined.findings:
        known = examined.numbers_in_words()
        without = "as far as its weights tell, without data" if examined.evidence.samples is None else ""
        return [{"what": "healthy", "evidence": "; ".join(filter(None, [without, known])), "advice": None}]
    return [
        {"what": what, "evidence": evidence, "advice": f"{advice}: {change}" if change else advice or None}
        for what, evidence, advice, change in examined.findings
    ]


def _map(som: KohonenSOM, samples: int | None) -> str:
    lattice = som.lattice
    kind = "hexagonal" if lattice.shift else "rectangular"
    nodes = f"{lattice.height} × {lattice.width} nodes, {kind}{_EDGES.get(lattice.wrap, '')}"
    learned = som.about_training.get("samples") if samples is None else samples
    of = "" if not isinstance(learned, int) else f"{number_of('sample', learned)} of "
    return f"A self-organising map of {nodes}; {of}{number_of('feature', som.features)}."


def _training(seen: Sight) -> str:
    if seen.iteration is None and seen.status is None:
        return ""
    told = _STATUS.get(seen.status or "completed", f"The training: {seen.status}")
    if seen.iteration is None:
        return f"{told}."
    of = "" if seen.iterations in {None, seen.iteration} else f" of {seen.iterations:,}"
    name = mapping(mapping(seen.config.get("TRAINER")).get("ALGORITHM")).get("NAME")
    how = f" ({name})" if isinstance(name, str) and len(name) < 40 else ""
    return f"{told}: {seen.iteration:,}{of} iterations{how}."
