"""What the data tell of a map, in one search: where they lie, how far away, which classes, how good the map is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.evaluation import Evaluation, evaluate
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import DISTANCES, HITS, LABELS
from ksom.map_file import Layer
from ksom.method.labels import LabelCounts
from ksom.method.matches import Found
from ksom.method.novelty import NodeDistances
from ksom.method.random_streams import stream
from ksom.part import Part
from ksom.tasks.report.shown_rows import ShownRows, rows_as_page
from ksom.tasks.sight import finite

MOST_WORK, FEWEST_SAMPLES = 1.5e10, 1_000
"""Differences of one value that a search may compute, samples × nodes × features: about a minute. Of more data, as many
samples are drawn as that allows, but not fewer than these."""

MANY_NODES, SLOW = 2_500, ("kaski_lagus", "topographic_product", "topographic_function")
"""From so many nodes on, these measures take minutes; `ksom evaluate` has them."""

MEDIAN = 0.5


@dataclass(frozen=True)
class Measured:
    """What is known of the nodes by samples, and of the map. What is not known is None."""

    hits: NDArray[np.int64] | None = None
    """How many samples each node won, shape (height, width)."""
    medians: NDArray[np.float64] | None = None
    """The median distance of its samples, map units, shape (height, width); NaN where it won none."""
    labels: Layer | None = None
    """How often each node won each label, as the layer `labels`."""
    rows: dict[str, Any] | None = None
    """Some samples, as a page holds them."""
    evaluation: Evaluation | None = None
    samples: int | None = None
    """How many samples there are."""


def known(som: KohonenSOM) -> Measured:
    """Return what the layers of a map tell."""
    hits, distances = som.layers.get(HITS), som.layers.get(DISTANCES)
    return Measured(
        None if hits is None else hits.values,
        None if distances is None else _medians(distances),
        som.layers.get(LABELS),
        samples=None if hits is None else hits.about["samples"],
    )


def measured(
    som: KohonenSOM,
    dataset: Dataset,
    labels: NDArray[Any] | None,
    *,
    is_own: bool,
    most_rows: int,
    id_column: str | None = None,
    label_column: str | None = None,
    notes: list[str],
) -> Measured:
    """Search the map for the data once, piece by piece.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    dataset : Dataset
        The data.
    labels : ndarray of shape (N,), optional
        What each sample is, "" where that is not known.
    is_own : bool
        Whether the map has learned from them: then what its layers tell is not counted again.
    most_rows : int
        How many samples are named at most.
    id_column, label_column : str, optional
        Columns of a table that tell what samples are called, and what they are.
    notes : list of str
        What could not be seen in full is told here.

    Raises
    ------
    DataError
        If there is no such column, or the samples cannot be searched for.
    """
    some, chosen = _bounded(dataset, som.lattice.size * som.features)
    counts = ShownRows(len(some), som.lattice.size, most_rows)
    distances, classes = NodeDistances(som.lattice), LabelCounts(som.lattice, label_column)
    if labels is not None and chosen is not None:
        labels = labels[chosen]

    seen = 0

    def add(found: Found) -> None:
        nonlocal seen
        counts.add(found)
        distances.add(found)
        if labels is not None:
            classes.add(found.nodes[:, 0], labels[seen : seen + len(found.nodes)])
        seen += len(found.nodes)

    of_all = None if labels is None or (labels == "").any() else labels
    evaluation = evaluate(som, some, of_all, without=SLOW if som.lattice.size > MANY_NODES else (), also=add)
    if chosen is not None:
        notes.append(f"measured on {len(some):,} of {len(dataset):,} samples, drawn from them")
    if som.lattice.size > MANY_NODES:
        slow = ", ".join(name.replace("_", " ") for name in SLOW)
        notes.append(f"of more than {MANY_NODES:,} nodes these are not measured, which take minutes: {slow}")
    told = known(som) if is_own else Measured(labels=som.layers.get(LABELS))
    return Measured(
        distances.hits if told.hits is None else told.hits,
        distances.of_nodes((MEDIAN,))[:, :, 0] if told.medians is None else told.medians,
        told.labels if labels is None or not classes.samples else classes.layers()[LABELS],
        rows_as_page(counts.chosen(), some, id_column) | {"total": len(dataset)},
        evaluation,
        len(dataset),
    )


def quality_of(
    som: KohonenSOM | None, evaluation: Evaluation | None, last: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """Return numbers that tell how good the map is, each with what it is in words.

    Parameters
    ----------
    som : KohonenSOM, optional
        A map; what its file tells of its quality counts if nothing was measured.
    evaluation : Evaluation, optional
        What was measured.
    last : mapping of str to float
        What the run wrote last, by name: for a map that has no word of its own.
    """
    if evaluation is not None:
        return [{"name": _words(name), "value": value, "definition": told} for name, value, told in evaluation.measures]
    return [] if som is None else list(_of_training(som, last))


def _of_training(som: KohonenSOM, last: Mapping[str, float | None]) -> Iterator[dict[str, Any]]:
    told = som.about_training.get("quality")
    quality: Mapping[str, Any] = told if isinstance(told, Mapping) else last
    on = quality.get("measured_on")
    where = f", measured on {on}" if isinstance(on, str) else ", measured on a part of the samples while it learned"
    units = "map units" if som.intake.changes_values else "data units"
    definitions = {
        "quantization_error": f"mean distance of a sample to its best node, {units}; lower is better",
        "topographic_error": "share of samples whose two best nodes are no neighbours; lower is better",
    }
    for name, definition in definitions.items():
        value = finite(quality.get(name))
        if value is not None:
            yield {"name": _words(name), "value": value, "definition": definition + where}


def bounded(dataset: Dataset, most: int) -> Dataset:
    """Return at most so many samples of a data set, drawn from it, always the same."""
    if len(dataset) <= most:
        return dataset
    return Part(dataset, np.sort(stream(0, "report").choice(len(dataset), most, replace=False)))


def _bounded(dataset: Dataset, values: int) -> tuple[Dataset, NDArray[np.int64] | None]:
    some = bounded(dataset, max(FEWEST_SAMPLES, int(MOST_WORK / values)))
    return some, some.index if isinstance(some, Part) and some is not dataset else None


def _medians(layer: Layer) -> NDArray[np.float64] | None:
    levels = layer.about["levels"]
    return layer.values[:, :, levels.index(MEDIAN)] if MEDIAN in levels else None


def _words(name: str) -> str:
    return name.replace("_", " ")
