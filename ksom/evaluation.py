"""All measures of a map on some samples, in one walk over them, and what they mean in words."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from ksom.amounts import number_of
from ksom.errors import Undefined
from ksom.method.classes import Classes
from ksom.method.distortion import SIGMA, distortion
from ksom.method.kaski_lagus import kaski_lagus
from ksom.method.lattice import neighbours as table_of_neighbours
from ksom.method.matches import Found, Matches, MeasuringMap, checked, walk
from ksom.method.quality import dead_nodes, quantization_error, topographic_error
from ksom.method.residuals import Residuals, error_of_one_node, explained_variance, require_different
from ksom.method.topographic_function import topographic_function
from ksom.method.topographic_product import TopographicProduct, measured_topographic_product
from ksom.method.trustworthiness import RankAgreement, rank_agreement
from ksom.representation import as_html


class Measured(NamedTuple):
    """One measure of a map."""

    name: str
    """As in the literature."""
    value: float | None
    """None where it has none."""
    meaning: str
    """What the value is, in words, and whether less or more is better; or why there is none."""


@dataclass(frozen=True)
class Evaluation:
    """The quality of a map on some samples: `evaluation["topographic_error"]` is a measure's value."""

    samples: int
    """N."""
    nodes: int
    """K."""
    measures: tuple[Measured, ...]
    """In the order in which they are shown."""

    def _repr_html_(self) -> str | None:
        """Return a page of the measures, for a notebook."""
        return as_html(self)

    def __getitem__(self, name: str) -> float | None:
        return next(measure.value for measure in self.measures if measure.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Return the values by name, None where there is none, and under "meaning" the words."""
        values = {measure.name: measure.value for measure in self.measures}
        words = {measure.name: measure.meaning for measure in self.measures}
        return {"samples": self.samples, "nodes": self.nodes, **values, "meaning": words}

    def as_table(self) -> str:
        """Return a line for each measure: its name, its value, and what that means."""
        lines = [f"{number_of('sample', self.samples)}, {number_of('node', self.nodes)}"]
        for name, value, meaning in self.measures:
            lines.append(f"{name.replace('_', ' '):<26} {'–' if value is None else f'{value:.4g}':>9}  {meaning}")
        return "\n".join(lines)


def evaluate(
    som: MeasuringMap,
    samples: Any,
    labels: ArrayLike | None = None,
    *,
    sigma: float = SIGMA,
    neighbours: int = 5,
    seed: int = 0,
    without: Collection[str] = (),
    also: Callable[[Found], None] | None = None,
) -> Evaluation:
    """Measure a map on samples by everything that there is.

    The samples are walked through twice, piece by piece; each counts once, whatever its weight in training. All
    measures are exact but three, which compare all with all: trustworthiness and neighbourhood preservation are exact
    up to 2,000 samples, the topographic product up to 2,896 nodes, less with very many features; of more, some are
    drawn, and the words tell how many.

    Parameters
    ----------
    som : KohonenSOM
        A map with weights.
    samples : array_like of shape (N, D), table or Dataset
        Data units.
    labels : array_like of shape (N,), optional
        The class of each sample, for purity and entropy.
    sigma : float
        Radius of the neighbourhood in the distortion, lattice steps, > 0.
    neighbours : int
        Of each sample, for trustworthiness and neighbourhood preservation, at least 1.
    seed : int
        Seed of what is drawn.
    without : collection of str
        Names of measures that are left out, as those that take longest on a large map: kaski_lagus,
        topographic_product, topographic_function.
    also : function, optional
        Is handed the samples, piece by piece and in order, with their two best nodes: whoever wants to know more of
        them needs no search of its own.

    Raises
    ------
    ParameterError
        If `som` is no map, or another argument is outside its domain.
    DataError
        If the samples are not finite numbers of shape (N, D), or the labels not one for each.
    NotTrained
        If the map has no weights yet.

    Examples
    --------
    >>> from ksom import KohonenSOM
    >>> som = KohonenSOM(1, 2, initial=[[[0.0], [4.0]]])
    >>> measured = evaluate(som, [[0.0], [1.0], [4.0]], labels=["a", "b", "b"])
    >>> round(measured["quantization_error"], 3), round(measured["purity"], 3), measured["trustworthiness"]
    (0.333, 0.667, None)
    >>> measured.as_dict()["meaning"]["trustworthiness"]
    'there must be more than 10 samples to rank 5 neighbours, got 3'
    """
    looked_at = _Look(checked(som), samples, labels, sigma=sigma, neighbours=neighbours, seed=seed, also=also)
    return Evaluation(looked_at.matches.samples, som.lattice.size, tuple(looked_at.measures(without)))


class _Look:
    """What a walk over the samples tells, and what several measures share."""

    def __init__(
        self,
        som: MeasuringMap,
        samples: Any,
        labels: ArrayLike | None,
        *,
        sigma: float,
        neighbours: int,
        seed: int,
        also: Callable[[Found], None] | None,
    ) -> None:
        self.som, self.samples, self.sigma, self.neighbours, self.seed = som, samples, sigma, neighbours, seed
        self.matches, self.residuals = Matches(som.lattice), Residuals(som)
        self.classes = None if labels is None else Classes(som.lattice, labels)
        for found in walk(som, samples, min(2, som.lattice.size)):
            self.matches.add(found)
            self.residuals.add(found)
            if self.classes is not None:
                self.classes.add(found)
            if also is not None:
                also(found)
        if self.classes is not None:
            self.classes.require_whole()

    def measures(self, without: Collection[str]) -> Iterator[Measured]:
        """Yield every measure but those; those of classes if there are labels."""
        every = _MEASURES if self.classes is None else _MEASURES + _OF_CLASSES
        for name, measure, words in (row for row in every if row[0] not in without):
            try:
                value = measure(self)
            except Undefined as error:
                yield Measured(name, None, str(error))
            else:
                yield Measured(name, value, words.format(look=self, value=value))

    @cached_property
    def ranks(self) -> RankAgreement:
        return rank_agreement(self.som, self.samples, self.neighbours, self.seed)

    @cached_property
    def product(self) -> TopographicProduct:
        return measured_topographic_product(self.som, self.seed)

    @property
    def around(self) -> int:
        """How many neighbours a node has, inside of the map."""
        return int(table_of_neighbours(self.som.lattice).shape[1])

    @property
    def units(self) -> str:
        """What distances are in."""
        return "map units" if self.som.intake.changes_values else "data units"

    @property
    def ranked(self) -> str:
        return _of(self.ranks.samples, self.matches.samples, "samples")

    @property
    def ranked_nodes(self) -> str:
        return _of(self.product.nodes, self.som.lattice.size, "nodes")

    def relative_error(self) -> float:
        require_different(self.residuals)
        one_node = error_of_one_node(self.som, self.samples, self.residuals)
        return quantization_error(self.som, self.matches) / one_node

    def of_classes(self, what: str) -> float:
        assert self.classes is not None
        return self.classes.mean(getattr(self.classes, what))


_Row = tuple[str, Callable[[_Look], float], str]

_MEASURES: tuple[_Row, ...] = (
    (
        "quantization_error",
        lambda look: quantization_error(look.som, look.matches),
        "mean distance of a sample to its best node, {look.units}; lower is better",
    ),
    (
        "relative_error",
        _Look.relative_error,
        "of the error that a single node, the mean, would have; lower is better",
    ),
    (
        "explained_variance",
        lambda look: explained_variance(look.som, look.residuals),
        "of the samples' variance is explained by their best nodes; higher is better, at most 1",
    ),
    (
        "topographic_error",
        lambda look: topographic_error(look.som, look.matches),
        "of samples have their two best nodes apart (neighbours: the {look.around} around); lower is better",
    ),
    (
        "kaski_lagus",
        lambda look: kaski_lagus(look.som, look.matches),
        "mean way from a sample over its best node to its second best, {look.units}; lower is better",
    ),
    (
        "distortion",
        lambda look: distortion(look.som, look.residuals, look.sigma),
        "squared distances to all nodes, weighted by the neighbourhood at sigma {look.sigma:g}; lower is better",
    ),
    (
        "trustworthiness",
        lambda look: look.ranks.trustworthiness,
        "1: close on the map is close in the data ({look.neighbours} neighbours, {look.ranked}); higher is better",
    ),
    (
        "neighbourhood_preservation",
        lambda look: look.ranks.neighbourhood_preservation,
        "1: close in the data is close on the map ({look.neighbours} neighbours, {look.ranked}); higher is better",
    ),
    (
        "topographic_product",
        lambda look: look.product.value,
        "about 0: the lattice fits the data; below: too few dimensions, above: too many ({look.ranked_nodes})",
    ),
    (
        "topographic_function",
        lambda look: topographic_function(look.som, look.matches).at_zero,
        "partners of a node, in the mean, that are adjacent either in the data or on the map only; lower is better",
    ),
    (
        "dead_nodes",
        lambda look: dead_nodes(look.som, look.matches),
        "of nodes are no sample's best; lower is better where there are far more samples than nodes",
    ),
)
"""Name, measure, and what its value is in words."""

_OF_CLASSES: tuple[_Row, ...] = (
    (
        "purity",
        lambda look: look.of_classes("purities"),
        "of samples are of the most frequent class of their node; higher is better",
    ),
    (
        "entropy",
        lambda look: look.of_classes("entropies"),
        "bits: how mixed the classes on a node are, in the mean over samples; lower is better",
    ),
)


def _of(some: int, size: int, what: str) -> str:
    return f"all {what}" if some == size else f"{some:,} of {size:,} {what}"
