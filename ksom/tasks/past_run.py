"""A run folder read back, to be diagnosed: what can be known of a run that has ended, was killed, or goes on.

The folder may be somebody else's: nothing is imported for it, and nothing is written into it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ksom.amounts import number_of
from ksom.array_files import DamagedFile
from ksom.dataset import Dataset
from ksom.diagnosis import Finding, diagnose
from ksom.errors import DataError, KsomError, one_line, shown_key
from ksom.evidence import MOST_WORK, Evidence
from ksom.kohonensom_model import KohonenSOM
from ksom.map_file import read
from ksom.method.neighbourhood import NEIGHBOURHOODS, Gaussian
from ksom.method.random_streams import stream
from ksom.registry import as_mapping
from ksom.runs.checkpoint import checkpoint_paths
from ksom.runs.run_folder import CHECKPOINTS, MAP, RunFolder
from ksom.runs.tracking_record import METRICS, Position, configuration, read_steps
from ksom.summary import summarise
from ksom.tasks.map_and_data import data_like, data_of_run, labels_of, unchanged

Known = TypeVar("Known")

MOST_SAMPLES, MOST_VALUES, FEWEST_SAMPLES = 10_000, 2**25, 100
"""A run is judged by at most so many samples, drawn from the data; of many features by fewer, so that they have at most
so many values, 268 MB, if that is not too few."""

SHOWN = ("explained_variance", "topographic_error", "dead_nodes", "sigma")
"""The numbers that are told in any case; JSON holds more."""


@dataclass(frozen=True)
class Examination:
    """A run, and what is to be looked at in it."""

    run: Path
    status: str
    """How it ended, or "not ended"."""
    evidence: Evidence
    findings: list[Finding]
    notes: list[str]
    """What could not be looked at, and why."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; what is not known is None."""
        evidence = self.evidence
        return {
            "run": str(self.run),
            "status": self.status,
            "iteration": evidence.iteration,
            "iterations": evidence.iterations,
            "height": evidence.som.height,
            "width": evidence.som.width,
            "samples": evidence.size,
            "features": evidence.som.features,
            "findings": [finding._asdict() for finding in self.findings],
            "numbers": _numbers(evidence),
            "not_looked_at": self.notes,
        }

    def as_text(self) -> str:
        """Return what is to be looked at, for a reader."""
        lines = [self._header(), *self._body(), *(f"not looked at: {note}" for note in self.notes)]
        return "\n".join(map(one_line, lines))

    def _header(self) -> str:
        evidence = self.evidence
        of = "" if evidence.iterations is None else f" of {evidence.iterations}"
        done = "" if evidence.iteration is None else f", {evidence.iteration}{of} iterations"
        samples = "" if evidence.size is None else f"{evidence.size} samples of "
        nodes = f"{evidence.som.height} × {evidence.som.width} nodes"
        return f"{self.run}: {self.status}{done}; {nodes}, {samples}{evidence.som.features} features"

    def _body(self) -> Iterator[str]:
        numbers = {name: _numbers(self.evidence)[name] for name in SHOWN}
        known = ", ".join(
            f"{name.replace('_', ' ')} {value:.3g}" for name, value in numbers.items() if value is not None
        )
        if not self.findings:
            yield f"{'nothing found without data' if self.evidence.samples is None else 'healthy'}: {known}"
            return
        yield f"{number_of('thing', len(self.findings))} to look at ({known})"
        for number, finding in enumerate(self.findings, 1):
            yield f"{number}. {finding.what}: {finding.evidence}"
            yield f"   {finding.advice}{finding.change and f': {finding.change}'}"


def examine(folder: Path, data: str | Path | None = None, labels: Path | None = None) -> Examination:
    """Diagnose a run by all that its folder tells, and by its data.

    Parameters
    ----------
    folder : Path
        The run folder.
    data : str or Path, optional
        The samples, as `ksom evaluate` takes them; by default those that the run has learned from, if they are there
        and still the same.
    labels : Path, optional
        An .npy file with the class of each sample.

    Raises
    ------
    DataError
        If the folder holds no run or no map, or what was named cannot be read.
    """
    run = RunFolder(folder)
    if not run.holds_run:
        raise DataError(f"{folder}: is not the folder of a run of ksom")
    notes: list[str] = []
    summary = _unless_refused(run.summary, notes)
    config = _unless_refused(lambda: configuration(folder), notes) or {}
    path, iteration = _newest_map(folder, summary)
    som, may_train = _loaded(path, notes)
    evidence = Evidence(
        som,
        **_samples(folder, som, data, labels, notes),
        at_end=_unless_refused(lambda: _at_end(folder, iteration), notes),
        config=config,
        iteration=iteration,
        iterations=_whole(_mapping(config.get("TRAINER")).get("ITERATIONS")),
        most_work=MOST_WORK if may_train else 0.0,
    )
    status = "not ended" if summary is None else shown_key(str(summary["status"]))
    return Examination(folder, status, evidence, diagnose(evidence), notes)


def _newest_map(folder: Path, summary: Mapping[str, Any] | None) -> tuple[Path, int | None]:
    """Return the file of a run's newest map, and after how many iterations that was."""
    if summary is not None and (folder / MAP).is_file():
        return folder / MAP, _whole(summary.get("iteration"))
    for path in reversed(checkpoint_paths(folder / CHECKPOINTS)):
        with suppress(DamagedFile):
            read(path)
            return path, int(path.stem.partition("-")[2])
    if (folder / MAP).is_file():
        return folder / MAP, None
    raise DataError(f"{folder}: holds no map yet, neither a {MAP} nor a whole checkpoint")


def _loaded(path: Path, notes: list[str]) -> tuple[KohonenSOM, bool]:
    """Return a map, and whether one like it may be trained: not with a neighbourhood that would have to be imported."""
    name = as_mapping(read(path).neighbourhood, "neighbourhood")["NAME"]
    if NEIGHBOURHOODS.get(name) is not None:
        return KohonenSOM.load(path), True
    notes.append(f"what more training would do: {shown_key(name)} would have to be imported for it")
    return KohonenSOM.load(path, neighbourhood=Gaussian()), False


def _at_end(folder: Path, iteration: int | None) -> dict[str, float]:
    """Return sigma and learning rate of the last iteration that the map has learned from, if they were written."""
    at_end: dict[str, float] = {}
    steps, position = read_steps(folder / METRICS, Position())
    while steps:
        for step in steps:
            if iteration is None or step.iteration <= iteration:
                at_end.update(step.values)
        steps, position = read_steps(folder / METRICS, position)
    if "sigma" not in at_end:
        raise DataError(f"{folder / METRICS}: does not tell the sigma of the last iteration")
    return {name: at_end[name] for name in ("sigma", "learning_rate") if math.isfinite(at_end.get(name, math.nan))}


def _samples(
    folder: Path, som: KohonenSOM, data: str | Path | None, labels: Path | None, notes: list[str]
) -> dict[str, Any]:
    """Return samples of the data, with all that belongs to them, as `Evidence` takes it; nothing if there are none."""
    if data is None:
        dataset = _unless_refused(lambda: unchanged(folder, som, _fitting(som, data_of_run(folder))), notes)
    else:
        dataset = _fitting(som, data_like(som, data))
        summarise(dataset, keep_missing=som.intake.keeps_missing)
    if dataset is None:
        return {}
    size = len(dataset)
    most = min(MOST_SAMPLES, max(FEWEST_SAMPLES, MOST_VALUES // dataset.features))
    chosen = np.arange(size)
    if size > most:
        chosen = np.sort(stream(0, "diagnosis").choice(size, size=most, replace=False))
    known = None if labels is None else labels_of(labels)
    if known is not None and len(known) != size:
        raise DataError(f"{labels}: there must be a label for each of {size} samples, got {len(known)}")
    return {
        "samples": dataset.rows(chosen),
        "size": size,
        "labels": None if known is None else known[chosen],
        "counting": dataset.weights_of(chosen),
    }


def _fitting(som: KohonenSOM, dataset: Dataset) -> Dataset:
    if dataset.features != som.features:
        raise DataError(f"the data have {dataset.features} features, the map {som.features}")
    som.name_features(dataset.feature_names)
    return dataset


def _unless_refused(look: Callable[[], Known], notes: list[str]) -> Known | None:
    """Return what there is to be seen; None if it cannot be, with the reason among the notes."""
    try:
        return look()
    except KsomError as error:
        notes.append(str(error))
        return None


def _numbers(evidence: Evidence) -> dict[str, float | None]:
    return {
        "explained_variance": evidence.explained,
        "topographic_error": evidence.topographic_error,
        "dead_nodes": evidence.dead,
        "creases": evidence.creases,
        "turned_back": evidence.turned_back,
        "sigma": evidence.sigma,
        "learning_rate": evidence.at_end.get("learning_rate"),
    }


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _whole(number: Any) -> int | None:
    return number if isinstance(number, int) else None
