"""Profiles of clusters and labels: how many samples, which features are high or low, and a short rule, checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_choice
from ksom.encoding import CATEGORY, CYCLE, Encoding, called, share_factors
from ksom.errors import ParameterError, one_line
from ksom.layers import CLUSTERS, HITS, LABELS
from ksom.map_file import Layer
from ksom.method.clusters import NO_CLUSTER
from ksom.method.labels import node_labels
from ksom.method.matches import MeasuringMap, checked, drawn_rows, pieces
from ksom.method.moments import Moments
from ksom.method.rules import Condition, Rules, questions
from ksom.sparse_rows import in_full

NOTABLE = 0.5
"""Features are told of that differ by so many deviations at least."""
MOST_TRAITS = 3
MOST_LEARNED = 4096
"""Rules are found on so many samples at most."""

OF = (CLUSTERS, LABELS)


class KnownMap(MeasuringMap, Protocol):
    """A map of whose nodes something is known: a KohonenSOM."""

    layers: dict[str, Layer]
    feature_names: tuple[str, ...] | None
    encoding: Encoding | None

    @property
    def prototypes(self) -> NDArray[np.float64]:
        """The weights in data units, shape (height, width, D)."""
        ...

    def walkable(self, samples: Any) -> Any:
        """See `KohonenSOM.walkable`."""
        ...


@dataclass(frozen=True)
class Profile:
    """What distinguishes the samples of one group of nodes."""

    name: str
    """The cluster's number, or the label."""
    samples: int
    """How many there are."""
    share: float
    """Of all samples."""
    means: Mapping[str, float]
    """Of each feature, data units; of a category's feature, the share of the samples that belong to it."""
    effects: Mapping[str, float]
    """Mean minus mean of all other samples, by the deviation of all: how much higher, NaN where nothing differs."""
    rule: tuple[Condition, ...]
    """Conditions that together tell the group from the others; none if there is nothing to tell it from."""
    fits: float
    """The share of the group's samples for which the rule holds."""
    excludes: float
    """The share of all other samples for which it does not hold; NaN if there are none."""

    @property
    def rule_text(self) -> str:
        """The rule in words."""
        return " and ".join(map(str, self.rule)) or "all samples"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold; None where a number does not exist."""
        shares = {"fits": _or_none(self.fits), "excludes": _or_none(self.excludes)}
        numbers = {
            what: {name: _or_none(number) for name, number in told.items()}
            for what, told in (("means", self.means), ("effects", self.effects))
        }
        return {
            "name": self.name,
            "samples": self.samples,
            "share": self.share,
            **numbers,
            "rule": self.rule_text,
        } | shares


@dataclass(frozen=True)
class Profiles:
    """The profiles of all clusters, or of all labels, in order: a sequence of `Profile`."""

    of: str
    """clusters or labels."""
    checked_on: str
    """samples or nodes: what the numbers were counted on."""
    samples: int
    """How many there are in all."""
    each: tuple[Profile, ...]
    categories: tuple[str, ...] = ()
    """Features that are categories, whose means are shares."""
    cycles: tuple[str, ...] = ()
    """Features that are cosine or sine of something, of which no line tells."""

    def __iter__(self) -> Iterator[Profile]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    def __getitem__(self, place: int) -> Profile:
        return self.each[place]

    def as_dict(self) -> dict[str, Any]:
        """Return them as plain data that JSON can hold."""
        told = {"of": self.of, "checked_on": self.checked_on, "samples": self.samples}
        return told | {"profiles": [profile.as_dict() for profile in self.each]}

    def as_table(self) -> str:
        """Return three lines for each: its size, what is high or low, and its rule with what that is worth."""
        what = self.checked_on if self.checked_on == "nodes" else "rows"
        lines = []
        for profile in self.each:
            size = f"{profile.samples:,} of {self.samples:,} {what}, {profile.share:.1%}"
            lines.append(f"{self.of.removesuffix('s')} {one_line(profile.name)}: {size}")
            lines.append(f"    {self._traits(profile)}")
            if profile.rule:
                worth = f"holds for {profile.fits:.1%} of it, excludes {profile.excludes:.1%} of the others"
                lines.append(f"    rule: {profile.rule_text}  ({worth})")
        return "\n".join(lines)

    def _traits(self, profile: Profile) -> str:
        """Return the features that differ most, such as `petal length 5.55 (+1.3)`."""
        if profile.samples == self.samples:
            return "all there are"
        sized = {name: effect for name, effect in profile.effects.items() if abs(effect) >= NOTABLE}
        most = sorted(sized.keys() - set(self.cycles), key=lambda name: (-abs(sized[name]), name))[:MOST_TRAITS]
        told = [f"{one_line(name)} {self._shown(profile, name)} ({sized[name]:+.1f})" for name in most]
        return ", ".join(told) or f"as the others: no mean differs by {NOTABLE} deviations"

    def _shown(self, profile: Profile, name: str) -> str:
        mean = profile.means[name]
        return f"{mean:.0%}" if name in self.categories else f"{mean:,.4g}" if abs(mean) < 1e4 else f"{mean:,.0f}"


def profiles(som: KnownMap, samples: Any = None, of: str = CLUSTERS) -> Profiles:
    """Say what distinguishes the samples of each cluster, or of each label, from all others.

    A sample belongs to the group of its best matching node. Rules are found on 4,096 samples at most, drawn always
    alike, as `ksom.method.rules` explains, and are then checked on all of them, piece by piece.

    Parameters
    ----------
    som : KohonenSOM
        A map whose nodes have been grouped by `som.cluster(…)`, or labelled by `som.label(…)`.
    samples : array_like of shape (N, D), table or Dataset, optional
        Data units. Default: the nodes stand for the samples that they won.
    of : {"clusters", "labels"}
        Which groups.

    Returns
    -------
    Profiles
        A sequence of `Profile`, with `as_table()` and `as_dict()`.

    Raises
    ------
    ParameterError
        If the map has no such groups.
    DataError
        If the samples are not finite numbers of shape (N, D).
    NotTrained
        If the map has no weights yet.

    Examples
    --------
    >>> from ksom import KohonenSOM
    >>> som = KohonenSOM(1, 4, initial=[[[0.0], [1.0], [8.0], [9.0]]])
    >>> _ = som.cluster(clusters=2)
    >>> print(profiles(som, [[0.5], [1.5], [8.5], [7.0], [2.0]]).as_table())
    cluster 0: 3 of 5 rows, 60.0%
        feature 0 1.333 (-2.0)
        rule: feature 0 ≤ 4  (holds for 100.0% of it, excludes 100.0% of the others)
    cluster 1: 2 of 5 rows, 40.0%
        feature 0 7.75 (+2.0)
        rule: feature 0 > 4  (holds for 100.0% of it, excludes 100.0% of the others)
    """
    group_of, groups = _groups(checked(som), require_choice("of", of, OF))
    values = som.prototypes.reshape(som.lattice.size, -1)
    names = called(values.shape[1], som.feature_names, som.encoding)
    samples = None if samples is None else som.walkable(samples)
    own = _nodes(som, values)
    learned = own if samples is None else _drawn(som, samples)
    found = Rules(learned.rows, learned.counts, questions(names, som.encoding))
    rules = [found.rule(group_of[learned.nodes] == group) for group in range(len(groups))]
    seen = _Seen(len(groups), values.shape[1], rules)
    for rows, nodes, counts in [own] if samples is None else _samples(som, samples):
        seen.add(rows, group_of[nodes], counts)
    units = share_factors(som.encoding, len(names))
    made = tuple(seen.profile(group, name, names, units) for group, name in enumerate(groups))
    kinds = {kind: _features_of(kind, som.encoding) for kind in (CATEGORY, CYCLE)}
    where = "nodes" if samples is None else "samples"
    return Profiles(of, where, round(seen.total), made, kinds[CATEGORY], kinds[CYCLE])


class _Seen:
    """What is counted of samples, group by group; the last one is that of the samples without a group."""

    def __init__(self, groups: int, features: int, rules: Sequence[tuple[Condition, ...]]) -> None:
        self.rules = rules
        self.moments = [Moments(features) for _ in range(groups + 1)]
        self.counts, self.fitting = np.zeros(groups + 1), np.zeros(groups)
        self.fitting_inside = np.zeros(groups)

    @property
    def total(self) -> float:
        """How many there were."""
        return float(self.counts.sum())

    def add(self, rows: NDArray[Any], groups: NDArray[np.int64], counts: NDArray[np.float64]) -> None:
        """Count some samples."""
        missing = np.isnan(rows)
        self.counts += np.bincount(groups % len(self.counts), counts, len(self.counts))
        for group in np.unique(groups):
            some = groups == group
            self.moments[group].add(rows[some], missing[some] if missing.any() else None, counts[some])
        for group, rule in enumerate(self.rules):
            fits = counts * np.logical_and.reduce([np.ones(len(rows), np.bool_), *(part.holds(rows) for part in rule)])
            self.fitting[group] += fits.sum()
            self.fitting_inside[group] += fits[groups == group].sum()

    def profile(self, group: int, name: str, names: Sequence[str], units: NDArray[np.float64]) -> Profile:
        """Return what distinguishes a group."""
        own, others = self.counts[group], self.total - self.counts[group]
        fits = self.fitting_inside[group] / own if own else np.nan
        excludes = 1 - (self.fitting[group] - self.fitting_inside[group]) / others if others else np.nan
        means = np.where(self.moments[group].weight > 0, self.moments[group].mean, np.nan) * units
        effects = self._effects(group)
        return Profile(
            name,
            round(own),
            float(own / self.total),
            dict(zip(names, means.tolist(), strict=True)),
            dict(zip(names, effects.tolist(), strict=True)),
            self.rules[group],
            float(fits),
            float(excludes),
        )

    def _effects(self, group: int) -> NDArray[np.float64]:
        """Return by how many deviations of all samples the group's mean is above that of all others."""
        weights = np.stack([moments.weight for moments in self.moments])
        means = np.stack([moments.mean for moments in self.moments])
        own, others = weights[group], np.delete(weights, group, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = weights / weights.sum(axis=0)
            mean = (shares * means).sum(axis=0)
            variances = np.stack([moments.variance for moments in self.moments]) + (means - mean) ** 2
            rest = (others * np.delete(means, group, axis=0)).sum(axis=0) / others.sum(axis=0)
            effects: NDArray[np.float64] = (means[group] - rest) / np.sqrt((shares * variances).sum(axis=0))
        return np.where((own > 0) & np.isfinite(effects), effects, np.nan)


class _Some(NamedTuple):
    rows: NDArray[Any]
    nodes: NDArray[np.int64]
    counts: NDArray[np.float64]


def _nodes(som: KnownMap, values: NDArray[np.float64]) -> _Some:
    """Return the nodes that won samples, which stand for these."""
    hits = som.layers[HITS].values.reshape(-1) if HITS in som.layers else np.ones(len(values))
    won = np.flatnonzero(hits)
    return _Some(values[won], won, hits[won].astype(np.float64))


def _drawn(som: KnownMap, samples: Any) -> _Some:
    rows, _ = drawn_rows(som, samples, MOST_LEARNED, np.random.default_rng(0))
    return _Some(in_full(rows), som.best_matching_nodes(rows), np.ones(len(rows)))


def _samples(som: KnownMap, samples: Any) -> Iterator[_Some]:
    for rows, _ in pieces(som, samples):
        yield _Some(in_full(rows), som.best_matching_nodes(rows), np.ones(len(rows)))


def _groups(som: KnownMap, of: str) -> tuple[NDArray[np.int64], list[str]]:
    """Return the group of each node, −1 for none, and the groups' names."""
    if of not in som.layers:
        how = {CLUSTERS: "som.cluster() or ksom cluster", LABELS: "som.label(…) or ksom label"}[of]
        raise ParameterError("of", f"be what the map knows; it has no {of} yet: {how}", of)
    if of == LABELS:
        names, numbers = np.unique(node_labels(som.layers).labels, return_inverse=True)
        return numbers.astype(np.int64), names.tolist()
    clusters = som.layers[of].values.reshape(-1).astype(np.int64)
    return clusters, [str(number) for number in range(int(clusters.max(initial=NO_CLUSTER)) + 1)]


def _features_of(kind: str, encoding: Encoding | None) -> tuple[str, ...]:
    columns = () if encoding is None else encoding.columns
    return tuple(name for column in columns if column.kind == kind for name in column.feature_names)


def _or_none(number: float) -> float | None:
    return number if np.isfinite(number) else None
