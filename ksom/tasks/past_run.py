"""A run folder read back, to be diagnosed: what can be known of a run that has ended, was killed, or goes on.

The folder may be somebody else's: nothing is imported for it, and nothing is written into it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.amounts import number_of
from ksom.dataset import Dataset
from ksom.diagnosis import Finding, diagnose
from ksom.errors import DataError, one_line
from ksom.evidence import MOST_WORK, Evidence
from ksom.method.random_streams import stream
from ksom.runs.history import History
from ksom.runs.run_folder import RunFolder
from ksom.runs.tracking_record import METRICS
from ksom.summary import summarise
from ksom.tasks.map_and_data import labels_of
from ksom.tasks.sight import Sight, sight_of, unless_refused

MOST_SAMPLES, MOST_VALUES, FEWEST_SAMPLES = 10_000, 2**25, 100
"""A run is judged by at most so many samples, drawn from the data; of many features by fewer, so that they have at most
so many values, 268 MB, if that is not too few."""

MOST_DIFFERENCES = 10**10
"""Of one value each, in a search of all nodes: of a map of very many nodes fewer samples."""

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

    def numbers_in_words(self) -> str:
        """Return the numbers that are told in any case, as far as they are known."""
        numbers = {name: _numbers(self.evidence)[name] for name in SHOWN}
        return ", ".join(
            f"{name.replace('_', ' ')} {value:.3g}" for name, value in numbers.items() if value is not None
        )

    def _body(self) -> Iterator[str]:
        known = self.numbers_in_words()
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
    if not RunFolder(folder).holds_run:
        raise DataError(f"{folder}: is not the folder of a run of ksom")
    seen = sight_of(folder, data)
    if data is not None and seen.dataset is not None:
        summarise(seen.dataset, keep_missing=seen.som.intake.keeps_missing)
    return examination(seen, None if labels is None else _labels(labels, seen.dataset))


def examination(seen: Sight, labels: NDArray[Any] | None = None, *, most_work: float = MOST_WORK) -> Examination:
    """Diagnose what there is to be seen of a run, or of a map; see `examine`.

    Parameters
    ----------
    seen : Sight
        What is known of it.
    labels : ndarray of shape (N,), optional
        The class of each sample of its data.
    most_work : float
        How much a trial may compute, as `Evidence` takes it.
    """
    notes = list(seen.notes)
    evidence = Evidence(
        seen.som,
        **_samples(seen, labels),
        at_end=unless_refused(lambda: _at_end(seen), notes),
        config=seen.config,
        iteration=seen.iteration,
        iterations=seen.iterations,
        most_work=most_work if seen.is_own else 0.0,
    )
    return Examination(seen.path, str(seen.status), evidence, diagnose(evidence), notes)


def _at_end(seen: Sight) -> dict[str, float]:
    """Return sigma and learning rate of the last iteration that the map has learned from, if they were written."""
    if seen.folder is None:
        return {}
    history = seen.history or History.of(seen.folder)
    at_end = {name: history.last(name, seen.iteration) for name in ("sigma", "learning_rate")}
    if at_end["sigma"] is None:
        raise DataError(f"{seen.folder / METRICS}: does not tell the sigma of the last iteration")
    return {name: value for name, value in at_end.items() if value is not None and math.isfinite(value)}


def _labels(path: Path, dataset: Dataset | None) -> NDArray[Any] | None:
    if dataset is None:
        return None
    known = labels_of(path)
    if len(known) != len(dataset):
        raise DataError(f"{path}: there must be a label for each of {len(dataset)} samples, got {len(known)}")
    return known


def _samples(seen: Sight, labels: NDArray[Any] | None) -> dict[str, Any]:
    """Return samples of the data, with all that belongs to them, as `Evidence` takes it; nothing if there are none."""
    dataset = seen.dataset
    if dataset is None:
        return {}
    size = len(dataset)
    searched = MOST_DIFFERENCES // (seen.som.lattice.size * dataset.features)
    most = min(MOST_SAMPLES, max(FEWEST_SAMPLES, min(MOST_VALUES // dataset.features, searched)))
    chosen = np.arange(size)
    if size > most:
        chosen = np.sort(stream(0, "diagnosis").choice(size, size=most, replace=False))
    return {
        "samples": dataset.rows(chosen),
        "size": size,
        "labels": None if labels is None else labels[chosen],
        "counting": dataset.weights_of(chosen),
    }


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
