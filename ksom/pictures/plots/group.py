"""One node, or one group of them, against the whole map: what the pictures of features draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ksom.arguments import require_integer
from ksom.encoding import called, share_factors
from ksom.errors import ParameterError, one_line
from ksom.kohonensom_model import KohonenSOM
from ksom.layers import CLUSTERS, LABELS
from ksom.method.profiles import profiles

MOST_VALUES = 2**22
"""Weights that are looked at at a time: 32 MB."""


@dataclass(frozen=True)
class Group:
    """The features of some nodes, beside those of all; all arrays of shape (D,), data units, NaN: not known."""

    title: str
    """What it is, such as "cluster 2: 310 samples, 12%"."""
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    are_shares: NDArray[np.bool_]
    """Which features are those of a category, and so hold shares."""
    values: NDArray[np.float64]
    """The node's prototype, or the group's mean."""
    low: NDArray[np.float64]
    """The smallest value of any node's prototype."""
    high: NDArray[np.float64]
    places: NDArray[np.float64]
    """Where the values lie in the range of the map, from 0 to 1, in map units, so that one that is scaled by its
    logarithm is seen so; ½ where all nodes have the same."""
    middles: NDArray[np.float64]
    """Where the medians over the nodes lie."""
    effects: NDArray[np.float64]
    """How unusual each is: deviations above the others, NaN where nothing differs."""

    def most_unusual(self, most: int, among: Sequence[int] | None = None) -> NDArray[np.int64]:
        """Return which features differ most, at most so many: of all or of some, in that order.

        Raises
        ------
        ParameterError
            If some are asked for that there are not, or none.
        """
        if among is None:
            among = range(len(self.names))
        elif not among or not all(0 <= feature < len(self.names) for feature in among):
            raise ParameterError("features", f"be numbers of features, from 0 to {len(self.names) - 1}", among)
        size = np.where(np.isfinite(self.effects), np.abs(self.effects), -1)[list(among)]
        return np.array(among, dtype=np.int64)[np.sort(np.argsort(-size, kind="stable")[:most])]


def group_of(
    som: KohonenSOM,
    samples: Any = None,
    *,
    node: int | None = None,
    cluster: int | None = None,
    label: str | None = None,
) -> Group:
    """Look at one node, one cluster or one label.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights; with clusters or labels, if one of those is asked for.
    samples : array_like of shape (N, D), table or Dataset, optional
        Data units: what a cluster's or a label's means are taken over. Default: the nodes stand for the samples.
    node : int, optional
        Its index, row * width + column.
    cluster : int, optional
        Its number.
    label : str, optional
        Which label.

    Raises
    ------
    ParameterError
        If not exactly one of them is given, or there is no such node, cluster or label.
    DataError, NotTrained
        As `profiles`.
    """
    if sum(one is not None for one in (node, cluster, label)) != 1:
        raise ParameterError("node", "be given, or cluster or label instead: exactly one of them", node)
    weights = som.weights.reshape(som.lattice.size, -1)
    nodes = _Nodes.of(weights)
    factors = share_factors(som.encoding, len(nodes.low))
    names = called(len(factors), som.feature_names, som.encoding)

    def in_data_units(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return som.intake.undone(weights) * factors

    if node is not None:
        require_integer("node", node, minimum=0, maximum=som.lattice.size - 1)
        row, column = divmod(node, som.lattice.width)
        own = weights[node].astype(np.float64)
        title, values, effects = f"node {node}: row {row}, column {column}", in_data_units(own), nodes.unusual(own)
    else:
        title, means, differences = _profiled(som, samples, cluster, label)
        values, effects = (np.array([told[name] for name in names]) for told in (means, differences))
        values = _as_direction(values) if som.distance.on_sphere else values
        own = np.asarray(som.intake.scaled(values / factors), np.float64)
    is_known = np.where(np.isnan(values), np.nan, 1)
    places, middles = (is_known * _places(where, nodes.low, nodes.high) for where in (own, nodes.middle))
    low, high = (in_data_units(end) for end in (nodes.low, nodes.high))  # scaling keeps the order
    return Group(
        title, names, som.units or (None,) * len(names), factors != 1, values, low, high, places, middles, effects
    )


class _Nodes(NamedTuple):
    """What is known of the weights of all nodes, feature by feature, map units; each of shape (D,)."""

    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray[Any]) -> Self:
        """Look at weights of shape (K, D), some features at a time: never are all held in float64."""
        step = max(1, MOST_VALUES // len(weights))
        found = []
        for first in range(0, weights.shape[1], step):
            some = weights[:, first : first + step].astype(np.float64)
            found.append([of(some, axis=0) for of in (np.min, np.median, np.max, np.mean, np.std)])
        return cls(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def unusual(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how many deviations a node is above the mean; NaN where all are alike."""
        differ = self.high > self.low  # their deviation may be rounding
        return np.where(differ, (weights - self.mean) / np.where(differ, self.deviation, 1), np.nan)


def _places(values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    varies = high > low
    return np.where(varies, (values - low) / np.where(varies, high - low, 1), 0.5)


def _as_direction(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values of length 1, as the nodes are where directions are compared."""
    length = np.sqrt(np.square(values).sum())
    return values / length if length > 0 else values


def _profiled(som: KohonenSOM, samples: Any, cluster: int | None, label: str | None) -> tuple[str, Any, Any]:
    of, name = (CLUSTERS, str(cluster)) if label is None else (LABELS, label)
    found = profiles(som, samples, of)
    chosen = next((profile for profile in found if profile.name == name), None)
    if chosen is None:
        known = ", ".join(one_line(profile.name) for profile in found)
        raise ParameterError(of.removesuffix("s"), f"be one of the map's ({known})", name if label else cluster)
    what = found.checked_on if samples is not None else "samples by their nodes"
    title = f"{of.removesuffix('s')} {name}: {chosen.samples:,} {what}, {chosen.share:.0%}"
    return title, chosen.means, chosen.effects
