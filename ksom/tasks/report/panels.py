"""The pictures of a report as numbers: of each node how far its neighbours are, what it won, what it is like."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.encoding import called, share_factors
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import HITS, LABELS, NEAREST_LABELLED
from ksom.map_file import Layer
from ksom.method.labels import node_labels
from ksom.method.umatrix import umatrix
from ksom.nearest_nodes import nearest_known
from ksom.pictures.page import as_base64
from ksom.pictures.picture import colours_for, colours_of_nodes
from ksom.sparse_rows import SamplesLike
from ksom.tasks.report.coarse import Coarse
from ksom.tasks.report.measured import Measured
from ksom.tasks.report.regions import Regions

MOST_PIES = 12
"""Classes of a pie; all rare ones together are the last of them."""
LARGEST_PLACING = 2 * 10**9
"""Differences of one value, to find the nearest labelled node of each."""
OTHER = "other"

Panel = dict[str, Any]


def panels(som: KohonenSOM, found: Measured, regions: Regions | None, coarse: Coarse) -> Iterator[Panel]:
    """Yield every picture of a map, in the order in which they are shown.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    found : Measured
        What samples tell of its nodes.
    regions : Regions, optional
        Its clusters.
    coarse : Coarse
        How much is written of them.
    """
    units = "map units" if som.intake.changes_values else "data units"
    yield _continuous("umatrix", "U-matrix", units, coarse.mean(umatrix(som)), coarse)
    if found.hits is not None:
        yield {**_continuous(HITS, "Hits", "samples", coarse.total(found.hits), coarse), "kind": "count"}
    if found.medians is not None:
        yield _continuous("distances", "Median distance", units, coarse.mean(found.medians), coarse)
    if found.labels is not None and (names := found.labels.about["names"]):
        yield _categorical(
            LABELS, found.labels.about.get("column") or "Labels", _label_of(som, found.labels), names, coarse
        )
    if regions is not None:
        yield _categorical("clusters", "Clusters", regions.of_node, regions.names, coarse)
    yield from planes(som, coarse)


def planes(som: KohonenSOM, coarse: Coarse) -> Iterator[Panel]:
    """Yield the component plane of each feature, data units; of a category the share that belongs to it."""
    units = som.units or (None,) * som.features
    prototypes = som.intake.undone(np.ascontiguousarray(coarse.first(som.weights)))
    prototypes *= share_factors(som.encoding, som.features)
    for feature, (name, unit) in enumerate(zip(feature_names(som), units, strict=True)):
        yield _continuous(f"plane:{feature}", name, unit, prototypes[:, :, feature], coarse)


def features(som: KohonenSOM) -> list[dict[str, Any]]:
    """Return each feature: its name, its unit, and the least and the greatest value that a node has, as `planes`."""
    flat = som.weights.reshape(som.lattice.size, -1)
    ends = np.array([flat.min(axis=0), flat.max(axis=0)], dtype=np.float64)
    ends = ends if som.intake.scales is None else som.intake.scales.undone(ends)
    low, high = ends * share_factors(som.encoding, som.features)
    units = som.units or (None,) * som.features
    told = zip(feature_names(som), units, low.tolist(), high.tolist(), strict=True)
    return [
        {"name": name, "unit": unit, "low": finite(least), "high": finite(greatest)}
        for name, unit, least, greatest in told
    ]


def feature_names(som: KohonenSOM) -> tuple[str, ...]:
    """Return what the features are called, by their numbers if nobody knows."""
    return called(som.features, som.feature_names, som.encoding)


def colours(som: KohonenSOM, probe: SamplesLike | None, coarse: Coarse) -> str:
    """Return the colours of the nodes as the film has them, base64.

    Parameters
    ----------
    som : KohonenSOM
        The map.
    probe : ndarray of shape (n, D), or SparseRows, optional
        Samples, data units; by default, the nodes themselves give the range of colours.
    coarse : Coarse
        Which nodes.
    """
    weights = som.weights
    if probe is None:
        chosen = colours_of_nodes(weights)
    else:
        block = som.intake.block(probe, features=som.features)
        seen = block.values if block.missing is None else _filled(np.asarray(block.values), block.missing)
        chosen = colours_for(seen)
    return as_base64(chosen.of(np.ascontiguousarray(coarse.first(weights))))


def pies(labels: Layer | None, coarse: Coarse) -> dict[str, Any] | None:
    """Return how many samples of which class each node won, as a page holds it; None if no class is known."""
    if labels is None or not labels.about["names"]:
        return None
    names, counts = list(labels.about["names"]), coarse.total(labels.values)
    order = np.argsort(-labels.values.sum(axis=(0, 1)), kind="stable")
    shown = np.sort(order if len(order) <= MOST_PIES else order[: MOST_PIES - 1])
    slices = counts[:, :, shown]
    if len(shown) < len(names):
        rest = counts.sum(axis=2) - slices.sum(axis=2)
        slices = np.concatenate([slices, rest[:, :, np.newaxis]], axis=2)
    told = [names[place] for place in shown.tolist()] + [OTHER] * (len(shown) < len(names))
    return {"names": told, "counts": as_base64(slices.astype(np.uint32))}


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    return float(value) if np.isfinite(value) else None


def _label_of(som: KohonenSOM, labels: Layer) -> NDArray[np.int64]:
    """Return the number of each node's most frequent label, −1 where none is known."""
    counts, shape = labels.values, labels.values.shape[:2]
    won = counts.sum(axis=2) > 0
    layers = {LABELS: labels}
    if NEAREST_LABELLED in som.layers and som.layers.get(LABELS) is labels:
        layers[NEAREST_LABELLED] = som.layers[NEAREST_LABELLED]
    elif won.any() and int(won.sum()) * som.lattice.size * som.features <= LARGEST_PLACING:
        nearest = nearest_known(som.weights.reshape(som.lattice.size, -1), won.reshape(-1), som.distance)
        layers[NEAREST_LABELLED] = Layer(nearest.reshape(shape))
    else:
        return np.where(won, counts.argmax(axis=2), -1)
    names = {name: number for number, name in enumerate(labels.about["names"])}
    return np.array([names[name] for name in node_labels(layers).labels.tolist()]).reshape(shape)


def _continuous(key: str, title: str, unit: str | None, values: NDArray[Any], coarse: Coarse) -> Panel:
    return {"key": key, "title": title, "unit": unit, "kind": "continuous", **coarse.written(values)}


def _categorical(key: str, title: str, values: NDArray[np.int64], names: Sequence[str], coarse: Coarse) -> Panel:
    written = as_base64(coarse.first(values).astype(np.int32))
    return {"key": key, "title": title, "unit": None, "kind": "categorical", "values": written, "names": list(names)}


def _filled(values: NDArray[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """Return samples with the mean of the others for what is missing, 0 where nothing is known."""
    there = ~missing
    totals, counts = np.where(there, values, 0).sum(axis=0), np.maximum(there.sum(axis=0), 1)
    return np.where(missing, (totals / counts).astype(values.dtype), values)
