"""Runs side by side: in what their configurations differ, how good they are, how well their maps agree."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.dataset import Dataset
from ksom.errors import DataError, KsomError, one_line, shown_key
from ksom.experiment_files import ENVIRONMENT
from ksom.kohonensom_model import KohonenSOM
from ksom.method.agreement import Agreement, Agreements
from ksom.method.symmetries import Alignment, aligned
from ksom.registry import as_mapping
from ksom.runs.run_folder import RunFolder
from ksom.runs.tracking_record import read_json, shown_leaves
from ksom.tasks.common_rows import MEASURES, Seen, agreements_of, chosen_rows, seen_by
from ksom.tasks.differences import differences
from ksom.tasks.map_and_data import require_fitting
from ksom.tasks.sight import Sight, finite, own_data, sight_of, unless_refused
from ksom.text_table import table_of

FACTS = ("status", "size", "lattice", "iterations", "seconds learning")


@dataclass(frozen=True)
class Comparison:
    """Some runs, or maps, and what is to be said of them side by side: each list has an entry for each of them."""

    sights: tuple[Sight, ...]
    """What there is to be seen of each."""
    seen: tuple[Seen | None, ...]
    """What the same rows tell of each map; None without rows."""
    rows: Any
    """The rows, shape (n, D), data units; None if there are none."""
    size: int | None
    """How many there are in all."""
    alignments: tuple[Alignment | None, ...]
    """How each map is to be laid to be nearest to the first one; None where the two are no maps of one lattice."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What could not be compared, and why."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each is called: its own name, or its path where two have the same name."""
        names = [one_line(sight.name) for sight in self.sights]
        paths = [one_line(str(sight.path)) for sight in self.sights]
        told = [name if names.count(name) == 1 else path for name, path in zip(names, paths, strict=True)]
        return tuple(name if told.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(told, 1))

    @cached_property
    def differing(self) -> dict[str, tuple[str | None, ...]]:
        """The keys of the configurations that differ, each with its values."""
        return differences([dict(shown_leaves(sight.config)) for sight in self.sights])

    @cached_property
    def facts(self) -> dict[str, tuple[Any, ...]]:
        """What is known of each run without any data."""
        return dict(zip(FACTS, zip(*map(_facts, self.sights), strict=True), strict=True))

    @cached_property
    def quality(self) -> dict[str, tuple[float | None, ...]]:
        """Each measure's value for each map: with the rows, or else as the runs tell of themselves."""
        told = [
            _own_quality(sight) if seen is None else seen.measures
            for sight, seen in zip(self.sights, self.seen, strict=True)
        ]
        measures = [name for name in MEASURES if any(each.get(name) is not None for each in told)]
        return {name: tuple(each.get(name) for each in told) for name in measures}

    @cached_property
    def agreements(self) -> Agreements | None:
        """How well each two of the maps agree; None without rows."""
        seen = [each for each in self.seen if each is not None]
        return agreements_of(seen) if len(seen) == len(self.sights) else None

    @property
    def is_of_one_unit(self) -> bool:
        """Whether the quantization errors of all maps are in the same units."""
        return len({_scaling(sight.som) for sight in self.sights}) == 1

    @property
    def measured_on(self) -> str:
        """What the quality was measured with, in words."""
        if self.rows is None or self.size is None:
            return "each with its own samples, at the end of its training"
        if len(self.rows) == self.size:
            return f"the same {number_of('row', self.size)}"
        return f"the same {number_of('row', len(self.rows))}, drawn from {self.size:,}"

    def agreement(self, first: int, second: int) -> Agreement | None:
        """Return how well two of the maps agree, None if that is not known."""
        return None if self.agreements is None else self.agreements.between(first, second)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; what is not known is None."""
        places = range(len(self.sights))
        pairs = [(i, j, found) for i in places for j in places[i + 1 :] if (found := self.agreement(i, j)) is not None]
        return {
            "runs": [str(sight.path) for sight in self.sights],
            "names": list(self.names),
            "facts": {name: list(values) for name, values in self.facts.items()},
            "differences": {key: list(values) for key, values in self.differing.items()},
            "measured_on": self.measured_on,
            "quality": {name: [_finite(value) for value in values] for name, values in self.quality.items()},
            "agreement": [
                {"first": self.names[i], "second": self.names[j], **found._asdict(), "above_chance": found.above_chance}
                for i, j, found in pairs
            ],
            "aligned": [None if found is None else _told(found) for found in self.alignments],
            "notes": list(self.notes),
        }

    def as_text(self) -> str:
        """Return tables for a terminal."""
        parts = [
            table_of(["", *self.names], [[name, *values] for name, values in self.facts.items()]),
            self._differences_as_text(),
            f"quality, with {self.measured_on}\n{self._quality_as_text()}" if self.quality else "",
            self._agreement_as_text(),
            "\n".join(f"not compared: {note}" for note in self.notes),
        ]
        return "\n\n".join(filter(None, parts))

    def _differences_as_text(self) -> str:
        if not self.differing:
            return "" if not any(sight.config for sight in self.sights) else "the configurations are the same"
        rows = [[shown_key(key), *values] for key, values in self.differing.items()]
        return table_of(["in what they differ", *self.names], rows)

    def _quality_as_text(self) -> str:
        return table_of(["", *self.names], [[name.replace("_", " "), *values] for name, values in self.quality.items()])

    def _agreement_as_text(self) -> str:
        if self.agreements is None:
            return ""
        places = range(len(self.sights))
        rows = []
        for i in places:
            for j in places[i + 1 :]:
                found, laid = self.agreements.between(i, j), self.alignments[j] if i == 0 else None
                how = f"{self.names[j]}: {laid.symmetry}" if laid is not None else ""
                rows.append([f"{self.names[i]} – {self.names[j]}", found.share, found.chance, how])
        told = "agreement: of the pairs of rows that are neighbours on one of two maps, the share that are on both"
        return f"{told}\n{table_of(['maps', 'share', 'by chance', 'laid over the first'], rows, longest=80)}"


def compare(paths: Sequence[Path], data: str | Path | None = None) -> Comparison:
    """Look at runs, or maps, side by side.

    Parameters
    ----------
    paths : sequence of Path
        Run folders, or files of maps; at least two.
    data : str or Path, optional
        Rows to measure them by and to see how well they agree, as `data_like` takes them; default: those that the runs
        have learned from, if all have learned from the same.

    Raises
    ------
    DataError
        If there are not two, one of them holds no map, or the data that were named cannot be read.
    """
    if len(paths) < 2:
        raise DataError(f"there must be at least two runs, or maps, to compare, got {len(paths)}")
    sights = [sight_of(path, data, with_data=False) for path in paths]
    notes = [f"{sight.path}: {note}" for sight in sights for note in sight.notes]
    datasets = [sight.dataset for sight in sights] if data is not None else _common_data(sights, notes)
    rows, seen = _looked_at(sights, datasets, notes)
    first = datasets[0]
    alignments = (None, *(unless_refused(partial(_laid, sights[0], sight), notes) for sight in sights[1:]))
    return Comparison(
        tuple(sights), tuple(seen), rows, None if first is None else len(first), alignments, tuple(dict.fromkeys(notes))
    )


def _common_data(sights: Sequence[Sight], notes: list[str]) -> list[Dataset | None]:
    """Return the data that all runs have learned from, once for each; none if they are not the same, or not there."""
    nothing: list[Dataset | None] = [None] * len(sights)
    digests = [_digest(sight) for sight in sights]
    advice = "name the rows to compare them by: --data"
    if None in digests:
        path = sights[digests.index(None)].path
        notes.append(f"by the same rows: it is not known what {path} has learned from; {advice}")
        return nothing
    if len(set(digests)) > 1:
        notes.append(f"by the same rows: the runs have learned from different data; {advice}")
        return nothing
    reasons: list[str] = []
    for sight in sights:
        dataset = unless_refused(partial(own_data, sight.path, sight.som), reasons)
        if dataset is not None:
            return [dataset] * len(sights)
    notes.extend(f"by the same rows: {reason}" for reason in reasons[:1])
    return nothing


def _digest(sight: Sight) -> str | None:
    if sight.folder is None or not RunFolder(sight.folder).holds_run:
        return None
    digest = unless_refused(lambda: read_json(sight.path / ENVIRONMENT).get("data_digest"), [])
    return digest if isinstance(digest, str) else None


def _looked_at(
    sights: Sequence[Sight], datasets: Sequence[Dataset | None], notes: list[str]
) -> tuple[Any, list[Seen | None]]:
    """Return the rows, and what they tell of each map."""
    nothing: list[Seen | None] = [None] * len(sights)
    first = datasets[0]
    if first is None:
        return None, nothing
    sizes = {len(dataset) for dataset in datasets if dataset is not None}
    if len(sizes) > 1:
        told = f"by the same rows: the maps read the data as {', '.join(map(str, sorted(sizes)))} samples"
        notes.append(told)
        return None, nothing
    chosen = chosen_rows(first)
    try:
        seen = [_seen(sight, dataset, chosen) for sight, dataset in zip(sights, datasets, strict=True)]
    except KsomError as error:
        notes.append(f"by the same rows: {error}")
        return None, nothing
    if len({_scaling(sight.som) for sight in sights}) > 1:
        notes.append("quantization errors: each is in its own map's units, which differ; explained variance has none")
    return first.rows(chosen), list(seen)


def _seen(sight: Sight, dataset: Dataset | None, chosen: NDArray[np.int64]) -> Seen:
    if dataset is None:
        raise DataError(f"{sight.path}: there are no rows for it")
    require_fitting(sight.som, dataset, str(sight.path))
    sight.som.name_features(dataset.feature_names)
    return seen_by(sight.som, dataset.rows(chosen))


def _scaling(som: KohonenSOM) -> str:
    return f"{som.about()['scaling']} {som.about()['distance']} {_about_units(som).hex()}"


def _laid(first: Sight, other: Sight) -> Alignment | None:
    """Return how a map is to be laid upon the first.

    Raises
    ------
    DataError
        If they are no maps of one lattice and the same features.
    """
    ours, theirs = first.som, other.som
    if ours.lattice != theirs.lattice:
        told = f"{' '.join(_shape(theirs))}, not {' '.join(_shape(ours))}"
        raise DataError(f"node by node: {other.path} is of another shape than {first.path}: {told}")
    if ours.features != theirs.features or (ours.feature_names or theirs.feature_names) != (
        theirs.feature_names or ours.feature_names
    ):
        raise DataError(f"node by node: {other.path} and {first.path} have different features")
    return aligned(ours.lattice, ours.weights, in_units_of(ours, theirs))


def in_units_of(som: KohonenSOM, other: KohonenSOM) -> NDArray[Any]:
    """Return the weights of the second map in the units of the first, shape (H, W, D); both have the same features."""
    if _about_units(som) == _about_units(other):
        return other.weights
    return other.prototypes if som.intake.scales is None else som.intake.scales.of(other.prototypes)


def _about_units(som: KohonenSOM) -> bytes:
    scales = som.intake.scales
    if scales is None:
        return b""
    return scales.centre.tobytes() + scales.factor.tobytes() + repr(scales.bends).encode()


def _facts(sight: Sight) -> tuple[Any, ...]:
    done = None if sight.iteration is None else str(sight.iteration)
    iterations = done if done is None or sight.iterations is None else f"{done} of {sight.iterations}"
    seconds = None
    if sight.history is not None and len(sight.history.seconds.values):
        seconds = float(sight.history.seconds.values[-1])
    return sight.status, *_shape(sight.som), iterations, seconds


def _shape(som: KohonenSOM) -> tuple[str, str]:
    """Return a map's size and lattice, in words."""
    node = as_mapping(som.about()["lattice"], "lattice")
    wrap = node.get("WRAP", "none")
    wrapped = {"none": "", "both": ", a torus"}.get(wrap, f", {wrap} wrapped")
    return f"{som.height} × {som.width}", f"{node['NAME']}{wrapped}"


def _own_quality(sight: Sight) -> dict[str, float | None]:
    """Return what a map's file tells of its quality, or else the last that its run has written."""
    told = sight.som.about_training.get("quality")
    found: dict[str, float | None] = {}
    for name in MEASURES:
        value = told.get(name) if isinstance(told, dict) else None
        if finite(value) is None and sight.history is not None:
            value = sight.history.last(name)
        found[name] = finite(value)
    return found


def _told(found: Alignment) -> dict[str, Any]:
    symmetry = {**found.symmetry._asdict(), "words": str(found.symmetry)}
    return {"symmetry": symmetry, "mean_square": found.mean_square}


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
