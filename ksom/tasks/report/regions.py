"""The regions of a map: its clusters, what each is like, and a rule that tells it from the others."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ksom.dataset import Dataset
from ksom.errors import KsomError, one_line
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import CLUSTERS, HITS
from ksom.map_file import Layer
from ksom.method.clusters import cluster
from ksom.method.profiles import NOTABLE, Profile, Profiles, profiles

LARGEST = 10_000
"""Nodes of a map whose clusters are looked for, unasked."""
MOST_FEATURES = 12
"""Of a profile: those that differ most."""
MOST_TRAITS, LONGEST_TRAIT = 2, 40
"""In a cluster's name: features, and characters of each."""
PARTS = 4
"""Regions of a map without clusters, for orientation."""


@dataclass(frozen=True)
class Regions:
    """The clusters of a map, and what distinguishes them."""

    of_node: NDArray[np.int64]
    """Which cluster each node is in, shape (height, width), −1: none."""
    found: Profiles
    hits: NDArray[np.int64] | None
    """How many samples each node won, shape (height, width)."""
    labels: Layer | None
    """How often each node won each label, as the layer `labels`."""

    @property
    def names(self) -> list[str]:
        """What the clusters are called, with what is high or low in them."""
        return [self._name(number, profile) for number, profile in enumerate(self.found)]

    def as_page(self) -> list[dict[str, Any]]:
        """Return them as a page holds them."""
        return [self._as_page(number, profile) for number, profile in enumerate(self.found)]

    def _name(self, number: int, profile: Profile) -> str:
        """Return a name such as `cluster 0: 98% setosa, low petal length`."""
        traits = [
            f"{'high' if profile.effects[name] > 0 else 'low'} {_short(name)}"
            for name in _most_different(profile)[:MOST_TRAITS]
            if abs(profile.effects[name]) >= NOTABLE
        ]
        told = ", ".join([*self._label(number), *traits])
        return f"cluster {profile.name}" + (f": {told}" if told else "")

    def _label(self, number: int) -> Iterator[str]:
        """Yield the label that most of a cluster's samples have, if there is one."""
        if self.labels is not None:
            counts = self.labels.values[self.of_node == number].sum(axis=0)
            if counts.size and 2 * counts.max() > counts.sum():
                share = counts.max() / counts.sum()
                yield f"{share:.0%} {_short(self.labels.about['names'][int(counts.argmax())])}"

    def _as_page(self, number: int, profile: Profile) -> dict[str, Any]:
        inside = self.of_node == number
        return {
            "name": self._name(number, profile),
            "nodes": int(inside.sum()),
            "samples": None if self.hits is None else int(self.hits[inside].sum()),
            "profile": [
                {"feature": name, "value": _finite(profile.means[name]), "score": _finite(profile.effects[name])}
                for name in _most_different(profile)[:MOST_FEATURES]
            ],
            "rule": _rule(profile),
        }


def regions(
    som: KohonenSOM,
    hits: NDArray[np.int64] | None,
    labels: Layer | None,
    samples: Dataset | None,
    *,
    notes: list[str],
    largest: int = LARGEST,
) -> Regions | None:
    """Return the clusters of a map: those that it has, or found here; None where it is too large, or cannot be cut.

    Parameters
    ----------
    som : KohonenSOM
        The map, which stays as it is.
    hits : ndarray of shape (height, width), optional
        How many samples each node won.
    labels : Layer, optional
        How often each node won each label.
    samples : Dataset, optional
        Samples that rules are checked on; by default the nodes stand for them.
    notes : list of str
        What is to be known of them is told here.
    largest : int
        Nodes of a map whose clusters are looked for, if it has none.
    """
    som, given = copy.copy(som), som.layers.get(CLUSTERS)
    if given is None and (som.lattice.size > largest or som.lattice.size < PARTS):
        return None
    som.layers = {**som.layers} if hits is None else {**som.layers, HITS: Layer(hits, {"samples": int(hits.sum())})}
    try:
        layer = _found(som, hits, notes) if given is None else given
        if not layer.about["clusters"]:
            return None
        som.layers[CLUSTERS] = layer
        return Regions(layer.values.astype(np.int64), profiles(som, samples), hits, labels)
    except KsomError as error:
        notes.append(f"clusters: {error}")
        return None


def _found(som: KohonenSOM, hits: NDArray[np.int64] | None, notes: list[str]) -> Layer:
    layer = cluster(som, hits=hits)
    won = som.lattice.size if hits is None else int(np.count_nonzero(hits))
    if layer.about["clusters"] != 1 or won < PARTS:
        return layer
    notes.append(
        f"clusters: none stand apart, so the map is cut into {PARTS} parts of one mass, for orientation; "
        "ksom cluster --clusters N cuts it into others"
    )
    return cluster(som, clusters=PARTS, hits=hits)


def _most_different(profile: Profile) -> Sequence[str]:
    there = [name for name, effect in profile.effects.items() if np.isfinite(effect)]
    return sorted(there, key=lambda name: -abs(profile.effects[name]))


def _rule(profile: Profile) -> str | None:
    if not profile.rule:
        return None
    excludes = "" if np.isnan(profile.excludes) else f", excludes {profile.excludes:.1%} of the others"
    return f"{profile.rule_text} (holds for {profile.fits:.1%} of it{excludes})"


def _short(name: str) -> str:
    name = one_line(name[: LONGEST_TRAIT + 1])
    return name if len(name) <= LONGEST_TRAIT else f"{name[: LONGEST_TRAIT - 1]}…"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
